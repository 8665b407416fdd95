"""The command line as operators use it: beside a running PostgreSQL, on a platform with one published document."""

import asyncio
import contextlib
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from libs.common import log
from libs.common.embedded import EmbeddedPostgres
from libs.common.settings import Settings
from services.__main__ import main
from tests.documents import Life
from tests.platform import Platform

Command = Callable[..., Awaitable[tuple[int, str]]]


@pytest.fixture
def command(postgres: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch) -> Command:
    """Runs a command; gives its exit code and what it said. The data folder is locked, since its server runs."""
    monkeypatch.delenv("DATABASE_URL", raising=False)
    monkeypatch.setenv("DATA_DIR", str(Path(postgres.dsn("postgres").partition("?host=")[2]).parent))
    monkeypatch.setenv("LOG_LEVEL", "warning")

    async def run(*arguments: str) -> tuple[int, str]:
        # Loggers keep the stream of their first use for good, so it must be one that nobody closes.
        said = io.StringIO()
        try:
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                code = await asyncio.to_thread(main, arguments)
        finally:
            log.configure(Settings(log_level="warning"))
        return code, said.getvalue()

    return run


@pytest.fixture
async def document(seeded: Platform) -> Life:
    """A published document that all services have heard of."""
    life = await Life.published(seeded)
    await seeded.drain()
    return life


@pytest.fixture
async def deaf(seeded: Platform) -> AsyncIterator[Callable[[], Awaitable[None]]]:
    """The catalog cannot take documents, until the function that this gives is called."""
    database = seeded.database("catalog").backbone
    await database.execute("alter table covering rename to covering_away")

    async def cure() -> None:
        await database.execute("alter table if exists covering_away rename to covering")

    yield cure
    await cure()


@pytest.fixture
async def parked(seeded: Platform, deaf: object) -> Life:
    """A published document that the catalog has parked."""
    life = await Life.published(seeded)
    await seeded.drain()
    return life
