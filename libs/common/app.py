"""Services to one ASGI application: mounts, problem documents, health, metrics, request ids.

`build` is called with one service on Kubernetes and with five on a laptop, so addresses, OpenAPI and error bodies
are the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from traceback import walk_tb
from typing import Any

import orjson
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Match
from starlette.types import ASGIApp, Receive, Scope, Send

from libs.common import errors
from libs.common.auth import TokenVerifier
from libs.common.bus import Bus
from libs.common.complaints import complaints
from libs.common.db import Database
from libs.common.edge import Edge
from libs.common.health import health_routes
from libs.common.http import Act
from libs.common.inbox import is_transient
from libs.common.lost import LOST
from libs.common.pace import Pace
from libs.common.paging import Cursors
from libs.common.paging import ForgedCursor as BadCursor
from libs.common.problem import as_problem_json
from libs.common.service import Service
from libs.common.settings import Settings
from libs.common.workdays import Calendar

log = structlog.get_logger()


@dataclass(frozen=True)
class Resources:
    """What the doors of a process share; made by the composition root."""

    settings: Settings
    verifier: TokenVerifier
    cursors: Cursors
    calendar: Calendar
    databases: Mapping[str, Database]
    bus: Bus


def build(services: Sequence[Service], resources: Resources) -> ASGIApp:
    """The application that serves `services`, each under its hyphenated name."""
    rest = _operations(services, resources)
    rest.add_route("/", index([s.slug for s in services]), include_in_schema=False)
    return Edge(_Switch({service.slug: service_app(service, resources) for service in services}, rest))


def operations_app(services: Sequence[Service], resources: Resources) -> ASGIApp:
    """What a worker answers: health and metrics, nothing else."""
    return Edge(_operations(services, resources))


def service_app(service: Service, resources: Resources) -> FastAPI:
    """One service's own application, with its OpenAPI at `/openapi.json` and its pages at `/docs`."""
    app = _Documented(
        title=service.title,
        version="1",
        description=service.description,
        max_body_size=resources.settings.body_limit_bytes,
        redoc_url=None,
        separate_input_output_schemas=False,
    )
    answer_problems(app)
    app.state.service = service
    app.state.settings = resources.settings
    app.state.verifier = resources.verifier
    app.state.cursors = resources.cursors.of(service.name)
    app.state.calendar = resources.calendar
    database = resources.databases[service.name]
    app.state.database = database
    app.state.pace = Pace(database)
    app.router.routes.extend(health_routes([database], {service.name: service}, resources.bus))
    # Flat, not included: matching through FastAPI's nested routers costs more than the queries behind them.
    routes = list(service.router.routes)
    assert all(isinstance(route, Act) for route in routes), f"{service.name}: its routers need route_class=Act"
    app.router.routes[:0] = routes  # first, and a service names its most read ones first: they are tried in order
    return app


class _Documented(FastAPI):
    """FastAPI whose OpenAPI gives refusals their media type."""

    def openapi(self) -> dict[str, Any]:
        return as_problem_json(super().openapi())


class _Switch:
    """Sends a request to the service that the first part of its path names: a look-up where a mount would match."""

    def __init__(self, services: Mapping[str, ASGIApp], rest: ASGIApp) -> None:
        self._services = services
        self._rest = rest

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        slug = scope["path"].split("/", 2)[1]
        app = self._services.get(slug)
        if app is None:
            await self._rest(scope, receive, send)
        else:
            scope["root_path"] = f"/{slug}"
            await app(scope, receive, send)


def _operations(services: Sequence[Service], resources: Resources) -> FastAPI:
    app = FastAPI(title="Yangguang", openapi_url=None, docs_url=None, redoc_url=None)
    answer_problems(app)
    app.router.routes.extend(
        health_routes(list(resources.databases.values()), {s.name: s for s in services}, resources.bus)
    )
    return app


def index(slugs: Sequence[str]) -> Any:
    """The page at `/`: where each service has its documentation."""
    body = orjson.dumps(
        {"services": {slug: {"docs": f"/{slug}/docs", "openapi": f"/{slug}/openapi.json"} for slug in slugs}}
    )

    async def answer(_request: Request) -> Response:
        return Response(body, media_type="application/json")

    return answer


def answer_problems(app: FastAPI) -> None:
    """Give every failure of `app` the shape of a problem document."""
    app.add_exception_handler(errors.Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(BadCursor, lambda request, _e: errors.problem(request, errors.ForgedCursor()))
    app.add_exception_handler(ClientDisconnect, _unfinished)
    for kind in (DBAPIError, PoolTimeout, *LOST):
        app.add_exception_handler(kind, _database_fault)
    app.add_exception_handler(Exception, _broken)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.Refusal)
    return errors.problem(request, error)


def _malformed(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return errors.problem(request, errors.Malformed(), complaints(error.errors()))


def _unfinished(request: Request, _error: Exception) -> Response:
    # Nobody reads it; but who hangs up while sending is no fault of ours, and no 5xx that an alarm should count.
    return errors.problem(request, errors.Malformed("请求没有发送完整。"))


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    by_status: dict[int, errors.Refusal] = {
        404: errors.NotFound(),
        405: errors.MethodNotAllowed(),
        413: errors.TooLarge(),
        400: errors.Malformed("请求不是有效的 JSON。"),
    }
    refusal = by_status.get(error.status_code) or errors.Malformed()
    if error.status_code == 405:
        refusal.headers["Allow"] = ", ".join(_methods(request))
    return errors.problem(request, refusal)


def _methods(request: Request) -> list[str]:
    """The methods that the address supports (RFC 9110, 15.5.6); several routes may share it."""
    there = [route for route in request.app.routes if route.matches(request.scope)[0] is not Match.NONE]
    return sorted({method for route in there for method in getattr(route, "methods", None) or ()})


def _database_fault(request: Request, error: Exception) -> Response:
    if is_transient(error):
        log.warning("database.unavailable", error=type(error).__name__, where=_where(error))
        return errors.problem(request, errors.Unavailable())
    return _broken(request, error)


def _where(error: BaseException) -> str:
    """Where in our own code it stood, the innermost place first: of a deadline, what was being waited for."""
    chain, found = [error], list[str]()
    while following := chain[-1].__cause__ or chain[-1].__context__:
        chain.append(following)
    for one in chain:
        places = [(str(frame.f_globals.get("__name__")), line) for frame, line in walk_tb(one.__traceback__)]
        ours = [f"{module}:{line}" for module, line in places if module.startswith(("libs.", "services."))]
        found = max(found, ours, key=len)
    return " < ".join(reversed(found[-3:]))


def _broken(request: Request, error: Exception) -> Response:
    # The traceback names code, not data: exception messages of the database may quote what citizens wrote.
    log.error("request.broken", error=type(error).__name__, exc_info=_without_values(error))
    return errors.problem(request, errors.Broken())


def _without_values(error: Exception) -> Any:
    bare = type(error).__name__
    return (RuntimeError, RuntimeError(bare), error.__traceback__)
