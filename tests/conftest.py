"""Fixtures: one PostgreSQL and one open platform per test worker, its databases emptied for each test.

Everything is real: the public API through ASGI, PostgreSQL, outbox, journal and deliveries. `drain()` takes the place
of waiting: it runs sequencers and deliveries until nothing is left to do.
"""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from pathlib import Path

import pytest
import uvloop

from libs.common import log
from libs.common.embedded import EmbeddedPostgres
from libs.common.migrate import create_database, upgrade
from libs.common.runtime import database_name, settle_collector
from libs.common.settings import Settings
from services.registry import ALL
from tests.emptying import copy_back, empty, keep
from tests.kafka import kafka as kafka
from tests.kafka import kafka_broker as kafka_broker
from tests.kafka import pytest_terminal_summary as pytest_terminal_summary
from tests.platform import Platform

SETTLE_SECONDS = 5


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """The event loop of production."""
    return {"uvloop": uvloop.new_event_loop}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the longest, so that the test workers end together."""
    items.sort(key=lambda item: "journey" not in item.path.parts)


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--long`: look for more, and for something new, where a test searches."""
    parser.addoption("--long", action="store_true", help="many more examples, found anew in each run")


@pytest.fixture(scope="session", autouse=True)
def _as_in_production() -> None:
    """Log as in production, in particular without the values of local variables; collect garbage as seldom."""
    log.configure(Settings(log_level="warning"))
    settle_collector()


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


@pytest.fixture(scope="session")
async def open_platform(postgres: EmbeddedPostgres, data_dir: Path) -> AsyncIterator[Platform]:
    """The platform of this test worker. Ask for `platform`, which is empty."""

    def dsn(service: str) -> str:
        return postgres.dsn(database_name(service))

    async with Platform.open(dsn, data_dir) as platform:
        yield platform


@pytest.fixture
async def platform(open_platform: Platform) -> AsyncIterator[Platform]:
    """The whole platform, empty. It stays open from test to test; whatever a test starts it ends itself."""
    await empty(open_platform)
    before = asyncio.all_tasks()
    async with open_platform.new_client():
        yield open_platform
    if left := asyncio.all_tasks() - before - {asyncio.current_task()}:
        _, left = await asyncio.wait(left, timeout=SETTLE_SECONDS)  # what is just ending may end
    assert not left, "the test left tasks running, which would disturb those after it"


@pytest.fixture
async def seeded(platform: Platform, kept: list[str]) -> Platform:
    """The platform with the small county of `Platform.seed`: made once through the API, then copied back."""
    if kept:
        await copy_back(platform)
    else:
        await platform.seed()
        await keep(platform)
        kept.append("county")
    return platform


@pytest.fixture(scope="session")
def kept() -> list[str]:
    """What is kept in the `seed` schemas of this worker's databases."""
    return []
