"""Revisions of the catalog: proposed and decided by staff (`consultations` has what everybody says of them)."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, Field

from libs.common import clock
from libs.common.errors import NotFound
from libs.common.fields import Body, Code, Sentence
from libs.common.http import Act, Reads, SeenVersion, Session, Staff, etag, public
from libs.common.permission import permit
from services.catalog import queries
from services.catalog.commands import revisions as commands
from services.catalog.queries import read_page
from services.catalog.routes.shared import NEXT, VERSION, Listing, SeenIfAny, answer_page, private, put_answers
from services.catalog.rules import GRANTS, check_keeps_catalog
from services.catalog.rules.revisions import OPEN, PUBLIC, RevisionContent, State
from services.catalog.tables.revisions import Revision

router = APIRouter(route_class=Act, tags=["revisions"])

_PUBLIC, _ALL = ",".join(PUBLIC), ",".join(dict.fromkeys([*OPEN, *PUBLIC, "dropped"]))


class CommentCounts(BaseModel):
    """How many comments came, and what became of them."""

    received: int = Field(ge=0, examples=[11])
    adopted: int = Field(ge=0, examples=[5])
    partly: int = Field(ge=0, examples=[2])
    not_adopted: int = Field(ge=0, examples=[4])


class RevisionView(RevisionContent):
    """A revision as it is shown."""

    code: Code
    state: State = Field(examples=["consulting"])
    legality_opinion: str | None = Field(description="合法性审查意见.", examples=["内容合法,程序合规。"])
    consulting_from: date | None
    consulting_until: date | None = Field(description="Last day on which comments are taken.", examples=["2027-01-31"])
    shortened_reason: str | None = Field(description="Why it is shorter than 30 days.", examples=[None])
    adopted_on: date | None
    effective_on: date | None = Field(description="Day of coming into force.", examples=["2027-03-01"])
    edition: int | None = Field(description="The edition of the field that it made.", examples=[2])
    comments: CommentCounts
    version: int = VERSION


class RevisionPage(BaseModel):
    """A page of revisions, by code."""

    items: list[RevisionView]
    next: str | None = NEXT


class RevisionListing(Listing):
    """Query of the revisions."""

    field: Code | None = Field(None, description="Only revisions of this field.")
    state: State | None = Field(None, description="Only revisions in this state.")


class RevisionAnswer(BaseModel):
    """What became of an act on a revision."""

    code: Code
    state: State
    version: int = VERSION


class CheckBody(Body):
    """The opinion on its legality."""

    passed: bool = Field(description="False: it goes back to be amended.", examples=[True])
    opinion: Sentence = Field(examples=["内容合法,程序合规。"])


class ConsultBody(Body):
    """How long the public is asked."""

    until: date = Field(description="Last day; 30 days from today or more.", examples=["2027-01-31"])
    shortened_reason: Sentence | None = Field(None, description="Why it is shorter.", examples=[None])


class AdoptBody(Body):
    """When it comes into force."""

    effective_on: date = Field(examples=["2027-03-01"])


class DropBody(Body):
    """Why it is given up."""

    reason: Sentence = Field(examples=["上级目录即将调整,待其公布后再修订。"])


@router.put("/revisions/{code}", summary="Propose a revision", responses=put_answers(RevisionAnswer))
async def put_revision(
    code: Code, body: RevisionContent, session: Session, actor: Staff, seen: SeenIfAny, response: Response
) -> RevisionAnswer:
    """For administrators of the province, or of a county that has none above.

    It can be amended until it is checked, and after the consultation.
    """
    kept = await commands.put_revision(session, code, body, seen, actor, clock.now())
    response.status_code = 201 if seen is None else 200
    return _answer(kept, response)


@router.post("/revisions/{code}/check", summary="Give the legality opinion")
async def check_revision(
    code: Code, body: CheckBody, session: Session, actor: Staff, seen: SeenVersion, response: Response
) -> RevisionAnswer:
    """For reviewers, and not for who proposed it (合法性审查)."""
    return _answer(await commands.check(session, code, body.passed, body.opinion, seen, actor), response)


@router.post("/revisions/{code}/consult", summary="Ask the public")
async def consult(
    code: Code, body: ConsultBody, session: Session, actor: Staff, seen: SeenVersion, response: Response
) -> RevisionAnswer:
    """Everybody sees it from now on, and may comment on it until the end of the day `until`."""
    kept = await commands.consult(session, code, body.until, body.shortened_reason, seen, actor, clock.now())
    return _answer(kept, response)


@router.post("/revisions/{code}/adopt", summary="Adopt a revision")
async def adopt(
    code: Code, body: AdoptBody, session: Session, actor: Staff, seen: SeenVersion, response: Response
) -> RevisionAnswer:
    """For reviewers, and not for who proposed it; after the consultation, when every comment is answered."""
    return _answer(await commands.adopt(session, code, body.effective_on, seen, actor, clock.now()), response)


@router.post("/revisions/{code}/enforce", summary="Put a revision into force")
async def enforce(code: Code, session: Session, actor: Staff, seen: SeenVersion, response: Response) -> RevisionAnswer:
    """From the day `effective_on` on. The items are changed in one transaction, and the field has a new edition."""
    return _answer(await commands.enter_into_force(session, code, seen, actor, clock.now()), response)


@router.post("/revisions/{code}/drop", summary="Give a revision up")
async def drop(
    code: Code, body: DropBody, session: Session, actor: Staff, seen: SeenVersion, response: Response
) -> RevisionAnswer:
    """The field is free for another revision."""
    return _answer(await commands.drop(session, code, body.reason, seen, actor), response)


@router.get("/revisions", summary="Revisions of the catalog", response_model=RevisionPage)
async def list_revisions(request: Request, database: Reads, listing: Annotated[RevisionListing, Query()]) -> Response:
    """What the public is or was asked about, what was adopted and what is in force."""
    return await answer_page(request, database, listing.page("revisions", queries.REVISIONS, _PUBLIC))


@router.get("/revisions/{code}", summary="A revision", response_model=RevisionView)
async def read_revision(code: Code, request: Request, database: Reads) -> Response:
    """With its adjustments and how many comments came, were adopted, partly or not."""
    found = await database.reads.fetchval(queries.REVISION, code, list(PUBLIC))
    if found is None:
        raise NotFound
    return public(request, found.encode())


@router.get("/desk/revisions", summary="Revisions in work", response_model=RevisionPage)
async def read_desk(
    request: Request, database: Reads, actor: Staff, listing: Annotated[RevisionListing, Query()]
) -> Response:
    """For administrators and reviewers of a county or above: also what is proposed, checked or given up."""
    permit(GRANTS, actor, "catalog.read_revisions", region=actor.region)
    check_keeps_catalog(actor)
    page = listing.page("desk", queries.REVISIONS, _ALL)
    body, _ = await read_page(database.reads, request.app.state.cursors, page)
    return private(body)


def _answer(kept: Revision, response: Response) -> RevisionAnswer:
    response.headers["ETag"] = etag(kept.version)
    return RevisionAnswer.model_validate(kept, from_attributes=True)
