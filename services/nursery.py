"""Processes that start in a moment: forked from one that has imported the platform and done nothing else.

The cluster starts a dozen processes and the fault suite hundreds; importing everything takes each of them longer than
the rest of its start. What runs is what `python -m services` runs, with an environment and a log of its own.
"""

import importlib
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from multiprocessing import forkserver
from pathlib import Path
from typing import Protocol

PRELOADED = ["services.__main__", "libs.common.kafka.bus"]
_context = multiprocessing.get_context("forkserver")


class Child(Protocol):
    """What is needed of a started process; `subprocess.Popen` is one."""

    @property
    def pid(self) -> int: ...

    def poll(self) -> int | None:
        """Its exit code, or None while it runs."""
        ...

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended. Raises subprocess.TimeoutExpired."""
        ...


class _Forked:
    """A forked process with the manners of `subprocess.Popen`."""

    def __init__(self, arguments: Sequence[str], environment: Mapping[str, str], log: Path, group: int | None) -> None:
        prepare()
        what = (list(arguments), dict(environment), str(log), group)
        self._process = _context.Process(target=_be, args=what, daemon=True)  # a forgotten one holds nobody's exit up
        self._process.start()
        assert self._process.pid is not None
        self.pid = self._process.pid

    def poll(self) -> int | None:
        """See `Child.poll`."""
        return self._process.exitcode

    def wait(self, timeout: float | None = None) -> int:
        """See `Child.wait`."""
        self._process.join(timeout)
        if self._process.exitcode is None:
            raise subprocess.TimeoutExpired("forked process", timeout or 0)
        return self._process.exitcode


def prepare() -> None:
    """Begin to import the platform, beside whatever this program does next. Harmless when that has begun."""
    _context.set_forkserver_preload(PRELOADED)
    forkserver.ensure_running()


def fork(arguments: Sequence[str], environment: Mapping[str, str], log: Path, group: int | None = None) -> Child:
    """`python -m ARGUMENTS`, forked; the module named must have a function `main(arguments) -> int`.

    `group` is the process group that it joins; that of this program when left out. Blocks until it runs.
    """
    return _Forked(arguments, environment, log, group)


def execute(
    arguments: Sequence[str], environment: Mapping[str, str], log: Path, prefix: Sequence[str], cwd: Path | None
) -> Child:
    """`PREFIX python -m ARGUMENTS` from the start, for what a fork cannot do: other code, or another loader."""
    with log.open("ab") as out:
        command = [*prefix, sys.executable, "-m", *arguments]
        return subprocess.Popen(command, env=dict(environment), stdout=out, stderr=out, cwd=cwd)


def _end_with_the_parent() -> None:
    """Whoever started us may be killed before it could end us; our own parent is the server that forked us."""
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGKILL)


def _be(arguments: list[str], environment: dict[str, str], log: str, group: int | None) -> None:
    if group is not None:
        os.setpgid(0, group)
    threading.Thread(target=_end_with_the_parent, name="parent", daemon=True).start()
    out = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.dup2(out, 1)
    os.dup2(out, 2)
    os.environ.clear()
    os.environ.update(environment)
    module = arguments[0] if arguments[0] != "services" else "services.__main__"
    sys.exit(importlib.import_module(module).main(arguments[1:]))
