"""The act on local terms: a region tightens an item, or names its own body."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import regions
from libs.common.audit import record
from libs.common.errors import Malformed, UnknownReference
from libs.common.permission import Actor, permit
from services.catalog import rules
from services.catalog.commands.keeping import change, lock, recount
from services.catalog.commands.retired import known_item
from services.catalog.rules.levels import concerns
from services.catalog.rules.local_terms import LocalTermsContent, check_tightens, first_loosened, in_effect
from services.catalog.rules.time_limits import TimeLimits
from services.catalog.tables import Item, LocalTerms, Organisation, Region


async def put_local_terms(
    session: AsyncSession, item: str, region: str, content: LocalTermsContent, seen: int | None, actor: Actor
) -> tuple[LocalTerms, Sequence[str]]:
    """Put a region's terms of an item in place. Raises UnknownReference, ItemRetired, Malformed for a looser limit.

    Returns with them the regions below whose own terms are looser than these, and so have no effect any more.
    """
    kept = await lock(session, LocalTerms, region, item)
    permit(rules.GRANTS, actor, "catalog.put_local_terms", region=region)
    rules.check_seen(kept.version if kept else None, seen)
    if await session.get(Region, region) is None:
        raise UnknownReference("行政区划不存在。", field="path.region")
    owned = await known_item(session, item, "path.code")
    if not concerns(owned.region, region):
        raise UnknownReference("该事项是其他县的本地事项。", field="path.code")
    await check_bodies(session, region, content.organisations, "body.organisations")
    inherited = await limits_in(session, owned, regions.ancestors(region))
    limits = check_tightens(inherited, content.time_limit) if content.time_limit else None
    values = {**content.model_dump(), "time_limits": limits.model_dump(mode="json") if limits else None}
    overridden = await _overridden(session, item, region, limits or inherited)
    if kept is None:
        kept = LocalTerms(region=region, item=item, version=1, **values)
        session.add(kept)
    elif not change(kept, values):
        return kept, overridden
    await record(session, actor, "catalog.put_local_terms", item, region=region, version=kept.version)
    await recount(session, *regions.subtree(region))
    return kept, overridden


async def limits_in(session: AsyncSession, item: Item, line: Sequence[str]) -> TimeLimits:
    """The limits of an item that hold in the last of a line of regions."""
    found = select(LocalTerms).where(LocalTerms.item == item.code, LocalTerms.region.in_(line))
    # A region's code sorts behind those of the regions that it lies in.
    terms = await session.scalars(found.order_by(LocalTerms.region))
    return in_effect(TimeLimits.model_validate(item.time_limits), (_limits(one) for one in terms))


async def check_bodies(session: AsyncSession, region: str, codes: Sequence[str], field: str) -> None:
    """Raise Malformed for a body that is named twice, UnknownReference for one that is not of this very region."""
    if len(set(codes)) < len(codes):
        raise Malformed("同一机构写了两次。", field=field)
    known = select(Organisation.code).where(Organisation.code.in_(codes), Organisation.region == region)
    if missing := sorted(set(codes) - set(await session.scalars(known))):
        raise UnknownReference(f"本地区没有这个机构:{missing[0]}。", field=field)


async def _overridden(session: AsyncSession, item: str, region: str, limits: TimeLimits) -> list[str]:
    first, last = regions.subtree(region)
    below = select(LocalTerms).where(LocalTerms.item == item, LocalTerms.region.between(first, last))
    found = [(one.region, _limits(one)) for one in await session.scalars(below.order_by(LocalTerms.region))]
    return [code for code, own in found if code != region and own is not None and first_loosened(limits, own)]


def _limits(terms: LocalTerms) -> TimeLimits | None:
    return TimeLimits.model_validate(terms.time_limits) if terms.time_limits else None
