"""What one request or one delivery carries along without naming it: request id and trace."""

import secrets
from collections.abc import Mapping
from contextvars import ContextVar

request_id: ContextVar[str | None] = ContextVar("request_id", default=None)
actor: ContextVar[str | None] = ContextVar("actor", default=None)
traceparent: ContextVar[str | None] = ContextVar("traceparent", default=None)


def new_request_id() -> str:
    """A short random id that support can ask for: it is in the answer, the logs and the audit row."""
    return secrets.token_hex(8)


def trace_headers() -> Mapping[str, str]:
    """The W3C trace context and request id of the act that is going on, for the headers of its event."""
    headers = {"traceparent": traceparent.get(), "requestid": request_id.get()}
    return {name: value for name, value in headers.items() if value}
