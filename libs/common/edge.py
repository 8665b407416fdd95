"""The outermost layer of every process that answers HTTP: request id, metrics, security headers, access log.

Pure ASGI: Starlette's BaseHTTPMiddleware cancels inner work when a client goes away, and a cancelled commit is
where database drivers leak.
"""

import re
import time

import structlog
from prometheus_client import Counter, Histogram
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from libs.common import context

log = structlog.get_logger("access")
REQUESTS = Counter("http_requests_total", "Requests answered.", ["service", "method", "status"])
SECONDS = Histogram(
    "http_request_duration_seconds",
    "From the first byte of a request to the last of its answer.",
    ["service", "method"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
SLOW_SECONDS = 1.0
_SAFE_ID = re.compile(rb"[A-Za-z0-9._-]{8,64}")
_SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
]
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})
_NUL_ANSWER = (
    b'{"type":"/docs/errors#malformed","title":"malformed","status":422,'
    b'"detail":"\xe5\x9c\xb0\xe5\x9d\x80\xe4\xb8\xad\xe5\x90\xab\xe6\x9c\x89\xe4\xb8\x8d\xe5\x85\x81\xe8\xae\xb8\xe7\x9a\x84\xe5\xad\x97\xe7\xac\xa6\xe3\x80\x82",'
    b'"code":"malformed","request_id":null}'
)


class Edge:
    """Wraps the application of a process."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self._services: dict[tuple[str, str], tuple[object, ...]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request; other scope types pass through."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        started = time.perf_counter()
        request_id, trace = _incoming(scope)
        context.request_id.set(request_id)
        context.traceparent.set(trace)
        context.actor.set(None)
        scope.setdefault("state", {})["request_id"] = request_id
        status = 500

        async def sending(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (b"x-request-id", request_id.encode()), *_SECURITY]
            await send(message)

        try:
            if b"%00" in scope["raw_path"] or b"%00" in scope["query_string"]:
                await _refuse_nul(sending)
            else:
                await self.app(scope, receive, sending)
        except Exception:
            # The problem document has been sent and the cause logged by the service's own handler.
            if status != 500:
                raise
        finally:
            self._count(scope, status, time.perf_counter() - started)

    def _count(self, scope: Scope, status: int, seconds: float) -> None:
        method = scope["method"] if scope["method"] in _METHODS else "OTHER"
        service = scope.get("root_path", "").strip("/") or "root"
        REQUESTS.labels(service, method, status).inc()
        SECONDS.labels(service, method).observe(seconds)
        if method not in ("GET", "HEAD") or status >= 500 or seconds > SLOW_SECONDS:
            log.info(
                "request",
                method=method,
                path=scope["path"],
                status=status,
                ms=round(seconds * 1000, 1),
                actor=context.actor.get(),
                request_id=context.request_id.get(),
            )


def _incoming(scope: Scope) -> tuple[str, str | None]:
    request_id: str | None = None
    trace: str | None = None
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _SAFE_ID.fullmatch(value):
            request_id = value.decode()
        elif name == b"traceparent" and len(value) == 55:
            trace = value.decode("latin-1")
    return request_id or context.new_request_id(), trace


async def _refuse_nul(send: Send) -> None:
    headers = [(b"content-type", b"application/problem+json")]
    await send({"type": "http.response.start", "status": 422, "headers": headers})
    await send({"type": "http.response.body", "body": _NUL_ANSWER})
