"""What readers and staff ask for, as SQL on the read-only pool.

Everybody sees what is public; members of staff see, too, what is in work in their region and organisation.
Both listings go from the newest id to the oldest: ids of version 7 sort by the time of their making.
"""

from collections.abc import Sequence
from datetime import date
from uuid import UUID

import asyncpg

from libs.common.permission import Actor
from libs.common.read_pool import ReadPool
from libs.common.regions import county, subtree

_DUTIES = """
select document, title, region, organisation, state, opened_at, due_on, provisional, discharged_at
from duty where {where} order by document desc limit $1
"""

_INTERPRETATIONS = """
select id, document, region, organisation, title, form, summary, state, version, published_at
from interpretation where {where} order by id desc limit $1
"""

_INTERPRETATION = """
select i.id, i.document, d.title as document_title, d.path as document_path, i.region, i.organisation,
       i.organisation_path, i.title, i.form, i.summary, i.body_html, i.sections::text as sections, i.state,
       i.version, i.drafted_by, i.approved_by, i.drafted_at, i.changed_at, i.approved_at, i.published_at,
       i.withdrawn_at, i.reason
from interpretation i join document d on d.content_id = i.document
where i.id = $1
"""

# A duty without a due date belongs to a document that is not public yet, a closed one mostly to a former one.
_PUBLIC_DUTY = "due_on is not null and state <> 'closed'"
_PUBLIC_INTERPRETATION = "state = 'published'"


class _Where:
    """Conditions joined by `and`. Their texts are ours; the values travel as numbered parameters."""

    def __init__(self, limit: int) -> None:
        self.values: list[object] = [limit]
        self._conditions: list[str] = []

    def add(self, condition: str, *values: object) -> None:
        """One more condition; each `{}` in it stands for the next value."""
        first = len(self.values) + 1
        self._conditions.append(condition.format(*(f"${n}" for n in range(first, first + len(values)))))
        self.values.extend(values)

    def visible(self, public: str, staff: Actor | None) -> None:
        """What is public, and for staff also what lies in their region and organisation."""
        if staff is None:
            self.add(public)
            return
        own = "region between {} and {} and ({}::text is null or {} = any(organisation_path))"
        self.add(f"({public} or {own})", *subtree(staff.region), staff.organisation, staff.organisation)

    def below(self, region: str) -> None:
        """What lies in `region`; the county comes first, because the indexes begin with it."""
        if above := county(region):
            self.add("county = {}", above)
        self.add("region between {} and {}", *subtree(region))

    def fill(self, statement: str) -> str:
        """The statement with its conditions."""
        return statement.format(where=" and ".join(self._conditions))


async def duties(
    pool: ReadPool,
    *,
    document: UUID | None,
    region: str | None,
    state: str | None,
    overdue: bool | None,
    today: date,
    staff: Actor | None,
    before: UUID | None,
    limit: int,
) -> Sequence[asyncpg.Record]:
    """At most `limit` duties below the id `before`; `staff` None asks for the public ones."""
    where = _Where(limit)
    where.visible(_PUBLIC_DUTY, staff)
    if document is not None:
        where.add("document = {}", document)
    if region is not None:
        where.below(region)
    if state is not None:
        where.add("state = {}", state)
    if overdue is not None:
        late = "state = 'open' and due_on is not null and due_on < {}"
        where.add(late if overdue else f"not ({late})", today)
    if before is not None:
        where.add("document < {}", before)
    return await pool.fetch(where.fill(_DUTIES), *where.values)


async def interpretations(
    pool: ReadPool,
    *,
    document: UUID | None,
    region: str | None,
    state: str | None,
    staff: Actor | None,
    before: UUID | None,
    limit: int,
) -> Sequence[asyncpg.Record]:
    """At most `limit` interpretations below the id `before`; `staff` None asks for the public ones."""
    where = _Where(limit)
    where.visible(_PUBLIC_INTERPRETATION, staff)
    if document is not None:
        where.add("document = {}", document)
    if region is not None:
        where.below(region)
    if state is not None:
        where.add("state = {}", state)
    if before is not None:
        where.add("id < {}", before)
    return await pool.fetch(where.fill(_INTERPRETATIONS), *where.values)


async def interpretation(pool: ReadPool, interpretation_id: UUID) -> asyncpg.Record | None:
    """One interpretation, in whatever state, with the title and page of its document."""
    return await pool.fetchrow(_INTERPRETATION, interpretation_id)
