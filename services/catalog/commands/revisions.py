"""The acts on a revision of the catalog, from its proposal until it is in force."""

from collections.abc import Mapping
from datetime import date, datetime

from sqlalchemy import func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import clock, personal_data
from libs.common.audit import record
from libs.common.errors import Malformed, NotFound, UnknownReference, WrongState
from libs.common.events import ItemChanged
from libs.common.outbox import emit_all
from libs.common.permission import Actor, permit
from services.catalog import rules
from services.catalog.commands.editions import add_edition, newest
from services.catalog.commands.items import place, said_of_retired
from services.catalog.commands.keeping import alone, change, keeper, lock, recount
from services.catalog.commands.retired import heirs_in
from services.catalog.rules import revisions
from services.catalog.rules.items import at
from services.catalog.rules.levels import Keeper
from services.catalog.tables import Field, Item
from services.catalog.tables.revisions import Revision, RevisionComment


async def put_revision(
    session: AsyncSession,
    code: str,
    content: revisions.RevisionContent,
    seen: int | None,
    actor: Actor,
    now: datetime,
) -> Revision:
    """Propose a revision, or replace the proposal: until it is checked, and again after the consultation.

    Raises OtherRevisionOpen, UnknownReference for an item that is not in force in the field, StaleVersion, Malformed.
    """
    keeping = await _permit(session, actor, "catalog.put_revision")
    kept = await lock(session, Revision, code)
    rules.check_seen(kept.version if kept else None, seen)
    if kept is not None and not _amendable(kept, clock.local_date(now)):
        raise WrongState(action="catalog.put_revision")
    revisions.check_revision(content)
    if kept is not None and kept.field != content.field:
        raise Malformed("一次修订的领域不能更换。", field="body.field")
    await _check_free(session, code, content.field)
    await _check_items(session, content, keeping)
    values = content.model_dump(mode="json")
    if kept is None:
        kept = Revision(code=code, state="proposed", proposed_by=actor.subject, comments=0, version=1, **values)
        session.add(kept)
    elif not change(kept, {**values, "proposed_by": actor.subject}):
        return kept
    await _record(session, kept, actor, "put_revision", content.reason)
    return kept


async def check(session: AsyncSession, code: str, passed: bool, opinion: str, seen: int, actor: Actor) -> Revision:
    """Give the opinion on its legality (合法性审查); when it does not pass, the proposal is to be amended."""
    kept = await _locked(session, code, "check_revision", seen, actor, "proposed")
    revisions.check_other_hands(kept.proposed_by, actor)
    change(kept, {"legality_opinion": opinion, "state": "checked" if passed else "proposed"}, even_if_same=True)
    await _record(session, kept, actor, "check_revision", opinion)
    return kept


async def consult(
    session: AsyncSession, code: str, until: date, shortened: str | None, seen: int, actor: Actor, now: datetime
) -> Revision:
    """Ask the public, until the end of a day. Raises Malformed for less than 30 days without the reason."""
    kept = await _locked(session, code, "consult_revision", seen, actor, "checked")
    today = clock.local_date(now)
    revisions.check_consultation(today, until, shortened)
    times = {"consulting_from": today, "consulting_until": until, "shortened_reason": shortened}
    change(kept, {**times, "state": "consulting"})
    await _record(session, kept, actor, "consult_revision", shortened)
    return kept


async def comment(session: AsyncSession, code: str, said: revisions.Comment, now: datetime) -> RevisionComment:
    """Take in what somebody says. Raises NotFound, WrongState when nobody is asked now, TooManyComments, Malformed."""
    kept = await session.get(Revision, code, with_for_update=True)
    if kept is None or kept.state not in revisions.PUBLIC:
        raise NotFound
    assert kept.consulting_until is not None
    if kept.state != "consulting" or clock.local_date(now) > kept.consulting_until:
        raise WrongState("征求意见已经结束。", action="comment")
    nth = await session.get(RevisionComment, (code, kept.comments - revisions.MOST_COMMENTS_AN_HOUR + 1))
    revisions.check_comment(said, kept.comments, nth.received_at if nth else None, now)
    if said.item is not None and said.item not in _codes(_content(kept)):
        raise UnknownReference("该事项不在本次修订之中。", field="body.item")
    kept.comments += 1
    made = RevisionComment(
        revision=code, number=kept.comments, item=said.item, text=said.text, received_at=now, version=1
    )
    session.add(made)
    await record(session, None, "catalog.comment", f"{code} {made.number}", version=1)
    return made


async def answer(
    session: AsyncSession,
    code: str,
    number: int,
    outcome: revisions.Outcome,
    text: str,
    seen: int,
    actor: Actor,
    now: datetime,
) -> RevisionComment:
    """Say what became of a comment, and why. Raises Malformed for personal data in the answer."""
    kept = await _locked(session, code, "answer_comment", None, actor, "consulting")
    said = await session.get(RevisionComment, (code, number), with_for_update=True)
    if said is None:
        raise NotFound
    rules.check_seen(said.version, seen)
    if personal_data.find(text):
        raise Malformed("答复中含有身份证号、电话等个人信息。", field="body.answer")
    said.outcome, said.answer, said.answered_at = outcome, text, now
    said.version += 1
    await record(session, actor, "catalog.answer_comment", f"{kept.code} {number}", version=said.version, reason=text)
    return said


async def adopt(
    session: AsyncSession, code: str, effective_on: date, seen: int, actor: Actor, now: datetime
) -> Revision:
    """Adopt it, to be in force from a day on. Raises NotYet, CommentsUnanswered, Malformed, Forbidden."""
    kept = await _locked(session, code, "adopt_revision", seen, actor, "consulting")
    revisions.check_other_hands(kept.proposed_by, actor)
    waiting = select(func.count()).where(RevisionComment.revision == code, RevisionComment.outcome.is_(None))
    today = clock.local_date(now)
    assert kept.consulting_until is not None
    unanswered = await session.scalar(waiting) or 0
    revisions.check_adoptable(today, kept.consulting_until, unanswered, effective_on)
    change(kept, {"state": "adopted", "adopted_on": today, "effective_on": effective_on})
    await _record(session, kept, actor, "adopt_revision")
    return kept


async def enter_into_force(session: AsyncSession, code: str, seen: int, actor: Actor, now: datetime) -> Revision:
    """Put its items in force and keep the new edition of the field. Raises NotYet, StaleVersion.

    What it retires leaves the catalog, and all are told; heirs count what was published under those before them.
    """
    kept = await _locked(session, code, "enforce_revision", seen, actor, "adopted")
    today = clock.local_date(now)
    assert kept.effective_on is not None
    if today < kept.effective_on:
        raise revisions.NotYet(f"施行日期为{kept.effective_on}。")
    content = _content(kept)
    number = 1 + (await newest(session, kept.field) or await add_edition(session, kept.field, 1, today))
    known_heirs = await heirs_in(session, kept.field)
    said, _ = await place(session, revisions.entries_of(content.adjustments), actor, now, "adjustments")
    await _retire(session, content, today)
    await session.flush()
    await add_edition(session, kept.field, number, today, revision=code)
    in_force = update(Revision).where(Revision.field == kept.field, Revision.state == "in_force")
    await session.execute(in_force.values(state="replaced", version=Revision.version + 1))
    change(kept, {"state": "in_force", "edition": number})
    await _record(session, kept, actor, "enforce_revision")
    await recount(session)
    await emit_all(session, said + await _other_heirs(session, kept.field, known_heirs, now))
    return kept


async def drop(session: AsyncSession, code: str, reason: str, seen: int, actor: Actor) -> Revision:
    """Give it up, with the reason; the field is free for another one."""
    kept = await _locked(session, code, "drop_revision", seen, actor, *revisions.OPEN)
    change(kept, {"state": "dropped"})
    await _record(session, kept, actor, "drop_revision", reason)
    return kept


async def _permit(session: AsyncSession, actor: Actor, action: str) -> Keeper:
    # The catalog is one for all regions, so the actor's own region is what it is asked for.
    permit(rules.GRANTS, actor, action, region=actor.region)
    rules.check_keeps_catalog(actor)
    keeping = await keeper(session, actor)
    keeping.check_standard()
    return keeping


async def _locked(session: AsyncSession, code: str, act: str, seen: int | None, actor: Actor, *states: str) -> Revision:
    await _permit(session, actor, f"catalog.{act}")
    kept = await lock(session, Revision, code)
    if kept is None:
        raise NotFound
    if seen is not None:
        rules.check_seen(kept.version, seen)
    if kept.state not in states:
        raise WrongState(action=f"catalog.{act}")
    return kept


async def _record(session: AsyncSession, kept: Revision, actor: Actor, act: str, reason: str | None = None) -> None:
    await session.flush()
    await record(session, actor, f"catalog.{act}", kept.code, version=kept.version, reason=reason)


def _amendable(kept: Revision, today: date) -> bool:
    over = kept.consulting_until is not None and today > kept.consulting_until
    return kept.state == "proposed" or (kept.state == "consulting" and over)


def _content(kept: Revision) -> revisions.RevisionContent:
    said = {name: getattr(kept, name) for name in revisions.RevisionContent.model_fields}
    return revisions.RevisionContent.model_validate(said)


def _codes(content: revisions.RevisionContent) -> set[str]:
    old = {code for adjustment in content.adjustments for code in adjustment.items}
    return old | {entry.code for entry in revisions.entries_of(content.adjustments)}


async def _check_free(session: AsyncSession, code: str, field: str) -> None:
    await alone(session, f"revision of {field}")
    others = select(Revision.code).where(
        Revision.field == field, Revision.code != code, Revision.state.in_(revisions.OPEN)
    )
    if await session.scalar(others) is not None:
        raise revisions.OtherRevisionOpen(field="body.field")


async def _check_items(session: AsyncSession, content: revisions.RevisionContent, keeping: Keeper) -> None:
    found = {item.code: item for item in await session.scalars(select(Item).where(Item.code.in_(_codes(content))))}
    for number, adjustment in enumerate(content.adjustments):
        for row, code in enumerate(adjustment.items):
            item = found.get(code)
            if item is None or item.field != content.field or item.retired_on is not None:
                where = f"body.adjustments.{number}.items.{row}"
                raise UnknownReference("该领域现行目录中没有这个事项。", field=where)
        for row, entry in enumerate(adjustment.entries):
            there = found.get(entry.code)
            with at(f"body.adjustments.{number}.entries.{row}"):
                rules.check_seen(there.version if there else None, entry.version)
                keeping.owner(entry.field, entry.code, there=there is not None, kept_by=there.region if there else None)


async def _retire(session: AsyncSession, content: revisions.RevisionContent, today: date) -> None:
    """Retire what went, and have its heirs know whom they follow: the heirs of heirs, too."""
    heirs = revisions.successions(content.adjustments)
    gone = revisions.retired_by(content.adjustments)
    named = gone | heirs.keys() | {code for codes in heirs.values() for code in codes}
    found = {item.code: item for item in await session.scalars(select(Item).where(Item.code.in_(named)))}
    for code in gone:
        found[code].retired_on = today
    for heir, before in heirs.items():
        followed = {old for code in before for old in (code, *found[code].predecessors)}
        found[heir].predecessors = sorted(followed | set(found[heir].predecessors))


async def _other_heirs(
    session: AsyncSession, field: str, before: Mapping[str, list[str]], now: datetime
) -> list[ItemChanged]:
    """What is to be said of the items that went, and of those that went earlier and have other heirs by that."""
    heirs = await heirs_in(session, field)
    changed = [code for code in heirs if heirs[code] != before.get(code)]
    name = await session.scalar(select(Field.name).where(Field.code == field))
    assert name is not None
    found = list(await session.scalars(select(Item).where(Item.code.in_(changed)).order_by(Item.code)))
    for item in found:
        item.version += 1
    return [said_of_retired(item, name, heirs[item.code], now) for item in found]
