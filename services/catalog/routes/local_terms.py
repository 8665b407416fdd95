"""What regions make of an item for themselves and those below (三级四同)."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from libs.common.fields import Code
from libs.common.http import Act, Reads, Session, Staff
from libs.common.regions import RegionCode
from services.catalog import queries
from services.catalog.commands import local_terms as commands
from services.catalog.routes.shared import NEXT, VERSION, Listing, SeenIfAny, answer_page, put_answered, put_answers
from services.catalog.rules.local_terms import LocalTermsContent

router = APIRouter(route_class=Act, tags=["items"])


class LocalTermsView(LocalTermsContent):
    """The terms of a region as they are shown."""

    region: RegionCode
    item: Code
    version: int = VERSION


class LocalTermsAnswer(LocalTermsView):
    """The same, and what they mean below."""

    overridden: list[RegionCode] = Field(
        description="Regions below whose own limit is looser than this one, and so has no effect.", examples=[[]]
    )


class LocalTermsPage(BaseModel):
    """A page of local terms, by region and item."""

    items: list[LocalTermsView]
    next: str | None = NEXT


class LocalTermsListing(Listing):
    """Query of the local terms."""

    region: RegionCode | None = Field(None, description="Only those of this region.")
    item: Code | None = Field(None, description="Only those of this item.")


@router.put("/items/{code}/terms/{region}", summary="Tighten an item", responses=put_answers(LocalTermsAnswer))
async def put_local_terms(
    code: Code,
    region: RegionCode,
    body: LocalTermsContent,
    session: Session,
    actor: Staff,
    seen: SeenIfAny,
    response: Response,
) -> LocalTermsAnswer:
    """For administrators of the region. A limit that is looser than above is refused, and names the part.

    The terms hold in the region and those below it. `null` takes back what was said.
    """
    kept, overridden = await commands.put_local_terms(session, code, region, body, seen, actor)
    put_answered(response, kept.version, seen)
    known = {"region": region, "item": code, "version": kept.version}
    return LocalTermsAnswer(**known, overridden=list(overridden), **body.model_dump())


@router.get("/local-terms", summary="Local terms", response_model=LocalTermsPage)
async def list_local_terms(
    request: Request, database: Reads, listing: Annotated[LocalTermsListing, Query()]
) -> Response:
    """Where counties, towns and villages promise more than the standard, and which body of theirs is responsible."""
    return await answer_page(request, database, listing.page("local-terms", queries.LOCAL_TERMS))
