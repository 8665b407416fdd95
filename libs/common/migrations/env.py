"""The one alembic environment, for every service."""

import asyncio

import asyncpg
from alembic import context
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import create_async_engine
from sqlalchemy.pool import NullPool

# Another migration may take its time; only the waits for tables in use are short.
_WAIT = text("set local lock_timeout = '10min'")
_LOCK = text("select pg_advisory_xact_lock(hashtext('yangguang.migrate'))")
_HURRY = text("set local lock_timeout = '4s'")


def _migrate(connection: Connection) -> None:
    context.configure(
        connection=connection,
        target_metadata=context.config.attributes["metadata"],
        compare_type=True,
        compare_server_default=False,
        transaction_per_migration=False,
    )
    with context.begin_transaction():
        for statement in (_WAIT, _LOCK, _HURRY):
            connection.execute(statement)
        context.run_migrations()


async def _run() -> None:
    dsn: str = context.config.attributes["dsn"]
    settings = {"lock_timeout": "4s", "application_name": "migrate"}
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=lambda: asyncpg.connect(dsn, timeout=10, server_settings=settings),
        poolclass=NullPool,
    )
    try:
        async with engine.connect() as connection:
            await connection.run_sync(_migrate)
            await connection.commit()
    finally:
        await engine.dispose()


asyncio.run(_run())
