"""The listings of county, towns and villages: what front ends read most."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from libs.common import listing
from libs.common.http import Act, Reads, public
from libs.common.paging import next_link
from libs.common.regions import RegionCode
from services.publication.routes.examples import LISTING_RESPONSES

router = APIRouter(route_class=Act, tags=["public"])


@router.get("/listings/{region}", responses=LISTING_RESPONSES)
async def read_listing(
    region: RegionCode,
    request: Request,
    database: Reads,
    scope: Annotated[
        listing.Scope,
        Query(description="own: of the region itself; reached: from above; below: of towns and villages; all."),
    ] = "all",
    field: Annotated[str | None, Query(max_length=40, description="Code of a field (领域).")] = None,
    item: Annotated[str | None, Query(max_length=40, description="Code of a disclosure item (公开事项).")] = None,
    theme: Annotated[str | None, Query(max_length=100, description="主题分类.")] = None,
    column: Annotated[str | None, Query(max_length=100, description="栏目, or category of a village notice.")] = None,
    kind: Annotated[str | None, Query(pattern="^(document|notice)$", description="document or notice.")] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
    cursor: Annotated[str | None, Query(max_length=512, description="`next` of the page before.")] = None,
) -> Response:
    """What is public in a region, newest first: a county, a town or a village."""
    given = {"kind": kind, "field": field, "item": item, "theme": theme, "column": column}
    filters = {name: value for name, value in given.items() if value is not None}
    page = listing.Page(region=region, scope=scope, filters=filters, limit=limit, cursor=cursor)
    body, following = await listing.read_page(database.reads, request.app.state.cursors, page)
    if following is None:
        return public(request, body)
    link = next_link(request.url.path, dict(request.query_params), following)
    return public(request, body, {"Link": link})
