"""Input that nobody should send, and what every answer to it looks like."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import orjson

from libs.common.errors import PROBLEM_JSON, Refusal
from tests.contract.rows import Act, Headers
from tests.contract.things import Thing
from tests.platform import Platform

Json = dict[str, Any]

MARK = "MARK-7f3a9c"
"""Part of whatever is sent; no answer may repeat it."""

_HOLE = "@@hole@@"
_DEEP = 100_000
TOO_LARGE = 5_000_000
_LONGER_THAN_ANY = f"{MARK}" * 30_000

# As JSON text, since Python would not write most of them.
_WRONG = {
    "an object": json.dumps({"m": MARK}),
    "a list of lists": json.dumps([[MARK]]),
    "NUL": f'"{MARK}\\u0000"',
    "too long": json.dumps(_LONGER_THAN_ANY),
    "a large number": str(2**80),
}
# These are refused before anybody looks at the field.
_NO_VALUES = {
    "a lone surrogate": f'"{MARK}\\ud800"',
    "surrogates the wrong way round": f'"{MARK}\\udc00\\ud800"',
    "infinity": "1e999",
    "not a number": "NaN",
    "a huge number": "9" * 5_000,
    "a deep list": "[" * 5_000 + "]" * 5_000,
}
_NOT_HTML = {
    "deep elements": json.dumps("<div>" * 20_000 + MARK),
    "nothing to read": json.dumps(f"<script>{MARK}</script><p> </p>"),
}
_NOT_BODIES = {
    "nothing": b"",
    "a bracket": b"{",
    "cut": b'{"reason": "',
    "no JSON": MARK.encode(),
    "two values": b"{} {}",
    "not UTF-8": b'{"reason": "\xff\xfe"}',
    "NUL bytes": b"\x00\x00{}",
    "a list": b"[]",
    "a text": json.dumps(MARK).encode(),
    "a number": b"1",
    "null": b"null",
    "true": b"true",
    "an empty object": b"{}",
    "deep lists": b"[" * _DEEP,
    "deep objects": b'{"a":' * _DEEP,
    "deep and closed": b"[" * _DEEP + b"]" * _DEEP,
}
_NOT_FIELDS = {
    "another field": f'"unexpected": "{MARK}"',
    "NUL as a field": f'"{MARK}\\u0000": 1',
    "a lone surrogate as a field": f'"{MARK}\\ud800": 1',
    "a long field": json.dumps(_LONGER_THAN_ANY) + ": 1",
    "a sentence as a field": f'"{MARK} 身份证": 1',
    "a path as a field": '"__proto__": {"admin": true}',
}

IF_MATCH = (
    "",
    "*",
    '"abc"',
    "v1",
    "1",
    '"v"',
    '"v-1"',
    '"v1',
    '"v1.5"',
    f'"v{10**20}"',
    '"v1", "v2"',
    'W/"v"',
    "x" * 9_000,
)
IDEMPOTENCY_KEYS = ("", " ", "a b", "x" * 201, "\x7f", "键".encode().decode("latin-1"))
CONTENT_TYPES = (
    "text/plain",
    "application/xml",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "a",
    "",
)

IDS = (
    str(uuid4()),
    "not-an-id",
    "%00",
    "%ED%A0%80",
    "%FF",
    "%F0%9F%90%89",
    "..%2F..%2Fetc%2Fpasswd",
    "%27%3B%20drop%20table%20document%3B--",
    "x" * 5_000,
    "-1",
    "1e999",
    "00",
    "000000000000",
    "990009000000",
    "9900010000001",
    "%EF%BC%99%EF%BC%99",
    "%0A990001",
    "990001%0A",
    "null",
    "{}",
)
"""Values for a place in an address; some of them are well formed and name nothing."""

QUERIES = (
    *(
        f"{name}"
        for name in (
            "",
            "%00",
            "%ED%A0%80",
            "%FF",
            "-1",
            "0",
            "1.5",
            "1e999",
            "9" * 40,
            "null",
            "[]",
            "%27%20or%201=1--",
        )
    ),
    MARK,
    MARK * 500,
    "true&{0}=false",
    "1&{0}=2&{0}=3",
)
"""Values for a parameter; `{0}` is its name."""


def bodies(good: Json) -> Iterator[tuple[str, bytes]]:
    """Bodies to be refused, by what is wrong with each; `good` is one that is not."""
    yield from _NOT_BODIES.items()
    plain = json.dumps(good, ensure_ascii=False)
    for name, field in _NOT_FIELDS.items():
        yield name, f"{plain[:-1]}, {field}}}".encode()
    for place, path in enumerate(_leaves(good)):
        wrong = {**_WRONG, **(_NOT_HTML if path[-1] == "body_html" else {}), **(_NO_VALUES if place == 0 else {})}
        for name, text in wrong.items():
            holed = json.dumps(_replaced(good, path, _HOLE), ensure_ascii=False)
            yield f"{name} as {'.'.join(path)}", holed.replace(f'"{_HOLE}"', text).encode()


def _leaves(value: Json, above: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, inner in value.items():
        yield (*above, name)
        if isinstance(inner, dict):
            yield from _leaves(inner, (*above, name))


def _replaced(value: Json, path: tuple[str, ...], by: Any) -> Json:
    name, *rest = path
    return {**value, name: _replaced(value[name], tuple(rest), by) if rest else by}


def check_refused(response: httpx.Response, what: object = "") -> None:
    """Insist on a refusal that is whole, one of ours, and silent about what was sent."""
    text = response.text
    assert 400 <= response.status_code < 500, (what, response.status_code, text[:500])
    assert response.headers["content-type"] == PROBLEM_JSON, (what, text[:500])
    problem = orjson.loads(response.content)
    refusal = Refusal.known[problem["code"]]
    assert problem["status"] == response.status_code == refusal.status, (what, text)
    assert problem["type"] == f"urn:yangguang:problem:{problem['code']}", what
    assert problem["title"] == problem["code"].replace("_", " "), what
    assert problem["detail"], what
    assert problem["request_id"] == response.headers["x-request-id"], (what, text)
    for fault in problem.get("errors", []):
        assert fault.keys() == {"field", "message"}, (what, text)
    assert MARK not in text, (what, text)
    assert len(text) < 6_000, what


def check_answered(response: httpx.Response, what: object = "") -> None:
    """Insist on an answer, or on a refusal like any other."""
    if response.status_code >= 400:
        check_refused(response, what)


class Sender:
    """Sends an act as it is, but for what a case changes."""

    def __init__(self, platform: Platform, act: Act, thing: Thing) -> None:
        self._platform = platform
        self.act = act
        self.thing = thing
        self.path = act.route.format(**thing.values)
        self.body = act.sent(thing)
        seen = {} if thing.version is None else {"If-Match": f'"v{thing.version}"'}
        self.headers = {**act.hands(platform), **seen}

    async def send(
        self, headers: Headers | None = None, *, path: str | None = None, method: str | None = None, **content: Any
    ) -> httpx.Response:
        """The request with these headers more or instead, and with other content if any is given."""
        if not content and self.body is not None:
            content = {"json": self.body}
        kept = {**self.headers, **(headers or {})}
        if "content" in content:
            kept.setdefault("Content-Type", "application/json")
        raw = [(name.encode(), value.encode("latin-1")) for name, value in kept.items()]
        return await self._platform.client.request(method or self.act.method, path or self.path, headers=raw, **content)
