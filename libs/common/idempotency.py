"""`Idempotency-Key`: a client that lost the answer repeats the call and gets the first answer.

The key, the request's digest and the answer are kept in the transaction of the act itself: there is an answer to
repeat exactly when the act happened. A second call that arrives while the first is under way waits for it.
"""

import hashlib
import re

import orjson
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from libs.common.db import driver_of
from libs.common.errors import KeyReused, Malformed
from libs.common.failpoints import failpoint

_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_KEPT_HEADERS = ("etag", "location", "content-type", "link")

_CLAIM = """
insert into idempotency (caller, key, fingerprint) values ($1, $2, $3) on conflict do nothing returning true
"""
_FIRST = "select fingerprint, status, headers::text as headers, body from idempotency where caller = $1 and key = $2"
_KEEP = "update idempotency set status = $3, headers = $4, body = $5 where caller = $1 and key = $2"
TRIM = "delete from idempotency where at < now() - interval '7 days'"


class Claim:
    """One key claimed by one caller in one transaction."""

    def __init__(self, caller: str, key: str, fingerprint: bytes) -> None:
        self.caller = caller
        self.key = key
        self.fingerprint = fingerprint

    @classmethod
    async def of(cls, request: Request, caller: str) -> "Claim | None":
        """The claim that a request makes, or None when it names no key. Raises Malformed for an unusable key."""
        key = request.headers.get("idempotency-key")
        if key is None:
            return None
        if not _KEY.fullmatch(key):
            raise Malformed("幂等键应为 1 至 200 个可见字符。", field="header.Idempotency-Key")
        digest = hashlib.sha256(f"{request.method} {request.url.path}?{request.url.query}\n".encode())
        digest.update(await request.body())
        return cls(caller, key, digest.digest())

    async def first_answer(self, session: AsyncSession) -> Response | None:
        """The answer given before, or None when this is the first call. Raises KeyReused for another request."""
        driver = driver_of(session)
        if await driver.fetchval(_CLAIM, self.caller, self.key, self.fingerprint):
            return None
        row = await driver.fetchrow(_FIRST, self.caller, self.key)
        assert row is not None
        if row["fingerprint"] != self.fingerprint:
            raise KeyReused(field="header.Idempotency-Key")
        headers = {**orjson.loads(row["headers"]), "Idempotency-Replayed": "true"}
        return Response(row["body"], row["status"], headers=headers)

    async def keep(self, session: AsyncSession, response: Response) -> None:
        """Keep the answer beside the effects of the act."""
        headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
        kept = orjson.dumps(headers).decode()
        body = bytes(response.body)
        await driver_of(session).execute(_KEEP, self.caller, self.key, response.status_code, kept, body)
        await failpoint("idempotency.kept")
