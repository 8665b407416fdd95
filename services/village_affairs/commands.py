"""The acts on village notices: each changes one notice, writes one audit row and says at most one event."""

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import html, personal_data, regions
from libs.common.audit import record
from libs.common.cards import notice_entry
from libs.common.clock import local_date
from libs.common.errors import ItemRetired, NotFound, StaleVersion, UnknownReference
from libs.common.events import NoticePublished, NoticeWithdrawn
from libs.common.events.village_affairs import Category
from libs.common.identifiers import uuid7
from libs.common.listing import displace, place
from libs.common.outbox import emit
from libs.common.permission import Actor, permit
from services.village_affairs import rules
from services.village_affairs.queries import notice_path
from services.village_affairs.tables import Item, Notice, Village


@dataclass(frozen=True, slots=True)
class Content:
    """What a notice says: all that its drafter writes."""

    category: Category
    title: str
    period: str | None
    catalog_item: str
    body_html: str


async def draft(session: AsyncSession, village: str, content: Content, actor: Actor, now: datetime) -> Notice:
    """Begin a notice of `village`. Raises UnknownReference for a village or item not known (yet), ItemRetired."""
    permit(rules.GRANTS, actor, "village_affairs.draft", region=village)
    if await session.get(Village, village) is None:
        raise UnknownReference(field="body.village")
    notice = Notice(id=uuid7(), village=village, version=0, drafted_at=now, drafted_by=[], state=rules.DRAFT)
    await _write(session, notice, content, actor)
    session.add(notice)
    return await _done(session, notice, actor, "draft")


async def edit(session: AsyncSession, notice_id: UUID, seen: int, content: Content, actor: Actor) -> Notice:
    """Replace what a draft says."""
    notice = await _take(session, notice_id, seen, actor, "edit")
    await _write(session, notice, content, actor)
    return await _done(session, notice, actor, "edit")


async def submit(session: AsyncSession, notice_id: UUID, seen: int, actor: Actor) -> Notice:
    """Hand a draft to the supervision committee. Raises PersonalDataFound, ItemRetired."""
    notice = await _take(session, notice_id, seen, actor, "submit")
    await _item_in_force(session, notice.catalog_item)
    texts = {"title": notice.title, "period": notice.period, "body_html": html.text_of(notice.body_html)}
    personal_data.refuse(texts.items())
    notice.state, notice.reason = rules.SUBMITTED, None
    return await _done(session, notice, actor, "submit")


async def supervise(session: AsyncSession, notice_id: UUID, seen: int, opinion: str, actor: Actor) -> Notice:
    """The supervision committee's opinion, which lets the notice go to the joint meeting."""
    notice = await _take(session, notice_id, seen, actor, "supervise")
    rules.check_other_hands(actor.subject, notice.drafted_by)
    personal_data.refuse([("body.opinion", opinion)])
    notice.state, notice.opinion, notice.supervised_by = rules.SUPERVISED, opinion, actor.subject
    return await _done(session, notice, actor, "supervise")


async def decide(
    session: AsyncSession, notice_id: UUID, seen: int, minutes_on: date, actor: Actor, now: datetime
) -> Notice:
    """The joint meeting's decision to publish, by its minutes of `minutes_on`."""
    notice = await _take(session, notice_id, seen, actor, "decide")
    rules.check_other_hands(actor.subject, notice.drafted_by)
    rules.check_minutes(minutes_on, local_date(now))
    notice.state, notice.minutes_on, notice.decided_by = rules.DECIDED, minutes_on, actor.subject
    return await _done(session, notice, actor, "decide")


async def send_back(session: AsyncSession, notice_id: UUID, seen: int, reason: str, actor: Actor) -> Notice:
    """Return a notice to its drafters; what was said and decided of the old text no longer counts."""
    notice = await _take(session, notice_id, seen, actor, "return")
    personal_data.refuse([("body.reason", reason)])
    notice.state, notice.reason = rules.DRAFT, reason
    notice.opinion = notice.supervised_by = notice.decided_by = notice.minutes_on = None
    return await _done(session, notice, actor, "return", reason)


async def publish(session: AsyncSession, notice_id: UUID, seen: int, actor: Actor, now: datetime) -> Notice:
    """Put a decided notice on the board of its village. Raises ItemRetired; the meeting can then return it."""
    notice = await _take(session, notice_id, seen, actor, "publish")
    await _item_in_force(session, notice.catalog_item)
    notice.state, notice.published_at, notice.first_published_at = rules.LIVE, now, now
    notice.visible_until = rules.visible_until(local_date(now))
    await _done(session, notice, actor, "publish")
    village = await session.get_one(Village, notice.village)
    event = NoticePublished(
        notice=notice.id,
        village=notice.village,
        village_name=village.name,
        title=notice.title,
        category=notice.category,
        catalog_item=notice.catalog_item,
        field=notice.field,
        period=notice.period,
        summary=notice.summary,
        path=notice_path(notice.id),
        first_published_at=now,
        published_at=now,
        version=notice.version,
        at=now,
    )
    await place(session, notice_entry(event))
    await emit(session, event)
    return notice


async def withdraw(
    session: AsyncSession, notice_id: UUID, seen: int, reason: str, actor: Actor, now: datetime
) -> Notice:
    """Take a notice off the board. Its page says so from then on, with the reason."""
    notice = await _take(session, notice_id, seen, actor, "withdraw")
    personal_data.refuse([("body.reason", reason)])
    notice.state, notice.withdrawn_at, notice.reason = rules.WITHDRAWN, now, reason
    await _done(session, notice, actor, "withdraw", reason)
    await displace(session, notice.id)
    event = NoticeWithdrawn(
        notice=notice.id,
        village=notice.village,
        title=notice.title,
        reason=reason,
        version=notice.version,
        at=now,
    )
    await emit(session, event)
    return notice


async def _take(session: AsyncSession, notice_id: UUID, seen: int, actor: Actor, act: str) -> Notice:
    """The notice, locked for `act`. Raises NotFound, Forbidden, WrongState, StaleVersion."""
    notice = await session.get(Notice, notice_id, with_for_update=True)
    if notice is None:
        raise NotFound
    permit(rules.GRANTS, actor, f"village_affairs.{act}", region=notice.village, state=notice.state)
    if notice.version != seen:
        raise StaleVersion
    return notice


async def _write(session: AsyncSession, notice: Notice, content: Content, actor: Actor) -> None:
    item = await _item_in_force(session, content.catalog_item)
    if item.region is not None and not regions.within(notice.village, item.region):
        raise UnknownReference("该公开事项是其他县的本地事项。", field="body.catalog_item")
    body_html = html.sanitise(content.body_html)
    rules.check_body(body_html)
    notice.category, notice.title, notice.period = content.category, content.title, content.period
    notice.catalog_item, notice.field = item.code, item.field
    notice.body_html, notice.sanitiser_version = body_html, html.SANITISER_VERSION
    notice.summary = html.summary(body_html)
    notice.drafted_by = sorted({*notice.drafted_by, actor.subject})


async def _item_in_force(session: AsyncSession, code: str) -> Item:
    """The item. Raises UnknownReference, ItemRetired: nothing new comes under what a revision has retired."""
    item = await session.get(Item, code)
    if item is None:
        raise UnknownReference(field="body.catalog_item")
    if item.retired_on is not None:
        raise ItemRetired(item.heirs, field="body.catalog_item")
    return item


async def _done(session: AsyncSession, notice: Notice, actor: Actor, act: str, reason: str | None = None) -> Notice:
    """The next version of the notice, with the act in the audit."""
    notice.version += 1
    await record(
        session,
        actor,
        f"village_affairs.{act}",
        str(notice.id),
        region=notice.village,
        version=notice.version,
        reason=reason,
    )
    return notice
