"""The kept sums of coverage and of duties: how they are counted anew, and how they are added up."""

from services.catalog.queries import of_region

COUNT_COVERAGE = f"""
with owed as (
  select i.code, i.field, i.predecessors || i.code as codes, body
  from item i left join local_terms l on l.item = i.code and l.region = $1
  cross join lateral unnest(case when cardinality(l.organisations) > 0 then l.organisations else array[''] end) body
  where i.retired_on is null and {of_region("$1")} and $2 = any(i.levels)
)
select o.field, o.body as organisation, count(*) as owed,
  count(*) filter (where s.covered) as covered,
  count(*) filter (where not s.covered and a.not_applicable is null) as missing,
  count(*) filter (where not s.covered and a.not_applicable is not null) as not_applicable,
  max(c.latest) as latest_published_at
from owed o
left join applicability a on a.region = $1 and a.item = o.code
cross join lateral (
  select max(published_at) as latest from covering
  where live and region = $1 and item = any(o.codes) and (o.body = '' or bodies = '{{}}' or o.body = any(bodies))
) c
cross join lateral (
  select c.latest is not null or exists (
    select from offline_disclosure where struck is null and region = $1 and item = any(o.codes)
  ) as covered
) s
group by o.field, o.body
"""  # noqa: S608 - put together from constants

CURRENT = """
select field, organisation, since, owed, covered, missing, not_applicable, overdue, latest_published_at
from tally where region = $1 and until is null
"""
ENDED = "update tally set until = $4 where region = $1 and field = $2 and organisation = $3 and until is null"
BEGUN = """
insert into tally (region, field, organisation, since, owed, covered, missing, not_applicable, overdue,
  latest_published_at) values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
on conflict (region, field, organisation, since) do update set until = null, owed = excluded.owed,
  covered = excluded.covered, missing = excluded.missing, not_applicable = excluded.not_applicable,
  overdue = excluded.overdue, latest_published_at = excluded.latest_published_at
"""
FORGET_DUTIES = "delete from duty_tally where region = $1"
KEEP_DUTIES = """
insert into duty_tally (region, field, organisation, month, met, late, open, overdue, waived)
values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
"""

# Marks are added and never looked up by those who add them, so that nobody waits for a count.
MARK = "insert into recount (region) values ($1)"
MARK_ALL = "insert into recount (region) select code from region where code between $1 and $2"
MARKED = "select region from recount group by region order by min(id) limit $1"
WAITING = "select count(distinct region) from recount"
UNMARK = "delete from recount where region = $1"
COUNTED = """
insert into tallied (region, day, at, calendar) values ($1, $2, clock_timestamp(), $3)
on conflict (region) do update set day = excluded.day, at = excluded.at, calendar = excluded.calendar
"""
COUNTED_BEFORE = "select day from tallied where region = $1"
# Those that are new, or were counted on another day, long ago (what a rebuild has mended since is in no mark), or with
# another calendar of working days.
MARK_DUE = """
insert into recount (region)
select r.code from region r left join tallied t on t.region = r.code
where (t.day is null or t.day < $1 or t.at < now() - interval '6 hours' or t.calendar <> $2)
  and not exists (select from recount c where c.region = r.code)
"""

# What a region itself owes and has, by field; the whole of it is the sum.
COVERAGE_BY_FIELD = """
select coalesce(json_agg(card order by card.field), '[]')::text from (
  select t.field, f.name as field_name, sum(t.owed) as items, sum(t.covered) as covered, sum(t.missing) as missing,
    sum(t.not_applicable) as not_applicable, max(t.latest_published_at) as latest_published_at
  from tally t join field f on f.code = t.field
  where t.region = $1 and t.until is null group by t.field, f.name
) card
"""

BY = {
    "region": ("t.region", "s.part", "n.name", "join region n on n.code = s.part"),
    "level": ("t.region", "n.level", "null", "join region n on n.code = s.part"),
    "field": ("t.field", "s.part", "n.name", "left join field n on n.code = s.part"),
    "organisation": (
        "t.organisation",
        "nullif(s.part, '')",
        "n.short_name",
        "left join organisation n on n.code = s.part",
    ),
    "month": ("t.month", "to_char(s.part, 'YYYY-MM')", "null", ""),
}
"""What sums are told by: the column that cuts them, the key of a row, its name, and where that is found.

Names are joined to the few rows that are left: to each counted one they would cost more than the sums.
"""

_WHERE = """
  where t.region between $1 and $2 and ($3::text is null or t.field = $3)
    and ($4::text is null or t.organisation = $4)
    and ($5::text is null or t.region in (select r.code from region r where r.level = $5))
"""
_SUMS = """
select {key} as key, max({name}) as name, {sums} from (
  select {part} as part, {partly} from {table} t {where} and {when} group by 1
) s {names} group by {key} order by {key} nulls first limit $6
"""
_COUNTED = {
    "tally": ("owed", "covered", "missing", "not_applicable", "overdue"),
    "duty_tally": ("met", "late", "open", "overdue", "waived"),
}


def coverage_by(by: str, *, on: bool) -> str:
    """The statement that sums coverage: as it is now, or `on` a day that is its last parameter."""
    return _sums("tally", by, "t.since <= $7 and (t.until is null or t.until > $7)" if on else "t.until is null")


def duties_by(by: str) -> str:
    """The statement that sums duties over months."""
    return _sums("duty_tally", by, "t.month between $7 and $8")


def _sums(table: str, by: str, when: str) -> str:
    part, key, name, names = BY[by]
    partly = [f"sum(t.{count}) as {count}" for count in _COUNTED[table]]
    sums = [f"sum(s.{count})::bigint as {count}" for count in _COUNTED[table]]
    if table == "tally":
        partly.append("max(t.latest_published_at) as latest_published_at")
        sums.append("max(s.latest_published_at) as latest_published_at")
    return _SUMS.format(
        key=key,
        name=name,
        part=part,
        names=names,
        table=table,
        where=_WHERE,
        when=when,
        partly=", ".join(partly),
        sums=", ".join(sums),
    )


AS_OF = """
select min(t.at) as counted_at,
  (select count(distinct region) from recount where region between $1 and $2) as waiting,
  exists (select from region where code = $3) as known
from tallied t where t.region between $1 and $2
"""
