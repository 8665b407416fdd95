"""The acts on items: one, or a whole catalog."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import exists, select, text, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.audit import record
from libs.common.events import ItemChanged
from libs.common.outbox import emit, emit_all
from libs.common.permission import Actor, permit
from services.catalog import rules
from services.catalog.commands.keeping import change, check_free, differs, keeper, lock, owner, recount
from services.catalog.commands.retired import check_in_force
from services.catalog.rules import items
from services.catalog.rules.wordings import read
from services.catalog.tables import Field, Item


async def put_item(
    session: AsyncSession,
    code: str,
    content: items.ItemContent,
    seen: int | None,
    actor: Actor,
    now: datetime,
) -> Item:
    """Put an item in place, and its field with the first one. Raises FieldNameDiffers, ItemRetired."""
    item = await lock(session, Item, code)
    _permit(actor)
    keeping = await keeper(session, actor)
    kept_by = owner(keeping, actor, "catalog.put_item", code, content.field, item)
    rules.check_seen(item.version if item else None, seen)
    items.check_item(content)
    await check_in_force(session, item, "path.code")
    keeping.check_field(await session.get(Field, content.field) is not None)
    renamed = await _name_field(session, code, content)
    values = _values(content)
    if item is None:
        await check_free(session, Item, code, at="path.code")
        item = Item(code=code, version=1, predecessors=[], region=kept_by, **values)
        session.add(item)
    elif not change(item, values, even_if_same=renamed):
        return item
    await record(session, actor, "catalog.put_item", code, version=item.version)
    await recount(session)
    await emit(session, _item_changed(item, content, now))
    return item


async def put_items(
    session: AsyncSession, entries: Sequence[items.ItemEntry], actor: Actor, now: datetime
) -> items.Adopted:
    """Put many items in place, all or none. Each names the version that it replaces, or none as a new one.

    Raises Malformed for a code that comes twice; StaleVersion, FieldNameDiffers and ItemRetired with the place in the
    list.
    """
    _permit(actor)
    items.check_entries(entries)
    said, created = await place(session, entries, actor, now, "body.items")
    if said:
        await record(session, actor, "catalog.put_items", "items", created=created, changed=len(said) - created)
        await recount(session)
        await emit_all(session, said)
    return items.Adopted(created=created, changed=len(said) - created, unchanged=len(entries) - len(said))


async def place(
    session: AsyncSession, entries: Sequence[items.ItemEntry], actor: Actor, now: datetime, where: str
) -> tuple[list[ItemChanged], int]:
    """Put the entries in place. Returns what is to be said of those that are not as they were, and how many are new.

    Refusals name the place in the list at `where`.
    """
    await session.execute(text("lock table item, field in share row exclusive mode"))
    codes = [entry.code for entry in entries]
    there = {item.code: item for item in await session.scalars(select(Item).where(Item.code.in_(codes)))}
    fields = {field.code: field for field in await session.scalars(select(Field))}
    names = {code: field.name for code, field in fields.items()}  # as they were: each item of a renamed field says so
    others = set(await session.scalars(select(Item.field).where(Item.code.not_in(codes)).distinct()))
    keeping = await keeper(session, actor)
    await check_free(session, Item, *(code for code in codes if code not in there), at=where)
    said: list[ItemChanged] = []
    created = 0
    for number, entry in enumerate(entries):
        item, values = there.get(entry.code), _values(entry)
        renamed = names.get(entry.field) != entry.field_name
        with items.at(f"{where}.{number}"):
            rules.check_seen(item.version if item else None, entry.version)
            if item is not None and not renamed and not differs(item, values):
                continue  # of the whole catalog in a file, a county may leave the standard as it is
            kept_by = owner(keeping, actor, "catalog.put_item", entry.code, entry.field, item)
            keeping.check_field(entry.field in names)
            items.check_item(entry)
            await check_in_force(session, item, "code")
            if name := names.get(entry.field):
                items.check_field_name(name, entry.field_name, has_other_items=entry.field in others)
        if entry.field not in fields:
            fields[entry.field] = Field(code=entry.field, name=entry.field_name)
            session.add(fields[entry.field])
        fields[entry.field].name = entry.field_name
        if item is None:
            item = Item(code=entry.code, version=1, predecessors=[], region=kept_by, **values)
            session.add(item)
            created += 1
        else:
            change(item, values, even_if_same=True)
        said.append(_item_changed(item, entry, now))
    return said, created


def _permit(actor: Actor) -> None:
    # The catalog is one for all regions, so the actor's own region is what it is asked for.
    permit(rules.GRANTS, actor, "catalog.put_item", region=actor.region)
    rules.check_keeps_catalog(actor)


def _values(content: items.ItemContent) -> dict[str, Any]:
    values = content.model_dump(include=set(items.ItemContent.model_fields) - {"field_name"})
    return {**values, "time_limits": read(content.time_limit).model_dump(mode="json")}


def _item_changed(item: Item, content: items.ItemContent, now: datetime) -> ItemChanged:
    said = content.model_dump(include=set(ItemChanged.model_fields) - {"code", "version", "region"})
    return ItemChanged(code=item.code, version=item.version, region=item.region, at=now, **said)


def said_of_retired(item: Item, field_name: str, heirs: Sequence[str], now: datetime) -> ItemChanged:
    """What is to be said of an item that is not in force any more, or whose heirs are other ones now."""
    kept = set(ItemChanged.model_fields) - {"field_name", "heirs", "at"}
    said = {name: getattr(item, name) for name in kept}
    return ItemChanged(field_name=field_name, heirs=list(heirs), at=now, **said)


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
