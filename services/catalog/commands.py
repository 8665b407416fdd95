"""The acts of catalog: put a region, an organisation or an item in place, new or instead of what was there.

Putting what is already there changes nothing: no new version, no event and no audit row.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import exists, func, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.audit import record
from libs.common.errors import UnknownReference
from libs.common.events import ItemChanged, OrganisationChanged, RegionChanged
from libs.common.outbox import emit, emit_all
from libs.common.permission import Actor, permit
from services.catalog import rules
from services.catalog.rules import items
from services.catalog.rules.wordings import read
from services.catalog.tables import Field, Item, Organisation, Region

Kept = TypeVar("Kept", Region, Organisation, Item)


async def put_region(
    session: AsyncSession,
    code: str,
    content: rules.RegionContent,
    seen: int | None,
    actor: Actor,
    now: datetime,
) -> Region:
    """Put a region in place. `seen` None: as a new one. Raises UnknownReference for an unknown parent."""
    region = await _lock(session, Region, code)
    permit(rules.GRANTS, actor, "catalog.put_region", region=code)
    rules.check_seen(region.version if region else None, seen)
    rules.check_region(code, content)
    if content.parent is not None and await session.get(Region, content.parent) is None:
        raise UnknownReference("上级区划不存在,请先建立上级区划。", field="body.parent")
    values = content.model_dump()
    if region is None:
        region = Region(code=code, version=1, **values)
        session.add(region)
    elif not _change(region, values):
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
    organisation = await _lock(session, Organisation, code)
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
        organisation = Organisation(code=code, version=1, **values)
        session.add(organisation)
    else:
        if organisation.path != path and await _has_subordinates(session, code):
            raise rules.HasSubordinates(field="body.parent")
        if not _change(organisation, values):
            return organisation
    version = organisation.version
    await record(session, actor, "catalog.put_organisation", code, region=content.region, version=version)
    said = {name: value for name, value in values.items() if name != "parent"}
    await emit(session, OrganisationChanged(code=code, version=version, at=now, **said))
    return organisation


async def put_item(
    session: AsyncSession,
    code: str,
    content: items.ItemContent,
    seen: int | None,
    actor: Actor,
    now: datetime,
) -> Item:
    """Put an item in place, and its field with the first one. Raises FieldNameDiffers."""
    item = await _lock(session, Item, code)
    # The catalog is one for all regions, so the actor's own region is what it is asked for.
    permit(rules.GRANTS, actor, "catalog.put_item", region=actor.region)
    rules.check_keeps_catalog(actor)
    rules.check_seen(item.version if item else None, seen)
    items.check_item(content)
    renamed = await _name_field(session, code, content)
    values = _values(content)
    if item is None:
        item = Item(code=code, version=1, **values)
        session.add(item)
    elif not _change(item, values, even_if_same=renamed):
        return item
    await record(session, actor, "catalog.put_item", code, version=item.version)
    await emit(session, _item_changed(item, content, now))
    return item


async def put_items(
    session: AsyncSession, entries: Sequence[items.ItemEntry], actor: Actor, now: datetime
) -> items.Adopted:
    """Put many items in place, all or none. Each names the version that it replaces, or none as a new one.

    Raises Malformed for a code that comes twice, StaleVersion and FieldNameDiffers with the place in the list.
    """
    permit(rules.GRANTS, actor, "catalog.put_item", region=actor.region)
    rules.check_keeps_catalog(actor)
    items.check_entries(entries)
    await session.execute(text("lock table item, field in share row exclusive mode"))
    codes = [entry.code for entry in entries]
    there = {item.code: item for item in await session.scalars(select(Item).where(Item.code.in_(codes)))}
    names = {field.code: field for field in await session.scalars(select(Field))}
    others = set(await session.scalars(select(Item.field).where(Item.code.not_in(codes)).distinct()))
    said: list[ItemChanged] = []
    created = 0
    for number, entry in enumerate(entries):
        item = there.get(entry.code)
        with items.at(number):
            rules.check_seen(item.version if item else None, entry.version)
            items.check_item(entry)
            field = names.get(entry.field)
            if field:
                items.check_field_name(field.name, entry.field_name, has_other_items=entry.field in others)
        renamed = field is None or field.name != entry.field_name
        if field is None:
            names[entry.field] = field = Field(code=entry.field, name=entry.field_name)
            session.add(field)
        field.name = entry.field_name
        values = _values(entry)
        if item is None:
            item = Item(code=entry.code, version=1, **values)
            session.add(item)
            created += 1
        elif not _change(item, values, even_if_same=renamed):
            continue
        said.append(_item_changed(item, entry, now))
    if said:
        await record(session, actor, "catalog.put_items", "items", created=created, changed=len(said) - created)
        await emit_all(session, said)
    return items.Adopted(created=created, changed=len(said) - created, unchanged=len(entries) - len(said))


def _values(content: items.ItemContent) -> dict[str, Any]:
    values = content.model_dump(include=set(items.ItemContent.model_fields) - {"field_name"})
    return {**values, "time_limits": read(content.time_limit).model_dump(mode="json")}


def _item_changed(item: Item, content: items.ItemContent, now: datetime) -> ItemChanged:
    said = content.model_dump(include=set(ItemChanged.model_fields) - {"code", "version"})
    return ItemChanged(code=item.code, version=item.version, at=now, **said)


async def _lock(session: AsyncSession, table: type[Kept], code: str) -> Kept | None:
    """The row of `code`, locked; while there is none, nobody else can create it before this act is over."""
    place = func.hashtextextended(f"{table.__tablename__} {code}", 0)
    await session.execute(select(func.pg_advisory_xact_lock(place)))
    return await session.get(table, code, with_for_update=True)


async def _hold(session: AsyncSession, parent: str | None) -> Organisation | None:
    """The organisation above, kept from moving until this act is over: the new path leads through it."""
    if parent is None:
        return None
    return await session.get(Organisation, parent, with_for_update={"read": True})


async def _has_subordinates(session: AsyncSession, code: str) -> bool:
    return bool(await session.scalar(select(exists().where(Organisation.parent == code))))


async def _name_field(session: AsyncSession, code: str, content: items.ItemContent) -> bool:
    """See to it that the field is known by the name in `content`. Returns whether it was renamed."""
    field = insert(Field).values(code=content.field, name=content.field_name)
    # Writing its code over itself locks the field and tells its name in one statement.
    held = field.on_conflict_do_update(index_elements=[Field.code], set_={"code": content.field}).returning(Field.name)
    name = (await session.execute(held)).scalar_one()
    if name == content.field_name:
        return False
    others = select(exists().where(Item.field == content.field, Item.code != code))
    items.check_field_name(name, content.field_name, has_other_items=bool(await session.scalar(others)))
    await session.execute(update(Field).where(Field.code == content.field).values(name=content.field_name))
    return True


def _change(row: Region | Organisation | Item, values: Mapping[str, Any], *, even_if_same: bool = False) -> bool:
    """Give `row` the values and its next version, unless it has these values already."""
    if not even_if_same and all(getattr(row, name) == value for name, value in values.items()):
        return False
    for name, value in values.items():
        setattr(row, name, value)
    row.version += 1
    return True
