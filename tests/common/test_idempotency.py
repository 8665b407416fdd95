"""A repeated call with the same `Idempotency-Key` gets the first answer and acts no second time."""

import asyncio
from typing import Any

import httpx
import pytest

from tests.documents import Life, body
from tests.platform import Platform

KEY = "5f0e2f0c-6a1b-4b6e-8f3e-2f8c5d1a9b7e"
VILLAGE = "/catalog/regions/990001101203"


async def draft(platform: Platform, key: str = KEY, subject: str = "editor", **changes: Any) -> httpx.Response:
    """Draft a document."""
    headers = {**platform.token("editor", subject=subject), "Idempotency-Key": key}
    return await platform.client.post("/publication/documents", json=body(**changes), headers=headers)


async def drafts(platform: Platform) -> int:
    """How many were drafted."""
    return int(await platform.database("publication").backbone.fetchval("select count(*) from document"))


def refused(response: httpx.Response, status: int, code: str) -> Any:
    """Insist on this refusal; returns the problem document."""
    assert (response.status_code, response.json()["code"]) == (status, code), response.text
    return response.json()


async def test_a_repeated_call_gets_the_same_answer_byte_for_byte(seeded: Platform) -> None:
    first, second = await draft(seeded), await draft(seeded)
    assert first.status_code == second.status_code == 201
    assert first.content == second.content
    for name in ("etag", "content-type", "location"):
        assert first.headers.get(name) == second.headers.get(name)
    assert first.headers["etag"] == '"v1"'
    assert "idempotency-replayed" not in first.headers
    assert second.headers["idempotency-replayed"] == "true"
    assert first.headers["x-request-id"] != second.headers["x-request-id"]
    assert await drafts(seeded) == 1


async def test_an_act_is_answered_again_although_the_version_has_moved_on(seeded: Platform) -> None:
    life = await Life.draft(seeded)
    seen = life.version
    keyed = {**life.editor, "Idempotency-Key": KEY}
    first = await life.act("submit", headers=keyed)
    life.version = seen
    again = await life.act("submit", headers=keyed)
    assert (again.content, again.headers["etag"]) == (first.content, first.headers["etag"])
    life.version = seen
    refused(await life.act("submit", ok=False), 409, "wrong_state")


async def test_another_request_under_the_same_key_is_refused(seeded: Platform) -> None:
    await draft(seeded)
    problem = refused(await draft(seeded, title="另一个标题"), 422, "idempotency_key_reused")
    assert problem["errors"][0]["field"] == "header.Idempotency-Key"
    headers = {**seeded.token("editor", subject="editor"), "Idempotency-Key": KEY}
    elsewhere = await seeded.client.post("/publication/documents?n=2", json=body(), headers=headers)
    refused(elsewhere, 422, "idempotency_key_reused")
    assert await drafts(seeded) == 1


async def test_concurrent_calls_with_one_key_act_once(seeded: Platform) -> None:
    answers = await asyncio.gather(*(draft(seeded) for _ in range(4)))
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.content for answer in answers}) == 1
    assert sum("idempotency-replayed" in answer.headers for answer in answers) == 3
    assert await drafts(seeded) == 1


async def test_a_refused_call_may_be_tried_again_with_its_key(seeded: Platform) -> None:
    admin = {**seeded.token("administrator"), "Idempotency-Key": KEY}
    village = {"name": "北庄村", "level": "village", "parent": "990001103000"}
    path = "/catalog/regions/990001103201"
    refused(await seeded.client.put(path, json=village, headers=admin), 422, "unknown_reference")
    town = {"name": "和风镇", "level": "town", "parent": "990001000000"}
    await seeded.put("/catalog/regions/990001103000", town, seeded.token("administrator"))
    answer = await seeded.client.put(path, json=village, headers=admin)
    assert answer.status_code == 201
    assert "idempotency-replayed" not in answer.headers


async def test_a_call_without_a_valid_token_leaves_no_trace(seeded: Platform) -> None:
    anonymous = await seeded.client.post("/publication/documents", json=body(), headers={"Idempotency-Key": KEY})
    refused(anonymous, 401, "not_signed_in")
    assert (await draft(seeded)).status_code == 201
    assert await drafts(seeded) == 1


async def test_the_key_of_another_caller_is_another_key(seeded: Platform) -> None:
    first, second = await draft(seeded), await draft(seeded, subject="another editor")
    assert second.status_code == 201
    assert "idempotency-replayed" not in second.headers
    assert first.json()["content_id"] != second.json()["content_id"]


@pytest.mark.parametrize("key", ["", "two words", "k" * 201, "schlüssel"])
async def test_an_unusable_key_is_refused(platform: Platform, key: str) -> None:
    sent = [(b"Authorization", platform.token("administrator")["Authorization"].encode())]
    sent.append((b"Idempotency-Key", key.encode("latin-1")))
    county = {"name": "阳光县", "level": "county", "parent": None}
    answer = await platform.client.put("/catalog/regions/990001", json=county, headers=sent)
    assert refused(answer, 422, "malformed")["errors"][0]["field"] == "header.Idempotency-Key"
    assert await platform.database("catalog").backbone.fetchval("select count(*) from region") == 0


async def test_the_longest_key_is_taken(seeded: Platform) -> None:
    assert (await draft(seeded, key="~" * 200)).status_code == 201
