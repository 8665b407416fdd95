"""The editions (版次) of a field's catalog: the standard as it was in force, to be compared with what follows."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import clock
from libs.common.audit import record
from libs.common.permission import Actor, permit
from services.catalog import rules
from services.catalog.commands.keeping import alone, keeper
from services.catalog.rules.items import ItemContent
from services.catalog.tables import Field, Item
from services.catalog.tables.revisions import CatalogEdition


async def keep_editions(session: AsyncSession, actor: Actor, now: datetime) -> list[str]:
    """Keep the standard as it stands as edition 1 of every field that has none yet. Returns those fields."""
    permit(rules.GRANTS, actor, "catalog.keep_editions", region=actor.region)
    rules.check_keeps_catalog(actor)
    (await keeper(session, actor)).check_standard()
    await _one_at_a_time(session)
    standard = select(Item.field).where(Item.region.is_(None), Item.retired_on.is_(None))
    without = standard.where(Item.field.not_in(select(CatalogEdition.field))).distinct().order_by(Item.field)
    fields = list(await session.scalars(without))
    for field in fields:
        await add_edition(session, field, 1, clock.local_date(now))
    if fields:
        await record(session, actor, "catalog.keep_editions", "editions", fields=len(fields))
    return fields


async def newest(session: AsyncSession, field: str) -> int | None:
    """The number of the newest edition of a field; nobody else adds one before this act is over."""
    await _one_at_a_time(session)
    return await session.scalar(select(func.max(CatalogEdition.number)).where(CatalogEdition.field == field))


async def add_edition(
    session: AsyncSession, field: str, number: int, today: date, *, revision: str | None = None
) -> int:
    """Keep the standard of a field as it is in force. Returns the number."""
    items = await _items(session, field)
    session.add(CatalogEdition(field=field, number=number, revision=revision, in_force_on=today, items=items))
    return number


async def _one_at_a_time(session: AsyncSession) -> None:
    await alone(session, "editions of the catalog")


async def _items(session: AsyncSession, field: str) -> list[dict[str, Any]]:
    """The items of a field's standard that are in force, as they are written down in an edition."""
    name = await session.scalar(select(Field.name).where(Field.code == field))
    found = select(Item).where(Item.field == field, Item.retired_on.is_(None), Item.region.is_(None))
    members = [member for member in ItemContent.model_fields if member != "field_name"]
    return [
        {"code": item.code, "field_name": name, **{member: getattr(item, member) for member in members}}
        for item in await session.scalars(found.order_by(Item.code))
    ]
