"""A reverse proxy for development and tests: several processes behind one port, with the addresses of `all`.

The first part of a path names the service. Requests and answers stream through and are not changed, the standard
forwarding headers apart. A service that restarts is away for a moment: a request that has not been sent yet waits
for it, then the answer is 503 `unavailable`. What was sent and not answered is never sent again: only the caller
knows whether that is safe.
"""

import asyncio
from collections.abc import AsyncIterator, Iterable, Mapping

import httpcore
import orjson
import structlog
from fastapi import FastAPI
from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Metric, generate_latest
from prometheus_client.parser import text_string_to_metric_families
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from libs.common import errors
from libs.common.app import answer_problems, index
from libs.common.edge import Edge

log = structlog.get_logger()
AWAY_SECONDS = 5.0  # how long a request waits for a service that does not take connections
AGAIN_SECONDS = 0.1
ASK_SECONDS = 3.0  # for a question of the proxy's own
CONNECTIONS = 200  # to each service
IDLE_SECONDS = 4.0  # less than a server keeps an idle connection, so that none is used while it is being closed
_TIMEOUT = {"connect": 2.0, "read": 60.0, "write": 10.0, "pool": 5.0}
_ONE_HOP = frozenset(
    b"connection keep-alive proxy-authenticate proxy-authorization proxy-connection te trailer transfer-encoding "
    b"upgrade".split()
)
_FAULTS = (httpcore.NetworkError, httpcore.ProtocolError, httpcore.TimeoutException)
Headers = Iterable[tuple[bytes, bytes]]


class Proxy:
    """The ASGI application. `processes` maps `api:SERVICE` and the names of other processes to their addresses."""

    def __init__(self, processes: Mapping[str, str]) -> None:
        """Every process is asked for its metrics; those called `api:SERVICE` serve `/SERVICE/...`."""
        self._processes = processes
        self._pools: dict[str, httpcore.AsyncConnectionPool] = {}
        # A pool for each: a service that hangs must not use up the connections of the others.
        for name in processes:
            self._pools[name] = httpcore.AsyncConnectionPool(
                max_connections=CONNECTIONS, max_keepalive_connections=CONNECTIONS, keepalive_expiry=IDLE_SECONDS
            )
        self._services = {name.removeprefix("api:"): name for name in processes if name.startswith("api:")}
        self._own = Edge(self._operations())
        self._away = Edge(_unavailable)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        process = self._services.get(scope["path"].split("/", 2)[1]) if scope["type"] == "http" else None
        if process is None:
            await self._own(scope, receive, send)
            return
        try:
            answer = await self._forward(process, scope, receive)
        except _FAULTS as fault:
            log.warning("proxy.away", process=process, error=repr(fault))
            await self._away(scope, receive, send)
            return
        try:
            headers = [(k, v) for k, v in _carried(answer.headers) if k.lower() != b"date"]  # uvicorn adds its own
            await send({"type": "http.response.start", "status": answer.status, "headers": headers})
            async for chunk in answer.aiter_stream():
                await send({"type": "http.response.body", "body": chunk, "more_body": True})
            await send({"type": "http.response.body", "body": b""})
        finally:
            await answer.aclose()

    async def close(self) -> None:
        """Close every connection."""
        for pool in self._pools.values():
            await pool.aclose()

    async def _forward(self, process: str, scope: Scope, receive: Receive) -> httpcore.Response:
        """Send the request on and return the head of the answer, its body still to be read."""
        target = scope["raw_path"] + (b"?" + scope["query_string"] if scope["query_string"] else b"")
        headers = _carried(scope["headers"]) + _forwarding(scope)
        has = {name for name, _ in scope["headers"]}
        body: AsyncIterator[bytes] | None = None
        if b"transfer-encoding" in has:
            headers.append((b"transfer-encoding", b"chunked"))
        if has & {b"transfer-encoding", b"content-length"}:
            body = _body(receive)
        url = httpcore.URL(self._processes[process].encode() + target)
        request = httpcore.Request(
            scope["method"], url, headers=headers, content=body, extensions={"timeout": _TIMEOUT}
        )
        deadline = asyncio.get_running_loop().time() + AWAY_SECONDS
        while True:
            try:
                return await self._pools[process].handle_async_request(request)
            except httpcore.ConnectError:
                if asyncio.get_running_loop().time() > deadline:
                    raise
            await asyncio.sleep(AGAIN_SECONDS)

    def _operations(self) -> FastAPI:
        app = FastAPI(title="Yangguang", openapi_url=None, docs_url=None, redoc_url=None)
        answer_problems(app)
        for path, answer in (
            ("/", index(list(self._services))),
            ("/healthz", _healthz),
            ("/readyz", self._readyz),
            ("/metrics", self._metrics),
        ):
            app.add_route(path, answer)
        return app

    async def _readyz(self, _request: Request) -> Response:
        """Ready when every service is; the databases as `all` would tell them."""
        answers = await self._ask_all("/readyz", self._services.values())
        databases = {slug.replace("-", "_"): "unreachable" for slug in self._services}
        brokers = []
        for status, body in answers.values():
            told = orjson.loads(body) if status in (200, 503) else {}
            databases.update(told.get("databases", {}))
            brokers.append(told.get("broker"))
        ready = len(answers) == len(self._services) and all(status == 200 for status, _ in answers.values())
        said = {
            "status": "ready" if ready else "not_ready",
            "databases": databases,
            "broker": next(iter(brokers), None),
        }
        return Response(orjson.dumps(said), 200 if ready else 503, media_type="application/json")

    async def _metrics(self, _request: Request) -> Response:
        """The metrics of every process that answers, each with its name in the label `process`."""
        answers = await self._ask_all("/metrics", self._processes)
        texts = {name: body.decode() for name, (status, body) in answers.items() if status == 200}
        merged = CollectorRegistry()
        merged.register(_Merged({**texts, "proxy": generate_latest().decode()}))
        return Response(generate_latest(merged), media_type=CONTENT_TYPE_LATEST)

    async def _ask_all(self, path: str, names: Iterable[str]) -> dict[str, tuple[int, bytes]]:
        names = list(names)
        answers = await asyncio.gather(*(self._ask(name, path) for name in names))
        return {name: answer for name, answer in zip(names, answers, strict=True) if answer is not None}

    async def _ask(self, process: str, path: str) -> tuple[int, bytes] | None:
        try:
            async with asyncio.timeout(ASK_SECONDS):
                answer = await self._pools[process].request("GET", self._processes[process] + path)
        except (*_FAULTS, TimeoutError):
            return None
        return answer.status, answer.content


class _Merged:
    """The metrics of several processes as those of one."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts

    def collect(self) -> Iterable[Metric]:
        families: dict[str, Metric] = {}
        for process, text in self._texts.items():
            for family in text_string_to_metric_families(text):
                merged = families.setdefault(family.name, Metric(family.name, family.documentation, family.type))
                for sample in family.samples:
                    merged.add_sample(sample.name, {**sample.labels, "process": process}, sample.value)
        return families.values()


async def _healthz(_request: Request) -> Response:
    return Response(b'{"status":"alive"}', media_type="application/json")


async def _unavailable(scope: Scope, receive: Receive, send: Send) -> None:
    await errors.problem(Request(scope), errors.Unavailable())(scope, receive, send)


def _carried(headers: Headers) -> list[tuple[bytes, bytes]]:
    """The headers that are meant for the other end, not for the next hop (RFC 9110, 7.6.1)."""
    headers = list(headers)
    named = {part.strip().lower() for k, v in headers if k.lower() == b"connection" for part in v.split(b",")}
    return [(k, v) for k, v in headers if k.lower() not in _ONE_HOP and k.lower() not in named]


def _forwarding(scope: Scope) -> list[tuple[bytes, bytes]]:
    host = next((value for name, value in scope["headers"] if name == b"host"), b"")
    client = scope["client"][0] if scope.get("client") else "unknown"
    return [
        (b"x-forwarded-for", client.encode()),
        (b"x-forwarded-host", host),
        (b"x-forwarded-proto", scope["scheme"].encode()),
    ]


async def _body(receive: Receive) -> AsyncIterator[bytes]:
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise httpcore.ReadError("the caller went away")
        yield message.get("body", b"")
        if not message.get("more_body"):
            return
