"""The content templates of items (专项公开内容模板)."""

from typing import Any

from fastapi import APIRouter, Request, Response
from pydantic import BaseModel, Field, TypeAdapter

from libs.common import clock
from libs.common.errors import NotFound
from libs.common.events import TemplateField
from libs.common.fields import Code
from libs.common.http import Act, Reads, Session, Staff, public
from services.catalog import queries
from services.catalog.commands import templates as commands
from services.catalog.routes.shared import SeenIfAny, put_answered, put_answers
from services.catalog.rules.forms import FormField, form, json_schema
from services.catalog.rules.templates import TemplateContent

router = APIRouter(route_class=Act, tags=["items"])
_FIELDS = TypeAdapter(list[TemplateField])


class TemplateView(BaseModel):
    """A content template: as it was put, as JSON Schema, and as a form."""

    item: Code = Field(description="Code of the item.", examples=["03001001"])
    name: str = Field(description="Name of the item.", examples=["补贴发放结果"])
    version: int | None = Field(
        ge=1, description='Name it as `If-Match: "v3"` to replace it; null: there never was one.', examples=[3]
    )
    fields: list[TemplateField] = Field(description="Empty: the item has none, and documents are prose alone.")
    json_schema: dict[str, Any] | None = Field(
        description="What `structured` of a document under the item must fit (2020-12); `x-unit` is a value's unit.",
        examples=[{"type": "object", "properties": {"area": {"type": "number", "x-unit": "亩"}}}],
    )
    form: list[FormField] = Field(description="How a front end asks for it, in this order.")

    @classmethod
    def of(cls, item: str, name: str, version: int | None, fields: list[TemplateField]) -> "TemplateView":
        """The template with these fields."""
        schema = json_schema(name, fields) if fields else None
        return cls(item=item, name=name, version=version, fields=fields, json_schema=schema, form=form(fields))


@router.put("/items/{code}/template", summary="Put a template in place", responses=put_answers(TemplateView))
async def put_template(
    code: Code, body: TemplateContent, session: Session, actor: Staff, seen: SeenIfAny, response: Response
) -> TemplateView:
    """For administrators of whoever keeps the item: the province, or the county of a local one.

    Documents that are submitted from now on must fit it. What was submitted or published before stays as it is.
    A list without fields removes the template.
    """
    item, kept = await commands.put_template(session, code, body, seen, actor, clock.now())
    put_answered(response, kept.version, seen)
    fields = _FIELDS.validate_python(kept.fields)
    return TemplateView.of(code, item.level3_item or item.level2_item, kept.version, fields)


@router.get("/items/{code}/template", summary="Read a template", response_model=TemplateView)
async def read_template(code: Code, request: Request, database: Reads) -> Response:
    """What a document under the item must hold, as JSON Schema and as a form; no fields where it has no template."""
    row = await database.reads.fetchrow(queries.TEMPLATE, code)
    if row is None:
        raise NotFound
    view = TemplateView.of(code, row["name"], row["version"], _FIELDS.validate_json(row["fields"]))
    return public(request, view.model_dump_json().encode())
