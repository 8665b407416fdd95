"""The negative list (负面清单)."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from libs.common.fields import Code
from libs.common.http import Act, Reads, Session, Staff
from libs.common.regions import RegionCode
from services.catalog import queries
from services.catalog.commands import negative
from services.catalog.routes.shared import NEXT, VERSION, Listing, SeenIfAny, answer_page, put_answered, put_answers
from services.catalog.rules.negative import ARTICLES, Ground, NegativeContent

router = APIRouter(route_class=Act, tags=["negative list"])


class NegativeView(NegativeContent):
    """An entry as it is shown."""

    code: Code
    article: str = Field(description="Of 《政府信息公开条例》, where the ground stands.", examples=["第十六条"])
    version: int = VERSION


class NegativePage(BaseModel):
    """A page of the negative list, by code."""

    items: list[NegativeView]
    next: str | None = NEXT


class NegativeListing(Listing):
    """Query of the negative list."""

    region: RegionCode | None = Field(None, description="Only the list of this region.")
    ground: Ground | None = Field(None, description="Only entries on this ground.")
    lifted: bool | None = Field(None, description="Only entries that are open again, or only those in force.")


@router.put("/negative-list/{code}", summary="Create or replace an entry", responses=put_answers(NegativeView))
async def put_negative(
    code: Code, body: NegativeContent, session: Session, actor: Staff, seen: SeenIfAny, response: Response
) -> NegativeView:
    """For administrators of the region. What is open again keeps its entry, with the day in `lifted_on`."""
    entry = await negative.put_negative(session, code, body, seen, actor)
    put_answered(response, entry.version, seen)
    return NegativeView(code=code, version=entry.version, article=ARTICLES[body.ground], **body.model_dump())


@router.get("/negative-list", summary="The negative list", response_model=NegativePage)
async def list_negative(request: Request, database: Reads, listing: Annotated[NegativeListing, Query()]) -> Response:
    """What is not open, on which ground and article, and why."""
    return await answer_page(request, database, listing.page("negative-list", queries.NEGATIVE))
