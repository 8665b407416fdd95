"""The listings of county, towns and villages: what front ends read most."""

from typing import Literal

from fastapi import APIRouter, Request, Response
from pydantic import Field

from libs.common import listing
from libs.common.errors import Malformed
from libs.common.http import Act, public
from libs.common.paging import LONGEST_TOKEN, next_link
from libs.common.query import Query
from libs.common.regions import parse
from services.publication.routes.examples import LISTING_PARAMETERS, LISTING_RESPONSES

router = APIRouter(route_class=Act, tags=["public"])


class ListingQuery(Query):
    """What to list of a region."""

    scope: listing.Scope = Field(
        "all", description="own: of the region itself; reached: from above; below: of towns and villages; all."
    )
    field: str | None = Field(None, max_length=40, description="Code of a field (领域).")
    item: str | None = Field(None, max_length=40, description="Code of a disclosure item (公开事项).")
    theme: str | None = Field(None, max_length=100, description="主题分类.")
    column: str | None = Field(None, max_length=100, description="栏目, or the category of a village notice.")
    kind: Literal["document", "notice"] | None = Field(None, description="document or notice.")
    limit: int = Field(20, ge=1, le=100, description="Most entries of a page.")
    cursor: str | None = Field(None, max_length=LONGEST_TOKEN, description="`next` of the page before.")


@router.get(
    "/listings/{region}",  # noqa: FAST003 - read from the request: see `libs.common.query`
    responses=LISTING_RESPONSES,
    openapi_extra={"parameters": [LISTING_PARAMETERS, *ListingQuery.parameters()["parameters"]]},
)
async def read_listing(request: Request) -> Response:
    """What is public in a region, newest first: a county, a town or a village."""
    try:
        region = parse(request.path_params["region"])
    except ValueError as error:
        raise Malformed(str(error), field="path.region") from error
    query = ListingQuery.of(request)
    filters = {name: value for name in listing.FILTERS if (value := getattr(query, name)) is not None}
    page = listing.Page(region=region, scope=query.scope, filters=filters, limit=query.limit, cursor=query.cursor)
    body, following = await listing.read_page(request.app.state.database.reads, request.app.state.cursors, page)
    if following is None:
        return public(request, body)
    link = next_link(request.scope["path"], query.model_dump(exclude_defaults=True, mode="json"), following)
    return public(request, body, {"Link": link})
