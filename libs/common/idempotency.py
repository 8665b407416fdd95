"""`Idempotency-Key`: a client that lost the answer repeats the call and gets the first answer.

The key, the request's digest and the answer are kept in the transaction of the act itself: there is an answer to
repeat exactly when the act happened. A second call that arrives while the first is under way waits for it.
"""

import hashlib
import re

import orjson
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.requests import Request
from starlette.responses import Response

from libs.common.errors import KeyReused, Malformed

_KEY = re.compile(r"[\x21-\x7e]{1,200}")
_KEPT_HEADERS = ("etag", "location", "content-type", "link")

_CLAIM = text(
    "insert into idempotency (caller, key, fingerprint) values (:caller, :key, :fingerprint)"
    " on conflict do nothing returning true"
)
_FIRST = text("select fingerprint, status, headers, body from idempotency where caller = :caller and key = :key")
_KEEP = text(
    "update idempotency set status = :status, headers = cast(:headers as jsonb), body = :body"
    " where caller = :caller and key = :key"
)
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
        where = {"caller": self.caller, "key": self.key}
        if (await session.execute(_CLAIM, {**where, "fingerprint": self.fingerprint})).scalar():
            return None
        row = (await session.execute(_FIRST, where)).one()
        if row.fingerprint != self.fingerprint:
            raise KeyReused(field="header.Idempotency-Key")
        return Response(row.body, row.status, headers={**row.headers, "Idempotency-Replayed": "true"})

    async def keep(self, session: AsyncSession, response: Response) -> None:
        """Keep the answer beside the effects of the act."""
        headers = {name: response.headers[name] for name in _KEPT_HEADERS if name in response.headers}
        answer = {
            "status": response.status_code,
            "headers": orjson.dumps(headers).decode(),
            "body": response.body,
        }
        await session.execute(_KEEP, {"caller": self.caller, "key": self.key, **answer})
