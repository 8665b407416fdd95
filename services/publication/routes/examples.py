"""Examples of the public answers that are put together from stored JSON, for OpenAPI."""

from typing import Any

_CARD: dict[str, Any] = {
    "kind": "document",
    "id": "01980f6e-3a70-7c11-9c5e-0d5f3f6f8a01",
    "title": "阳光县人民政府办公室关于做好2026年义务教育招生入学工作的通知",
    "region": "990001000000",
    "region_name": "阳光县",
    "organisation": "990001-zf",
    "organisation_name": "阳光县人民政府",
    "index_number": "11990001MB00000115/2026-00012",
    "doc_number": "阳政办发〔2026〕12号",
    "catalog_item": "03001001",
    "field": "03",
    "theme": "科技、教育\\教育",
    "genre": "通知",
    "column": "政策文件",
    "summary": "为做好2026年义务教育招生入学工作,现就有关事项通知如下……",
    "written_on": "2026-05-08",
    "published_at": "2026-05-09T01:30:00+00:00",
    "path": "/publication/documents/01980f6e-3a70-7c11-9c5e-0d5f3f6f8a01",
}
_PAGE: dict[str, Any] = {
    "id": _CARD["id"],
    "version": 4,
    "index_number": _CARD["index_number"],
    "region": {"code": "990001000000", "name": "阳光县"},
    "organisation": {"code": "990001-zf", "name": "阳光县人民政府"},
    "first_published_at": _CARD["published_at"],
    "propagation": f"{_CARD['path']}/propagation",
    "interpretation_duty": f"/policy-interpretation/duties?document={_CARD['id']}",
    "response_record": f"/citizen-feedback/responses?document={_CARD['id']}",
    "state": "live",
    "title": _CARD["title"],
    "body_html": "<p>各镇人民政府,县政府各部门:</p>",
    "summary": _CARD["summary"],
    "doc_number": _CARD["doc_number"],
    "theme": _CARD["theme"],
    "genre": "通知",
    "keywords": ["义务教育", "招生"],
    "source": None,
    "written_on": "2026-05-08",
    "effective_on": None,
    "expires_on": None,
    "published_at": _CARD["published_at"],
    "column": "政策文件",
    "edition": 1,
    "disclosure": "proactive",
    "catalog_item": {"code": "03001001", "name": "规范性文件", "field": "03"},
    "reach": {"towns": "all", "villages": "all"},
    "interpretation_required": True,
    "structured": {"area": 12.5},
    "template": {
        "version": 2,
        "fields": [
            {
                "name": "area",
                "title": "补贴面积",
                "type": "number",
                "unit": "亩",
                "required": True,
                "choices": [],
                "max_length": None,
                "minimum": 0,
                "maximum": None,
                "decimals": 2,
                "hint": None,
                "columns": [],
            }
        ],
    },
    "interpretations": [],
    "responses": [],
    "related": [_CARD],
}

PAGE_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The live page, or what stays of one withdrawn with a notice.",
        "content": {"application/json": {"schema": {"type": "object"}, "example": _PAGE}},
    },
    304: {"description": "The reader already has these bytes."},
    308: {"description": "Withdrawn; `Location` leads to the document that takes its place."},
    404: {"description": "Never published."},
    410: {"description": "Withdrawn and gone; the problem document says why."},
}

LISTING_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "One page, newest first. `next` is null on the last page.",
        "content": {"application/json": {"schema": {"type": "object"}, "example": {"items": [_CARD], "next": None}}},
    },
    304: {"description": "The reader already has these bytes."},
}

LISTING_PARAMETERS: dict[str, Any] = {
    "name": "region",
    "in": "path",
    "required": True,
    "description": "Administrative division code; 2, 4, 6, 9 or 12 digits are read.",
    "schema": {"type": "string", "pattern": "^([0-9]{2}|[0-9]{4}|[0-9]{6}|[0-9]{9}|[0-9]{12})$"},
    "example": "990001101000",
}


def _shown(description: str, example: dict[str, Any]) -> dict[int | str, dict[str, Any]]:
    content = {"application/json": {"schema": {"type": "object"}, "example": example}}
    return {200: {"description": description, "content": content}}


_WORK: dict[str, Any] = {
    **{name: _CARD[name] for name in ("title", "doc_number", "region", "organisation")},
    "version": 3,
    "number": 1,
    "changed_at": "2026-05-08T07:40:00+00:00",
}
_EDITION: dict[str, Any] = {
    **{name: _WORK[name] for name in ("number", "title", "doc_number", "changed_at", "version", "region")},
    "state": "live",
    "published_at": _CARD["published_at"],
}

DESK_RESPONSES = _shown(
    "One page, last changed first. `next` is null on the last page.",
    {"items": [{"content_id": _CARD["id"], "state": "submitted", **_WORK}], "next": None},
)
EDITIONS_RESPONSES = _shown(
    "One page, newest first. `next` is null on the last page.", {"items": [_EDITION], "next": None}
)
DRAFT_RESPONSES = _shown(
    "The edition that is being worked on, with everything that was entered.",
    {
        "content_id": _CARD["id"],
        **_WORK,
        **{
            name: _PAGE[name]
            for name in ("index_number", "body_html", "theme", "genre", "column", "keywords", "source")
        },
        **{name: _PAGE[name] for name in ("written_on", "effective_on", "expires_on", "disclosure", "reach")},
        "state": "draft",
        "catalog_item": _CARD["catalog_item"],
        "disclosure_reason": None,
        "disclosure_basis": None,
        "interpretation_required": True,
        "structured": {"area": 12.5},
        "template_version": None,
        "drafted_by": "oidc|4711",
        "submitted_by": None,
        "approved_by": None,
        "returned_reason": None,
    },
)
