"""What the acts of catalog share: a thing is put in place, new or instead of what was there.

Putting what is already there changes nothing: no new version, no event and no audit row.
"""

from collections.abc import Mapping
from datetime import date
from typing import Any, TypeVar

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.db import driver_of
from libs.common.permission import Actor, permit
from libs.common.regions import Level
from services.catalog.queries.tallies import MARK_ALL
from services.catalog.rules import GRANTS, CodeTaken
from services.catalog.rules.levels import Keeper
from services.catalog.tables import (
    Applicability,
    Correspondence,
    Item,
    LocalTerms,
    NegativeEntry,
    Occasion,
    OfflineDisclosure,
    Organisation,
    Region,
    Template,
    Waiver,
)
from services.catalog.tables.revisions import Revision

Kept = TypeVar(
    "Kept",
    Region,
    Organisation,
    Item,
    Applicability,
    Correspondence,
    NegativeEntry,
    OfflineDisclosure,
    Occasion,
    Waiver,
    Revision,
    LocalTerms,
    Template,
)


async def lock(session: AsyncSession, table: type[Kept], *code: str | date) -> Kept | None:
    """The row of `code`, locked; while there is none, nobody else can create it before this act is over."""
    await alone(session, f"{table.__tablename__} {' '.join(map(str, code))}")
    return await session.get(table, code if len(code) > 1 else code[0], with_for_update=True)


async def alone(session: AsyncSession, what: str) -> None:
    """Have nobody else do `what` before this act is over."""
    await session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(what, 0))))


async def recount(session: AsyncSession, first: str = "0", last: str = "9" * 12) -> None:
    """Have the regions between two codes counted anew after this act; all of them when none are named."""
    await driver_of(session).execute(MARK_ALL, first, last)


async def check_free(session: AsyncSession, table: type[Region | Organisation | Item], *codes: str, at: str) -> None:
    """Raise CodeTaken when something new of `table` has the code of another kind of thing. `at`: where it stands."""
    for code in codes if len(codes) == 1 else ():
        await alone(session, f"code {code}")
    for other in (Region, Organisation, Item):
        if other is not table:
            taken = await session.scalar(select(other.code).where(other.code.in_(codes)).limit(1))
            if taken is not None:
                raise CodeTaken(f"编码 {taken} 已用于其他行政区划、机构或事项。", field=at)


async def keeper(session: AsyncSession, actor: Actor) -> Keeper:
    """What the actor may keep of the catalog, by the tree of regions."""
    known = select(Region.code).where((Region.level == Level.province) | (Region.code == actor.region))
    return Keeper(actor.region, frozenset(await session.scalars(known)))


def owner(keeping: Keeper, actor: Actor, action: str, code: str, field: str, item: Item | None) -> str | None:
    """Who keeps an item once this actor has taken `action` on it. A local one is its own county's and of those above.

    Raises Forbidden, Malformed, UnknownReference for what is not the actor's to keep.
    """
    if item is not None and item.region is not None:
        permit(GRANTS, actor, action, region=item.region)
    return keeping.owner(field, code, there=item is not None, kept_by=item.region if item else None)


def differs(row: Kept, values: Mapping[str, Any]) -> bool:
    """Whether `row` has other values than these."""
    return any(getattr(row, name) != value for name, value in values.items())


def change(row: Kept, values: Mapping[str, Any], *, even_if_same: bool = False) -> bool:
    """Give `row` the values and its next version, unless it has these values already."""
    if not even_if_same and not differs(row, values):
        return False
    for name, value in values.items():
        setattr(row, name, value)
    row.version += 1
    return True
