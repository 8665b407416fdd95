"""The doors of all services: commit before the answer, versions, validators, problem documents, health."""

import contextlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
import structlog

from libs.common import http
from libs.common.db import Database
from tests.documents import Life
from tests.platform import Platform

COUNTY = "/catalog/regions/990001"
BODY = {"name": "阳光县", "level": "county", "parent": None}
AT_COMMIT = """
create function refuse() returns trigger language plpgsql as $$ begin {} end $$;
create constraint trigger refuse after insert on region deferrable initially deferred
for each row execute function refuse();
"""


def refused(response: httpx.Response, status: int, code: str) -> Any:
    """Insist on a whole problem document; returns it."""
    problem = response.json()
    assert (response.status_code, problem["code"]) == (status, code), response.text
    assert response.headers["content-type"] == "application/problem+json"
    assert problem["status"] == status
    assert problem["type"] == f"urn:yangguang:problem:{code}"
    assert problem["detail"]
    return problem


@contextlib.asynccontextmanager
async def failing_commit(database: Database, does: str) -> AsyncIterator[None]:
    """Whatever inserts a region fails at commit."""
    await database.backbone.execute(AT_COMMIT.format(does))
    try:
        yield
    finally:
        await database.backbone.execute("drop trigger refuse on region; drop function refuse")


async def test_connections_that_were_lost_while_idle_cost_no_request(platform: Platform) -> None:
    headers = platform.token("administrator")
    assert (await platform.client.put(COUNTY, json=BODY, headers=headers)).status_code == 201
    assert (await platform.client.get("/catalog/regions")).status_code == 200
    ended = await platform.database("catalog").backbone.fetchval(
        "select count(pg_terminate_backend(pid, 5000)) from pg_stat_activity"
        " where application_name in ('catalog-write', 'catalog-read') and datname = current_database()"
    )
    assert ended >= 2
    answer = await platform.client.put(COUNTY, json=BODY, headers={**headers, "If-Match": '"v1"'})
    assert answer.status_code == 200, answer.text
    assert (await platform.client.get("/catalog/regions")).status_code == 200


async def test_an_act_that_takes_too_long_is_given_up_and_leaves_nothing(
    platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(http, "ACT_SECONDS", 0.2)
    headers = {**platform.token("administrator"), "Idempotency-Key": "slow"}
    database = platform.database("catalog")
    async with failing_commit(database, "perform pg_sleep(3); return null;"):
        with structlog.testing.capture_logs() as said:
            answer = await platform.client.put(COUNTY, json=BODY, headers=headers)
    refused(answer, 503, "unavailable")
    told = next(line for line in said if line["event"] == "database.unavailable")
    assert told["where"].startswith("libs.common.db:"), "operators see what it was waiting for: here the commit"
    assert answer.headers["Retry-After"]
    open_still = (
        "select count(*) from pg_stat_activity where application_name = 'catalog-write' and state like '%trans%'"
    )
    assert await database.backbone.fetchval(open_still) == 0
    monkeypatch.undo()
    assert (await platform.client.put(COUNTY, json=BODY, headers=headers)).status_code == 201


@pytest.mark.parametrize(
    ("does", "status", "code"),
    [
        ("raise exception 'not at commit';", 500, "internal_error"),
        ("raise exception 'once more' using errcode = '40001';", 503, "unavailable"),
        ("perform pg_terminate_backend(pg_backend_pid()); return null;", 503, "unavailable"),
    ],
)
@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "k"}])
async def test_a_failed_commit_is_never_a_success(
    platform: Platform, does: str, status: int, code: str, key: dict[str, str]
) -> None:
    headers = {**platform.token("administrator"), **key}
    async with failing_commit(platform.database("catalog"), does):
        answer = await platform.client.put(COUNTY, json=BODY, headers=headers)
        problem = refused(answer, status, code)
        assert "not at commit" not in answer.text
        assert problem["request_id"] == answer.headers["x-request-id"]
        assert answer.headers.get("retry-after") == ("2" if status == 503 else None)
    for table in ("region", "outbox", "audit_waiting", "idempotency"):
        assert await platform.database("catalog").backbone.fetchval(f"select count(*) from {table}") == 0
    answer = await platform.client.put(COUNTY, json=BODY, headers=headers)
    assert answer.status_code == 201


async def test_the_answer_leaves_after_the_commit(platform: Platform) -> None:
    answer = await platform.client.put(COUNTY, json=BODY, headers=platform.token("administrator"))
    assert answer.headers["etag"] == '"v1"'
    assert await platform.database("catalog").backbone.fetchval("select name from region") == "阳光县"


async def test_a_change_names_the_version_it_saw(seeded: Platform) -> None:
    life = await Life.draft(seeded)
    path = f"/publication/documents/{life.id}/submit"
    refused(await seeded.client.post(path, headers=life.editor), 428, "version_required")
    for malformed in ("v1", '"1"', "1", "*", '"v1", "v2"', '"v-1"', '"v"', '"v1234567890123456789"', '"v¹"'):
        sent = [(b"authorization", life.editor["Authorization"].encode()), (b"if-match", malformed.encode("latin-1"))]
        problem = refused(await seeded.client.post(path, headers=sent), 422, "malformed")
        assert problem["errors"][0]["field"] == "header.If-Match"
    for stale in ('"v2"', '"v999999999999999999"', '"v0"'):
        answer = await seeded.client.post(path, headers={**life.editor, "If-Match": stale})
        refused(answer, 412, "stale_version")
    answer = await seeded.client.post(path, headers={**life.editor, "If-Match": ' W/"v1" '})
    assert (answer.status_code, answer.headers["etag"]) == (200, '"v2"')


async def test_a_public_page_is_validated_by_its_bytes(seeded: Platform) -> None:
    life = await Life.published(seeded)
    first = await life.page()
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "public, max-age=5"
    path = f"/publication/documents/{life.id}"
    for seen in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        answer = await seeded.client.get(path, headers={"If-None-Match": seen})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", tag)
    answer = await seeded.client.get(path, headers={"If-None-Match": '"other"'})
    assert (answer.status_code, answer.content) == (200, first.content)
    await life.act("withdraw", {"kind": "notice", "reason": "已废止"}, life.reviewer)
    answer = await seeded.client.get(path, headers={"If-None-Match": tag})
    assert answer.headers["etag"] != tag
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("version", "state", "status"),
    [("0001", "ready", 200), (None, "behind", 503), ("9999", "ahead", 200)],
)
async def test_ready_means_that_the_schema_is_not_behind(
    platform: Platform, version: str | None, state: str, status: int
) -> None:
    backbone = platform.database("catalog").backbone
    current = await backbone.fetchval("select version_num from alembic_version")
    await backbone.execute("delete from alembic_version")
    try:
        if version:
            await backbone.execute("insert into alembic_version values ($1)", version if version != "0001" else current)
        for path, names in (("/readyz", 5), ("/catalog/readyz", 1)):
            answer = await platform.client.get(path)
            assert answer.status_code == status
            assert answer.json()["databases"]["catalog"] == state
            assert len(answer.json()["databases"]) == names
        assert (await platform.client.get("/publication/readyz")).status_code == 200
        assert (await platform.client.get("/healthz")).json() == {"status": "alive"}
    finally:
        await backbone.execute("delete from alembic_version")
        await backbone.execute("insert into alembic_version values ($1)", current)


async def test_a_request_keeps_its_id_or_gets_one(platform: Platform) -> None:
    async def answered(sent: str) -> str:
        return str((await platform.client.get("/healthz", headers={"X-Request-Id": sent})).headers["x-request-id"])

    assert await answered("gateway-1.2_3") == "gateway-1.2_3"
    for unusable in ("short", "x" * 65, "with space", "semi;colon", ""):
        made = await answered(unusable)
        assert made != unusable
        assert len(made) == 16


async def test_request_id_and_trace_travel_with_the_event(platform: Platform) -> None:
    trace = f"00-{uuid4().hex}-{'ab' * 8}-01"
    headers = {**platform.token("administrator"), "X-Request-Id": "gateway-123", "traceparent": trace}
    await platform.put(COUNTY, BODY, headers)
    headers["traceparent"] = "x" * 55
    await platform.put("/catalog/regions/990001101", {**BODY, "level": "town", "parent": "990001"}, headers)
    rows = await platform.database("catalog").backbone.fetch(
        "select headers->>'traceparent' as trace, headers->>'requestid' as request from outbox order by id"
    )
    assert [tuple(row) for row in rows] == [(trace, "gateway-123"), (None, "gateway-123")]


@pytest.mark.parametrize("path", ["/catalog/regions?parent=%00", "/catalog/%00", "/publication/listings/99%000001"])
async def test_the_nul_character_never_reaches_the_database(platform: Platform, path: str) -> None:
    refused(await platform.client.get(path), 422, "malformed")
    body = {**BODY, "name": "a\x00b"}
    answer = await platform.client.put(COUNTY, json=body, headers=platform.token("administrator"))
    assert refused(answer, 422, "malformed")["errors"][0]["message"] == "含有不允许的空字符"


@pytest.mark.parametrize(
    ("method", "path", "sent", "status", "code"),
    [
        ("GET", "/nowhere", b"", 404, "not_found"),
        ("GET", "/catalog/nowhere", b"", 404, "not_found"),
        ("DELETE", "/catalog/regions/990001", b"", 405, "method_not_allowed"),
        ("PUT", "/catalog/regions/990001", b"{", 422, "malformed"),
        ("PUT", "/catalog/regions/990001", b"\xff", 422, "malformed"),
        ("PUT", "/catalog/regions/990001", b" " * 2_000_001, 413, "too_large"),
        ("GET", "/catalog/regions?cursor=forged", b"", 422, "bad_cursor"),
        ("GET", "/catalog/regions?limit=0", b"", 422, "malformed"),
    ],
)
@pytest.mark.parametrize("key", [{}, {"Idempotency-Key": "k"}])
async def test_every_refusal_is_a_problem_document(
    platform: Platform, method: str, path: str, sent: bytes, status: int, code: str, key: dict[str, str]
) -> None:
    headers = {**platform.token("administrator"), "Content-Type": "application/json", **key}
    answer = await platform.client.request(method, path, content=sent, headers=headers)
    assert refused(answer, status, code)["request_id"] == answer.headers["x-request-id"]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["x-frame-options"] == "DENY"
    assert answer.headers["referrer-policy"] == "same-origin"


async def test_a_body_of_unknown_length_is_limited_too(platform: Platform) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b" " * 100_000

    headers = {**platform.token("administrator"), "Content-Type": "application/json"}
    refused(await platform.client.put(COUNTY, content=endless(), headers=headers), 413, "too_large")


async def test_who_hangs_up_while_sending_is_no_fault_of_ours(platform: Platform) -> None:
    sent: list[Any] = []
    parts: list[Any] = [{"type": "http.request", "body": b'{"name": ', "more_body": True}, {"type": "http.disconnect"}]

    async def receive() -> Any:
        return parts.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(name.lower().encode(), value.encode()) for name, value in platform.token("administrator").items()]
    scope = {"type": "http", "method": "PUT", "path": COUNTY, "raw_path": COUNTY.encode(), "query_string": b""}
    scope |= {"headers": headers, "root_path": "", "client": ("127.0.0.1", 1), "server": ("test", 80), "scheme": "http"}
    with structlog.testing.capture_logs() as logs:
        await platform.app(scope, receive, send)
    assert [message["status"] for message in sent if message["type"] == "http.response.start"] == [422]
    assert [log["event"] for log in logs if log["log_level"] == "error"] == []


async def test_what_happens_is_measured(platform: Platform) -> None:
    await platform.client.get("/catalog/regions")
    answer = await platform.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'http_requests_total{method="GET",service="catalog",status="200"}' in answer.text
    for name in ("http_request_duration_seconds_bucket", "sequencer_events_total", "parked_keys", "inbox_applied"):
        assert name in answer.text
