"""Review: submit, approve, return (先审查后公开, 条例 art. 17)."""

from datetime import datetime
from typing import Any
from uuid import UUID

import orjson
from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import html, personal_data
from libs.common.db import driver_of
from libs.common.events import DocumentPrepared, TemplateChanged, TemplateField
from libs.common.outbox import emit
from libs.common.permission import Actor
from services.publication import rules
from services.publication.commands.working import check_item, conclude, lock
from services.publication.rules.structured import Template, check_structured, texts_of
from services.publication.tables import Document, Edition, Item

_FIELDS = TypeAdapter(list[TemplateField])
_CONTENT = """
select e.body_html, e.structured::text as structured, t.version, t.fields::text as fields
from edition e left join template t on t.id = $3 where e.content_id = $1 and e.number = $2
"""
_USE = "insert into used_template (item, version, fields) values ($1, $2, $3) on conflict do nothing"


async def submit(session: AsyncSession, content_id: UUID, seen: int, actor: Actor, now: datetime) -> Document:
    """Hand the draft in for review. One that must be interpreted says so now: 三同步 (domain 5.1)."""
    document, edition = await lock(session, content_id, seen, actor, "publication.submit", rules.IN_WORK)
    await check_item(session, await session.get(Item, edition.catalog_item), content_id)
    body_html, structured, template = await _content(session, edition)
    check_structured(template, structured)
    texts = [("body.title", edition.title), ("body.body_html", html.text_of(body_html))]
    personal_data.refuse([*texts, *texts_of(template, structured)])
    await _use(session, edition, template)
    edition.state = rules.SUBMITTED
    edition.submitted_by = actor.subject
    await conclude(session, document, edition, actor, "publication.submit", now)
    if edition.interpretation_required and document.first_published_at is None:
        await emit(
            session,
            DocumentPrepared(
                version=document.version,
                at=now,
                document=content_id,
                region=document.region,
                organisation=document.organisation,
                organisation_path=document.organisation_path,
                title=edition.title,
                doc_number=edition.doc_number,
            ),
        )
    return document


async def _content(session: AsyncSession, edition: Edition) -> tuple[str, dict[str, Any] | None, Template | None]:
    """The text of an edition, its structured content, and the template of its item, read in one step."""
    template = TemplateChanged.id_of(edition.catalog_item)
    row = await driver_of(session).fetchrow(_CONTENT, edition.content_id, edition.number, template)
    assert row is not None
    structured = orjson.loads(row["structured"]) if row["structured"] is not None else None
    fields = _FIELDS.validate_json(row["fields"]) if row["fields"] is not None else []
    return row["body_html"], structured, Template(row["version"], fields) if fields else None


async def _use(session: AsyncSession, edition: Edition, template: Template | None) -> None:
    """Have the edition keep the template that it was checked with: later ones do not concern it."""
    edition.template_version = template.version if template else None
    if template is not None:
        fields = _FIELDS.dump_json(list(template.fields)).decode()
        await driver_of(session).execute(_USE, edition.catalog_item, template.version, fields)


async def approve(session: AsyncSession, content_id: UUID, seen: int, actor: Actor, now: datetime) -> Document:
    """Sign the submitted draft; by other hands than those that drafted it."""
    document, edition = await lock(session, content_id, seen, actor, "publication.approve", rules.IN_WORK)
    rules.check_approver(actor.subject, edition.drafted_by, edition.submitted_by)
    edition.state = rules.APPROVED
    edition.approved_by = actor.subject
    await conclude(session, document, edition, actor, "publication.approve", now)
    return document


async def send_back(
    session: AsyncSession, content_id: UUID, seen: int, reason: str, actor: Actor, now: datetime
) -> Document:
    """Return the draft to its drafter with a reason."""
    document, edition = await lock(session, content_id, seen, actor, "publication.return", rules.IN_WORK)
    edition.state = rules.DRAFT
    edition.returned_reason = reason
    edition.submitted_by = edition.approved_by = None
    await conclude(session, document, edition, actor, "publication.return", now, reason)
    return document
