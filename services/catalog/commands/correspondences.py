"""The act on correspondences: items of several levels are said to be the same matter, or are so no more."""

from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.audit import record
from libs.common.errors import UnknownReference
from libs.common.events import CorrespondenceChanged
from libs.common.outbox import emit
from libs.common.permission import Actor, permit
from services.catalog import rules
from services.catalog.commands.keeping import change, keeper, lock
from services.catalog.commands.retired import check_in_force
from services.catalog.rules.correspondences import CorrespondenceContent, check_correspondence, check_member
from services.catalog.tables import Correspondence, Item


async def put_correspondence(
    session: AsyncSession, code: str, content: CorrespondenceContent, seen: int | None, actor: Actor, now: datetime
) -> Correspondence:
    """Put a correspondence in place, or end it with the reason. Raises UnknownReference, ItemRetired, Malformed."""
    kept = await lock(session, Correspondence, code)
    # The catalog is one for all regions, so the actor's own region is what it is asked for.
    permit(rules.GRANTS, actor, "catalog.put_correspondence", region=actor.region)
    rules.check_keeps_catalog(actor)
    (await keeper(session, actor)).check_standard()
    rules.check_seen(kept.version if kept else None, seen)
    check_correspondence(content)
    await _check_members(session, content)
    values = content.model_dump()
    if kept is None:
        kept = Correspondence(code=code, version=1, **values)
        session.add(kept)
    elif not change(kept, values):
        return kept
    reason = content.dissolved or content.reason
    await record(session, actor, "catalog.put_correspondence", code, version=kept.version, reason=reason)
    await emit(session, CorrespondenceChanged(code=code, version=kept.version, at=now, **values))
    return kept


async def _check_members(session: AsyncSession, content: CorrespondenceContent) -> None:
    """What has ended may name items that are retired, or published at other levels by now."""
    codes = {member.item for member in content.members}
    found = {item.code: item for item in await session.scalars(select(Item).where(Item.code.in_(codes)))}
    for number, member in enumerate(content.members):
        where, item = f"body.members.{number}", found.get(member.item)
        if item is None:
            raise UnknownReference("公开事项不存在。", field=f"{where}.item")
        if content.dissolved is None:
            await check_in_force(session, item, f"{where}.item")
            check_member(member, item.levels, item.content_elements, where)
