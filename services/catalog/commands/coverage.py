"""The act on coverage: an item does not concern a region (不涉及), or does again."""

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import personal_data
from libs.common.audit import record
from libs.common.errors import UnknownReference
from libs.common.permission import Actor, permit
from services.catalog import rules
from services.catalog.commands.keeping import change, lock, recount
from services.catalog.commands.retired import known_item
from services.catalog.rules.levels import check_owed
from services.catalog.tables import Applicability, Region


async def put_applicability(
    session: AsyncSession, region: str, item: str, not_applicable: str | None, seen: int | None, actor: Actor
) -> Applicability:
    """Say why an item does not concern a region, or with None that it does. Raises UnknownReference, ItemRetired."""
    said = await lock(session, Applicability, region, item)
    permit(rules.GRANTS, actor, "catalog.put_applicability", region=region)
    rules.check_seen(said.version if said else None, seen)
    personal_data.refuse([("body.not_applicable", not_applicable)])
    if await session.get(Region, region) is None:
        raise UnknownReference("行政区划不存在。", field="path.region")
    owed = await known_item(session, item, "path.code", anew=not_applicable is not None)
    check_owed(region, owed.region)
    if said is None:
        said = Applicability(region=region, item=item, not_applicable=not_applicable, version=1)
        session.add(said)
    elif not change(said, {"not_applicable": not_applicable}):
        return said
    act, version = "catalog.put_applicability", said.version
    await record(session, actor, act, item, region=region, version=version, reason=not_applicable)
    await recount(session, region, region)
    return said
