"""What the acts of catalog ask of items that a revision has retired: nothing new comes under them."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.errors import ItemRetired, UnknownReference
from services.catalog.rules.revisions import heirs_of
from services.catalog.tables import Item

# Without the entries but for their codes: a revision of a whole field holds a megabyte of them.
_RETIRING = text("""
select a.said -> 'items' as items, jsonb_path_query_array(a.said, '$.entries[*].code') as entries,
  a.said ->> 'documents_to' as documents_to
from revision r cross join lateral jsonb_array_elements(r.adjustments) with ordinality a (said, n)
where r.field = :field and r.state in ('in_force', 'replaced') and a.said -> 'items' <> '[]'
order by r.edition, a.n
""")


async def heirs_in(session: AsyncSession, field: str) -> dict[str, list[str]]:
    """The retired items of a field, each with those that are in force instead."""
    return heirs_of([dict(row) for row in (await session.execute(_RETIRING, {"field": field})).mappings()])


async def check_in_force(session: AsyncSession, item: Item | None, where: str) -> None:
    """Raise ItemRetired, which names the heirs."""
    if item is not None and item.retired_on is not None:
        raise ItemRetired((await heirs_in(session, item.field)).get(item.code, []), field=where)


async def known_item(session: AsyncSession, code: str, where: str, *, anew: bool = True) -> Item:
    """The item. Raises UnknownReference; ItemRetired when something is said of it `anew`, not taken back."""
    item = await session.get(Item, code)
    if item is None:
        raise UnknownReference("公开事项不存在。", field=where)
    if anew:
        await check_in_force(session, item, where)
    return item
