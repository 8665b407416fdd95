"""What a source has said last of each thing, read from its journal, for rebuilds and comparisons.

`thing` names the newest event of any kind. A reader that hears only some of the kinds must know the newest of those:
an amended edition that is being prepared does not take the live one out of the listings. Events of one thing share
their noun (`service.noun.happened.vN`), so things of other nouns are passed over without looking at their events.
Nothing here holds a transaction: each call is one short statement, however many things there are.
"""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass

import asyncpg
from asyncpg.pool import PoolConnectionProxy

Reader = asyncpg.Connection | asyncpg.Pool | PoolConnectionProxy

ALL = 2**63 - 1
"""As a bound of positions: everything that has a position."""

_EVENTS = """
select a.key, n.position, n.version, n.type, n.payload::text as payload
from unnest($1::text[], $4::bigint[]) as a (key, heard),
lateral (select position, version, type, payload from journal
         where key = a.key and type = any($2) and (position <= $3 or version <= a.heard)
         order by version desc, position desc limit 1) n
"""
# An act is done when it commits, not when its event gets a position; both are read in one snapshot.
_OWN_EVENTS = """
select a.key, n.position, n.version, n.type, n.payload::text as payload from unnest($1::text[]) as a (key),
lateral (select 0 as position, version, type, payload from outbox where key = a.key and type = any($2)
         union all
         select position, version, type, payload from journal where key = a.key and type = any($2)
         order by version desc limit 1) n
"""
# Cut by key alone, with the limit as a number: else the planner would read and sort the whole table for each page.
_PAGE = """
with page as materialized (select key, type from thing where key > $1 order by key limit {limit})
select (select max(key) from page) as last,
       array(select key from page where split_part(type, '.', 2) = any($2) order by key) as keys
"""
_COUNT = "select count(*) from thing where split_part(type, '.', 2) = any($1)"
_MOVED = "select distinct key from (select key from journal where position > $1 and type = any($2) limit $3) said"
_OWN_MOVED = """
select key from outbox where type = any($2)
union select key from (select key from journal where position > $1 and type = any($2) limit $3) said
"""


class FarBehind(Exception):
    """More has been said since a position than may be taken in at once."""


@dataclass(frozen=True, slots=True)
class Said:
    """The newest event of a thing among some kinds."""

    key: str
    position: int
    version: int
    type: str
    payload: str


def nouns(kinds: Collection[str]) -> list[str]:
    """The nouns of event kinds: what their events are about."""
    return sorted({kind.split(".")[1] for kind in kinds})


async def head(source: Reader) -> int:
    """The last position of the journal."""
    return int(await source.fetchval("select position from journal_head"))


async def count(source: Reader, kinds: Sequence[str]) -> int:
    """How many things there are that events of these kinds are about."""
    return int(await source.fetchval(_COUNT, nouns(kinds)))


async def pages(source: Reader, kinds: Sequence[str], limit: int) -> AsyncIterator[list[str]]:
    """The keys of such things, at most `limit` at a time, in the order of the database."""
    after = ""
    while (row := await source.fetchrow(_PAGE.format(limit=limit), after, nouns(kinds))) and row["last"]:
        after = row["last"]
        if row["keys"]:
            yield row["keys"]


async def said(
    source: Reader, keys: Sequence[str], kinds: Sequence[str], upto: int = ALL, heard: Mapping[str, int] | None = None
) -> list[Said]:
    """The newest events of `keys` at a position up to `upto`; a key without one is left out.

    `heard` are versions by key that count wherever they stand: a listener may be made to read again what it knows.
    """
    versions = [heard.get(key, 0) for key in keys] if heard else [0] * len(keys)
    return [Said(**row) for row in await source.fetch(_EVENTS, list(keys), list(kinds), upto, versions)]


async def said_here(own: Reader, keys: Sequence[str], kinds: Sequence[str]) -> list[Said]:
    """The same in the service's own database, with what waits in its outbox."""
    return [Said(**row) for row in await own.fetch(_OWN_EVENTS, list(keys), list(kinds))]


async def moved(source: Reader, kinds: Sequence[str], after: int, most: int, *, here: bool = False) -> set[str]:
    """The keys of which something was said after a position. `here`: also what waits in the outbox.

    Raises FarBehind when more than `most` events say so.
    """
    rows = await source.fetch(_OWN_MOVED if here else _MOVED, after, list(kinds), most + 1)
    if len(rows) > most:
        raise FarBehind(f"more than {most} things have moved since position {after}")
    return {row["key"] for row in rows}
