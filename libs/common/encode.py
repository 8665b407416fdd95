"""Python values to JSON bytes."""

from typing import Any
from uuid import UUID

import orjson


def json_bytes(value: Any) -> bytes:
    """JSON of plain values, dates, UUIDs and `orjson.Fragment`s of JSON that PostgreSQL made."""
    return orjson.dumps(value, default=_other, option=orjson.OPT_UTC_Z)


def _other(value: Any) -> str:
    # The database driver's UUIDs are a subclass that orjson does not take for one.
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(type(value).__name__)
