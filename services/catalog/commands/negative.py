"""The act on the negative list."""

from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.audit import record
from libs.common.errors import UnknownReference
from libs.common.permission import Actor, permit
from services.catalog import rules
from services.catalog.commands.keeping import change, lock
from services.catalog.rules.negative import NegativeContent, check_negative
from services.catalog.tables import NegativeEntry, Region


async def put_negative(
    session: AsyncSession, code: str, content: NegativeContent, seen: int | None, actor: Actor
) -> NegativeEntry:
    """Put an entry of the negative list in place. Raises UnknownReference for an unknown region."""
    entry = await lock(session, NegativeEntry, code)
    permit(rules.GRANTS, actor, "catalog.put_negative", region=content.region)
    if entry is not None:
        permit(rules.GRANTS, actor, "catalog.put_negative", region=entry.region)
    rules.check_seen(entry.version if entry else None, seen)
    check_negative(content)
    if await session.get(Region, content.region) is None:
        raise UnknownReference("行政区划不存在,请先建立区划。", field="body.region")
    if entry is None:
        entry = NegativeEntry(code=code, version=1, **content.model_dump())
        session.add(entry)
    elif not change(entry, content.model_dump()):
        return entry
    act, region = "catalog.put_negative", content.region
    await record(session, actor, act, code, region=region, version=entry.version, reason=content.reason)
    return entry
