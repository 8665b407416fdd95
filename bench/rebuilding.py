"""How fast a listing is rebuilt, and what its readers feel of it."""

import asyncio
import os
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import asyncpg
import orjson

from bench.client import Load, get, open_loop
from bench.county import COUNTY
from bench.rig import Figure, Rig
from libs.common.events import DocumentPublished, Reach
from libs.common.identifiers import uuid7
from libs.common.outbox import cloud_headers
from libs.common.partition import partition

DOCUMENTS = 30_000
READS_PER_SECOND = 100
BEFORE_SECONDS = 10
REQUEST = get("/publication/listings/990001?limit=20")
_FIRST = datetime(2020, 1, 1, tzinfo=UTC)
_COLUMNS = ("position", "event_id", "topic", "part", "key", "version", "type", "payload", "headers")


async def rebuild(rig: Rig) -> list[Figure]:
    """`python -m services rebuild publication listing`, while the listing is read at a steady rate."""
    async with rig.connect("publication") as connection:
        await _say(connection)
    await _rebuilt(rig)  # the first one makes the listing that is read
    async with rig.services("api", ["publication"]) as (port, _):
        await _read(port, 3)
        before = await _read(port, BEFORE_SECONDS)
        started = time.perf_counter()
        rebuilding = asyncio.create_task(_rebuilt(rig))
        during = Load()
        while not rebuilding.done():
            part = await _read(port, 1)
            during.latencies += part.latencies
            during.statuses |= part.statuses
        seconds = await rebuilding - started
    assert set(before.statuses) == set(during.statuses) == {200}, during.statuses
    rate = DOCUMENTS / seconds
    p99, usual = during.quantile(0.99), before.quantile(0.99)
    return [
        Figure(f"rebuild of a listing of {DOCUMENTS:,} documents", "2,000 /s", f"{rate:,.0f} /s", rate >= 2_000),
        Figure(
            f"p99 of {READS_PER_SECOND} readers per second during it, against before",
            "≤ 1.5 ×",
            f"{p99 / usual:.2f} × ({p99 * 1000:.1f} ms of {usual * 1000:.1f} ms)",
            p99 / usual <= 1.5,
        ),
    ]


async def _read(port: int, seconds: int) -> Load:
    return await open_loop(port, [REQUEST] * (READS_PER_SECOND * seconds), READS_PER_SECOND)


async def _rebuilt(rig: Rig) -> float:
    """Run the command to its end; returns when that was. The start of the process counts."""
    url = rig.dsn("{service}").replace("%7B", "{").replace("%7D", "}")
    command = [sys.executable, "-m", "services", "rebuild", "publication", "listing"]
    environment = {**os.environ, "DATABASE_URL": url, "DATA_DIR": str(rig.data_dir), "LOG_LEVEL": "warning"}
    process = await asyncio.create_subprocess_exec(*command, env=environment, stdout=asyncio.subprocess.PIPE)
    said, _ = await process.communicate()
    assert process.returncode == 0, said
    assert f"{DOCUMENTS} things" in said.decode(), said
    return time.perf_counter()


async def _say(connection: asyncpg.Connection) -> None:
    """Publication has said that many documents, of which nothing is listed yet."""
    await connection.copy_records_to_table("journal", columns=_COLUMNS, records=_records())
    await connection.execute(
        "insert into thing (key, position, version, type) select key, position, version, type from journal"
    )
    await connection.execute("update journal_head set position = $1", DOCUMENTS)
    await connection.execute("vacuum (analyze) journal, thing")


def _records() -> Iterator[tuple[object, ...]]:
    for n in range(1, DOCUMENTS + 1):
        event, event_id = _event(n), uuid7()
        headers = orjson.dumps(cloud_headers(event, str(event_id))).decode()
        said = (event.topic(), partition(event.key), event.key, event.version, event.kind, event.model_dump_json())
        yield (n, event_id, *said, headers)


def _event(n: int) -> DocumentPublished:
    at, document = _FIRST + n * timedelta(minutes=25), uuid7()
    return DocumentPublished(
        version=4,
        at=at,
        document=document,
        region=COUNTY if n % 10 < 7 else f"990001{101 + n % 14}000",
        region_name="阳光县",
        organisation="990001-zf",
        organisation_name="阳光县人民政府",
        organisation_path=["990001-zf"],
        title=f"阳光县人民政府办公室关于做好第{n}批义务教育招生入学工作有关事项的通知",
        edition=1,
        index_number=f"11990001MB00000115/2026-{n:06}",
        doc_number=f"阳政办发〔2026〕{n}号",
        catalog_item="03001001",
        field="03",
        theme="科技、教育\\教育",
        genre="通知",
        column="政策文件",
        keywords=["义务教育", "招生"],
        summary="为做好义务教育招生入学工作,保障适龄儿童、少年依法接受义务教育,现就有关事项通知如下。",
        body_sha256="0" * 64,
        path=f"/publication/documents/{document}",
        written_on=date(2026, 5, 8),
        effective_on=None,
        expires_on=None,
        first_published_at=at,
        published_at=at,
        reach=Reach(towns="all", villages="all" if n % 2 else []),
        interpretation_required=False,
    )
