"""Services to one ASGI application: mounts, problem documents, health, metrics, request ids.

`build` is called with one service on Kubernetes and with five on a laptop, so addresses, OpenAPI and error bodies
are the same.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import asyncpg
import orjson
import structlog
from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute, iter_route_contexts
from pydantic import BaseModel, Field
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp

from libs.common import errors
from libs.common.auth import TokenVerifier
from libs.common.complaints import complaints
from libs.common.db import Database
from libs.common.edge import Edge
from libs.common.health import health_routes
from libs.common.http import Act
from libs.common.inbox import is_transient
from libs.common.paging import Cursors
from libs.common.paging import ForgedCursor as BadCursor
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


class FieldProblem(BaseModel):
    """One field at fault."""

    field: str = Field(examples=["body.title"], description="Path of the field.")
    message: str = Field(examples=["必填"], description="What is wrong, for a person.")


class Problem(BaseModel):
    """RFC 9457 problem document (`application/problem+json`)."""

    type: str = Field(examples=["/docs/errors#malformed"])
    title: str = Field(examples=["malformed"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["请求内容有误,请按提示修改后重试。"], description="A sentence for a person.")
    code: str = Field(examples=["malformed"], description="Stable code; the closed list is docs/errors.md.")
    request_id: str | None = Field(examples=["6f1c2f0a9d3b4e57"], description="Quote it to support.")
    errors: list[FieldProblem] | None = None


_PROBLEMS: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "model": Problem,
        "description": "Refused; `code` says why.",
        "content": {errors.PROBLEM_JSON: {}},
    },
    422: {"model": Problem, "description": "The request cannot be accepted as it is."},
    503: {"model": Problem, "description": "Try again after `Retry-After` seconds."},
}


def build(services: Sequence[Service], resources: Resources) -> ASGIApp:
    """The application that serves `services`, each under its hyphenated name."""
    root = FastAPI(title="Yangguang", openapi_url=None, docs_url=None, redoc_url=None)
    _answer_problems(root)
    for service in services:
        root.mount(f"/{service.slug}", service_app(service, resources))
    root.router.routes.extend(health_routes(list(resources.databases.values()), {s.name: s for s in services}))
    root.add_route("/", _index([s.slug for s in services]), include_in_schema=False)
    return Edge(root)


def operations_app(services: Sequence[Service], resources: Resources) -> ASGIApp:
    """What a worker answers: health and metrics, nothing else."""
    root = FastAPI(title="Yangguang worker", openapi_url=None, docs_url=None, redoc_url=None)
    _answer_problems(root)
    root.router.routes.extend(health_routes(list(resources.databases.values()), {s.name: s for s in services}))
    return Edge(root)


def service_app(service: Service, resources: Resources) -> FastAPI:
    """One service's own application, with its OpenAPI at `/openapi.json` and its pages at `/docs`."""
    app = FastAPI(
        title=service.title,
        version="1",
        description=service.description,
        responses=_PROBLEMS,
        max_body_size=resources.settings.body_limit_bytes,
        redoc_url=None,
        separate_input_output_schemas=False,
    )
    _answer_problems(app)
    app.state.service = service
    app.state.settings = resources.settings
    app.state.verifier = resources.verifier
    app.state.cursors = resources.cursors
    app.state.calendar = resources.calendar
    database = resources.databases[service.name]
    app.state.database = database
    app.router.routes.extend(health_routes([database], {service.name: service}))
    app.include_router(service.router)
    for found in iter_route_contexts(app.routes):
        if isinstance(found.original_route, APIRoute) and not isinstance(found.original_route, Act):
            raise TypeError(f"{service.name}: the router of {found.path} needs route_class=Act")
    return app


def _index(slugs: Sequence[str]) -> Any:
    body = orjson.dumps(
        {"services": {slug: {"docs": f"/{slug}/docs", "openapi": f"/{slug}/openapi.json"} for slug in slugs}}
    )

    async def index(_request: Request) -> Response:
        return Response(body, media_type="application/json")

    return index


def _answer_problems(app: FastAPI) -> None:
    """Give every failure of `app` the shape of a problem document."""
    app.add_exception_handler(errors.Refusal, _refused)
    app.add_exception_handler(RequestValidationError, _malformed)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(BadCursor, lambda request, _e: errors.problem(request, errors.ForgedCursor()))
    for kind in (
        DBAPIError,
        PoolTimeout,
        OSError,
        TimeoutError,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
    ):
        app.add_exception_handler(kind, _database_fault)
    app.add_exception_handler(Exception, _broken)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, errors.Refusal)
    return errors.problem(request, error)


def _malformed(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    return errors.problem(request, errors.Malformed(), complaints(error.errors()))


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    by_status: dict[int, errors.Refusal] = {
        404: errors.NotFound(),
        405: errors.MethodNotAllowed(),
        413: errors.TooLarge(),
        400: errors.Malformed("请求不是有效的 JSON。"),
    }
    return errors.problem(request, by_status.get(error.status_code) or errors.Malformed())


def _database_fault(request: Request, error: Exception) -> Response:
    if is_transient(error) or isinstance(error, (PoolTimeout, asyncpg.InterfaceError)):
        log.warning("database.unavailable", error=type(error).__name__)
        return errors.problem(request, errors.Unavailable())
    return _broken(request, error)


def _broken(request: Request, error: Exception) -> Response:
    # The traceback names code, not data: exception messages of the database may quote what citizens wrote.
    log.error("request.broken", error=type(error).__name__, exc_info=_without_values(error))
    return errors.problem(request, errors.Broken())


def _without_values(error: Exception) -> Any:
    bare = type(error).__name__
    return (RuntimeError, RuntimeError(bare), error.__traceback__)
