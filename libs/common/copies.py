"""Copies of what other services said: one row per thing, replaced whole by each news of it.

The inbox has made sure that the event is news, so nothing is compared here.
"""

from collections.abc import Callable
from functools import lru_cache

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.backbone import ServiceBase
from libs.common.db import later, soon
from libs.common.encode import json_bytes

Encode = Callable[[object], object]


async def keep(session: AsyncSession, table: type[ServiceBase], **values: object) -> None:
    """Insert or replace one row by its primary key; in its turn, as `soon` does."""
    statement, encoders = _upsert(table, tuple(values))
    await soon(session, statement, *(encode(value) for encode, value in zip(encoders, values.values(), strict=True)))


def put(session: AsyncSession, thing: ServiceBase) -> None:
    """Write a new thing that was not added to the session: its unit of work would cost several times the insert.

    New things of a table travel together, and after those that they refer to. Whoever looks for one in the same
    transaction calls `settle` first.
    """
    table = type(thing)
    names = sa.inspect(table).column_attrs.keys()
    statement, encoders = _upsert(table, tuple(names))
    values = (encode(getattr(thing, name)) for name, encode in zip(names, encoders, strict=True))
    later(session, _rank(table), statement, *values)


@lru_cache
def _rank(table: type[ServiceBase]) -> int:
    """Where a table stands among those of its service: behind every one that it refers to."""
    return [one.name for one in table.metadata.sorted_tables].index(table.__tablename__)


@lru_cache
def _upsert(table: type[ServiceBase], names: tuple[str, ...]) -> tuple[str, list[Encode]]:
    """Made once per table: putting a statement together takes longer than running it."""
    mapper = sa.inspect(table)
    columns = [mapper.columns[name] for name in names]
    keys = ", ".join(column.name for column in mapper.primary_key)
    places = ", ".join(f"${n}" for n in range(1, len(columns) + 1))
    news = ", ".join(f"{column.name} = excluded.{column.name}" for column in columns if not column.primary_key)
    listed = ", ".join(column.name for column in columns)
    statement = (
        f"insert into {mapper.local_table.description} ({listed}) values ({places})"  # noqa: S608 - names of ours
        f" on conflict ({keys}) do update set {news}"
    )
    return statement, [_json if isinstance(column.type, sa.JSON) else _plain for column in columns]


def _json(value: object) -> object:
    return json_bytes(value).decode()


def _plain(value: object) -> object:
    return value
