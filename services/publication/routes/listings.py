"""The listings of county, towns and villages: what front ends read most."""

from functools import cached_property
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

    # Kept with the query, which is remembered.
    @cached_property
    def filters(self) -> dict[str, str]:
        """What narrows the listing."""
        return {name: value for name in listing.FILTERS if (value := getattr(self, name)) is not None}

    @cached_property
    def sent(self) -> dict[str, str]:
        """The parameters of the next page but for its cursor."""
        return self.model_dump(exclude_defaults=True, exclude={"cursor"}, mode="json")


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
    page = listing.Page(region, query.scope, query.filters, query.limit, query.cursor)
    body, following = await listing.read_page(request.app.state.database.reads, request.app.state.cursors, page)
    if following is None:
        return public(request, body)
    link = next_link(request.scope["path"], query.sent, following)
    return public(request, body, {"Link": link})
