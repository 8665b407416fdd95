"""The shape of a refusal, for OpenAPI: RFC 9457 problem documents."""

from typing import Any

from pydantic import BaseModel, Field

from libs.common.errors import PROBLEM_JSON


class FieldProblem(BaseModel):
    """One field at fault."""

    field: str = Field(examples=["body.title"], description="Path of the field.")
    message: str = Field(examples=["必填"], description="What is wrong, for a person.")


class Problem(BaseModel):
    """RFC 9457 problem document (`application/problem+json`)."""

    type: str = Field(examples=["urn:yangguang:problem:malformed"])
    title: str = Field(examples=["malformed"])
    status: int = Field(examples=[422])
    detail: str = Field(examples=["请求内容有误,请按提示修改后重试。"], description="A sentence for a person.")
    code: str = Field(examples=["malformed"], description="Stable code; the closed list is docs/errors.md.")
    request_id: str | None = Field(examples=["6f1c2f0a9d3b4e57"], description="Quote it to support.")
    errors: list[FieldProblem] | None = None


def as_problem_json(openapi: dict[str, Any]) -> dict[str, Any]:
    """`openapi` with its refusals as `application/problem+json`: FastAPI puts every model under `application/json`."""
    for operations in openapi["paths"].values():
        for operation in operations.values():
            for response in operation["responses"].values():
                content = response.get("content", {})
                schema = content.get("application/json", {}).get("schema", {})
                if schema.get("$ref") == "#/components/schemas/Problem":
                    content[PROBLEM_JSON] = content.pop("application/json")
    return openapi


PROBLEM_RESPONSES: dict[int | str, dict[str, Any]] = {
    "4XX": {"model": Problem, "description": "Refused; `code` says why."},
    422: {"model": Problem, "description": "The request cannot be accepted as it is."},
    503: {"model": Problem, "description": "Try again after `Retry-After` seconds."},
}
