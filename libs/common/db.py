"""One service's database: a write session per act, a read-only pool for queries, a plain pool for the backbone.

Reads and writes are different types: a GET works on the read-only pool and cannot change anything by accident.
"""

import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, async_sessionmaker, create_async_engine

from libs.common.bell import Bell

_SERVER_SETTINGS = {
    "statement_timeout": "10s",
    "lock_timeout": "5s",
    "idle_in_transaction_session_timeout": "10s",
    "jit": "off",
}


@dataclass(frozen=True)
class Database:
    """The connections of one service in this process. Close it with `close()`."""

    service: str
    dsn: str
    engine: AsyncEngine
    reads: asyncpg.Pool
    backbone: asyncpg.Pool
    bell: Bell

    @classmethod
    async def open(cls, service: str, dsn: str, pool_size: int = 8) -> "Database":
        """Connect lazily: no connection is made before the first use, so a start survives a slow database."""

        def pool(kind: str, size: int, **extra: str) -> asyncpg.Pool:
            return asyncpg.create_pool(
                dsn,
                min_size=0,
                max_size=size,
                timeout=5,
                command_timeout=15,
                reset=_no_reset,
                server_settings={**_SERVER_SETTINGS, **extra, "application_name": f"{service}-{kind}"},
            )

        def connect() -> object:
            settings = {**_SERVER_SETTINGS, "application_name": f"{service}-write"}
            return asyncpg.connect(dsn, timeout=5, command_timeout=15, server_settings=settings)

        engine = create_async_engine(
            "postgresql+asyncpg://",
            async_creator=connect,
            pool_size=pool_size,
            max_overflow=pool_size,
            pool_timeout=5,
            pool_recycle=1800,
        )
        database = cls(
            service,
            dsn,
            engine,
            await pool("read", pool_size, default_transaction_read_only="on"),
            await pool("backbone", 6),
            Bell(dsn),
        )
        database.bell.start()
        return database

    @contextlib.asynccontextmanager
    async def transaction(self) -> AsyncIterator[AsyncSession]:
        """One act: commits when the block ends, rolls back when it raises; rings the outbox bell if it spoke."""
        async with self.sessions() as session, session.begin():
            yield session
        if session.info.get("emitted"):
            self.bell.ring("outbox")

    @property
    def sessions(self) -> async_sessionmaker[AsyncSession]:
        """Makes write sessions; rows stay readable after the commit."""
        return async_sessionmaker(self.engine, expire_on_commit=False)

    async def close(self) -> None:
        """Close every connection."""
        await self.bell.close()
        self.reads.terminate()
        self.backbone.terminate()
        await self.engine.dispose()


async def _no_reset(_connection: asyncpg.Connection) -> None:
    """Pooled connections carry no session state here, so the round trip of a reset is saved."""
