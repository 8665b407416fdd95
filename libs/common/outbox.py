"""Outbox to journal: how an event gets its position.

A command inserts its event into the `outbox` of its own database, last, in its own transaction, after it has
locked the row of the thing; so outbox ids of one thing rise with its version. One sequencer per database moves rows
in batches into the append-only `journal`, gives each the next position and deletes it from the outbox, in one
statement: positions have no gap, follow commit order, and no reader ever needs a cursor over a sequence.
"""

import asyncio
from collections.abc import Mapping, Sequence

import asyncpg
import orjson
import structlog
from prometheus_client import Counter
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.bell import Bell
from libs.common.context import trace_headers
from libs.common.db import Connection, driver_of, later
from libs.common.events import Event
from libs.common.failpoints import failpoint
from libs.common.identifiers import uuid7
from libs.common.leading import leading
from libs.common.lost import LOST
from libs.common.partition import partition

log = structlog.get_logger()
MAX_PAYLOAD_BYTES = 256 * 1024
BATCH = 500
POLL_SECONDS = 0.5
STANDBY_SECONDS = 0.25
SEQUENCER = "sequencer"
"""The part that one process leads (`libs.common.leading`)."""
SILENT = "3s"
"""A leader that says nothing for so long, though it polls, is frozen or cut off: the next one takes over."""

SEQUENCED = Counter("sequencer_events_total", "Events moved from the outbox to the journal.", ["service"])

REPLAYED_TO = "ce_replayedto"
"""Header of an event that is said again for one listening service: its name. To all others it is old news."""
REPLAYED = "replayed"
"""Member of a session's `info`: whether a listener hears a version that it was given before."""

HEARD_KEYS = "heard_keys"
"""Member of a session's `info`: the keys of the events that are heard together in it."""
LAST = 1_000
"""The rank (`libs.common.db.later`) of what is said: behind all rows that it is said of."""

_INSERT = """
insert into outbox (event_id, topic, part, key, version, type, payload, headers)
values ($1, $2, $3, $4, $5, $6, $7, $8)
"""
# What a listener says when it hears a known version again, it has as a rule said before: then not a second time.
_INSERT_NEWS = """
insert into outbox (event_id, topic, part, key, version, type, payload, headers)
select $1::uuid, $2::text, $3::smallint, $4::text, $5::bigint, $6::text, $7::json, $8::jsonb
where not exists (select from thing where key = $4 and version >= $5)
on conflict (key, version, topic) do nothing
"""
# An array, not a subquery: that one was joined by a scan of the whole outbox, which takes seconds of a batch when
# the statement was planned while the outbox was empty and many events have come at once.
_MOVE = """
with head as materialized (select position from journal_head where only_row for update),
     taken as (delete from outbox where id = any(array(select id from outbox order by id limit $1)) returning *),
     numbered as (select t.*, row_number() over (order by t.id) as n from taken t),
     kept as (insert into journal (position, event_id, topic, part, key, version, type, payload, headers, created_at)
              select h.position + n, event_id, topic, part, key, version, type, payload, headers, created_at
              from numbered, head h returning 1),
     newest as (insert into thing (key, position, version, type)
                select distinct on (key) key, h.position + n, version, type from numbered, head h
                order by key, version desc, n desc
                on conflict (key) do update set position = excluded.position, version = excluded.version,
                  type = excluded.type where thing.version <= excluded.version),
     moved as (update journal_head set position = journal_head.position + (select count(*) from taken)
               where only_row and exists (select from taken) returning position)
select (select count(*) from kept), (select position from moved), (select pg_notify('journal', '') from moved)
"""


class EventTooLarge(Exception):
    """An event over 256 KB: its model must bound its fields so that this cannot happen."""


async def emit(session: AsyncSession, event: Event) -> None:
    """Say `event` in the transaction of `session`; it is heard if and only if that transaction commits.

    Call it last: the changed rows are flushed first, so that their locks order the outbox. What the listeners say of a
    batch of events goes together, at its end; there the lock of the offset and those of the rows order it.
    """
    said = _row(event)
    if HEARD_KEYS in session.info:
        later(session, LAST, _INSERT_NEWS if session.info.get(REPLAYED) else _INSERT, *said)
    else:
        await session.flush()
        await driver_of(session).execute(_INSERT, *said)
    session.info["emitted"] = session.info.get("emitted", 0) + 1


async def emit_all(session: AsyncSession, events: Sequence[Event]) -> None:
    """Say many events at once, as an act does that changes many things."""
    await session.flush()
    await driver_of(session).executemany(_INSERT, [_row(event) for event in events])
    session.info["emitted"] = session.info.get("emitted", 0) + len(events)


def _row(event: Event) -> tuple[object, ...]:
    payload = event.model_dump_json()
    if len(payload.encode()) > MAX_PAYLOAD_BYTES:
        raise EventTooLarge(f"{event.kind} {event.key}")
    event_id = uuid7()
    headers = orjson.dumps(cloud_headers(event, str(event_id))).decode()
    return event_id, event.topic(), partition(event.key), event.key, event.version, event.kind, payload, headers


def cloud_headers(event: Event, event_id: str) -> Mapping[str, str]:
    """The CloudEvents 1.0 attributes (Kafka binary mode names) that travel beside the payload."""
    return {
        "ce_specversion": "1.0",
        "ce_id": event_id,
        "ce_source": f"/{event.topic().replace('.', '/')}",
        "ce_type": event.kind,
        "ce_subject": event.key,
        "ce_time": event.at.isoformat(),
        "content-type": "application/json",
        **trace_headers(),
    }


async def sequence_once(connection: Connection, batch: int = BATCH) -> int:
    """Move one batch, in one statement. Returns how many events moved. Only for whoever leads `SEQUENCER`."""
    moved: int = await connection.fetchval(_MOVE, batch)
    if moved:
        await failpoint("sequencer.after_commit")
    return moved


async def sequence(service: str, dsn: str, bell: Bell) -> None:
    """Be a sequencer until cancelled: the leader while no other process is, else a standby that retries."""
    while True:
        try:
            async with leading(
                service, dsn, SEQUENCER, again=STANDBY_SECONDS, idle_session_timeout=SILENT
            ) as connection:
                await _sequence(service, connection, bell)
        except LOST as error:
            log.warning("sequencer.lost", service=service, error=repr(error))
            await asyncio.sleep(STANDBY_SECONDS)


async def _sequence(service: str, connection: asyncpg.Connection, bell: Bell) -> None:
    with bell.waiting("outbox") as rung:
        while True:
            moved = await sequence_once(connection)
            if moved:
                SEQUENCED.labels(service).inc(moved)
            if moved < BATCH:
                await rung.wait(POLL_SECONDS)
