"""Fixtures: one PostgreSQL per test worker, its databases emptied for each test, the whole platform in process.

Everything is real: the public API through ASGI, PostgreSQL, outbox, journal and deliveries. `drain()` takes the place
of waiting: it runs sequencers and deliveries until nothing is left to do.
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from libs.common import log
from libs.common.embedded import EmbeddedPostgres
from libs.common.migrate import create_database, upgrade
from libs.common.runtime import database_name
from libs.common.settings import Settings
from services.registry import ALL
from tests import databases
from tests.kafka import kafka as kafka
from tests.kafka import kafka_broker as kafka_broker
from tests.kafka import pytest_terminal_summary as pytest_terminal_summary
from tests.platform import Platform


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--long`: look for more, and for something new, where a test searches."""
    parser.addoption("--long", action="store_true", help="many more examples, found anew in each run")


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


@pytest.fixture(scope="session")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the development issuer keeps its key."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture
async def platform(postgres: EmbeddedPostgres, data_dir: Path) -> AsyncIterator[Platform]:
    """The whole platform, empty."""

    def dsn(service: str) -> str:
        return postgres.dsn(database_name(service))

    await databases.empty(postgres)
    async with Platform.open(dsn, data_dir) as platform:
        yield platform


@pytest.fixture
async def seeded(platform: Platform, postgres: EmbeddedPostgres, kept: list[str]) -> Platform:
    """The platform with the small county of `Platform.seed`."""
    if kept:
        await databases.copy_back(postgres)
    else:
        await platform.seed()
        await databases.keep(postgres)
        kept.append("county")
    return platform


@pytest.fixture(scope="session")
def kept() -> list[str]:
    """What is kept in the `seed` schemas of this worker's databases."""
    return []
