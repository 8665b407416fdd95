"""Commands find their databases: beside a running server (as in every test here), without one, and not at all."""

import fcntl
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from libs.common import audit
from libs.common.embedded import DataDirBusy, EmbeddedPostgres
from libs.common.settings import Settings
from services.processes import databases
from tests.documents import Life
from tests.operations.conftest import Command
from tests.platform import Platform


@pytest.fixture
def folder() -> Iterator[Path]:
    made = Path(tempfile.mkdtemp(prefix="yangguang-test-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


async def test_the_audit_is_verified_beside_a_running_platform(
    seeded: Platform, document: Life, command: Command
) -> None:
    async with seeded.database("publication").backbone.acquire() as connection:
        sealed = await audit.seal_once(connection)
        assert await command("audit", "verify", "publication") == (0, f"publication: {sealed} rows, whole\n")
        await connection.execute("delete from audit where position = 2")
    code, said = await command("audit", "verify")
    assert code == 1
    assert "publication: 1 rows, BROKEN at row 3" in said
    assert "catalog: 0 rows, whole" in said


async def test_a_running_server_is_left_as_it_is(
    platform: Platform, command: Command, postgres: EmbeddedPostgres
) -> None:
    running = platform.database("catalog").backbone
    before = await running.fetchval("select pg_postmaster_start_time()")
    assert (await command("parked", "list"))[0] == 0
    assert await running.fetchval("select pg_postmaster_start_time()") == before


async def test_only_operations_join_a_server(platform: Platform, command: Command) -> None:
    with pytest.raises(DataDirBusy), databases(Settings()):
        pass


async def test_without_a_schema_the_way_out_is_named(
    command: Command, monkeypatch: pytest.MonkeyPatch, folder: Path
) -> None:
    monkeypatch.setenv("DATA_DIR", str(folder))
    code, said = await command("parked", "list", "catalog")
    assert code == 1
    assert "run `python -m services migrate catalog` first" in said
    assert not (folder / "postgres" / "postmaster.pid").exists()
    # The folder is free again, and busy without a server that answers while somebody holds it.
    with (folder / "lock").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        code, said = await command("parked", "list", "catalog")
    assert code == 1
    assert "in use by another program" in said


async def test_a_database_that_is_away_is_one_sentence(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://postgres@127.0.0.1:1/yangguang_{service}")
    code, said = await command("trace", "anything")
    assert code == 1
    assert "Run it again." in said
    assert "Traceback" not in said
