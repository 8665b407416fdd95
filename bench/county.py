"""Data for measurements, written straight into publication's tables: 100,000 documents would take hours by hand."""

from uuid import UUID

import asyncpg

COUNTY = "990001000000"

_COLUMNS = """
insert into edition (content_id, number, state, region, title, body_html, body_sha256, sanitiser_version, summary,
  catalog_item, field, doc_number, theme, genre, column_name, keywords, written_on, disclosure, reach,
  interpretation_required, drafted_by, submitted_by, approved_by, changed_at, published_at)
"""
_EDITION = """
  'bench-title ' || n, '<p>正文</p>', 'x', 1, '摘要', '03001001', '03', null, '其他', '通知', '政策文件', '{}',
  '2026-01-05', 'proactive', '{"towns": "all", "villages": "all"}', true, 'drafter', 'drafter', 'approver', now()
"""


async def listed_documents(connection: asyncpg.Connection, count: int) -> None:
    """List `count` documents: seven in ten of the county, the rest of 14 towns and 209 villages."""
    await connection.execute(
        """
        insert into listing_entry (id, kind, region, county, town, all_towns, all_villages, field, item, theme,
                                   column_name, published_at, version, card)
        select id, 'document', region, '990001000000',
               case when region = '990001000000' then null else left(region, 9) || '000' end,
               n % 3 = 0, n % 2 = 0, lpad((n % 26 + 1)::text, 2, '0'), lpad((n % 243)::text, 8, '0'), '综合政务',
               '政策文件', timestamptz '2020-01-01' + n * interval '25 minutes', 3,
               json_build_object('kind', 'document', 'id', id, 'title',
                 '阳光县人民政府办公室关于做好第' || n || '批义务教育招生入学工作有关事项的通知', 'region', region,
                 'region_name', '阳光县', 'organisation', '990001-zf', 'organisation_name', '阳光县人民政府',
                 'index_number', '11990001MB00000115/2026-' || lpad(n::text, 6, '0'), 'doc_number',
                 '阳政办发〔2026〕' || n || '号', 'catalog_item', '03001001', 'field', '03', 'theme',
                 '科技、教育\\教育', 'genre', '通知', 'column', '政策文件', 'summary',
                 '为做好义务教育招生入学工作,保障适龄儿童、少年依法接受义务教育,现就有关事项通知如下。', 'written_on',
                 '2026-05-08', 'published_at', '2026-05-09T01:30:00+00:00', 'path',
                 '/publication/documents/' || id)::text
        from (select n, gen_random_uuid() as id,
                case when n % 10 < 7 then '990001000000'
                     when n % 10 < 9 then '990001' || (101 + n % 14) || '000'
                     else '990001' || (101 + n % 14) || (201 + n % 15) end as region
              from generate_series(1, $1::int) n) made
        """,
        count,
    )
    await connection.execute("analyze listing_entry")


async def approved_documents(connection: asyncpg.Connection, count: int, earlier: int = 0) -> list[UUID]:
    """`count` documents with an approved edition, each after `earlier` superseded editions and, then, a live one."""
    rows = await connection.fetch(
        """
        insert into document (content_id, version, region, organisation, organisation_path, index_number, created_at,
                              first_published_at)
        select id, 3, $2, '990001-zf', '{990001-zf}', 'bench-' || id, now(), case when $3 > 0 then now() end
        from (select gen_random_uuid() as id from generate_series(1, $1::int)) made returning content_id
        """,
        count,
        COUNTY,
        earlier,
    )
    ids = [row["content_id"] for row in rows]
    await connection.execute(
        f"{_COLUMNS} select id, n, case when n > $2 then 'approved' when n = $2 then 'live' else 'superseded' end, $3,"
        f" {_EDITION}, case when n <= $2 then now() end from unnest($1::uuid[]) id, generate_series(1, $2 + 1) n",
        ids,
        earlier,
        COUNTY,
    )
    await connection.execute("analyze document")
    await connection.execute("analyze edition")
    return ids


async def outbox_rows(connection: asyncpg.Connection, count: int) -> None:
    """Events waiting to be sequenced, of the size that a published document's has."""
    await connection.execute(
        """
        insert into outbox (event_id, topic, part, key, version, type, payload, headers)
        select gen_random_uuid(), 'yangguang.catalog', n % 12, 'bench-' || n, 1, 'bench.v1',
               json_build_object('version', 1, 'text', repeat('公开', 400)),
               '{"ce_specversion": "1.0", "ce_type": "bench.v1"}'
        from generate_series(1, $1::int) n
        """,
        count,
    )
