"""Drafting: a new interpretation, and a changed draft."""

from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import html, regions
from libs.common.errors import UnknownReference
from libs.common.identifiers import uuid7
from libs.common.permission import Actor, permit
from services.policy_interpretation import rules
from services.policy_interpretation.commands.working import LOCK_DOCUMENT, conclude, take
from services.policy_interpretation.rules import DocumentState, State, Text
from services.policy_interpretation.tables import Document, Interpretation


async def create(session: AsyncSession, document_id: UUID, text: Text, actor: Actor, now: datetime) -> Interpretation:
    """Begin an interpretation of a prepared or live document. Raises UnknownReference for any other."""
    document = await session.get(Document, document_id, with_for_update=LOCK_DOCUMENT)
    if document is None or document.state == DocumentState.WITHDRAWN:
        raise UnknownReference("没有可供解读的这份文件,或者它已经撤下。", field="body.document")
    permit(
        rules.GRANTS,
        actor,
        "policy_interpretation.draft",
        region=document.region,
        organisations=document.organisation_path,
    )
    interpretation = Interpretation(
        id=uuid7(),
        document=document_id,
        region=document.region,
        county=regions.county(document.region) or document.region,
        organisation=document.organisation,
        organisation_path=document.organisation_path,
        state=State.DRAFT,
        version=0,
        drafted_by=[actor.subject],
        drafted_at=now,
    )
    _write(interpretation, text)
    session.add(interpretation)
    await conclude(session, interpretation, actor, "policy_interpretation.draft", now)
    return interpretation


async def replace(
    session: AsyncSession, interpretation_id: UUID, seen: int, text: Text, actor: Actor, now: datetime
) -> Interpretation:
    """Replace the text of a draft. Whoever does so is one of its writers, who cannot approve it."""
    _, interpretation = await take(session, interpretation_id, seen, actor, "policy_interpretation.replace")
    _write(interpretation, text)
    if actor.subject not in interpretation.drafted_by:
        interpretation.drafted_by = [*interpretation.drafted_by, actor.subject]
    await conclude(session, interpretation, actor, "policy_interpretation.replace", now)
    return interpretation


def _write(interpretation: Interpretation, text: Text) -> None:
    cleaned = rules.clean(text)
    interpretation.title = cleaned.title
    interpretation.form = cleaned.form
    interpretation.body_html = cleaned.body_html
    interpretation.sanitiser_version = html.SANITISER_VERSION
    interpretation.summary = html.summary(cleaned.body_html)
    interpretation.sections = dict(cleaned.sections)
