"""The public document page."""

from typing import Any
from uuid import UUID

import asyncpg
import orjson
from fastapi import APIRouter, Request, Response

from libs.common.encode import json_bytes
from libs.common.errors import Gone, NotFound
from libs.common.http import Act, Reads, public
from services.publication import queries
from services.publication.commands.publish import page_path
from services.publication.routes.examples import PAGE_RESPONSES

router = APIRouter(route_class=Act, tags=["public"])
_TEXT = (
    "title",
    "body_html",
    "summary",
    "doc_number",
    "theme",
    "genre",
    "keywords",
    "source",
    "written_on",
    "effective_on",
    "expires_on",
    "published_at",
)


@router.get("/documents/{content_id}", responses=PAGE_RESPONSES)
async def read_document(content_id: UUID, request: Request, database: Reads) -> Response:
    """The public page data of a document, with its interpretations, replies and related documents.

    A withdrawn one answers by the kind of its withdrawal: 200 with `state: withdrawn` and a notice, 410, or 308.
    """
    row = await queries.page(database.reads, content_id)
    if row is None:
        raise NotFound
    if row["withdrawal"] is None:
        return public(request, json_bytes(_page(row)))
    if row["withdrawal"] == "redirect":
        return public(request, json_bytes(_tombstone(row)), {"Location": page_path(row["redirect_to"])}, 308)
    if row["withdrawal"] == "gone":
        raise Gone(row["withdrawn_reason"], withdrawn_at=row["withdrawn_at"], index_number=row["index_number"])
    return public(request, json_bytes(_tombstone(row)))


def _page(row: asyncpg.Record) -> dict[str, Any]:
    return {
        **_identity(row),
        "state": "live",
        **{name: row[name] for name in _TEXT},
        "column": row["column_name"],
        "edition": row["number"],
        "disclosure": row["disclosure"],
        "catalog_item": {"code": row["catalog_item"], "name": row["item_name"], "field": row["field"]},
        "reach": orjson.Fragment(row["reach"]),
        "interpretation_required": row["interpretation_required"],
        "structured": orjson.Fragment(row["structured"] or "null"),
        "template": _template(row),
        "interpretations": orjson.Fragment(row["interpretations"]),
        "responses": orjson.Fragment(row["replies"] or "[]"),
        "related": orjson.Fragment(row["related"]),
    }


def _template(row: asyncpg.Record) -> dict[str, Any] | None:
    """How to show the structured content: the template of the time when it was checked."""
    if row["template_version"] is None:
        return None
    return {"version": row["template_version"], "fields": orjson.Fragment(row["template_fields"])}


def _tombstone(row: asyncpg.Record) -> dict[str, Any]:
    """What stays of a withdrawn document: who, what, when and why; never its text."""
    return {
        **_identity(row),
        "state": "withdrawn",
        "title": row["title"],
        "doc_number": row["doc_number"],
        "withdrawal": row["withdrawal"],
        "withdrawn_at": row["withdrawn_at"],
        "reason": row["withdrawn_reason"],
        "notice": row["withdrawn_notice"] or row["withdrawn_reason"],
        "redirect_to": row["redirect_to"],
    }


def _identity(row: asyncpg.Record) -> dict[str, Any]:
    return {
        "id": row["content_id"],
        "version": row["version"],
        "index_number": row["index_number"],
        "region": {"code": row["region"], "name": row["region_name"]},
        "organisation": {"code": row["organisation"], "name": row["organisation_name"]},
        "first_published_at": row["first_published_at"],
        "propagation": f"{page_path(row['content_id'])}/propagation",
        "interpretation_duty": f"/policy-interpretation/duties?document={row['content_id']}",
        "response_record": f"/citizen-feedback/responses?document={row['content_id']}",
    }
