"""The databases of a test worker: emptied, and filled again with the county that was seeded once."""

import asyncio

import asyncpg

from libs.common.embedded import EmbeddedPostgres
from libs.common.runtime import database_name
from services.registry import ALL

# Emptying the few tables that a test filled costs a tenth of cloning five databases.
_EMPTY = """
do $$
declare name text; filled boolean;
begin
  for name in select tablename from pg_tables where schemaname = 'public' and tablename <> 'alembic_version' loop
    execute format('select exists (select from %I)', name) into filled;
    if filled then execute format('truncate %I cascade', name); end if;
  end loop;
  insert into journal_head (only_row, position) values (true, 0);
end $$
"""

# The seeded county is made once per worker, through the API, and then copied back: seeding took most of the time.
_KEEP = """
do $$
declare name text; filled boolean;
begin
  create schema seed;
  for name in select tablename from pg_tables where schemaname = 'public' and tablename <> 'alembic_version' loop
    execute format('select exists (select from public.%I)', name) into filled;
    if filled then execute format('create table seed.%I as table public.%I', name, name); end if;
  end loop;
end $$
"""
_COPY = """
do $$
declare name text;
begin
  perform set_config('session_replication_role', 'replica', true);  -- rows come table by table, not by reference
  truncate journal_head;
  for name in select tablename from pg_tables where schemaname = 'seed' loop
    execute format('insert into public.%I overriding system value select * from seed.%I', name, name);
  end loop;
end $$
"""


async def empty(postgres: EmbeddedPostgres) -> None:
    """Empty every table."""
    await _in_all(postgres, _EMPTY)


async def keep(postgres: EmbeddedPostgres) -> None:
    """Keep a copy of everything that the databases hold now."""
    await _in_all(postgres, _KEEP)


async def copy_back(postgres: EmbeddedPostgres) -> None:
    """Fill the emptied databases from the copy."""
    await _in_all(postgres, _COPY)


async def _in_all(postgres: EmbeddedPostgres, script: str) -> None:
    async def run(dsn: str) -> None:
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute(script)
        finally:
            await connection.close()

    await asyncio.gather(*(run(postgres.dsn(database_name(service.name))) for service in ALL))
