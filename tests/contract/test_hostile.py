"""Bad input is refused with a reason, changes nothing, is not repeated to anybody, and never breaks anything."""

from collections.abc import AsyncIterator, Awaitable, Callable

import orjson
import pytest
from sqlalchemy.pool import QueuePool

from services import NAMES
from services.catalog.routes.spreadsheets import LARGEST_BODY
from tests.contract import forged, things
from tests.contract.hostile import (
    CONTENT_TYPES,
    IDEMPOTENCY_KEYS,
    IDS,
    IF_MATCH,
    MARK,
    TOO_LARGE,
    Sender,
    bodies,
    check_refused,
)
from tests.contract.ledger import everything
from tests.contract.reads import READS
from tests.contract.rows import ACTS
from tests.platform import Platform

LARGE = {"/catalog/items": LARGEST_BODY + 1_000_000}


@pytest.mark.parametrize("service", NAMES)
async def test_acts(seeded: Platform, subtests: pytest.Subtests, service: str) -> None:
    """The cases share one county: what is refused leaves it as it is, and only the last case takes the act."""
    for act in ACTS:
        if act.service == service and not act.variant:
            sender = Sender(seeded, act, await act.prepare(seeded))
            for case in CASES:
                with subtests.test(f"{act}: {case.__name__.strip('_')}"):
                    before = await everything(seeded)
                    await case(sender)
                    assert await everything(seeded) == before
            with subtests.test(f"{act}: idempotency key"):
                await _idempotency_key(seeded, sender)


async def _bodies(sender: Sender) -> None:
    if sender.body is not None:
        for wrong, content in bodies(sender.body):
            check_refused(await sender.send(content=content), wrong)


async def _large_bodies(sender: Sender) -> None:
    if sender.body is not None:
        size = LARGE.get(sender.act.route, TOO_LARGE)
        large = orjson.dumps({**sender.body, "more": MARK * (size // len(MARK))})
        for content in (large, _in_pieces(large)):
            response = await sender.send(content=content)
            check_refused(response)
            assert response.status_code == 413
        keyed = await sender.send({"Idempotency-Key": "large"}, content=large)
        assert keyed.status_code == 413


async def _in_pieces(content: bytes) -> AsyncIterator[bytes]:
    """Without a length that could be looked at beforehand."""
    for start in range(0, len(content), 65_536):
        yield content[start : start + 65_536]


async def _content_types(sender: Sender) -> None:
    if sender.body is not None:
        for name in CONTENT_TYPES:
            check_refused(await sender.send({"Content-Type": name}, content=orjson.dumps(sender.body)), name)


async def _versions(sender: Sender) -> None:
    if sender.thing.version is not None:
        for value in IF_MATCH:
            response = await sender.send({"If-Match": value})
            check_refused(response, value)
            assert response.status_code == 422, value
        for version in (0, sender.thing.version + 1, 10**18 - 1):
            response = await sender.send({"If-Match": f'"v{version}"'})
            check_refused(response)
            assert response.status_code == 412


async def _keys(sender: Sender) -> None:
    for key in IDEMPOTENCY_KEYS:
        response = await sender.send({"Idempotency-Key": key})
        check_refused(response, key)
        assert response.status_code == 422


async def _addresses(sender: Sender) -> None:
    for name in sender.thing.values:
        for value in IDS:
            path = sender.act.route.format(**{**sender.thing.values, name: value})
            check_refused(await sender.send(path=path), value)


async def _tokens(sender: Sender) -> None:
    if sender.act.roles:
        response = await sender.send(forged.bearer(MARK))
        check_refused(response)
        assert response.status_code == 401
        assert response.headers["www-authenticate"].startswith("Bearer")


CASES: list[Callable[[Sender], Awaitable[None]]] = [
    _bodies,
    _large_bodies,
    _content_types,
    _versions,
    _keys,
    _addresses,
    _tokens,
]


async def _idempotency_key(platform: Platform, sender: Sender) -> None:
    """A refused call leaves its key free; an answered one is answered again, and nobody else may use it otherwise."""
    key = {"Idempotency-Key": f"{sender.act.command}-{MARK}"}
    refused = await sender.send({**key, "Authorization": f"Bearer {MARK}"})
    check_refused(refused)
    first = await sender.send(key)
    assert first.is_success, first.text
    before = await everything(platform)
    again = await sender.send(key)
    assert (again.status_code, again.content) == (first.status_code, first.content)
    assert again.headers["idempotency-replayed"] == "true"
    assert again.headers.get("etag") == first.headers.get("etag")
    other = {**sender.body, "reason": "另一个理由"} if sender.body is not None else {"another": "request"}
    conflict = await sender.send(key, content=orjson.dumps(other))
    check_refused(conflict)
    assert conflict.json()["code"] == "idempotency_key_reused"
    elsewhere = await sender.send({**key, "If-Match": '"v999999"'}, path=f"{sender.path}?x=1")
    check_refused(elsewhere)
    assert await everything(platform) == before


@pytest.mark.parametrize("service", NAMES)
async def test_bad_tokens(seeded: Platform, service: str) -> None:
    """Of every kind, on an act of each service, and on what shows more to staff than to others."""
    act = next(act for act in ACTS if act.service == service and act.roles)
    sender = Sender(seeded, act, await act.prepare(seeded))
    paths = {
        read.route: {name: value for name, value in read.params.items() if "{" not in value}
        for read in READS
        if read.service == service and "{" not in read.route
    }
    before = await everything(seeded)
    for wrong, headers in forged.bad(seeded).items():
        raw = [(name.encode(), value.encode("latin-1")) for name, value in headers.items()]
        reads = [await seeded.client.get(path, params=params, headers=raw) for path, params in paths.items()]
        for response in [await sender.send(headers), *reads]:
            check_refused(response, wrong)
            assert response.status_code == 401, wrong
            assert response.headers["www-authenticate"].startswith("Bearer"), wrong
    assert await everything(seeded) == before


async def test_a_slow_sender_holds_no_connection(seeded: Platform) -> None:
    """While a body comes in bit by bit, with a key or without, the database knows nothing of it."""
    act = next(act for act in ACTS if act.body is not None and not act.roles)
    sender = Sender(seeded, act, await act.prepare(seeded))
    pool = seeded.database(act.service).engine.sync_engine.pool
    assert isinstance(pool, QueuePool)
    held = []

    async def slowly() -> AsyncIterator[bytes]:
        for byte in orjson.dumps(sender.body):
            held.append(pool.checkedout())
            yield bytes([byte])

    for headers in ({}, {"Idempotency-Key": "slow"}):
        response = await sender.send(headers, content=slowly())
        assert response.is_success, response.text
    assert set(held) == {0}


async def test_preferences_that_make_no_sense_are_passed_over(seeded: Platform) -> None:
    for prefer in ("wait=", "wait=-1", "wait=abc", "wait=1e9", "wait", ";;;", "=", "\x7f"):
        life = await things.document_life(seeded, "approved")
        response = await life.act("publish", Prefer=prefer)
        assert response.is_success, prefer
        assert "preference-applied" not in response.headers, prefer
