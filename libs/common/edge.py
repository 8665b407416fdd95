"""The outermost layer of every process that answers HTTP: request id, metrics, security headers, access log.

Pure ASGI: Starlette's BaseHTTPMiddleware cancels inner work when a client goes away, and a cancelled commit is
where database drivers leak.
"""

import re
import time
from functools import lru_cache

import structlog
from prometheus_client import Counter, Histogram
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from libs.common import context, errors

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
_TRACE = re.compile(rb"[0-9a-f]{2}-[0-9a-f]{32}-[0-9a-f]{16}-[0-9a-f]{2}")
_SECURITY = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
]
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"})


@lru_cache(maxsize=4096)
def _counter(service: str, method: str, status: int) -> Counter:
    return REQUESTS.labels(service, method, status)


@lru_cache(maxsize=256)
def _histogram(service: str, method: str) -> Histogram:
    return SECONDS.labels(service, method)


class Edge:
    """Wraps the application of a process."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

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
        instead: Response | None = None

        async def sending(message: Message) -> None:
            nonlocal status, instead
            if message["type"] == "http.response.start":
                status, headers = message["status"], message["headers"]
                if status == 413 and (b"content-type", errors.PROBLEM_JSON.encode()) not in headers:
                    # The body limit stands outside of our handlers and answers in plain text.
                    instead = errors.problem(Request(scope), errors.TooLarge())
                    headers = instead.raw_headers
                message["headers"] = [*headers, (b"x-request-id", request_id.encode()), *_SECURITY]
            elif instead is not None:
                message["body"] = instead.body
            await send(message)

        try:
            if b"%00" in scope["raw_path"] or b"%00" in scope["query_string"]:
                refusal = errors.problem(Request(scope), errors.Malformed("地址中含有不允许的字符。"))
                await refusal(scope, receive, sending)
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
        _counter(service, method, status).inc()
        _histogram(service, method).observe(seconds)
        # What was done is in the audit; the log keeps what went wrong or took long, and on demand everything.
        say = log.info if status >= 500 or seconds > SLOW_SECONDS else log.debug
        if method not in ("GET", "HEAD") or say == log.info:
            say(
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
        elif name == b"traceparent" and _TRACE.fullmatch(value):
            trace = value.decode()
    return request_id or context.new_request_id(), trace
