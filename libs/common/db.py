"""One service's database: a write session per act, a read-only pool for queries, a plain pool for the backbone.

Reads and writes are different types: a GET works on the read-only pool and cannot change anything by accident.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import asyncpg
from asyncpg.pool import PoolConnectionProxy
from sqlalchemy import event
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from libs.common.bell import Bell
from libs.common.read_pool import ReadPool
from libs.common.workdays import Calendar

Connection = asyncpg.Connection | PoolConnectionProxy
"""A connection of the driver's, of a pool or not."""

_CALENDAR, _DRIVER, _SOON, _LATER = "calendar", "driver", "soon", "later"
ROLLBACK_SECONDS = 1
LOST_CLIENT = {
    "idle_in_transaction_session_timeout": "10s",
    # Of a client that vanished between the messages of one statement the server thinks that it runs, although it waits
    # for the next message: no other timeout ends that, and its locks would hold up everybody until TCP gives up.
    "transaction_timeout": "20s",
    "tcp_user_timeout": "20s",
}
"""How the server gets rid of transactions whose client is gone: for every connection that takes locks."""

_SERVER_SETTINGS = {"statement_timeout": "10s", "lock_timeout": "5s", "jit": "off", **LOST_CLIENT}


@dataclass(frozen=True)
class Database:
    """The connections of one service in this process. Close it with `close()`."""

    service: str
    dsn: str
    engine: AsyncEngine
    reads: ReadPool
    backbone: asyncpg.Pool
    bell: Bell
    sessions: async_sessionmaker[AsyncSession]

    @classmethod
    async def open(
        cls,
        service: str,
        dsn: str,
        pool_size: int = 8,
        calendar: Calendar | None = None,
        *,
        listens: bool = True,
    ) -> "Database":
        """Connect lazily: no connection is made before the first use, so a start survives a slow database.

        Without `listens` its bell is silent, as for a database that is only asked from time to time.
        """

        async def connect(kind: str, **extra: str) -> asyncpg.Connection:
            settings = {**_SERVER_SETTINGS, **extra, "application_name": f"{service}-{kind}"}
            return await asyncpg.connect(dsn, timeout=5, command_timeout=15, server_settings=settings)

        engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=partial(connect, "write"),
            # Transactions are begun and ended by `transaction` itself; see there.
            isolation_level="AUTOCOMMIT",
            hide_parameters=True,  # errors are logged; parameters may be what a citizen wrote
            pool_size=pool_size,
            # What overflows is closed after each use, and a new connection costs more than the act that wanted it.
            max_overflow=0,
            pool_timeout=5,
            pool_recycle=1800,
        )
        event.listen(engine.sync_engine, "checkout", _skip_the_lost)
        event.listen(engine.sync_engine, "invalidate", _hang_up)
        database = cls(
            service,
            dsn,
            engine,
            ReadPool(partial(connect, "read", default_transaction_read_only="on"), (pool_size + 1) // 2),
            await asyncpg.create_pool(
                min_size=0, max_size=6, reset=_no_reset, connect=lambda *_, **__: connect("backbone")
            ),
            Bell(dsn),
            async_sessionmaker(engine, expire_on_commit=False, info={_CALENDAR: calendar or Calendar()}),
        )
        if listens:
            database.bell.start()
        return database

    @contextlib.asynccontextmanager
    async def transaction(self, *, at_once: bool = True) -> AsyncIterator[AsyncSession]:
        """One act: commits when the block ends, rolls back when it raises; rings the outbox bell if it spoke.

        `at_once` is for what somebody waits for. What listeners say in consequence may gather for a tenth of a second:
        under load that leaves the processor to the events that they are to hear.

        BEGIN and COMMIT go straight to the driver's connection, so that the backbone's statements (`driver_of`) and
        the session's share one transaction: each costs a fifth on the driver of what it does through the session.
        """
        async with self.sessions() as session:
            connection = await session.connection()
            driver = (await connection.get_raw_connection()).driver_connection
            assert driver is not None
            session.info[_DRIVER] = driver
            try:
                await driver.execute("begin")
                yield session
                await session.flush()
                await settle(session)
                await driver.execute("commit")
            except BaseException:
                await _roll_back(connection, driver)
                raise
        if session.info.get("emitted"):
            (self.bell.ring if at_once else self.bell.ring_soon)("outbox")

    async def close(self) -> None:
        """Close every connection."""
        await self.bell.close()
        await self.reads.close()
        self.backbone.terminate()
        await self.engine.dispose()


def driver_of(session: AsyncSession) -> asyncpg.Connection:
    """The driver's connection of a session, in the session's transaction. Flush before relying on pending changes."""
    driver: asyncpg.Connection = session.info[_DRIVER]
    return driver


async def soon(session: AsyncSession, statement: str, *arguments: object) -> None:
    """Run a statement whose result does not matter, in its turn, at the latest before the commit.

    Calls of one statement in a row travel together: as the effects of a batch of events they cost a tenth. Its errors
    come with the next call of another statement, or with `settle`. What shall see its effect calls `settle` first.
    """
    waiting: list[tuple[object, ...]]
    before, waiting = session.info.get(_SOON, ("", []))
    if before != statement:
        await settle(session)
        session.info[_SOON] = statement, waiting = statement, []
    waiting.append(arguments)


def later(session: AsyncSession, rank: int, statement: str, *arguments: object) -> None:
    """Run a statement with all others like it, at `settle` or before the commit; the lowest rank first.

    For what nothing else in the transaction touches in the meantime: new rows, and what is said of them.
    """
    session.info.setdefault(_LATER, {}).setdefault((rank, statement), []).append(arguments)


async def settle(session: AsyncSession) -> None:
    """Run what waits since `soon` and `later`."""
    statement, waiting = session.info.pop(_SOON, ("", []))
    if waiting:
        await driver_of(session).executemany(statement, waiting)
    for (_, statement), waiting in sorted(session.info.pop(_LATER, {}).items()):
        await driver_of(session).executemany(statement, waiting)


def calendar_of(session: AsyncSession) -> Calendar:
    """The working-day calendar of the process, for listeners: doors have it in `app.state`."""
    calendar: Calendar = session.info[_CALENDAR]
    return calendar


def _skip_the_lost(connection: Any, *_rest: object) -> None:
    """A restart of PostgreSQL costs the acts under way, not also the next one on each idle connection."""
    if connection.driver_connection.is_closed():
        raise DisconnectionError


def _hang_up(connection: Any, *_rest: object) -> None:
    """What is given up is given up at once: SQLAlchemy says good-bye, and waits two seconds for a frozen server."""
    connection.driver_connection.terminate()


@contextlib.asynccontextmanager
async def one_transaction(driver: Connection) -> AsyncIterator[None]:
    """A transaction on a connection of the driver's; what breaks it off is raised as it is.

    The driver's own fails at its ROLLBACK when a statement was cancelled in the middle, and raises that: a worker that
    was told to stop would end as one that had failed.
    """
    try:
        await driver.execute("begin")
        yield
        await driver.execute("commit")
    except BaseException:
        await _rolled_back(driver)
        raise


async def _roll_back(connection: AsyncConnection, driver: asyncpg.Connection) -> None:
    if not await _rolled_back(driver):
        await connection.invalidate()


async def _rolled_back(driver: Connection) -> bool:
    try:
        async with asyncio.timeout(ROLLBACK_SECONDS):
            await driver.execute("rollback")
    except BaseException:  # lost, frozen or cancelled: nobody may use this connection again
        driver.terminate()  # and no polite good-bye, which would wait for a frozen server once more
        return False
    return True


async def _no_reset(_connection: asyncpg.Connection) -> None:
    """Pooled connections carry no session state here, so the round trip of a reset is saved."""
