"""`trace`: where the news of one thing has got to, from the service that said it to all that hear it."""

import argparse
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from rich.text import Text

from libs.common.encode import json_bytes
from libs.common.outbox import REPLAYED_TO
from libs.common.read_pool import ReadPool
from libs.common.service import Service
from libs.common.settings import Settings
from services.operations import Databases, Roles, console, notes, run, table
from services.registry import ALL

SHOWN = 20

# Newest first, what waits before what has a position.
_SAID = f"""
select position, version, type, event_id, created_at, appended_at, headers->>'{REPLAYED_TO}' as replayed_to
from (select null as position, version, type, event_id, created_at, null as appended_at, headers
      from outbox where key = $1
      union all
      select position, version, type, event_id, created_at, appended_at, headers from journal where key = $1) said
order by position desc nulls first limit $2
"""  # noqa: S608 - only a constant of ours
_HEAD = "select position from journal_head"
_SENDERS = "select sink, position from sender_position order by sink"
# The newest event that a group hears; its first position, not that of its replays.
_HEARABLE = """
select version, position
from (select version, type, position from journal where key = $1
      union all
      select version, type, null from outbox where key = $1) said
where type = any($2) order by version desc, position limit 1
"""
_GROUP = """
select coalesce((select position from consumer_offset where source = $1), 0) as position,
       h.version, h.type, h.at, p.reason, p.attempts, p.parked_at
from (select) here
left join heard h on h.topic = $2 and h.key = $3
left join parked p on p.source = $1 and p.key = $3
"""


@dataclass(frozen=True, slots=True)
class Said:
    """One time that the thing was said. `position` None: it waits in the outbox."""

    position: int | None
    version: int
    type: str
    event_id: UUID
    created_at: datetime
    appended_at: datetime | None
    replayed_to: str | None


@dataclass(frozen=True, slots=True)
class Sender:
    """How far a sender to a broker is, and whether that is past the newest event."""

    sink: str
    position: int
    past: bool


@dataclass(frozen=True, slots=True)
class Heard:
    """How a listening service stands to the thing: its offset, what it applied, and why it is parked if it is."""

    service: str
    state: str
    position: int
    version: int | None
    type: str | None
    at: datetime | None
    reason: str | None
    attempts: int | None
    parked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Trace:
    """What one service has said of a thing, newest first, and where that has got to."""

    source: str
    version: int
    state: str
    head: int
    said: list[Said]
    senders: list[Sender]
    listeners: list[Heard]


def register(roles: Roles) -> None:
    """Add the command to the command line."""
    tracing = roles.add_parser("trace", help="where a document's news has got to")
    tracing.add_argument("key", metavar="DOCUMENT", help="a content id, or the key of any other thing")
    tracing.add_argument("--json", action="store_true", help="for machines")
    tracing.set_defaults(do=_trace)


def _trace(settings: Settings, asked: argparse.Namespace) -> int:
    async def trace(databases: Databases) -> int:
        traces = [found for one in ALL if (found := await trace_source(databases, one, asked.key))]
        if asked.json:
            print(json_bytes({"key": asked.key, "sources": traces}).decode())
        elif not traces:
            notes.print(f"{asked.key}: no service has said anything of it")
        else:
            for one in traces:
                _print(one)
        return int(not traces)

    return run(settings, ALL, trace)


async def trace_source(databases: Databases, source: Service, key: str) -> Trace | None:
    """What `source` has said of `key` and who has heard it; None when it has said nothing."""
    pool = databases[source.name].reads
    said = [Said(**row) for row in await pool.fetch(_SAID, key, SHOWN)]
    if not said:
        return None
    newest = max(said, key=lambda row: row.version)
    last = max(row.position or 0 for row in said)
    senders = await pool.fetch(_SENDERS)
    return Trace(
        source=source.name,
        version=newest.version,
        state=newest.type,
        head=await pool.fetchval(_HEAD),
        said=said,
        senders=[Sender(row["sink"], row["position"], row["position"] >= last) for row in senders],
        listeners=[
            await _heard(pool, databases[group.name].reads, source.name, group, key)
            for group in ALL
            if source.name in group.sources
        ],
    )


async def _heard(pool: ReadPool, own: ReadPool, source: str, group: Service, key: str) -> Heard:
    kinds = [kind.kind for kind in group.listeners if kind.service() == source]
    hearable = await pool.fetchrow(_HEARABLE, key, kinds)
    row = await own.fetchrow(_GROUP, source, f"yangguang.{source}", key)
    assert row is not None
    heard = Heard(service=group.name, state="", **row)
    state = state_of(heard, *hearable) if hearable else "nothing to hear"
    return replace(heard, state="parked" if heard.reason is not None else state)


def state_of(heard: Heard, version: int, position: int | None) -> str:
    """How a service that has parked nothing stands to the newest event that it hears.

    `missed` is what must never be: its offset is past the event, which it neither applied nor parked.
    """
    if (heard.version or 0) >= version:
        # A type and a time were noted since the same release; what was dropped has a time alone.
        return "passed over" if heard.at and heard.type is None else "applied"
    return "missed" if position is not None and heard.position >= position else "waiting"


def _print(found: Trace) -> None:
    console.print(f"{found.source}: version {found.version}, {found.state}; journal at {found.head}")
    said = table("position", "version", "event", "said (UTC)", "in the journal (UTC)", "replayed to")
    for row in found.said:
        where = "outbox" if row.position is None else str(row.position)
        times = (_time(row.created_at), _time(row.appended_at))
        said.add_row(where, str(row.version), row.type, *times, row.replayed_to or "")
    console.print(said)
    for sender in found.senders:
        console.print(f"sender {sender.sink}: at {sender.position}, {'past it' if sender.past else 'not there yet'}")
    if not found.senders:
        console.print("no sender to a broker has begun")
    heard = table("listener", "state", "offset", "version", "event", "applied (UTC)", "reason")
    for one in found.listeners:
        version = "" if one.version is None else str(one.version)
        cause = Text((one.reason or "").partition("\n")[0][:120])
        heard.add_row(one.service, one.state, str(one.position), version, one.type or "", _time(one.at), cause)
    console.print(heard)


def _time(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%Y-%m-%d %H:%M:%S.%f}"[:-3]
