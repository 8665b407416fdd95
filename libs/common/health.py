"""Alive, ready, measured: the three addresses that every process answers."""

import asyncio
from collections.abc import Mapping, Sequence

import orjson
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from libs.common.bus import Bus
from libs.common.db import Database
from libs.common.lost import LOST
from libs.common.migrate import schema_state
from libs.common.service import Service

READY_SECONDS = 2.0


def health_routes(databases: Sequence[Database], services: Mapping[str, Service], bus: Bus) -> list[BaseRoute]:
    """`/healthz` (alive), `/readyz` (databases reachable, schema not behind), `/metrics` (Prometheus)."""

    async def healthz(_request: Request) -> Response:
        return Response(b'{"status":"alive"}', media_type="application/json")

    async def readyz(_request: Request) -> Response:
        parts = dict(
            await asyncio.gather(*(_ready(d, services[d.service]) for d in databases if d.service in services))
        )
        # A newer release has migrated while this one still serves: schemas grow compatibly, so it goes on.
        ready = all(state in ("ready", "ahead") for state in parts.values())
        body = {"status": "ready" if ready else "not_ready", "databases": parts, "broker": await bus.state()}
        return Response(orjson.dumps(body), 200 if ready else 503, media_type="application/json")

    async def metrics(_request: Request) -> Response:
        return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)

    return [Route("/healthz", healthz), Route("/readyz", readyz), Route("/metrics", metrics)]


async def _ready(database: Database, service: Service) -> tuple[str, str]:
    try:
        async with asyncio.timeout(READY_SECONDS):
            return database.service, await schema_state(database, service)
    except LOST:
        return database.service, "unreachable"
