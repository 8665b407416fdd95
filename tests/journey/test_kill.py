"""`kill -9` at random moments, of the whole platform or of processes of the cluster: what was acknowledged has each effect exactly once."""

import asyncio
import random
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg
import httpx
import pytest

from bench.county import approved_documents
from libs.common import audit
from libs.common.permission import Role
from services.registry import ALL
from tests.documents import body
from tests.kafka import needs_kafka, require_kafka
from tests.platform import ITEMS, ORGANISATIONS, REGIONS, item
from tests.process import ClusterProcess, Process, running

CLIENTS = 8
WITHDRAW_EVERY = 7
SETTLE_SECONDS = 60


@dataclass
class Ledger:
    """What the clients were told, kept outside the platform."""

    published: set[str] = field(default_factory=set)
    withdrawn: set[str] = field(default_factory=set)


@pytest.fixture(params=["all", pytest.param("cluster", marks=needs_kafka)])
async def process(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Process]:
    kind = {"all": Process, "cluster": ClusterProcess}[request.param]
    if kind is ClusterProcess:
        require_kafka()
    folder = Path(tempfile.mkdtemp(prefix="yg-kill-"))  # short: a socket's path has a limit
    folder.chmod(0o755)
    async with running(folder, tmp_path / "log", kind) as process:
        yield process
    shutil.rmtree(folder, ignore_errors=True)


async def test_kill_at_random_moments_loses_and_doubles_nothing(process: Process) -> None:
    ledger = Ledger()
    await _seed(process)
    documents = await _documents(process)
    progress = asyncio.Event()
    clients = [asyncio.create_task(_publish(process, documents, ledger, progress)) for _ in range(CLIENTS)]
    chance = random.Random(20261122)
    for kill in range(1, process.kills + 1):
        while len(ledger.published) < kill * process.publishes // (process.kills + 1):
            progress.clear()
            await progress.wait()
        await asyncio.sleep(chance.random() * 0.05)  # any moment of an act, a batch or a delivery
        process.kill()
        await process.start()
    await asyncio.gather(*clients)
    assert len(ledger.published) == process.publishes
    await _settled(process)
    await _check(process, ledger)
    await _check_receipts(process, ledger)
    assert await process.stop() == 0
    assert not (process.data_dir / "postgres" / "postmaster.pid").exists()


async def _call(process: Process, method: str, path: str, key: str, **request: Any) -> httpx.Response:
    """One call, repeated under its idempotency key until it is answered: the answer may have been lost in a kill."""
    headers = {**request.pop("headers"), "Idempotency-Key": key}
    while True:
        try:
            answer = await process.client.request(method, path, headers=headers, **request)
        except httpx.TransportError:
            await asyncio.sleep(0.05)
            continue
        if answer.is_success:
            return answer
        waits = answer.status_code in (500, 503) or answer.json()["code"] == "unknown_reference"
        assert waits, answer.text
        await asyncio.sleep(0.05)


async def _publish(
    process: Process, documents: Iterator[tuple[int, str | None]], ledger: Ledger, progress: asyncio.Event
) -> None:
    editor, reviewer = process.token(Role.EDITOR), process.token(Role.REVIEWER)
    for n, content_id in documents:
        etag = '"v3"'
        if content_id is None:
            content_id, etag = await _write(process, n)
        path = f"/publication/documents/{content_id}"
        headers = {**editor, "If-Match": etag}
        answer = await _call(process, "POST", f"{path}/publish", f"{n}-publish", headers=headers)
        ledger.published.add(content_id)
        progress.set()
        if n % WITHDRAW_EVERY == 0:
            headers = {**reviewer, "If-Match": answer.headers["etag"]}
            how = {"kind": "gone", "reason": "测试"}
            await _call(process, "POST", f"{path}/withdraw", f"{n}-withdraw", json=how, headers=headers)
            ledger.withdrawn.add(content_id)


async def _write(process: Process, n: int) -> tuple[str, str]:
    """Bring a document as far as its approval. Returns its id and its ETag."""
    editor, reviewer = process.token(Role.EDITOR), process.token(Role.REVIEWER)
    required = {"interpretation": {"required": n % 2 == 0}}
    draft = body(title=f"文件 {n}", doc_number=None, **required)
    answer = await _call(process, "POST", "/publication/documents", f"{n}-draft", json=draft, headers=editor)
    path, content_id = answer.json()["path"], answer.json()["content_id"]
    for act, who in (("submit", editor), ("approve", reviewer)):
        headers = {**who, "If-Match": answer.headers["etag"]}
        answer = await _call(process, "POST", f"{path}/{act}", f"{n}-{act}", headers=headers)
    return content_id, answer.headers["etag"]


async def _documents(process: Process) -> Iterator[tuple[int, str | None]]:
    """What is to be published: every `written_every`-th is yet to be written, the others wait approved at version 3."""
    written = [n % process.written_every == 0 for n in range(process.publishes)]
    connection = await asyncpg.connect(process.dsn("publication"))
    try:
        ready = iter(await approved_documents(connection, written.count(False)))
    finally:
        await connection.close()
    return iter([(n, None if write else str(next(ready))) for n, write in enumerate(written)])


async def _seed(process: Process) -> None:
    admin = process.token(Role.ADMINISTRATOR)
    for code, name, level, parent in REGIONS:
        region = {"name": name, "level": level, "parent": parent}
        await _call(process, "PUT", f"/catalog/regions/{code}", code, json=region, headers=admin)
    for code, name, prefix, uscc, region_code, parent in ORGANISATIONS:
        made = {"name": name, "short_name": name, "doc_prefix": prefix, "uscc": uscc, "region": region_code}
        path = f"/catalog/organisations/{code}"
        await _call(process, "PUT", path, code, json={**made, "parent": parent}, headers=admin)
    for code, field_code, field_name in ITEMS:
        await _call(process, "PUT", f"/catalog/items/{code}", code, json=item(field_code, field_name), headers=admin)


async def _settled(process: Process) -> None:
    """Every outbox empty and every listener at the head of what it hears."""
    async with asyncio.timeout(SETTLE_SECONDS):
        for _ in range(2):  # what the first round delivers may say something new
            for service in ALL:
                for source in service.sources:
                    while not await _caught_up(process, service.name, source):
                        await asyncio.sleep(0.1)


async def _caught_up(process: Process, service: str, source: str) -> bool:
    if await _value(process, source, "select exists (select from outbox)"):
        return False
    head = await _value(process, source, "select position from journal_head")
    offset = await _value(process, service, f"select position from consumer_offset where source = '{source}'")
    return bool(offset == head)


async def _check(process: Process, ledger: Ledger) -> None:
    live = ledger.published - ledger.withdrawn
    for each in ALL:
        await _check_backbone(process, each.name)
    said = "select key, count(*) from journal where type = '{}' group by key"
    published = await _pairs(process, "publication", said.format("publication.document.published.v1"))
    assert published == dict.fromkeys(ledger.published, 1)
    withdrawn = await _pairs(process, "publication", said.format("publication.document.withdrawn.v1"))
    assert withdrawn == dict.fromkeys(ledger.withdrawn, 1)
    opened = await _pairs(process, "citizen_feedback", said.format("citizen_feedback.response.opened.v1"))
    assert opened == dict.fromkeys(ledger.published, 1)
    for service in ("publication", "village_affairs"):
        assert await _pairs(process, service, "select id::text, 1 from listing_entry") == dict.fromkeys(live, 1)
    covering = await _pairs(process, "catalog", "select document::text, count(*) from covering where live group by 1")
    assert covering == dict.fromkeys(live, 1)
    duties = await _value(process, "policy_interpretation", "select count(*) from duty where state = 'open'")
    required = "select count(*) from edition where state = 'live' and interpretation_required"
    assert duties == await _value(process, "publication", required)


async def _check_receipts(process: Process, ledger: Ledger) -> None:
    for content_id in ledger.published:
        receipt = (await process.client.get(f"/publication/documents/{content_id}/propagation")).json()
        assert {effect["state"] for effect in receipt["effects"]} == {"applied"}, receipt


async def _check_backbone(process: Process, service: str) -> None:
    positions = "select count(*) = coalesce(max(position), 0) and coalesce(min(position), 1) = 1 from journal"
    assert await _value(process, service, positions), "the journal has a gap"
    doubled = "select count(*) from (select from journal group by topic, key, version having count(*) > 1) d"
    assert await _value(process, service, doubled) == 0
    assert await _value(process, service, "select count(*) from parked") == 0
    connection = await asyncpg.connect(process.dsn(service))
    try:
        while await connection.fetchval("select exists (select from audit_waiting)"):
            await asyncio.sleep(0.1)
        assert (await audit.verify(connection))[1] is None
    finally:
        await connection.close()


async def _value(process: Process, service: str, sql: str) -> Any:
    connection = await asyncpg.connect(process.dsn(service))
    try:
        return await connection.fetchval(sql)
    finally:
        await connection.close()


async def _pairs(process: Process, service: str, sql: str) -> dict[str, int]:
    connection = await asyncpg.connect(process.dsn(service))
    try:
        return {row[0]: row[1] for row in await connection.fetch(sql)}
    finally:
        await connection.close()
