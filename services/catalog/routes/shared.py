"""What the routes of catalog share: create-or-replace by version, and listings."""

import re
from typing import Annotated, Any

from fastapi import Depends, Header, Request, Response
from pydantic import BaseModel, Field

from libs.common.db import Database
from libs.common.errors import Malformed
from libs.common.fields import Body
from libs.common.http import etag, public
from libs.common.paging import LONGEST_TOKEN, next_link
from services.catalog.queries import Page, read_page

_ETAG = re.compile(r'(?:W/)?"v([0-9]{1,18})"')

VERSION = Field(ge=1, description='Name it as `If-Match: "v3"` to replace this version.', examples=[3])
_IF_MATCH = 'The version to replace, as `"v3"`; absent to create. 428: it exists already; 412: another version does.'
NEXT = Field(description="Cursor of the next page; null on the last.", examples=[None])


def _seen_if_any(
    if_match: Annotated[str | None, Header(max_length=40, description=_IF_MATCH)] = None,
) -> int | None:
    if if_match is None:
        return None
    match = _ETAG.fullmatch(if_match.strip())
    if match is None:
        raise Malformed('If-Match 应为读取时得到的版本号,例如 "v3"。', field="header.If-Match")
    return int(match[1])


SeenIfAny = Annotated[int | None, Depends(_seen_if_any)]
"""The version that the caller saw and wants replaced; None to create."""


def put_answers(view: type[BaseModel]) -> dict[int | str, dict[str, Any]]:
    """How a create-or-replace answers, for its OpenAPI."""
    return {
        200: {"description": "Replaced, or the same as before: then the version has not changed."},
        201: {"description": "Created.", "model": view},
    }


def put_answered(response: Response, version: int, seen: int | None) -> None:
    """Tell by status and ETag what became of a put: `seen` None means that it was new."""
    response.status_code = 201 if seen is None else 200
    response.headers["ETag"] = etag(version)


class Listing(Body):
    """Query of a listing. Unknown filters are refused: ignored ones would answer too much."""

    limit: int = Field(20, ge=1, le=100, description="Rows on a page.")
    cursor: str | None = Field(None, max_length=LONGEST_TOKEN, description="`next` of the page before.")

    def page(self, name: str, statement: str, *first: str) -> Page:
        """The page that is asked for. `first` are the statement's leading filters, from the address."""
        filters = self.model_dump(exclude={"limit", "cursor"})
        scope = "|".join([name, *first, *(f"{k}={v}" for k, v in filters.items() if v is not None)])
        return Page(statement, (*first, *filters.values()), scope, self.limit, self.cursor)


async def answer_page(request: Request, database: Database, page: Page) -> Response:
    """The page as a public, cacheable answer, with a `Link` to the next one."""
    body, cursor = await read_page(database.reads, request.app.state.cursors, page)
    if cursor is None:
        return public(request, body)
    link = next_link(request.scope["path"], dict(request.query_params), cursor)
    return public(request, body, {"Link": link})


def private(body: bytes) -> Response:
    """An answer for one member of staff alone."""
    return Response(body, media_type="application/json", headers={"Cache-Control": "private, no-store"})
