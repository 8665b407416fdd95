"""Responsible bodies (公开主体)."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from libs.common import clock
from libs.common.fields import Code
from libs.common.http import Act, Reads, Session, Staff
from libs.common.regions import RegionCode
from services.catalog import queries
from services.catalog.commands import places
from services.catalog.routes.shared import NEXT, VERSION, Listing, SeenIfAny, answer_page, put_answered, put_answers
from services.catalog.rules import OrganisationContent

router = APIRouter(route_class=Act, tags=["organisations"])


class OrganisationView(OrganisationContent):
    """An organisation as it is shown."""

    code: Code
    path: list[str] = Field(
        description="Codes from the organisation itself up to the root.",
        examples=[["990001-jyj", "990001-zf"]],
    )
    version: int = VERSION


class OrganisationPage(BaseModel):
    """A page of organisations, by code."""

    items: list[OrganisationView]
    next: str | None = NEXT


class OrganisationListing(Listing):
    """Query of the organisations."""

    region: RegionCode | None = Field(None, description="Only those of this region itself.")
    parent: Code | None = Field(None, description="Only those right below this one.")


@router.put(
    "/organisations/{code}", summary="Create or replace an organisation", responses=put_answers(OrganisationView)
)
async def put_organisation(
    code: Code,
    body: OrganisationContent,
    session: Session,
    actor: Staff,
    seen: SeenIfAny,
    response: Response,
) -> OrganisationView:
    """For administrators of its region and of the organisations above it, before and after.

    One with subordinates cannot get another place in the tree (`has_subordinates`).
    """
    organisation = await places.put_organisation(session, code, body, seen, actor, clock.now())
    put_answered(response, organisation.version, seen)
    return OrganisationView(
        code=organisation.code, path=organisation.path, version=organisation.version, **body.model_dump()
    )


@router.get("/organisations", summary="List organisations", response_model=OrganisationPage)
async def list_organisations(
    request: Request, database: Reads, listing: Annotated[OrganisationListing, Query()]
) -> Response:
    """All organisations by code, or those of one region or right below one organisation."""
    return await answer_page(request, database, listing.page("organisations", queries.ORGANISATIONS))
