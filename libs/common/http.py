"""What the HTTP doors of all services share: one transaction per write, versions, validators, ETags."""

import asyncio
import hashlib
import inspect
import re
from collections.abc import Awaitable, Callable, Coroutine
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response, Security
from fastapi.routing import APIRoute
from fastapi.security import HTTPBearer
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.types import ASGIApp, Receive, Scope, Send

from libs.common import context
from libs.common.auth import authenticate
from libs.common.db import Database
from libs.common.errors import Malformed, NotSignedIn, VersionRequired
from libs.common.failpoints import failpoint
from libs.common.idempotency import Claim
from libs.common.permission import Actor
from libs.common.problem import PROBLEM_RESPONSES

ACT_SECONDS = 5.0
"""How long an act may take, its wait for listeners included; what takes longer is rolled back and answered with 503."""

_ETAG = re.compile(r'(?:W/)?"v(\d{1,18})"')
AfterCommit = Callable[[Response], Awaitable[Response]]


class Act(APIRoute):
    """A route whose writes are one transaction that commits before the answer leaves.

    The transaction spans the whole handler, the serialised answer included, so that an answer can be kept with its
    `Idempotency-Key` in the same commit, and a failed commit is an error and never a lost success.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """As FastAPI's, with the problem documents that every route may answer."""
        kwargs["responses"] = {**PROBLEM_RESPONSES, **(kwargs.get("responses") or {})}
        super().__init__(*args, **kwargs)
        if self.methods == {"GET"} and _asks_for_the_request_alone(self):
            # There is nothing to solve, to validate or to close: FastAPI's steps around it took longer than the query.
            self.app = _answering(self.endpoint)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Wrap FastAPI's handler; reads are left as they are."""
        handler = super().get_route_handler()
        if (self.methods or set()) <= {"GET", "HEAD"}:
            return handler

        async def act(request: Request) -> Response:
            database: Database = request.app.state.database
            actor = await authenticate(request)
            await request.body()  # here, so that no connection and no transaction waits for a slow sender
            claim = await Claim.of(request, f"staff {actor.subject}" if actor else "anonymous")
            # Bounded, so that a frozen database does not pile up requests; a repeated key says what became of one.
            async with asyncio.timeout(ACT_SECONDS):
                await request.app.state.pace.keep()
                async with database.transaction() as session:
                    request.state.session = session
                    if claim and (answer := await claim.first_answer(session)):
                        return answer
                    response = await handler(request)
                    if claim:
                        await claim.keep(session, response)
                    await failpoint("act.before_commit")
            await failpoint("act.after_commit")
            after: AfterCommit | None = getattr(request.state, "after_commit", None)
            return await after(response) if after else response

        return act


def _asks_for_the_request_alone(route: APIRoute) -> bool:
    [*parameters] = inspect.signature(route.endpoint).parameters
    wanted = route.dependant
    return (
        inspect.iscoroutinefunction(route.endpoint)
        and parameters == [wanted.request_param_name]
        and not wanted.dependencies
        and route.response_field is None
    )


def _answering(endpoint: Callable[[Request], Awaitable[Response]]) -> ASGIApp:
    """The endpoint as an application; the service's own handlers, further out, take what it raises."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        answer = await endpoint(Request(scope, receive, send))
        await answer(scope, receive, send)

    return app


# Dependencies are coroutines: FastAPI sends plain functions through a thread pool, which costs more than they do.
async def _session(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(max_length=200, description="Repeat a call whose answer was lost with the same key: it acts once."),
    ] = None,
) -> AsyncSession:
    session: AsyncSession = request.state.session
    return session


async def _database(request: Request) -> Database:
    database: Database = request.app.state.database
    return database


_BEARER = HTTPBearer(auto_error=False, bearerFormat="JWT", description="Token of the OIDC issuer, for staff.")


async def _staff(request: Request, _documented: Annotated[object, Security(_BEARER)]) -> Actor:
    actor = await authenticate(request)
    if actor is None:
        raise NotSignedIn
    context.actor.set(actor.subject)
    return actor


async def _seen_version(
    if_match: Annotated[str | None, Header(max_length=40, description='The ETag last seen, as `"v3"`.')] = None,
) -> int:
    if if_match is None:
        raise VersionRequired
    match = _ETAG.fullmatch(if_match.strip())
    if match is None:
        raise Malformed('If-Match 应为读取时得到的版本号,例如 "v3"。', field="header.If-Match")
    return int(match[1])


Session = Annotated[AsyncSession, Depends(_session)]
"""The transaction of this act; committed by `Act` before the answer leaves."""

Reads = Annotated[Database, Depends(_database)]
"""The service's database, for queries on its read-only pool."""

Staff = Annotated[Actor, Depends(_staff)]
"""The signed-in member of staff; 401 without one."""

SeenVersion = Annotated[int, Depends(_seen_version)]
"""The version that the caller saw; 428 without `If-Match`."""


def etag(version: int) -> str:
    """The ETag of a thing's version, as `If-Match` expects it back."""
    return f'"v{version}"'


def public(request: Request, body: bytes, headers: dict[str, str] | None = None, status: int = 200) -> Response:
    """A public, cacheable JSON answer with a strong ETag, or 304 when the reader already has these bytes."""
    tag = f'"{hashlib.sha256(body).hexdigest()[:32]}"'
    shared = {
        "ETag": tag,
        "Cache-Control": f"public, max-age={request.app.state.settings.public_cache_seconds}",
        **(headers or {}),
    }
    seen = request.headers.get("if-none-match")
    if seen is not None and (tag in seen or seen.strip() == "*"):
        return Response(status_code=304, headers=shared)
    return Response(body, status, headers=shared, media_type="application/json")
