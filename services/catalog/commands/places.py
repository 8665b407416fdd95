"""The acts on regions and organisations."""

from datetime import datetime

from sqlalchemy import exists, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import regions
from libs.common.audit import record
from libs.common.errors import UnknownReference
from libs.common.events import OrganisationChanged, RegionChanged
from libs.common.outbox import emit
from libs.common.permission import Actor, permit
from services.catalog import rules
from services.catalog.commands.keeping import change, check_free, lock
from services.catalog.tables import Organisation, Region


async def put_region(
    session: AsyncSession,
    code: str,
    content: rules.RegionContent,
    seen: int | None,
    actor: Actor,
    now: datetime,
) -> Region:
    """Put a region in place. `seen` None: as a new one. Raises UnknownReference for an unknown parent."""
    region = await lock(session, Region, code)
    permit(rules.GRANTS, actor, "catalog.put_region", region=code)
    rules.check_seen(region.version if region else None, seen)
    province = regions.province(code)
    has_province = code != province and await session.get(Region, province) is not None
    rules.check_region(code, content, has_province=has_province)
    if content.parent is not None and await session.get(Region, content.parent) is None:
        raise UnknownReference("上级区划不存在,请先建立上级区划。", field="body.parent")
    values = content.model_dump()
    if region is None:
        await check_free(session, Region, code, at="path.code")
        region = Region(code=code, version=1, **values)
        session.add(region)
    elif not change(region, values):
        return region
    await record(session, actor, "catalog.put_region", code, region=code, version=region.version)
    await emit(session, RegionChanged(code=code, version=region.version, at=now, **values))
    return region


async def put_organisation(
    session: AsyncSession,
    code: str,
    content: rules.OrganisationContent,
    seen: int | None,
    actor: Actor,
    now: datetime,
) -> Organisation:
    """Put an organisation in place. The actor must be in charge of where it was and of where it is to be.

    Raises UnknownReference for an unknown region or parent, HasSubordinates for a move that would leave
    others with a wrong path.
    """
    organisation = await lock(session, Organisation, code)
    parent = await _hold(session, content.parent)
    path = [code, *(parent.path if parent else ())]
    permit(rules.GRANTS, actor, "catalog.put_organisation", region=content.region, organisations=path)
    if organisation is not None:
        region, now_under = organisation.region, organisation.path
        permit(rules.GRANTS, actor, "catalog.put_organisation", region=region, organisations=now_under)
    rules.check_seen(organisation.version if organisation else None, seen)
    if content.parent is not None and (parent is None or code in parent.path):
        raise UnknownReference("上级机构不存在,或是本机构自身。", field="body.parent")
    if await session.get(Region, content.region) is None:
        raise UnknownReference("行政区划不存在,请先建立区划。", field="body.region")
    values = {**content.model_dump(), "path": path}
    if organisation is None:
        await check_free(session, Organisation, code, at="path.code")
        organisation = Organisation(code=code, version=1, **values)
        session.add(organisation)
    else:
        if organisation.path != path and await _has_subordinates(session, code):
            raise rules.HasSubordinates(field="body.parent")
        if not change(organisation, values):
            return organisation
    version = organisation.version
    await record(session, actor, "catalog.put_organisation", code, region=content.region, version=version)
    said = {name: value for name, value in values.items() if name != "parent"}
    await emit(session, OrganisationChanged(code=code, version=version, at=now, **said))
    return organisation


async def _hold(session: AsyncSession, parent: str | None) -> Organisation | None:
    """The organisation above, kept from moving until this act is over: the new path leads through it."""
    if parent is None:
        return None
    return await session.get(Organisation, parent, with_for_update={"read": True})


async def _has_subordinates(session: AsyncSession, code: str) -> bool:
    return bool(await session.scalar(select(exists().where(Organisation.parent == code))))
