"""Reads: SQL for the read-only pool, and the pages made of it."""

from collections.abc import Sequence
from datetime import UTC, datetime
from uuid import UUID

import asyncpg

from libs.common.paging import Cursors
from libs.common.read_pool import ReadPool
from libs.common.regions import subtree

_LAST_MOMENT = datetime(9999, 12, 31, tzinfo=UTC)
_FIRST_ID, _LAST_ID = UUID(int=0), UUID(int=2**128 - 1)

RESPONSE = "select document, state from response where document = $1"

MINE = """
select q.id as question_id, q.document, r.title, q.organisation, q.state, q.asked_at, q.answer_by,
       q.reply, q.replied_at, case when q.state = 'declined' then q.reason end as reason
from question q join response r using (document)
where q.query_code_hash = $1
"""

QUESTION = "select q.*, r.title from question q join response r using (document) where q.id = $1"

# The longest waiting first. Text and contact are not selected: a listing shows no personal data.
_WORK = """
select q.id, q.document, r.title, q.region, q.organisation, q.state, q.version, q.asked_at, q.answer_by
from question q join response r using (document)
where q.state = $1 and q.region between $2 and $3 and ($4::text is null or $4 = any(q.organisation_path))
  and q.id > $5
order by q.id limit $6
"""

# A withdrawn document takes the replies about it along: they may quote what had to go.
_REPLIES = """
select q.id as question_id, q.public_question as question, q.public_reply as reply, q.organisation,
       q.asked_at, q.replied_at, q.published_at
from question q join response r using (document)
where q.document = $1 and q.state = 'published' and r.state = 'open' and (q.published_at, q.id) < ($2, $3)
order by q.published_at desc, q.id desc limit $4
"""

Page = tuple[Sequence[asyncpg.Record], str | None]
"""The rows of a page and the cursor of the next one."""


async def work(
    pool: ReadPool,
    cursors: Cursors,
    *,
    state: str,
    region: str,
    organisation: str | None,
    limit: int,
    cursor: str | None,
) -> Page:
    """A page of the questions of `region` and below that belong to `organisation`'s subtree (None: to any).

    Raises ForgedCursor.
    """
    scope = "|".join(["questions", state, region, organisation or ""])
    after = UUID(str(cursors.read(cursor, scope)[0])) if cursor is not None else _FIRST_ID
    rows = await pool.fetch(_WORK, state, *subtree(region), organisation, after, limit + 1)
    if len(rows) <= limit:
        return rows, None
    rows = rows[:limit]
    return rows, cursors.sign((str(rows[-1]["id"]),), scope)


async def replies(pool: ReadPool, cursors: Cursors, document: UUID, limit: int, cursor: str | None) -> Page:
    """A page of the public replies about a document, newest first. Raises ForgedCursor."""
    scope = f"responses|{document}"
    before, last = _LAST_MOMENT, _LAST_ID
    if cursor is not None:
        moment, name = cursors.read(cursor, scope)
        before, last = datetime.fromisoformat(str(moment)), UUID(str(name))
    rows = await pool.fetch(_REPLIES, document, before, last, limit + 1)
    if len(rows) <= limit:
        return rows, None
    rows = rows[:limit]
    return rows, cursors.sign((rows[-1]["published_at"].isoformat(), str(rows[-1]["question_id"])), scope)
