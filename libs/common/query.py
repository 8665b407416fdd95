"""Query strings of the most read routes, parsed in one step by a model.

FastAPI solves declared parameters one by one: with the eight of a listing that took longer than the database did.
`Query` models are parsed whole; `parameters` describes them in OpenAPI just the same.
"""

from functools import lru_cache
from typing import Any, Self, cast
from urllib.parse import parse_qsl

from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, ValidationError
from starlette.requests import Request

MOST_PARAMETERS = 50
REMEMBERED_BYTES = 256


def _parsed(model: type[BaseModel], sent: bytes) -> BaseModel:
    pairs = parse_qsl(sent.decode("ascii", "replace"), keep_blank_values=True, max_num_fields=MOST_PARAMETERS)
    return model.model_validate_strings(dict(pairs))


# Front ends ask the same few things all the time; a parsed query is frozen.
_remembered = lru_cache(maxsize=1024)(_parsed)


class Query(BaseModel):
    """Base of query models. Unknown parameters are refused: an ignored filter would answer too much."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    @classmethod
    def of(cls, request: Request) -> Self:
        """The query of `request`. Raises RequestValidationError, as FastAPI does for declared parameters."""
        sent: bytes = request.scope["query_string"]
        parse = _remembered if len(sent) <= REMEMBERED_BYTES else _parsed
        try:
            return cast(Self, parse(cls, sent))
        except ValidationError as error:
            found = error.errors(include_url=False, include_input=False)
            raise RequestValidationError([{**e, "loc": ("query", *e["loc"])} for e in found]) from error
        except ValueError as error:
            raise RequestValidationError([{"type": "value_error", "loc": ("query",), "ctx": {}}]) from error

    @classmethod
    def parameters(cls) -> dict[str, Any]:
        """What `openapi_extra` of a route needs to describe these parameters."""
        schema = cls.model_json_schema()
        listed = []
        for name, value in schema["properties"].items():
            plain = {k: v for k, v in value.items() if k not in ("title", "description")}
            if kinds := [kind for kind in plain.pop("anyOf", []) if kind != {"type": "null"}]:
                plain |= kinds[0]
            if plain.get("default", ...) is None:
                del plain["default"]
            listed.append({"name": name, "in": "query", "description": value["description"], "schema": plain})
        return {"parameters": listed}
