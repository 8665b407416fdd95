"""The databases between two tests: emptied where they were used, and filled again with the seeded county.

Over the platform's own connections, which stay open: a database that a test left alone costs one statement.
"""

import asyncio
from collections.abc import Awaitable, Callable

from libs.common.service import Service
from services.registry import ALL
from tests.platform import Platform

# Deleting a few rows takes a fifth of truncating their table; but what is deleted takes room until it is truncated.
DELETED_BYTES = 256 * 1024
_BARE = "set local session_replication_role = replica"  # neither foreign keys nor a test's own triggers interfere


def _filled(service: Service) -> str:
    """The statement that names the tables that hold rows, each with its size."""
    asked = [
        f"select '{name}' as name, pg_relation_size('{name}') as size where exists (select from {name}"
        + (" where position <> 0)" if name == "journal_head" else ")")
        for name in (table.name for table in service.metadata.sorted_tables)
    ]
    return " union all ".join(asked)


# A generated column is computed again.
_KEPT = """
select c.table_name, string_agg(quote_ident(c.column_name), ', ' order by c.ordinal_position)
from information_schema.columns kept join information_schema.columns c using (table_name, column_name)
where kept.table_schema = 'seed' and c.table_schema = 'public' and c.is_generated = 'NEVER' group by 1
"""
_FILLED = {service.name: _filled(service) for service in ALL}


async def empty(platform: Platform) -> None:
    """Take every row out of every database; the journals start at 0 again."""

    async def one(service: Service) -> None:
        pool = platform.database(service.name).backbone
        rows = await pool.fetch(_FILLED[service.name])
        small = [row["name"] for row in rows if row["size"] <= DELETED_BYTES]
        large = [row["name"] for row in rows if row["size"] > DELETED_BYTES]
        if small or large:
            steps = [f"delete from {name}" for name in small] + [f"truncate {name} cascade" for name in large]
            head = "insert into journal_head (only_row, position) values (true, 0) on conflict do nothing"
            await pool.execute(";".join(["begin", _BARE, *steps, head, "commit"]))

    await _in_all(one)


async def keep(platform: Platform) -> None:
    """Keep a copy of all rows in a schema `seed` beside them."""

    async def one(service: Service) -> None:
        pool = platform.database(service.name).backbone
        names = [row["name"] for row in await pool.fetch(_FILLED[service.name])]
        steps = [f"create table seed.{name} as table public.{name}" for name in names]
        await pool.execute(";".join(["begin", "create schema seed", *steps, "commit"]))

    await _in_all(one)


async def copy_back(platform: Platform) -> None:
    """Fill the emptied databases with what was kept."""

    async def one(service: Service) -> None:
        pool = platform.database(service.name).backbone
        steps = [
            f"delete from public.{name};"
            f"insert into public.{name} ({columns}) overriding system value select {columns} from seed.{name}"
            for name, columns in await pool.fetch(_KEPT)
        ]
        await pool.execute(";".join(["begin", _BARE, *steps, "commit"]))

    await _in_all(one)


async def _in_all(step: Callable[[Service], Awaitable[None]]) -> None:
    await asyncio.gather(*(step(service) for service in ALL))
