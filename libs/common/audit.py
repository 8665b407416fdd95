"""Who did what, in which role, why and when: one row per act, in the act's transaction, hash-chained.

Acts write to `audit_waiting`; one sealer per database (the sequencer's process) moves the rows into `audit` and
chains them, so that acts do not queue for the chain: hash = sha256(previous hash || entry).
"""

import asyncio
import hashlib
from collections.abc import Callable
from typing import Any

import asyncpg
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import clock, context
from libs.common.db import Connection, driver_of, one_transaction
from libs.common.encode import json_bytes
from libs.common.failpoints import failpoint
from libs.common.lost import LOST
from libs.common.permission import Actor

log = structlog.get_logger()
SEAL_SECONDS = 0.5
_BATCH = 500
_STRETCH = 1000
_INSERT = "insert into audit_waiting (entry) values ($1)"
_TAKE = """
with taken as (delete from audit_waiting where id in (select id from audit_waiting order by id limit $1) returning *)
select entry::text as entry from taken order by id
"""


async def record(
    session: AsyncSession,
    actor: Actor | None,
    action: str,
    thing: str,
    *,
    region: str | None = None,
    version: int | None = None,
    reason: str | None = None,
    **facts: Any,
) -> None:
    """Write the act into the audit in the transaction of `session`. `actor` None: a citizen, or the platform itself.

    `facts` are further public members; personal data of citizens never is one of them.
    """
    entry = {
        "at": clock.now(),
        "actor": actor.subject if actor else None,
        "roles": sorted(actor.roles) if actor else [],
        "actor_region": actor.region if actor else None,
        "actor_organisation": actor.organisation if actor else None,
        "action": action,
        "thing": thing,
        "region": region,
        "version": version,
        "reason": reason,
        "request_id": context.request_id.get(),
        **facts,
    }
    await driver_of(session).execute(_INSERT, json_bytes(entry).decode())


async def seal_once(connection: Connection) -> int:
    """Chain one batch of waiting rows. Returns how many; 0 also while another process seals."""
    async with one_transaction(connection):
        if not await connection.fetchval("select pg_try_advisory_xact_lock(hashtext('yangguang.audit'))"):
            return 0
        rows = await connection.fetch(_TAKE, _BATCH)
        if not rows:
            return 0
        last = await connection.fetchrow("select position, hash from audit order by position desc limit 1")
        last_position, previous = (last["position"], last["hash"]) if last else (0, b"")
        sealed = []
        for position, row in enumerate(rows, start=last_position + 1):
            previous = chain(previous, row["entry"])
            sealed.append((position, row["entry"], previous))
        await connection.executemany("insert into audit (position, entry, hash) values ($1, $2::json, $3)", sealed)
        await failpoint("audit.before_commit")
        return len(rows)


def chain(previous: bytes, entry: str) -> bytes:
    """The hash of an audit row: SHA-256 over the previous row's hash and the entry's text."""
    return hashlib.sha256(previous + entry.encode()).digest()


async def verify(connection: asyncpg.Connection, walked: Callable[[int], None] | None = None) -> tuple[int, int | None]:
    """Walk the chain. Returns (rows walked, position of the first bad row or None).

    `walked` is called with the number of rows of each stretch that was found whole.
    """
    previous, expected = b"", 0
    async with connection.transaction(readonly=True, isolation="repeatable_read"):
        async for row in connection.cursor("select position, entry::text as entry, hash from audit order by position"):
            expected += 1
            previous = chain(previous, row["entry"])
            if row["position"] != expected or row["hash"] != previous:
                return expected - 1, row["position"]
            if walked and expected % _STRETCH == 0:
                walked(_STRETCH)
    return expected, None


async def seal(service: str, pool: asyncpg.Pool) -> None:
    """Be the sealer until cancelled."""
    while True:
        try:
            async with pool.acquire() as connection:
                while await seal_once(connection) == _BATCH:
                    pass
        except LOST as error:
            log.warning("audit.retry", service=service, error=repr(error))
        await asyncio.sleep(SEAL_SECONDS)
