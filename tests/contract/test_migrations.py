"""Each service's revisions make exactly its tables, can be undone, and may be started twice at once."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
from alembic import command

from libs.common.embedded import EmbeddedPostgres
from libs.common.migrate import check_no_drift, config, create_database, revisions, upgrade
from libs.common.service import Service
from services.registry import ALL

ROOT = Path(__file__).parents[2]


@pytest.fixture
def dsn(postgres: EmbeddedPostgres) -> Iterator[str]:
    """A new, empty database."""
    name = f"migration_{uuid4().hex}"
    asyncio.run(create_database(postgres.dsn(name)))
    yield postgres.dsn(name)
    asyncio.run(execute(postgres.dsn("postgres"), f"drop database {name} with (force)"))


async def execute(dsn: str, statement: str) -> list[asyncpg.Record]:
    """Run one statement."""
    connection = await asyncpg.connect(dsn)
    try:
        rows: list[asyncpg.Record] = await connection.fetch(statement)
        return rows
    finally:
        await connection.close()


def tables(dsn: str) -> set[str]:
    """The tables that are there."""
    rows = asyncio.run(execute(dsn, "select tablename from pg_tables where schemaname = 'public'"))
    return {row["tablename"] for row in rows}


@pytest.mark.parametrize("service", ALL, ids=lambda service: service.name)
def test_revisions_and_tables_agree_both_ways(service: Service, dsn: str) -> None:
    upgrade(service, dsn)
    check_no_drift(service, dsn)
    assert tables(dsn) == {*service.metadata.tables, "alembic_version"}
    upgrade(service, dsn)  # nothing is left to do
    command.downgrade(config(service, dsn), "base")
    assert tables(dsn) == {"alembic_version"}
    upgrade(service, dsn)
    check_no_drift(service, dsn)


@pytest.mark.parametrize("service", ALL, ids=lambda service: service.name)
def test_there_is_one_line_of_revisions(service: Service) -> None:
    from alembic.script import ScriptDirectory

    script = ScriptDirectory.from_config(config(service, "postgresql://"))
    assert len(script.get_heads()) == len(script.get_bases()) == 1
    in_order = [found.revision for found in script.walk_revisions()][::-1]
    assert revisions(service) == in_order, "a file's name begins with its revision"


def test_two_migrations_at_once_wait_for_each_other(postgres: EmbeddedPostgres) -> None:
    prefix = f"together_{uuid4().hex[:8]}_"
    url = postgres.dsn("DATABASE").replace("DATABASE", prefix + "{service}")
    environment = {**os.environ, "DATABASE_URL": url}
    both = [
        subprocess.Popen(
            [sys.executable, "-m", "services", "migrate"],
            cwd=ROOT,
            env=environment,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(2)
    ]
    errors = [process.communicate(timeout=120)[1] for process in both]
    assert [process.returncode for process in both] == [0, 0], errors
    names = {
        row["datname"]
        for row in asyncio.run(
            execute(postgres.dsn("postgres"), f"select datname from pg_database where datname like '{prefix}%'")
        )
    }
    assert len(names) == len(ALL)
    for name in sorted(names):
        assert "alembic_version" in tables(postgres.dsn(name))
        asyncio.run(execute(postgres.dsn("postgres"), f'drop database "{name}" with (force)'))


async def test_a_database_is_created_once_by_whoever_comes_first(postgres: EmbeddedPostgres) -> None:
    dsn = postgres.dsn(f"created_{uuid4().hex}")
    await asyncio.gather(*(create_database(dsn) for _ in range(4)))
    assert await execute(dsn, "select 1")
