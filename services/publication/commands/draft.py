"""Drafting: a new document, a changed draft, a new edition of a live document."""

import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import html, identifiers, regions
from libs.common.clock import local_date
from libs.common.errors import Malformed, UnknownReference, WrongState
from libs.common.events import Reach
from libs.common.permission import Actor, permit
from services.publication import rules
from services.publication.commands.working import check_item, conclude, lock
from services.publication.tables import Document, Edition, IndexSerial, Item, Organisation, Region


@dataclass(frozen=True)
class Draft:
    """What a clerk enters. `content` holds the remaining edition columns by name."""

    region: str
    organisation: str
    catalog_item: str
    body_html: str
    doc_number: str | None
    dates: rules.Dates
    disclosure: str
    disclosure_reason: str | None
    disclosure_basis: str | None
    reach: Reach
    content: dict[str, Any]


async def create(session: AsyncSession, draft: Draft, pattern: str, actor: Actor, now: datetime) -> Document:
    """Open a document with its first draft. Its index number is given out here and never again."""
    organisation = await _organisation(session, draft)
    permit(rules.GRANTS, actor, "publication.draft", region=draft.region, organisations=organisation.path)
    content_id = identifiers.uuid7()
    columns = await _columns(session, content_id, draft, actor, now)
    document = Document(
        content_id=content_id,
        version=0,
        region=draft.region,
        organisation=organisation.code,
        organisation_path=organisation.path,
        # Last of all: other drafts with this pattern wait from here to the commit.
        index_number=await _index_number(session, organisation, draft.region, pattern, now),
        created_at=now,
    )
    session.add(document)
    await session.flush()
    edition = Edition(content_id=content_id, number=1, **columns)
    session.add(edition)
    await conclude(session, document, edition, actor, "publication.draft", now)
    return document


async def replace(
    session: AsyncSession, content_id: UUID, seen: int, draft: Draft, actor: Actor, now: datetime
) -> Document:
    """Replace the draft's text. Region and organisation of a document do not change: its index number names them."""
    document, edition = await lock(session, content_id, seen, actor, "publication.replace", rules.IN_WORK)
    _check_same_owner(document, draft)
    for name, value in (await _columns(session, content_id, draft, actor, now)).items():
        setattr(edition, name, value)
    await conclude(session, document, edition, actor, "publication.replace", now)
    return document


async def new_edition(
    session: AsyncSession, content_id: UUID, seen: int, draft: Draft, actor: Actor, now: datetime
) -> Document:
    """Begin a later edition of a live document; the live one stays public until the new one is published."""
    document, live = await lock(session, content_id, seen, actor, "publication.new_edition", [rules.LIVE])
    _check_same_owner(document, draft)
    in_work = sa.select(Edition.number).where(Edition.content_id == content_id, Edition.state.in_(rules.IN_WORK))
    if (await session.execute(in_work)).first():
        raise WrongState("已有一个修订稿正在办理。")
    columns = await _columns(session, content_id, draft, actor, now)
    edition = Edition(content_id=content_id, number=live.number + 1, **columns)
    session.add(edition)
    await conclude(session, document, edition, actor, "publication.new_edition", now)
    return document


def _check_same_owner(document: Document, draft: Draft) -> None:
    if draft.region != document.region:
        raise Malformed("文件的所属区域不能更改。", field="body.region")
    if draft.organisation != document.organisation:
        raise Malformed("文件的发布机构不能更改。", field="body.organisation")


async def _organisation(session: AsyncSession, draft: Draft) -> Organisation:
    organisation = await session.get(Organisation, draft.organisation)
    if organisation is None:
        raise UnknownReference("没有这个发布机构。", field="body.organisation")
    if await session.get(Region, draft.region) is None:
        raise UnknownReference("没有这个行政区域。", field="body.region")
    rules.check_owner(draft.region, organisation.region)
    return organisation


async def _columns(
    session: AsyncSession, content_id: UUID, draft: Draft, actor: Actor, now: datetime
) -> dict[str, Any]:
    """Check a draft against the rules and turn it into the columns of an edition."""
    item = await session.get(Item, draft.catalog_item)
    if item is None:
        raise UnknownReference("标准目录中没有这个公开事项。", field="body.catalog_item")
    if item.region is not None and not regions.within(draft.region, item.region):
        raise UnknownReference("该公开事项是其他县的本地事项。", field="body.catalog_item")
    await check_item(session, item, content_id)
    rules.check_dates(draft.dates, local_date(now))
    rules.check_disclosure(draft.disclosure, draft.disclosure_reason, draft.disclosure_basis)
    named = rules.named_regions(draft.reach)
    known = await session.execute(sa.select(Region.code).where(Region.code.in_(named))) if named else None
    rules.check_reach(draft.region, draft.reach, set(known.scalars()) if known else set())
    body = html.sanitise(draft.body_html)
    if not html.text_of(body).strip():
        raise Malformed("正文不能为空。", field="body.body_html")
    return {
        **draft.content,
        "state": rules.DRAFT,
        "region": draft.region,
        "catalog_item": item.code,
        "field": item.field,
        "body_html": body,
        "body_sha256": hashlib.sha256(body.encode()).hexdigest(),
        "sanitiser_version": html.SANITISER_VERSION,
        "summary": html.summary(body),
        "doc_number": _doc_number(draft.doc_number),
        "written_on": draft.dates.written_on,
        "effective_on": draft.dates.effective_on,
        "expires_on": draft.dates.expires_on,
        "disclosure": draft.disclosure,
        "disclosure_reason": draft.disclosure_reason,
        "disclosure_basis": draft.disclosure_basis,
        "reach": draft.reach.model_dump(),
        "drafted_by": actor.subject,
        "changed_at": now,
    }


def _doc_number(written: str | None) -> str | None:
    try:
        return identifiers.normalise_doc_number(written) if written else None
    except identifiers.DocNumberError as error:
        raise Malformed(str(error), field="body.doc_number") from error


async def _index_number(
    session: AsyncSession, organisation: Organisation, region: str, pattern: str, now: datetime
) -> str:
    """Count one up under the pattern's rendering. The row lock makes drafts of one organisation take turns."""
    names: dict[str, Any] = {
        "uscc": organisation.uscc,
        "organisation": organisation.code,
        "region": region,
        "day": local_date(now),
    }
    counter = insert(IndexSerial).values(pattern=rules.index_number(pattern, 0, **names), serial=1)
    counted = counter.on_conflict_do_update(
        index_elements=["pattern"], set_={"serial": IndexSerial.serial + 1}
    ).returning(IndexSerial.serial)
    return rules.index_number(pattern, (await session.execute(counted)).scalar_one(), **names)
