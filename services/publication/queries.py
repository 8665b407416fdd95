"""What readers and staff ask for, as SQL on the read-only pool."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

import asyncpg

from libs.common.permission import Actor
from libs.common.read_pool import ReadPool
from libs.common.regions import subtree

_PAGE = """
select d.content_id, d.version, d.region, d.organisation, d.index_number, d.first_published_at, d.withdrawal,
       d.withdrawn_at, d.withdrawn_reason, d.withdrawn_notice, d.redirect_to,
       (select name from region r where r.code = d.region) as region_name,
       (select name from organisation o where o.code = d.organisation) as organisation_name,
       (select name from item i where i.code = e.catalog_item) as item_name,
       e.number, e.state, e.title, e.body_html, e.summary, e.catalog_item, e.field, e.doc_number, e.theme, e.genre,
       e.column_name, e.keywords, e.source, e.written_on, e.effective_on, e.expires_on, e.disclosure, e.published_at,
       e.reach::text as reach, e.interpretation_required, e.structured::text as structured, e.template_version,
       (select t.fields::text from used_template t
        where t.item = e.catalog_item and t.version = e.template_version) as template_fields,
       (select coalesce(json_agg(l.content || jsonb_build_object('id', l.id) order by l.id), '[]')::text
        from linked_interpretation l where l.document = d.content_id and l.shown) as interpretations,
       (select replies::text from linked_response r where r.document = d.content_id) as replies,
       (select coalesce(json_agg(n.card::json), '[]')::text from
          (select card from listing_entry l where l.county = rpad(left(d.region, 6), 12, '0')
             and l.item = e.catalog_item and l.id <> d.content_id
           order by l.published_at desc, l.id desc limit 5) n) as related
from document d join edition e using (content_id)
where d.content_id = $1 and e.state in ('live', 'withdrawn')
order by e.number desc limit 1
"""

_WORK = """
select d.version, d.region, d.organisation, d.organisation_path, d.index_number, e.number, e.state, e.title,
       e.body_html, e.catalog_item, e.doc_number, e.theme, e.genre, e.column_name, e.keywords, e.source, e.written_on,
       e.effective_on, e.expires_on, e.disclosure, e.disclosure_reason, e.disclosure_basis, e.reach::text as reach,
       e.interpretation_required, e.structured::text as structured, e.template_version,
       e.drafted_by, e.submitted_by, e.approved_by, e.returned_reason, e.changed_at
from document d join edition e using (content_id)
where d.content_id = $1 and e.state in ('draft', 'submitted', 'approved')
"""

_DESK = """
select e.content_id, e.number, e.state, e.title, e.doc_number, e.changed_at, d.version, d.region, d.organisation
from edition e join document d using (content_id)
where e.state = $1 and e.region between $2 and $3 and ($4::text is null or $4 = any(d.organisation_path))
  and ($5::timestamptz is null or (e.changed_at, e.content_id) < ($5, $6))
order by e.changed_at desc, e.content_id desc limit $7
"""

_EDITIONS = """
select e.number, e.state, e.title, e.doc_number, e.published_at, e.changed_at, d.version, d.region, d.organisation_path
from edition e join document d using (content_id)
where d.content_id = $1 and e.number < $2 order by e.number desc limit $3
"""

# The newest event that readers can see, wherever it has got to; the first time it was said, not its replays.
_LATEST = """
select position, type, version, payload::text as payload, created_at
from (select position, type, version, payload, created_at from journal where key = $1
      union all
      select null, type, version, payload, created_at from outbox where key = $1) said
where type = any($2) order by version desc, position limit 1
"""

# When each reader first was at or past the position; null: not yet. One index step per reader.
_REACHED = """
select g.grp, p.at, coalesce(r.position >= $2, false) as passed, coalesce($3 = any(r.parked), false) as parked
from unnest($1::text[]) as g (grp)
left join lateral (select at from journal_progress where grp = g.grp and position >= $2 order by position limit 1) p
  on true
left join journal_reader r on r.grp = g.grp
"""


async def page(pool: ReadPool, content_id: UUID) -> asyncpg.Record | None:
    """The live (or withdrawn) edition of a document with everything its public page shows, in one query."""
    return await pool.shared_row(_PAGE, content_id)


async def work(pool: ReadPool, content_id: UUID) -> asyncpg.Record | None:
    """The edition that is being worked on."""
    return await pool.fetchrow(_WORK, content_id)


async def desk(
    pool: ReadPool, actor: Actor, state: str, after: tuple[datetime, UUID] | None, limit: int
) -> Sequence[asyncpg.Record]:
    """What waits in `state` within the region and organisation of `actor`, longest unchanged last."""
    low, high = subtree(actor.region)
    moment, last = after or (None, None)
    return await pool.fetch(_DESK, state, low, high, actor.organisation, moment, last, limit)


async def editions(pool: ReadPool, content_id: UUID, before: int, limit: int) -> Sequence[asyncpg.Record]:
    """The editions of a document numbered below `before`, newest first."""
    return await pool.fetch(_EDITIONS, content_id, before, limit)


async def latest_event(pool: ReadPool, content_id: UUID, kinds: Sequence[str]) -> asyncpg.Record | None:
    """The newest of the document's events of these kinds, from the journal or still in the outbox."""
    return await pool.fetchrow(_LATEST, str(content_id), list(kinds))


async def reached(
    pool: ReadPool, readers: Sequence[str], position: int, key: str
) -> dict[str, tuple[bool, bool, datetime | None]]:
    """Of each reader: whether it is past `position`, whether it has parked `key`, and when it got there."""
    rows = await pool.fetch(_REACHED, list(readers), position, key)
    return {row["grp"]: (row["passed"], row["parked"], row["at"]) for row in rows}
