"""What the staff in charge call: the list of questions, one question whole, and the acts.

The acts answer with state and version only: an answer may be kept beside its `Idempotency-Key`, and what a
citizen wrote is not to lie in a second table.
"""

from datetime import date, datetime
from typing import Annotated, Self
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from libs.common import clock
from libs.common.errors import NotFound
from libs.common.fields import Body, Sentence
from libs.common.http import Act, Reads, SeenVersion, Session, Staff, etag
from libs.common.paging import next_link
from libs.common.permission import Verdict, decide, permit
from libs.common.regions import RegionCode
from services.citizen_feedback import commands, queries, rules
from services.citizen_feedback.tables import Question

router = APIRouter(route_class=Act, prefix="/questions", tags=["staff"])

# Twenty of the longest fit into one event of 256 KB: 3,000 characters of at most four bytes each. Control
# characters would take six bytes, so only tab and line ends are let in.
_PRINTABLE = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$"
PublicQuestion = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=1_000, pattern=_PRINTABLE)
]
PublicAnswer = Annotated[
    str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2_000, pattern=_PRINTABLE)
]


class ReplyBody(Body):
    """The answer to the citizen who asked."""

    reply: Sentence = Field(
        description="1 to 2,000 characters, for the asker only.", examples=["预计6月底前发放到户。"]
    )


class PublishBody(Body):
    """What the public is to see."""

    public_question: PublicQuestion = Field(
        description="The question in staff's words, without anything that points to the asker.",
        examples=["耕地地力保护补贴何时发放?"],
    )
    public_reply: PublicAnswer = Field(description="The reply for everybody.", examples=["预计6月底前发放到户。"])


class ReasonBody(Body):
    """Why."""

    reason: Sentence = Field(
        description="1 to 2,000 characters; kept beside the question.", examples=["与本文件无关。"]
    )


class Card(BaseModel):
    """A question in the list; to read it, open it."""

    model_config = ConfigDict(from_attributes=True)
    id: UUID = Field(examples=["0199a1f4-0b7d-7e21-8a44-1c2d3e4f5a6b"])
    document: UUID = Field(examples=["0199a1f0-6f1e-7c3a-9d2b-5e8f7a6b4c3d"])
    title: str = Field(description="Title of the document.", examples=["关于发放2026年耕地地力保护补贴的通知"])
    region: str = Field(examples=["990001101000"])
    organisation: str = Field(description="Code of the organisation in charge.", examples=["990001101-zf"])
    state: rules.State = Field(examples=["received"])
    version: int = Field(examples=[1])
    asked_at: datetime = Field(examples=["2026-03-02T01:30:00Z"])
    answer_by: date = Field(description="Day by which a reply is promised.", examples=["2026-03-23"])


class Whole(Card):
    """A question with everything that the staff in charge need. Not for any other eyes."""

    text: str = Field(description="As the citizen wrote it.", examples=["补贴什么时候发到户?"])
    contact: str | None = Field(description="As the citizen left it.", examples=["请致电村委会转告"])
    reply: str | None = Field(examples=[None])
    replied_by: str | None = Field(description="Subject of the replier's token.", examples=[None])
    replied_at: datetime | None = Field(examples=[None])
    reason: str | None = Field(description="Why it was declined or taken back.", examples=[None])
    public_question: str | None = Field(examples=[None])
    public_reply: str | None = Field(examples=[None])
    published_at: datetime | None = Field(examples=[None])


class Work(BaseModel):
    """A page of questions."""

    items: list[Card]
    next: str | None = Field(description="Cursor of the next page, or null.", examples=[None])


class Acted(BaseModel):
    """The state of a question after an act."""

    question_id: UUID = Field(examples=["0199a1f4-0b7d-7e21-8a44-1c2d3e4f5a6b"])
    document: UUID = Field(examples=["0199a1f0-6f1e-7c3a-9d2b-5e8f7a6b4c3d"])
    state: str = Field(examples=["replied"])
    version: int = Field(description="To be named in `If-Match` by the next act.", examples=[2])

    @classmethod
    def of(cls, row: Question) -> Self:
        """The view of a row."""
        return cls(question_id=row.id, document=row.document, state=row.state, version=row.version)


@router.get("", summary="List the questions of one's region and organisation")
async def list_questions(
    request: Request,
    response: Response,
    database: Reads,
    actor: Staff,
    state: Annotated[rules.State, Query(description="Questions in this state.")] = "received",
    region: Annotated[
        RegionCode | None, Query(description="This region and those below; the caller's own when not said.")
    ] = None,
    limit: Annotated[int, Query(ge=1, le=100, description="Most items of a page.")] = 20,
    cursor: Annotated[str | None, Query(max_length=512, description="`next` of the page before.")] = None,
) -> Work:
    """The questions that the caller's organisation is in charge of, the longest waiting first.

    No texts and no contacts: those are for whoever opens a question to handle it.
    """
    root = region or actor.region
    permit(rules.GRANTS, actor, "citizen_feedback.read", region=root)
    rows, following = await queries.work(
        database.reads,
        request.app.state.cursors,
        state=state,
        region=root,
        organisation=actor.organisation,
        limit=limit,
        cursor=cursor,
    )
    response.headers["Cache-Control"] = "no-store"
    if following:
        response.headers["Link"] = next_link(request.url.path, dict(request.query_params), following)
    return Work(items=[Card.model_validate(dict(row)) for row in rows], next=following)


@router.get("/{question_id}", summary="Read one question")
async def read_question(question_id: UUID, response: Response, database: Reads, actor: Staff) -> Whole:
    """The question, its contact and its handling; the ETag is what the acts ask for.

    404 also for a question that the caller is not in charge of.
    """
    row = await database.reads.fetchrow(queries.QUESTION, question_id)
    if row is None:
        raise NotFound
    where = {"region": row["region"], "organisations": row["organisation_path"], "state": row["state"]}
    if decide(rules.GRANTS, actor, "citizen_feedback.read", **where) is not Verdict.ALLOWED:
        raise NotFound
    response.headers["Cache-Control"] = "no-store"
    response.headers["ETag"] = etag(row["version"])
    return Whole.model_validate(dict(row))


@router.post("/{question_id}/reply", summary="Answer the citizen")
async def reply(
    question_id: UUID, body: ReplyBody, session: Session, actor: Staff, seen: SeenVersion, response: Response
) -> Acted:
    """An editor of the organisation in charge answers; only the asker sees it."""
    row = await commands.reply(session, question_id, body.reply, seen, actor, clock.now())
    return _acted(row, response)


@router.post("/{question_id}/publish", summary="Show question and reply to the public")
async def publish(
    question_id: UUID,
    body: PublishBody,
    session: Session,
    actor: Staff,
    seen: SeenVersion,
    response: Response,
) -> Acted:
    """A reviewer, not the one who replied, shows a worded question and reply.

    403 `same_hands`, 422 `personal_data_found` with the field, 409 `wrong_state` also for a withdrawn document.
    """
    row = await commands.publish(
        session, question_id, body.public_question, body.public_reply, seen, actor, clock.now()
    )
    return _acted(row, response)


@router.post("/{question_id}/withdraw", summary="Take a public reply back")
async def withdraw(
    question_id: UUID, body: ReasonBody, session: Session, actor: Staff, seen: SeenVersion, response: Response
) -> Acted:
    """A reviewer takes a public reply back; it can be worded anew and published again."""
    return _acted(await commands.withdraw(session, question_id, body.reason, seen, actor, clock.now()), response)


@router.post("/{question_id}/decline", summary="End a question without a public reply")
async def decline(
    question_id: UUID, body: ReasonBody, session: Session, actor: Staff, seen: SeenVersion, response: Response
) -> Acted:
    """A reviewer declines a question, or to make its reply public; the asker is told the reason."""
    return _acted(await commands.decline(session, question_id, body.reason, seen, actor), response)


def _acted(row: Question, response: Response) -> Acted:
    response.headers["ETag"] = etag(row.version)
    return Acted.of(row)
