"""The acts on what a region owes: it made something public offline; a duty is waived."""

from datetime import date, datetime

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import clock, personal_data, regions
from libs.common.audit import record
from libs.common.errors import Malformed, UnknownReference
from libs.common.permission import Actor, permit
from services.catalog import rules
from services.catalog.commands.keeping import change, lock, recount
from services.catalog.commands.local_terms import limits_in
from services.catalog.commands.retired import known_item
from services.catalog.rules.duties import begins_a_period, check_waives
from services.catalog.rules.levels import check_owed
from services.catalog.rules.offline import OfflineContent, check_offline
from services.catalog.tables import OfflineDisclosure, Region, Waiver


async def put_offline(
    session: AsyncSession, code: str, content: OfflineContent, seen: int | None, actor: Actor, now: datetime
) -> OfflineDisclosure:
    """Record what was made public offline. Raises UnknownReference for region or item, ItemRetired, Malformed.

    What was recorded under an item before it was retired can still be corrected or struck out.
    """
    kept = await lock(session, OfflineDisclosure, code)
    permit(rules.GRANTS, actor, "catalog.put_offline", region=content.region)
    if kept is not None:
        permit(rules.GRANTS, actor, "catalog.put_offline", region=kept.region)
    rules.check_seen(kept.version if kept else None, seen)
    check_offline(content, clock.local_date(now))
    if await session.get(Region, content.region) is None:
        raise UnknownReference("行政区划不存在。", field="body.region")
    item = await known_item(session, content.item, "body.item", anew=kept is None or kept.item != content.item)
    check_owed(content.region, item.region, at=("body.region", "body.item"))
    before = kept.region if kept else content.region
    if kept is None:
        kept = OfflineDisclosure(code=code, version=1, **content.model_dump())
        session.add(kept)
    elif not change(kept, content.model_dump()):
        return kept
    region, reason = content.region, content.struck
    await record(session, actor, "catalog.put_offline", code, region=region, version=kept.version, reason=reason)
    for touched in {region, before}:
        await recount(session, touched, touched)
    return kept


async def put_waiver(
    session: AsyncSession,
    region: str,
    item: str,
    period_start: date,
    waived: str | None,
    seen: int | None,
    actor: Actor,
) -> Waiver:
    """Say why the duty of one period is waived, or with None that it is not.

    Raises UnknownReference, ItemRetired, Malformed.
    """
    kept = await lock(session, Waiver, region, item, period_start)
    permit(rules.GRANTS, actor, "catalog.put_waiver", region=region)
    check_waives(actor)
    personal_data.refuse([("body.waived", waived)])
    rules.check_seen(kept.version if kept else None, seen)
    if await session.get(Region, region) is None:
        raise UnknownReference("行政区划不存在。", field="path.region")
    owed = await known_item(session, item, "path.code", anew=waived is not None)
    check_owed(region, owed.region)
    if not begins_a_period(await limits_in(session, owed, [*regions.ancestors(region), region]), period_start):
        raise Malformed("该事项没有从这一天开始的公开周期。", field="path.period_start")
    if kept is None:
        kept = Waiver(region=region, item=item, period_start=period_start, waived=waived, version=1)
        session.add(kept)
    elif not change(kept, {"waived": waived}):
        return kept
    act, version = "catalog.put_waiver", kept.version
    await record(session, actor, act, f"{item} {period_start}", region=region, version=version, reason=waived)
    await recount(session, region, region)
    return kept
