"""OpenAPI is a product: front-end developers work from it alone. What it says is reviewed like code.

`UPDATE_SNAPSHOTS=1 pytest tests/contract/test_openapi.py` writes the snapshots anew; the difference is then read.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from jsonschema import Draft202012Validator

from libs.common.errors import PROBLEM_JSON
from services.registry import ALL
from tests.platform import Platform

Json = dict[str, Any]
SNAPSHOTS = Path(__file__).parent / "openapi"
METHODS = {"get", "put", "post", "delete", "patch"}


@pytest.fixture(params=ALL, ids=lambda service: service.name)
def openapi(request: pytest.FixtureRequest) -> Json:
    """What each of the five says of itself, as reviewed."""
    reviewed: Json = orjson.loads((SNAPSHOTS / f"{request.param.name}.json").read_bytes())
    return reviewed


def operations(openapi: Json) -> Iterator[tuple[str, Json]]:
    """Every operation by its name."""
    for path, methods in openapi["paths"].items():
        for method, operation in methods.items():
            yield f"{method} {path}", operation


def _are_files(body: Json) -> bool:
    """Whether a body is a file of a kind that is not described further; what takes one changes nothing."""
    kinds = [content.get("schema") for content in body["content"].values()]
    return bool(kinds) and all(schema == {"type": "string", "format": "binary"} for schema in kinds)


async def test_what_is_served_is_what_is_reviewed(platform: Platform, subtests: pytest.Subtests) -> None:
    for service in ALL:
        with subtests.test(service.name):
            served = (await platform.client.get(f"/{service.slug}/openapi.json")).json()
            assert served.pop("servers") == [{"url": f"/{service.slug}"}]
            path = SNAPSHOTS / f"{service.name}.json"
            if os.environ.get("UPDATE_SNAPSHOTS"):
                path.write_bytes(orjson.dumps(served, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
            assert orjson.loads(path.read_bytes()) == served, "review the change, then UPDATE_SNAPSHOTS=1"


def test_there_is_a_snapshot_per_service_and_no_other() -> None:
    assert {path.name for path in SNAPSHOTS.iterdir()} == {f"{service.name}.json" for service in ALL}


def test_every_operation_says_what_it_is_for(openapi: Json) -> None:
    ids = [operation["operationId"] for _, operation in operations(openapi)]
    assert len(set(ids)) == len(ids)
    for name, operation in operations(openapi):
        assert operation["summary"], name
        assert len(operation.get("description", "")) > 15, name
        assert name.split()[0] in METHODS


def test_every_answer_has_a_schema_or_an_example(openapi: Json) -> None:
    for name, operation in operations(openapi):
        good = {status: answer for status, answer in operation["responses"].items() if status.startswith("2")}
        assert good, name
        for status, answer in good.items():
            if _are_files(answer):
                continue
            content = answer["content"]["application/json"]
            assert content.get("example") or content["schema"].get("$ref") or content["schema"].get("anyOf"), (
                name,
                status,
            )


def test_every_refusal_is_a_problem_document(openapi: Json) -> None:
    for name, operation in operations(openapi):
        for status in ("4XX", "422", "503"):
            content = operation["responses"][status]["content"]
            assert content == {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}, name
        for status, answer in operation["responses"].items():
            assert status < "4" or answer.get("content", {}).keys() <= {PROBLEM_JSON}, name


def test_every_parameter_has_bounds(openapi: Json) -> None:
    for name, operation in operations(openapi):
        for parameter in operation.get("parameters", []):
            assert _bounded(parameter["schema"], openapi), (name, parameter["name"])


def test_every_field_that_comes_in_has_bounds(openapi: Json) -> None:
    for name, operation in operations(openapi):
        body = operation.get("requestBody")
        if body and not _are_files(body):
            schema = _resolved(body["content"]["application/json"]["schema"], openapi)
            assert schema["additionalProperties"] is False, name
            for field, inner in schema["properties"].items():
                assert _bounded(inner, openapi), (name, field)


def test_every_field_that_comes_in_is_explained_or_shown(openapi: Json) -> None:
    for name, operation in operations(openapi):
        body = operation.get("requestBody")
        if body and not _are_files(body):
            schema = _resolved(body["content"]["application/json"]["schema"], openapi)
            assert schema["description"], name
            for field, inner in schema["properties"].items():
                assert inner.get("description") or inner.get("examples") or "$ref" in inner, (name, field)


def test_every_example_fits_its_schema(openapi: Json) -> None:
    for name, schema in openapi["components"]["schemas"].items():
        for field, inner in schema.get("properties", {}).items():
            for example in inner.get("examples", []):
                validator = Draft202012Validator({**inner, "components": openapi["components"]})
                assert list(validator.iter_errors(example)) == [], (name, field)


BY_CITIZENS = {"post /questions", "post /revisions/{code}/comments"}
"""What everybody may send, of a thing that has no version for them."""


def test_whoever_must_sign_in_is_told_so(openapi: Json) -> None:
    """Acts of staff name their scheme; citizens' ones and public reads do not."""
    for name, operation in operations(openapi):
        writes = not name.startswith("get ") and name not in BY_CITIZENS
        assert not writes or operation["security"] == [{"HTTPBearer": []}], name
    assert set(openapi["components"].get("securitySchemes", {})) <= {"HTTPBearer"}


def test_every_act_on_a_version_asks_for_it_and_takes_an_idempotency_key(openapi: Json) -> None:
    for name, operation in operations(openapi):
        headers = {p["name"].lower() for p in operation.get("parameters", []) if p["in"] == "header"}
        if not name.startswith("get ") and not _are_files(operation.get("requestBody", {"content": {}})):
            assert "idempotency-key" in headers, name
            assert ("if-match" in headers) == ("{" in name and name not in BY_CITIZENS), name


def _resolved(schema: Json, openapi: Json) -> Json:
    found: Json = openapi
    if "$ref" not in schema:
        return schema
    for part in schema["$ref"].removeprefix("#/").split("/"):
        found = found[part]
    return found


def _bounded(schema: Json, openapi: Json) -> bool:
    """Whether every value that fits is of limited size."""
    schema = _resolved(schema, openapi)
    if parts := schema.get("anyOf", schema.get("oneOf")):
        return all(_bounded(part, openapi) for part in parts)
    if "enum" in schema or "const" in schema:
        return True
    match schema.get("type"):
        case "string":
            limited = {"maxLength", "pattern"} & schema.keys()
            return bool(limited) or schema.get("format") in ("uuid", "date", "date-time")
        case "integer" | "number":
            return {"minimum", "maximum"} <= schema.keys()
        case "array":
            return "maxItems" in schema and _bounded(schema["items"], openapi)
        case "object":
            named = schema.get("propertyNames", {}).get("enum") or schema.get("additionalProperties") is False
            named = named or ("maxProperties" in schema and _bounded(schema.get("propertyNames", {}), openapi))
            inner = [*schema.get("properties", {}).values()]
            inner += [more] if isinstance(more := schema.get("additionalProperties"), dict) else []
            return bool(named) and all(_bounded(part, openapi) for part in inner)
        case "boolean" | "null":
            return True
    return False
