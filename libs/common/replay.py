"""Replay: a source says the present state of its things again, for one listening service.

The newest event of each thing goes through the source's outbox once more, under a new event id and with the header
`ce_replayedto`. The service that it names applies it also at the version that it has applied before, which repairs
a damaged read model; never at a lower one. For every other reader it is an ordinary event of a version long known.
"""

import asyncio
from collections.abc import Collection, Sequence

from libs.common.db import Connection, Database
from libs.common.identifiers import uuid7
from libs.common.leading import leading_meanwhile
from libs.common.outbox import BATCH, REPLAYED_TO, SEQUENCER, sequence_once

BATCH_SECONDS = 60.0
_HELP_SECONDS = 0.05

# The journal is asked, not `thing`: there a newer event may stand of a kind that the listening service does not hear.
_SAY = f"""
with newest as (
  select a.event_id, a.n, j.topic, j.part, j.key, j.version, j.type, j.payload, j.headers
  from unnest($1::text[], $2::uuid[]) with ordinality as a (key, event_id, n),
  lateral (select * from journal where key = a.key and ($4::text[] is null or type = any($4))
           order by version desc, position desc limit 1) j),
said as (
  insert into outbox (event_id, topic, part, key, version, type, payload, headers)
  select event_id, topic, part, key, version, type, payload,
         headers || jsonb_build_object('ce_id', event_id::text, '{REPLAYED_TO}', $3::text)
  from newest order by n
  on conflict (key, version, topic) do nothing returning key)
select key, exists (select from said where said.key = newest.key) as said from newest
"""  # noqa: S608 - only a constant of ours
_WAITING = "select exists (select from outbox where key = any($1))"


async def re_say(source: Database, group: str, keys: Sequence[str], kinds: Collection[str] | None = None) -> int:
    """Say the newest event of each of `keys` again for the service `group`, of all kinds or of these alone.

    Returns how many were said; a key of which nothing was ever said counts for nothing. It comes back when the
    events have their positions, whether or not a sequencer runs, so a long replay never crowds the outbox, where
    new events would queue behind it. Raises TimeoutError when a batch gets none for a minute.
    """
    said = 0
    async with source.backbone.acquire() as connection:
        for start in range(0, len(keys), BATCH):
            async with asyncio.timeout(BATCH_SECONDS):
                said += await _say(connection, group, list(dict.fromkeys(keys[start : start + BATCH])), kinds)
    return said


async def _say(connection: Connection, group: str, keys: list[str], kinds: Collection[str] | None) -> int:
    said = 0
    only = None if kinds is None else sorted(kinds)
    while keys:
        rows = await connection.fetch(_SAY, keys, [uuid7() for _ in keys], group, only)
        said += sum(row["said"] for row in rows)
        while await connection.fetchval(_WAITING, keys):
            async with leading_meanwhile(connection, SEQUENCER) as leads:
                moved = leads and await sequence_once(connection)
            if not moved:
                await asyncio.sleep(_HELP_SECONDS)
        # The same version was waiting in the outbox already, perhaps for another service: it is gone now.
        keys = [row["key"] for row in rows if not row["said"]]
    return said
