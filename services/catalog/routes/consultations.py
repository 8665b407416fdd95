"""What everybody says of a revision in its consultation (征求意见), and what becomes of it."""

from datetime import datetime
from typing import Annotated, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import BaseModel, Field

from libs.common import clock
from libs.common.fields import Body, Code, Sentence
from libs.common.http import Act, Reads, SeenVersion, Session, Staff, etag
from libs.common.permission import permit
from services.catalog import queries
from services.catalog.commands import revisions as commands
from services.catalog.queries import read_page
from services.catalog.routes.shared import NEXT, VERSION, Listing, answer_page, private
from services.catalog.rules import GRANTS, check_keeps_catalog
from services.catalog.rules.revisions import Comment, Outcome
from services.catalog.tables.revisions import RevisionComment

router = APIRouter(route_class=Act, tags=["revisions"])


class CommentView(Comment):
    """A comment, and what became of it."""

    number: int = Field(ge=1, examples=[1])
    received_at: datetime
    outcome: Outcome | None = Field(
        description="采纳 adopted, 部分采纳 partly, 不采纳 not_adopted; null: not answered yet.", examples=["adopted"]
    )
    answer: str | None = Field(description="The reason.", examples=["已增加学区划分图。"])
    answered_at: datetime | None
    version: int = VERSION


class CommentPage(BaseModel):
    """A page of comments, oldest first."""

    items: list[CommentView]
    next: str | None = NEXT


class CommentListing(Listing):
    """Query of the comments at the desk."""

    answered: Literal["answered", "waiting"] | None = Field(None, description="Only these.")


class AnswerBody(Body):
    """What becomes of a comment."""

    outcome: Outcome = Field(examples=["adopted"])
    answer: Sentence = Field(description="The reason, for whoever commented.", examples=["已增加学区划分图。"])


@router.post("/revisions/{code}/comments", summary="Comment on a revision", status_code=201)
async def comment(code: Code, body: Comment, session: Session) -> CommentView:
    """For everybody, without an account. It is shown once it is answered."""
    return _comment(await commands.comment(session, code, body, clock.now()))


@router.post("/revisions/{code}/comments/{number}/answer", summary="Answer a comment")
async def answer(
    code: Code,
    number: Annotated[int, Path(ge=1, le=2**31)],
    body: AnswerBody,
    session: Session,
    actor: Staff,
    seen: SeenVersion,
    response: Response,
) -> CommentView:
    """Whether it is adopted, partly or not, and why. `If-Match` names the version of the comment."""
    said = await commands.answer(session, code, number, body.outcome, body.answer, seen, actor, clock.now())
    response.headers["ETag"] = etag(said.version)
    return _comment(said)


@router.get("/revisions/{code}/comments", summary="Comments on a revision", response_model=CommentPage)
async def list_comments(
    code: Code, request: Request, database: Reads, listing: Annotated[Listing, Query()]
) -> Response:
    """Those that are answered, each with the answer."""
    return await answer_page(request, database, listing.page("comments", queries.COMMENTS, code, "answered"))


@router.get("/desk/revisions/{code}/comments", summary="Comments to be answered", response_model=CommentPage)
async def read_comments(
    code: Code, request: Request, database: Reads, actor: Staff, listing: Annotated[CommentListing, Query()]
) -> Response:
    """All of them, or only those that wait for an answer."""
    permit(GRANTS, actor, "catalog.read_revisions", region=actor.region)
    check_keeps_catalog(actor)
    page = listing.page("desk-comments", queries.COMMENTS, code)
    body, _ = await read_page(database.reads, request.app.state.cursors, page)
    return private(body)


def _comment(said: RevisionComment) -> CommentView:
    return CommentView.model_validate(said, from_attributes=True)
