"""Addresses, parameters, methods and cursors that nobody should send: no read breaks, and none changes anything."""

import re
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest

from services import NAMES
from tests.contract import things
from tests.contract.hostile import IDS, MARK, QUERIES, check_answered, check_refused
from tests.contract.ledger import everything
from tests.contract.reads import PUBLIC, READS
from tests.contract.rows import Headers
from tests.platform import Platform
from tests.policy_interpretation.desk import Desk, News
from tests.village_affairs.notices import EAST
from tests.village_affairs.notices import Life as NoticeLife

Json = dict[str, Any]
SNAPSHOTS = Path(__file__).parent / "openapi"
METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW"}
UNKNOWN = "0199a1f0-6f1e-7c3a-9d2b-5e8f7a6b4c3d"
EXAMPLE = {"state": "draft", "document": UNKNOWN}
ECHOES = {"/catalog/time-limits"}
"""What repeats its question, as JSON: that is what it is for."""

LIMITS = ("0", "-1", "101", "abc", "1.5", "", "9" * 30, "%31%30%31", "１", "null", "1e2", "+5x", "%00", "true")


def _operations() -> dict[str, Json]:
    """The paths of all services with what their OpenAPI says of them."""
    found: dict[str, Json] = {}
    for service in NAMES:
        snapshot = orjson.loads((SNAPSHOTS / f"{service}.json").read_bytes())
        slug = service.replace("_", "-")
        found |= {f"/{slug}{path}": operations for path, operations in snapshot["paths"].items()}
    return found


async def test_wrong_methods(seeded: Platform, subtests: pytest.Subtests) -> None:
    values = {"code": "990001101201", "region": "990001101201", "format": "json", "field": "03", "number": "1"}
    values["period_start"] = "2026-10-01"
    unknown = dict.fromkeys(("content_id", "interpretation_id", "question_id", "notice_id"), UNKNOWN)
    staff = seeded.token("administrator", "editor", "reviewer")
    before = await everything(seeded)
    for path, operations in _operations().items():
        with subtests.test(path):
            offered = {method.upper() for method in operations}
            for method in sorted(METHODS - offered):
                response = await seeded.client.request(method, path.format(**values, **unknown), headers=staff)
                if method != "HEAD":
                    check_refused(response, method)
                # A static path may share its place with a pattern: /questions/mine with /questions/{question_id}.
                assert response.status_code in (405, 422, 404), method
                if response.status_code == 405:
                    assert offered <= set(response.headers["allow"].split(", ")), method
    assert await everything(seeded) == before


async def test_unknown_addresses(seeded: Platform) -> None:
    for path in (
        "/nothing",
        "/catalog",
        "/catalog/",
        "/catalog/nothing",
        "/Catalog/regions",
        "/policy_interpretation/duties",
        "/catalog/../publication/documents",
        "//catalog/regions",
        "/catalog//regions",
        "/%00",
        "/%FF",
        f"/{MARK}",
        f"/catalog/{MARK}",
        "/publication/documents/%2e%2e/%2e%2e",
        f"/{'x' * 10_000}",
    ):
        check_answered(await seeded.client.get(path), path)
        check_answered(await seeded.client.post(path, json={"a": MARK}), path)


def _reads() -> dict[str, dict[str, str]]:
    """Every address that is read, with values for its places."""
    known = {"code": EAST, "region": "990001"}
    ids = dict.fromkeys(("content_id", "interpretation_id", "question_id", "notice_id"), UNKNOWN)
    return {**{read.route: {**known, **ids} for read in READS}, **PUBLIC}


async def test_addresses_and_parameters_of_reads(seeded: Platform, subtests: pytest.Subtests) -> None:
    before = await everything(seeded)
    staff = seeded.token("editor", "reviewer", "auditor")
    operations = _operations()
    for path, known in _reads().items():
        with subtests.test(path):
            for name in re.findall(r"{(\w+)}", path):
                for value in IDS:
                    check_answered(await seeded.client.get(path.format(**{**known, name: value}), headers=staff), value)
            for parameter in operations[path]["get"].get("parameters", []):
                if parameter["in"] == "query":
                    for value in QUERIES:
                        sent = f"{parameter['name']}={value.format(parameter['name'])}"
                        response = await seeded.client.get(f"{path.format(**known)}?{sent}", headers=staff)
                        check_answered(response, sent)
                        assert MARK not in response.text or path in ECHOES, sent
    assert await everything(seeded) == before


async def test_limits(seeded: Platform) -> None:
    staff = seeded.token("editor", "reviewer", "auditor")
    for path, operations in _operations().items():
        parameters = {p["name"]: p for p in operations.get("get", {}).get("parameters", [])}
        if "limit" in parameters:
            others = {n: EXAMPLE[n] for n, p in parameters.items() if p.get("required") and p["in"] == "query"}
            rest = "".join(f"&{n}={v}" for n, v in others.items())
            for limit in LIMITS:
                address = path.format(code=EAST, region=EAST, content_id=UNKNOWN)
                response = await seeded.client.get(f"{address}?limit={limit}{rest}", headers=staff)
                check_refused(response, (path, limit))
                assert response.status_code == 422, (path, limit)


ECHOES = {"/catalog/time-limits"}
"""What repeats its question, as JSON: that is what it is for."""

LIMITS = ("0", "-1", "101", "abc", "1.5", "", "9" * 30, "%31%30%31", "１", "null", "1e2", "+5x", "%00", "true")


async def _filled(platform: Platform) -> dict[str, Headers]:
    """A county in which each listing has two pages of one; the listings by their address, with who may read them."""
    staff = platform.token("editor", "reviewer", "village_clerk")
    first, _ = [await things.document_life(platform, "live") for _ in range(2)]
    desk = Desk(platform)
    for _ in range(2):
        await things.document_life(platform, "draft")
        await desk.public(News(document=UUID(first.id)))
        await things.question_asked(platform, "published", first.id)
        await things.question_asked(platform, "received", first.id)
        await NoticeLife.in_state(platform, "live")
    await platform.drain()
    public: Headers = {}
    return {
        "/catalog/regions?": public,
        "/catalog/organisations?": public,
        "/catalog/items?": public,
        "/catalog/coverage/990001?": public,
        "/catalog/coverage/990001101?": public,
        "/publication/listings/990001?": public,
        "/publication/listings/990001101?": public,
        "/publication/listings/990001101?scope=below&": public,
        f"/publication/listings/{EAST}?": public,
        "/publication/documents?state=draft&": staff,
        "/policy-interpretation/duties?": public,
        "/policy-interpretation/interpretations?": public,
        "/citizen-feedback/questions?": staff,
        f"/citizen-feedback/responses?document={first.id}&": public,
        "/village-affairs/villages?": public,
        f"/village-affairs/villages/{EAST}/listing?": public,
        f"/village-affairs/villages/{EAST}/listing?kind=notice&": public,
        f"/village-affairs/villages/{EAST}/notices?": staff,
    }


async def test_cursors(seeded: Platform) -> None:
    """A cursor is good for the listing and the filters that it came from, as it is, and for nothing else."""
    listings = await _filled(seeded)
    cursors = {}
    for path, headers in listings.items():
        page = (await seeded.client.get(f"{path}limit=1", headers=headers)).json()
        assert len(page["items"]) == 1, path
        cursors[path] = page["next"]
        assert cursors[path], path
    for path, headers in listings.items():
        for origin, cursor in cursors.items():
            response = await seeded.client.get(f"{path}limit=1&cursor={cursor}", headers=headers)
            if origin == path:
                assert len(response.json()["items"]) == 1
            else:
                check_refused(response, (path, origin))
                assert response.json()["code"] == "bad_cursor", (path, origin)
        for cursor in _tampered(cursors[path]):
            response = await seeded.client.get(f"{path}cursor={cursor}", headers=headers)
            check_refused(response, (path, cursor))
            assert response.json()["code"] in ("bad_cursor", "malformed")


def _tampered(cursor: str) -> list[str]:
    other = "A" if cursor[-5] != "A" else "B"
    return [
        cursor[:-1],
        cursor[1:],
        cursor + "A",
        cursor + "=",
        cursor[:-5] + other + cursor[-4:],
        cursor.swapcase(),
        cursor * 2,
        f"{cursor}%0A",
        f"%20{cursor}",
        "A" * 22,
        "A" * 512,
        "A" * 513,
        "%00",
        "%FF",
        "",
        "null",
        MARK,
    ]


async def test_secrets_of_citizens_are_no_parameters(seeded: Platform) -> None:
    """A query code comes in a header; whatever else comes there opens nothing."""
    for code in ("", " ", "x" * 65, "x" * 60_000, "0000-0000-0000-0000", "%00", "' or 1=1--", "代码", MARK):
        raw = [(b"Query-Code", code.encode())]
        response = await seeded.client.get("/citizen-feedback/questions/mine", headers=raw)
        check_refused(response, code)
        assert response.status_code in (404, 422), code
    for query in ("?query_code=x", "?Query-Code=x", ""):
        response = await seeded.client.get(f"/citizen-feedback/questions/mine{query}")
        check_refused(response, query)
