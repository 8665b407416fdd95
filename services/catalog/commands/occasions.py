"""The act on occasions: something happened that the time limits of an item run from."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import clock, regions
from libs.common.audit import record
from libs.common.errors import UnknownReference
from libs.common.permission import Actor, permit
from services.catalog import rules
from services.catalog.commands.keeping import change, lock, recount
from services.catalog.commands.local_terms import check_bodies, limits_in
from services.catalog.commands.retired import known_item
from services.catalog.rules.levels import check_owed
from services.catalog.rules.occasions import OccasionContent, check_occasion
from services.catalog.tables import Occasion, Region


async def put_occasion(
    session: AsyncSession, code: str, content: OccasionContent, seen: int | None, actor: Actor, now: datetime
) -> Occasion:
    """Record an occasion. Raises UnknownReference for an unknown region, item or body, Malformed."""
    kept = await lock(session, Occasion, code)
    permit(rules.GRANTS, actor, "catalog.put_occasion", region=content.region)
    if kept is not None:
        permit(rules.GRANTS, actor, "catalog.put_occasion", region=kept.region)
    rules.check_seen(kept.version if kept else None, seen)
    if await session.get(Region, content.region) is None:
        raise UnknownReference("行政区划不存在。", field="body.region")
    item = await known_item(session, content.item, "body.item", anew=kept is None or kept.item != content.item)
    check_owed(content.region, item.region, at=("body.region", "body.item"))
    line = [*regions.ancestors(content.region), content.region]
    check_occasion(content, await limits_in(session, item, line), clock.local_date(now))
    if content.organisation is not None:
        await check_bodies(session, content.region, [content.organisation], "body.organisation")
    before = kept.region if kept else content.region
    if kept is None:
        kept = Occasion(code=code, version=1, **content.model_dump())
        session.add(kept)
    elif not change(kept, content.model_dump()):
        return kept
    region, reason = content.region, content.struck
    await record(session, actor, "catalog.put_occasion", code, region=region, version=kept.version, reason=reason)
    for touched in {region, before}:
        await recount(session, touched, touched)
    return kept
