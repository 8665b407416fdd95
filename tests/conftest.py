"""Fixtures: one PostgreSQL per test worker, its databases emptied for each test, the whole platform in process.

Everything is real: the public API through ASGI, PostgreSQL, outbox, journal and deliveries. `drain()` takes the place
of waiting: it runs sequencers and deliveries until nothing is left to do.
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import asyncpg
import pytest

from libs.common import log
from libs.common.embedded import EmbeddedPostgres
from libs.common.migrate import create_database, upgrade
from libs.common.runtime import database_name
from libs.common.settings import Settings
from services.registry import ALL
from tests.kafka import kafka as kafka
from tests.kafka import kafka_broker as kafka_broker
from tests.kafka import pytest_terminal_summary as pytest_terminal_summary
from tests.platform import Platform


@pytest.fixture(scope="session", autouse=True)
def _logs() -> None:
    """Log as in production: in particular without the values of local variables."""
    log.configure(Settings(log_level="warning"))


@pytest.fixture(scope="session")
def postgres() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL of this test worker, with the migrated database of each service."""
    folder = Path(tempfile.mkdtemp(prefix="yangguang-test-"))
    folder.chmod(0o755)
    with EmbeddedPostgres(folder, durable=False, max_connections=300) as server:
        for service in ALL:
            dsn = server.dsn(database_name(service.name))
            asyncio.run(create_database(dsn))
            upgrade(service, dsn)
        yield server
    shutil.rmtree(folder, ignore_errors=True)


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


async def _in_all(postgres: EmbeddedPostgres, script: str) -> None:
    async def run(dsn: str) -> None:
        connection = await asyncpg.connect(dsn)
        try:
            await connection.execute(script)
        finally:
            await connection.close()

    await asyncio.gather(*(run(postgres.dsn(database_name(service.name))) for service in ALL))


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the development issuer keeps its key."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture
async def platform(postgres: EmbeddedPostgres, data_dir: Path) -> AsyncIterator[Platform]:
    """The whole platform, empty."""

    def dsn(service: str) -> str:
        return postgres.dsn(database_name(service))

    await _in_all(postgres, _EMPTY)
    async with Platform.open(dsn, data_dir) as platform:
        yield platform


@pytest.fixture
async def seeded(platform: Platform, postgres: EmbeddedPostgres, kept: list[str]) -> Platform:
    """The platform with the small county of `Platform.seed`."""
    if kept:
        await _in_all(postgres, _COPY)
    else:
        await platform.seed()
        await _in_all(postgres, _KEEP)
        kept.append("county")
    return platform


@pytest.fixture(scope="session")
def kept() -> list[str]:
    """What is kept in the `seed` schemas of this worker's databases."""
    return []
