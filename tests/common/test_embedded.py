"""A real server, started, killed and taken over as users and accidents do it."""

import asyncio
import os
import pwd
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest

from libs.common.embedded import DataDirBusy, EmbeddedPostgres, PostgresFailed

ROOT = os.geteuid() == 0
REPOSITORY = Path(__file__).parents[2]


@contextmanager
def directory() -> Iterator[Path]:
    """A directory outside those of pytest, which shuts them again while the server's user has to pass."""
    path = Path(tempfile.mkdtemp(prefix="yangguang-test-")).resolve()
    yield path
    shutil.rmtree(path)


@pytest.fixture
def data_dir() -> Iterator[Path]:
    with directory() as path:
        yield path


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """The data directory of a server that was made before, and that every test leaves stopped."""
    with directory() as path:
        with quick(path):
            pass
        yield path


def query(dsn: str, sql: str) -> Any:
    async def ask() -> Any:
        connection = await asyncpg.connect(dsn)
        try:
            return await connection.fetchval(sql)
        finally:
            await connection.close()

    return asyncio.run(ask())


def quick(data_dir: Path) -> EmbeddedPostgres:
    return EmbeddedPostgres(data_dir, durable=False, max_connections=20)


def postmaster(data_dir: Path) -> psutil.Process:
    return psutil.Process(int((data_dir / "postgres" / "postmaster.pid").read_text().split()[0]))


def server_user(data_dir: Path) -> dict[str, Any]:
    """The arguments that start a process as the user of the server."""
    return {"user": postmaster(data_dir).uids().effective} if ROOT else {}


def run_program(data_dir: Path, then: str, before: str = "") -> subprocess.Popen[str]:
    """Another program that starts the server on the same directory, says its DSN and does what `then` says."""
    program = f"""
import os, signal, sys, time
from pathlib import Path
from libs.common.embedded import EmbeddedPostgres
{before}
server = EmbeddedPostgres(Path(sys.argv[1]), durable=False, max_connections=20)
print(server.start(), flush=True)
{then}
"""
    return subprocess.Popen(
        [sys.executable, "-c", program, str(data_dir)],
        cwd=REPOSITORY,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_data_outlives_a_stop(data_dir: Path) -> None:
    with quick(data_dir) as server:
        query(server.dsn("postgres"), "CREATE DATABASE 目录")
        query(server.dsn("目录"), "CREATE TABLE kept AS SELECT 7 AS value")
        process = postmaster(data_dir)
    assert not process.is_running()
    with quick(data_dir) as server:
        assert query(server.dsn("目录"), "SELECT value FROM kept") == 7


def test_the_server_is_as_we_want_it(made: Path) -> None:
    with EmbeddedPostgres(made) as server:
        dsn = server.dsn("postgres")
        wanted = {
            "listen_addresses": "",
            "data_checksums": "on",
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "max_connections": "200",
            "server_encoding": "UTF8",
            "TimeZone": "UTC",
        }
        assert {name: query(dsn, f"SHOW {name}") for name in wanted} == wanted
        assert query(dsn, "SELECT datlocale FROM pg_database WHERE datname = 'template1'") == "C.UTF-8"
        assert str(query(dsn, "SELECT version()")).startswith("PostgreSQL 18.")


def test_nobody_else_may_reach_the_socket(made: Path) -> None:
    with quick(made) as server:
        socket_dir = Path(server.dsn("postgres").partition("?host=")[2])
        assert stat.S_IMODE(socket_dir.stat().st_mode) == 0o700
        assert postmaster(made).net_connections(kind="inet") == []


def test_stop_may_come_twice_or_without_a_start(made: Path) -> None:
    server = quick(made)
    server.stop()
    server.start()
    server.stop()
    server.stop()
    assert server.start() == server.dsn("postgres")
    server.stop()


def test_one_program_at_a_time(made: Path) -> None:
    with quick(made) as server:
        with pytest.raises(DataDirBusy, match=rf"in use by another program \(process {os.getpid()}\)"):
            quick(made).start()
        assert query(server.dsn("postgres"), "SELECT 1") == 1


def test_a_killed_server_recovers(made: Path) -> None:
    with EmbeddedPostgres(made) as server:
        query(server.dsn("postgres"), "CREATE TABLE written AS SELECT 7 AS value")
        postmaster(made).kill()
    with EmbeddedPostgres(made) as server:
        assert query(server.dsn("postgres"), "SELECT value FROM written") == 7


def test_the_server_of_a_killed_program_is_taken_over_and_stopped(made: Path) -> None:
    with run_program(made, "os.kill(os.getpid(), signal.SIGKILL)") as killed:
        assert killed.wait(60) == -signal.SIGKILL
    left = postmaster(made)
    with quick(made) as server:
        assert postmaster(made) == left
        assert query(server.dsn("postgres"), "SELECT 1") == 1
    assert not left.is_running()


def test_a_server_left_with_other_settings_is_replaced(made: Path) -> None:
    with run_program(made, "os.kill(os.getpid(), signal.SIGKILL)") as killed:
        killed.wait(60)
    left = postmaster(made)
    with EmbeddedPostgres(made) as server:
        assert not left.is_running()
        assert query(server.dsn("postgres"), "SHOW fsync") == "on"


def test_orphaned_sessions_of_a_killed_server_are_waited_for(made: Path) -> None:
    with quick(made) as server:
        pids = "SELECT array_agg(pid) FROM pg_stat_activity WHERE backend_type = 'io worker'"
        (orphan, *_) = [psutil.Process(pid) for pid in query(server.dsn("postgres"), pids)]
        orphan.suspend()  # so that it cannot see the death of its server
        postmaster(made).kill()
    began = time.monotonic()
    threading.Timer(0.5, orphan.resume).start()
    with quick(made) as server:
        assert time.monotonic() - began > 0.4
        assert query(server.dsn("postgres"), "SELECT 1") == 1


def test_a_reused_process_number_does_not_hinder(made: Path) -> None:
    with quick(made) as server:
        user = server_user(made)
        lines = (made / "postgres" / "postmaster.pid").read_text().splitlines()
        sockets = Path(server.dsn("postgres").partition("?host=")[2])
        lock = (sockets / ".s.PGSQL.5432.lock").read_text().splitlines()
    with subprocess.Popen(["sleep", "60"], **user) as stranger:
        sockets.mkdir(exist_ok=True)
        (made / "postgres" / "postmaster.pid").write_text("\n".join([str(stranger.pid), *lines[1:], ""]))
        (sockets / ".s.PGSQL.5432.lock").write_text("\n".join([str(stranger.pid), *lock[1:], ""]))
        with quick(made) as server:
            assert query(server.dsn("postgres"), "SELECT 1") == 1
        assert stranger.poll() is None
        stranger.kill()


def test_an_empty_pid_file_does_not_hinder(made: Path) -> None:
    (made / "postgres" / "postmaster.pid").touch()
    with quick(made) as server:
        assert query(server.dsn("postgres"), "SELECT 1") == 1


def test_a_creation_that_was_killed_is_begun_anew(data_dir: Path) -> None:
    half_made = data_dir / "postgres.new-killed"
    half_made.mkdir()
    (half_made / "PG_VERSION").write_text("18\n")
    with quick(data_dir) as server:
        assert query(server.dsn("postgres"), "SELECT 1") == 1
    assert not half_made.exists()


def test_a_server_that_cannot_start_says_why(made: Path) -> None:
    (made / "postgres" / "PG_VERSION").write_text("17\n")
    with pytest.raises(PostgresFailed, match="files are incompatible with server"):
        quick(made).start()
    (made / "postgres" / "PG_VERSION").write_text("18\n")
    with quick(made) as server:
        assert query(server.dsn("postgres"), "SELECT 1") == 1


@pytest.mark.parametrize("name", ["d" * 120, "阳光县 50%, o'clock"])
def test_a_path_that_no_socket_takes(data_dir: Path, name: str) -> None:
    with quick(data_dir / name) as server:
        query(server.dsn("postgres"), "CREATE TABLE kept AS SELECT 7 AS value")
        sockets = Path(server.dsn("postgres").partition("?host=")[2])
        assert sockets.parent == Path(tempfile.gettempdir())
        assert stat.S_IMODE(sockets.stat().st_mode) == 0o700
    assert not sockets.exists()
    with quick(data_dir / name) as server:
        assert query(server.dsn("postgres"), "SELECT value FROM kept") == 7


def test_a_socket_directory_that_somebody_prepared_is_refused(data_dir: Path) -> None:
    with quick(data_dir / ("d" * 120)) as server:
        sockets = Path(server.dsn("postgres").partition("?host=")[2])
    sockets.symlink_to(data_dir)
    with pytest.raises(PostgresFailed, match="not ours alone"):
        quick(data_dir / ("d" * 120)).start()
    sockets.unlink()


def test_ctrl_c_reaches_the_program_but_not_the_server(made: Path) -> None:
    wait = "try:\n    time.sleep(60)\nexcept KeyboardInterrupt:\n    os.kill(os.getpid(), signal.SIGKILL)"
    program = run_program(made, wait, before="os.setpgid(0, 0)")
    with program:
        assert program.stdout
        program.stdout.readline()
        server = postmaster(made)
        os.killpg(program.pid, signal.SIGINT)  # as a terminal does: to every process of the group
        program.wait(60)
    assert os.getsid(server.pid) == server.pid
    assert server.is_running()
    with quick(made):
        assert postmaster(made) == server


@pytest.mark.skipif(not ROOT, reason="only root can become another user")
def test_root_lends_the_server_a_user_that_may_pass(data_dir: Path) -> None:
    (data_dir / "home").mkdir(mode=0o700)
    inside = data_dir / "home" / "data"
    with quick(inside) as server:
        assert query(server.dsn("postgres"), "SELECT 1") == 1
        assert postmaster(inside).uids().effective != 0
        assert postmaster(inside).gids().effective != 0
    assert stat.S_IMODE((data_dir / "home").stat().st_mode) == 0o701


@pytest.mark.skipif(not ROOT, reason="only root can become another user")
def test_a_plain_users_server_stays_theirs(data_dir: Path) -> None:
    with quick(data_dir / "opens the way to the programs"):
        pass
    nobody = pwd.getpwnam("nobody")
    become = f"os.setgroups([]); os.setgid({nobody.pw_gid}); os.setuid({nobody.pw_uid})"
    theirs = data_dir / "theirs"
    theirs.mkdir()
    os.chown(theirs, nobody.pw_uid, nobody.pw_gid)
    with run_program(theirs, "server.stop()", before=become) as program:
        said, complaints = program.communicate(timeout=60)
    assert (said, complaints) == (f"postgresql://postgres@/postgres?host={theirs}/postgres\n", "")
    with quick(theirs) as server:
        assert query(server.dsn("postgres"), "SELECT 1") == 1
        assert postmaster(theirs).uids().effective == nobody.pw_uid
