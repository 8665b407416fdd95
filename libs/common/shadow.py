"""A second copy of a projection's tables: made beside the current ones, compared with them, put in their place.

The shadow is filled without indexes and gets them afterwards, which costs a fraction. Everything that has a name of
its own (tables, indexes, constraints) has the old name again after the swap, so the schema stays what alembic knows;
grants go along. Readers' prepared statements name tables, not their numbers: they go on after the swap.
"""

import re
from collections.abc import AsyncIterator

import asyncpg

from libs.common.projections import ProjectedTable, Projection
from libs.common.settling import SHADOW, Writer

RANGES = 256
"""Into how many ranges of the hash of the key two tables are cut to be compared."""

_INDEXES = """
select c.relname as name, pg_get_indexdef(i.indexrelid) as definition, pg_get_constraintdef(k.oid) as constraint
from pg_index i join pg_class c on c.oid = i.indexrelid
left join pg_constraint k on k.conindid = i.indexrelid and k.conrelid = i.indrelid and k.contype in ('p', 'u')
where i.indrelid = $1::text::regclass order by k.oid nulls last, c.relname
"""
_GRANTS = """
select format('grant %s on %I to %s', privilege_type, $2::text,
              case when grantee = 'PUBLIC' then 'public' else quote_ident(grantee) end) as statement
from information_schema.table_privileges
where table_schema = current_schema and table_name = $1 and grantee <> current_user
"""


async def create(driver: Writer, projection: Projection) -> None:
    """Make empty shadows, instead of those that an earlier, broken run may have left."""
    await drop(driver, projection)
    for table in projection.tables:
        shadow = table.name + SHADOW
        await driver.execute(f"create table {shadow} (like {table.name} including all excluding indexes)")
        for grant in await driver.fetch(_GRANTS, table.name, shadow):
            await driver.execute(grant["statement"])


async def drop(driver: Writer, projection: Projection) -> None:
    """Remove the shadows."""
    for table in projection.tables:
        await driver.execute(f"drop table if exists {table.name}{SHADOW}")


async def finish(connection: asyncpg.Connection, projection: Projection) -> None:
    """Give filled shadows their indexes, and the planner its figures: the first reader must not pay for them."""
    for table in projection.tables:
        shadow = table.name + SHADOW
        for index in await connection.fetch(_INDEXES, table.name):
            name = index["name"] + SHADOW
            if index["constraint"]:
                await connection.execute(f'alter table {shadow} add constraint "{name}" {index["constraint"]}')
            else:
                await connection.execute(_renamed(index["definition"], name, shadow))
        await connection.execute(f"vacuum (analyze) {shadow}")


def _renamed(definition: str, name: str, table: str) -> str:
    made, found = re.subn(r"INDEX .+? ON \S+", f'INDEX "{name}" ON {table}', definition, count=1)
    assert found, definition
    return made


async def swap(driver: Writer, projection: Projection) -> None:
    """Put the shadows in the place of the current tables, which are dropped, in the transaction that is open.

    In one message: from the first of these statements to the commit readers wait.
    """
    statements = []
    for table in projection.tables:
        names = [index["name"] for index in await driver.fetch(_INDEXES, table.name)]
        statements += [f"drop table {table.name}", f"alter table {table.name}{SHADOW} rename to {table.name}"]
        statements += [f'alter index "{name}{SHADOW}" rename to "{name}"' for name in names]
    await driver.execute(";".join(statements))


async def differences(connection: asyncpg.Connection, projection: Projection) -> AsyncIterator[tuple[str, str]]:
    """The keys whose rows are not the same, each as `missing`, `extra` or `different` seen from the current tables.

    In a transaction of the caller. Whole ranges are compared by count and hash, single keys in ranges that differ.
    """
    current, shadow = _hashed(projection, ""), _hashed(projection, SHADOW)
    differing = [row["part"] for row in await connection.fetch(_compared("part", current, shadow), None)]
    if differing:
        async for row in connection.cursor(_compared("key", current, shadow), differing, prefetch=1000):
            yield row["key"], row["how"]


def _compared(what: str, current: str, shadow: str) -> str:
    def summed(rows: str) -> str:
        return (
            f"(select {what}, count(*) as n, bit_xor(hash) as hash from ({rows}) r"  # noqa: S608 - names of ours
            " where $1::bigint[] is null or part = any($1) group by 1)"
        )

    return (
        f"select {what}, case when a.n is null then 'missing' when b.n is null then 'extra' else 'different' end as how"  # noqa: S608
        f" from {summed(current)} a full join {summed(shadow)} b using ({what})"
        " where (a.n, a.hash) is distinct from (b.n, b.hash)"
    )


def _hashed(projection: Projection, suffix: str) -> str:
    """Every row as its key, the range of the key, and a hash of its text."""

    def of(table: ProjectedTable) -> str:
        where = projection.where if table is projection.tables[0] else "true"
        return (
            f"select {table.key}::text as key, hashtextextended({table.key}::text, 1) & {RANGES - 1} as part,"  # noqa: S608
            f" hashtextextended('{table.name}' || t::text, 0) as hash from {table.name}{suffix} t where {where}"
        )

    return " union all ".join(of(table) for table in projection.tables)
