"""The listings of catalog: ordered by code, paged by key, each row built as JSON by PostgreSQL.

A listing statement takes the code to start after, how many rows to read and then its filters, null meaning
any; it answers (code, card). However many rows a page has, it is one statement.
"""

from dataclasses import dataclass

import orjson

from libs.common.paging import Cursors
from libs.common.read_pool import ReadPool
from services.catalog.rules.negative import ARTICLES

REGIONS = """
select card.code, row_to_json(card)::text as card from (
  select code, name, level, parent, version from region
  where code > $1 and ($3::text is null or parent = $3) order by code limit $2
) card
"""

ORGANISATIONS = """
select card.code, row_to_json(card)::text as card from (
  select code, name, short_name, doc_prefix, uscc, region, parent, path, version from organisation
  where code > $1 and ($3::text is null or region = $3) and ($4::text is null or parent = $4)
  order by code limit $2
) card
"""


def of_region(region: str) -> str:
    """The condition that an item is of the catalog of a region: of the standard, or a local item of its county.

    No level but the county keeps items of its own. Without a region: the standard.
    """
    return f"(i.region is null or i.region = rpad(left({region}, 6), 12, '0'))"


_ITEM = """
  select i.code, i.field, f.name as field_name, i.level1_item, i.level2_item, i.level3_item,
    i.content_elements, i.legal_basis, i.time_limit, i.responsible_body, i.channels,
    i.audience, i.audience_group, i.disclosure_method, i.levels, i.optional_elements, i.channel_rule,
    i.optional_channels, i.stages, i.item_type, i.section, i.enquiry_phone, i.complaint_phone, i.link, i.time_limits,
    i.source, i.confidence, i.region, i.retired_on, i.predecessors, i.version
  from item i join field f on f.code = i.field
"""

# The words are made into patterns once; a subquery for each item would take longer than all the rest.
ITEMS = rf"""
select card.code, row_to_json(card)::text as card from ({_ITEM}
  where i.retired_on is null
    and i.code > $1 and {of_region("$10::text")}
    and ($3::text is null or i.field = $3) and ($4::text is null or $4 = any(i.levels))
    and ($5::bool is null or $5 = (i.time_limits->'unread' <> '[]'))
    and ($6::text is null or i.audience = $6) and ($7::text is null or position($7 in i.responsible_body) > 0)
    and ($8::text is null or i.searched || ' ' || f.name like all((
      select array_agg('%' || replace(replace(replace(word, '\', '\\'), '%', '\%'), '_', '\_') || '%')
      from unnest(string_to_array($8, ' ')) word
    )::text[]))
    and ($9::text is null or i.confidence = $9)
  order by i.code limit $2
) card
"""  # noqa: S608 - put together from constants of this module

ALL_ITEMS = f"""
select row_to_json(card)::text as card from ({_ITEM}
  where i.retired_on is null and ($1::text is null or i.field = $1) and ($2::text is null or $2 = any(i.levels))
    and {of_region("$3::text")}
  order by i.code
) card
"""  # noqa: S608 - as above

FIELD_CODES = "select code, name from field"

# What `services.catalog.rules.levels.Keeper` asks for.
TREE = "select code from region where level = 'province' or code = $1"

REGION_NAME = "select name from region where code = $1"

ITEM = f"select row_to_json(card)::text from ({_ITEM} where i.code = $1) card"  # noqa: S608 - as above

TEMPLATE = """
select coalesce(i.level3_item, i.level2_item) as name, t.version, coalesce(t.fields, '[]')::text as fields
from item i left join template t on t.item = i.code where i.code = $1
"""

CODES = "select code, field, level1_item from item order by code"

FIELDS = f"""
select coalesce(json_agg(card order by card.code), '[]')::text from (
  select f.code, f.name, count(*) as items from field f join item i on i.field = f.code
  where i.retired_on is null and {of_region("$1::text")} group by f.code
) card
"""  # noqa: S608 - as above

# The terms of the regions in $4, from the top: a code sorts behind those of the regions that it lies in.
OWED = f"""
select i.code, i.field, i.time_limits::text as time_limits, array(
    select l.time_limits::text from local_terms l where l.item = i.code and l.region = any($4) order by l.region
  ) as terms, coalesce(
    (select l.organisations from local_terms l where l.item = i.code and l.region = $1), '{{}}'
  ) as bodies, json_build_object('field', i.field, 'field_name', f.name,
  'level1_item', i.level1_item, 'level2_item', i.level2_item, 'responsible_body', coalesce((
    select l.responsible_body from local_terms l
    where l.item = i.code and l.region = any($4) and l.responsible_body is not null order by l.region desc limit 1
  ), i.responsible_body))::text as card
from item i join field f on f.code = i.field
where i.retired_on is null and {of_region("$1")} and $2 = any(i.levels) and ($3::text is null or i.field = $3)
  and (i.time_limits @? '$.limits[*].recurrence.every' or exists (
    select from local_terms l
    where l.item = i.code and l.region = any($4) and l.time_limits @? '$.limits[*].recurrence.every'
  ) or exists (select from occasion o where o.struck is null and o.region = $1 and o.item = i.code))
  and not exists (
    select from applicability a where a.region = $1 and a.item = i.code and a.not_applicable is not null
  )
"""  # noqa: S608 - as above

# What was published under an item counts for the one that follows it.
PUBLISHED_UNDER = """
select i.code as item, c.document::text, null as offline, c.published_at, null as disclosed_on, c.bodies
from item i join covering c on c.live and c.region = $1 and c.item = any(i.predecessors || i.code)
where i.code = any($2) and c.published_at >= $3
union all
select i.code, null, o.code, null, o.disclosed_on, '{}'
from item i join offline_disclosure o on o.struck is null and o.region = $1 and o.item = any(i.predecessors || i.code)
where i.code = any($2) and o.disclosed_on >= $3::timestamptz::date
"""

OCCASIONS = """
select card.code, row_to_json(card)::text as card from (
  select code, region, item, trigger, happened_on, what, organisation, struck, version from occasion
  where code > $1 and ($3::text is null or region = $3) and ($4::text is null or item = $4)
    and ($5::bool is null or (struck is not null) = $5)
  order by code limit $2
) card
"""

COUNTED_OCCASIONS = """
select code, item, trigger, happened_on, organisation from occasion
where struck is null and region = $1 and item = any($2)
"""

BODY_NAMES = "select code, short_name from organisation where code = any($1)"

LOCAL_TERMS = """
select card.code, (to_jsonb(card) - 'code')::text as card from (
  select region || ' ' || item as code, region, item, time_limit, responsible_body, organisations, version
  from local_terms
  where region || ' ' || item > $1 and ($3::text is null or region = $3) and ($4::text is null or item = $4)
  order by region, item limit $2
) card
"""

# With both filters, one member has to be that item at that level.
CORRESPONDENCES = """
select card.code, row_to_json(card)::text as card from (
  select c.code, c.title, (
      select jsonb_agg(m.said || jsonb_build_object('field', i.field, 'level1_item', i.level1_item,
        'level2_item', i.level2_item, 'level3_item', i.level3_item, 'retired_on', i.retired_on) order by m.n)
      from jsonb_array_elements(c.members) with ordinality m (said, n) join item i on i.code = m.said ->> 'item'
    ) as members, c.basis, c.reason, c.dissolved, c.version
  from correspondence c
  where c.code > $1
    and c.members @> jsonb_build_array(jsonb_strip_nulls(jsonb_build_object('item', $3::text, 'level', $4::text)))
    and ($5::bool is null or (c.dissolved is not null) = $5)
  order by c.code limit $2
) card
"""

LIMITS = "select code, time_limits::text from item where code = any($1)"

# Of the terms of items, those that say something.
TERMS = """
select item, region, time_limit, time_limits::text, responsible_body from local_terms
where item = any($1) and (time_limit is not null or responsible_body is not null) order by item, region
"""

WAIVED = "select item, period_start from waiver where region = $1 and item = any($2) and waived is not null"

OFFLINE = """
select card.code, row_to_json(card)::text as card from (
  select code, region, item, channel, disclosed_on, place, evidence, struck, version from offline_disclosure
  where code > $1 and ($3::text is null or region = $3) and ($4::text is null or item = $4)
    and ($5::bool is null or (struck is not null) = $5)
  order by code limit $2
) card
"""

_REVISION = """
  select r.code, r.field, r.title, r.reason, r.adjustments, r.state, r.legality_opinion, r.consulting_from,
    r.consulting_until, r.shortened_reason, r.adopted_on, r.effective_on, r.edition, (
      select json_build_object('received', count(*), 'adopted', count(*) filter (where outcome = 'adopted'),
        'partly', count(*) filter (where outcome = 'partly'),
        'not_adopted', count(*) filter (where outcome = 'not_adopted'))
      from revision_comment c where c.revision = r.code
    ) as comments, r.version
  from revision r
"""

REVISIONS = f"""
select card.code, row_to_json(card)::text as card from ({_REVISION}
  where r.code > $1 and r.state = any(string_to_array($3, ','))
    and ($4::text is null or r.field = $4) and ($5::text is null or r.state = $5)
  order by r.code limit $2
) card
"""  # noqa: S608 - put together from constants of this module

REVISION = f"select row_to_json(card)::text from ({_REVISION} where r.code = $1 and r.state = any($2)) card"  # noqa: S608 - as above

ADJUSTMENTS = "select adjustments::text from revision where code = $1 and state = any($2)"

# A comment is shown to everybody ($4: 'answered') when it has been read and answered.
COMMENTS = """
select card.number::text as code, row_to_json(card)::text as card from (
  select number, item, text, received_at, outcome, answer, answered_at, version from revision_comment
  where number > coalesce(nullif($1, ''), '0')::bigint and revision = $3
    and case $4::text when 'answered' then outcome is not null when 'waiting' then outcome is null else true end
  order by number limit $2
) card
"""

EDITIONS = """
select coalesce(json_agg(card order by card.number desc), '[]')::text from (
  select number, revision, in_force_on, jsonb_array_length(items) as items from catalog_edition where field = $1
) card
"""

EDITION = "select items::text from catalog_edition where field = $1 and number = $2"

_ARTICLE = " ".join(f"when '{ground}' then '{article}'" for ground, article in ARTICLES.items())

NEGATIVE = f"""
select card.code, row_to_json(card)::text as card from (
  select code, region, name, ground, case ground {_ARTICLE} end as article, basis, reason, review_on, lifted_on, version
  from negative_entry
  where code > $1 and ($3::text is null or region = $3) and ($4::text is null or ground = $4)
    and ($5::bool is null or (lifted_on is not null) = $5)
  order by code limit $2
) card
"""  # noqa: S608 - put together from constants

LEVEL = "select level from region where code = $1"

PLACE = "select level, name from region where code = $1"

_COVERED = f"""
  from item i join field f on f.code = i.field
  left join applicability a on a.region = $1 and a.item = i.code
  cross join lateral (
    select count(*) as documents, max(published_at) as latest_published_at
    from covering where live and region = $1 and item = any(i.predecessors || i.code)
  ) c
  cross join lateral (
    select count(*) as offline_disclosures, max(disclosed_on) as latest_disclosed_on
    from offline_disclosure where struck is null and region = $1 and item = any(i.predecessors || i.code)
  ) o
  cross join lateral (
    select case when c.documents + o.offline_disclosures > 0 then 'covered'
      when a.not_applicable is not null then 'not_applicable' else 'missing' end as state
  ) s
  where i.retired_on is null and {of_region("$1")} and $2 = any(i.levels)
"""  # noqa: S608 - as above

COVERAGE = f"""
select card.code, row_to_json(card)::text as card from (
  select i.code, i.field, f.name as field_name, i.level1_item, i.level2_item, i.level3_item,
    s.state = 'covered' as covered, s.state, a.not_applicable, a.version as applicability_version,
    c.documents, c.latest_published_at, o.offline_disclosures, o.latest_disclosed_on
  {_COVERED.replace("$2", "$4").replace("$1", "$3")}
    and i.code > $1 and ($5::text is null or i.field = $5)
    and ($6::bool is null or (s.state = 'covered') = $6) and ($7::text is null or s.state = $7)
  order by i.code limit $2
) card
"""  # noqa: S608 - put together from constants of this module


@dataclass(frozen=True)
class Page:
    """One page of one listing. `scope` names listing and filters: a cursor is no use for another one."""

    statement: str
    filters: tuple[str | bool | None, ...]
    scope: str
    limit: int
    cursor: str | None


async def read_page(pool: ReadPool, cursors: Cursors, page: Page) -> tuple[bytes, str | None]:
    """The page as JSON `{"items": […], "next": cursor or null}`, and the next cursor. Raises ForgedCursor."""
    after = cursors.read(page.cursor, page.scope)[0] if page.cursor is not None else ""
    rows = await pool.fetch(page.statement, after, page.limit + 1, *page.filters)
    cursor = None
    if len(rows) > page.limit:
        rows = rows[: page.limit]
        cursor = cursors.sign((rows[-1]["code"],), page.scope)
    items = ",".join(row["card"] for row in rows)
    return f'{{"items":[{items}],"next":{orjson.dumps(cursor).decode()}}}'.encode(), cursor
