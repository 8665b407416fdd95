"""What the operations on the command line share: the databases, the operator's name, and how they speak.

They work beside a running platform, also on its embedded PostgreSQL, and without one. Each is safe to run twice.
What changes something is audited.
"""

import argparse
import asyncio
import contextlib
import getpass
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping, Sequence
from typing import TypeAlias

import asyncpg
from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlalchemy.exc import SQLAlchemyError

from libs.common import personal_data
from libs.common.db import Database
from libs.common.migrate import require_schema
from libs.common.permission import Actor
from libs.common.runtime import Dsn
from libs.common.service import Service
from libs.common.settings import Settings
from libs.common.workdays import Calendar
from services.processes import databases

Roles: TypeAlias = "argparse._SubParsersAction[argparse.ArgumentParser]"
Databases = Mapping[str, Database]
Operation = Callable[[Databases], Awaitable[int]]
POOL = 2
INTERRUPTED = 130
REASON_MOST = 500
_PIPED_COLUMNS = 200

# Keys and reasons are data: nothing in them is markup. Piped output is as wide as its tables need.
console = Console(markup=False, highlight=False)
notes = Console(stderr=True, markup=False, highlight=False)


def run(settings: Settings, services: Sequence[Service], operation: Operation) -> int:
    """Run an operation on the databases of `services`; returns its exit code.

    Raises SchemaBehind before anything is done; a database that cannot be used is one sentence and exit code 1.
    """
    if not console.is_terminal:
        console.width = _PIPED_COLUMNS
    try:
        with databases(settings, beside=True) as dsn:
            return asyncio.run(_run(settings, services, dsn, operation))
    except KeyboardInterrupt:
        notes.print("Interrupted. What is done is done; run it again for the rest.")
        return INTERRUPTED
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, SQLAlchemyError) as error:
        notes.print(f"yangguang: the database did not do it ({type(error).__name__}: {error}). Run it again.")
        return 1


async def _run(settings: Settings, services: Sequence[Service], dsn: Dsn, operation: Operation) -> int:
    async with _opened(settings, services, dsn) as opened:
        return await operation(opened)


@contextlib.asynccontextmanager
async def _opened(settings: Settings, services: Sequence[Service], dsn: Dsn) -> AsyncIterator[Databases]:
    calendar = Calendar.load(settings.calendar_file)
    async with contextlib.AsyncExitStack() as stack:
        opened: dict[str, Database] = {}
        for service in services:
            database = await Database.open(service.name, dsn(service.name), POOL, calendar)
            stack.push_async_callback(database.close)
            await require_schema(database, service)
            opened[service.name] = database
        yield opened


def operator() -> Actor:
    """Who runs the command, for the audit: the login name, in no role and of no region."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a container's user without an account
        name = str(os.getuid())
    return Actor(subject=f"operator:{name}", name=name, roles=frozenset(), region="")


@contextlib.contextmanager
def progress(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A progress bar on a terminal's standard error; gives the function that moves it by so many."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=notes, transient=True, disable=not notes.is_terminal) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.advance(task, done)


def table(*columns: str) -> Table:
    """An empty table in the house style; a first column named `key` is never broken into lines."""
    made = Table(box=SIMPLE_HEAD, show_edge=False, pad_edge=False)
    for column in columns:
        made.add_column(column, no_wrap=column == "key", overflow="fold")
    return made


def reason(text: str) -> str:
    """A reason for the audit, for argparse: it says something, is short and names nobody."""
    if not text.strip() or len(text) > REASON_MOST:
        raise argparse.ArgumentTypeError(f"a reason has 1 to {REASON_MOST} characters")
    if personal_data.find(text):
        raise argparse.ArgumentTypeError("the audit must not hold personal data: say it without numbers of people")
    return text.strip()
