"""What citizens and front ends call, without signing in: ask, look up the answer, read the public replies."""

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Query, Request, Response
from pydantic import BaseModel, Field, StringConstraints

from libs.common import clock
from libs.common.errors import NotFound
from libs.common.fields import Body, Sentence
from libs.common.http import Act, Reads, Session, public
from libs.common.paging import next_link
from services.citizen_feedback import commands, queries, rules

router = APIRouter(route_class=Act, tags=["citizens"])

_DOCUMENT = "0199a1f0-6f1e-7c3a-9d2b-5e8f7a6b4c3d"
_QUESTION = "0199a1f4-0b7d-7e21-8a44-1c2d3e4f5a6b"

Contact = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]


class AskBody(Body):
    """A citizen's question."""

    document: UUID = Field(description="The published document that the question is about.", examples=[_DOCUMENT])
    question: Sentence = Field(
        description="1 to 2,000 characters. Only the staff in charge read it; the public sees their wording.",
        examples=["补贴什么时候发到户?"],
    )
    contact: Contact | None = Field(
        None,
        description="How staff may reach you; optional, for the staff in charge only.",
        examples=["请致电村委会转告"],
    )


class Asked(BaseModel):
    """The receipt of a question."""

    question_id: UUID = Field(description="Names the question; it opens nothing.", examples=[_QUESTION])
    query_code: str = Field(
        description="Opens the answer; nothing else does. It is told once and cannot be restored.",
        examples=["7K3M-Q9TX-2FHD-B5WZ"],
    )
    answer_by: date = Field(description="Day by which a reply is promised (15 working days).", examples=["2026-03-23"])


class Mine(BaseModel):
    """What became of a question. Neither its text nor the contact is repeated."""

    question_id: UUID = Field(examples=[_QUESTION])
    document: UUID = Field(examples=[_DOCUMENT])
    title: str = Field(description="Title of the document.", examples=["关于发放2026年耕地地力保护补贴的通知"])
    organisation: str = Field(description="Code of the organisation in charge.", examples=["990001-zf"])
    state: rules.State = Field(
        description="received, replied, published (replied, and shown to the public), or declined.",
        examples=["replied"],
    )
    asked_at: datetime = Field(examples=["2026-03-02T01:30:00Z"])
    answer_by: date = Field(description="Day by which a reply is promised.", examples=["2026-03-23"])
    reply: str | None = Field(description="The answer; null while there is none.", examples=["预计6月底前发放到户。"])
    replied_at: datetime | None = Field(examples=["2026-03-05T07:12:00Z"])
    reason: str | None = Field(description="Why the question was declined; else null.", examples=[None])


class PublicReply(BaseModel):
    """A reply that the public sees, with the question as staff worded it."""

    question_id: UUID = Field(examples=[_QUESTION])
    question: str = Field(examples=["耕地地力保护补贴何时发放?"])
    reply: str = Field(examples=["预计6月底前发放到户。"])
    organisation: str = Field(description="Code of the organisation that replied.", examples=["990001-zf"])
    asked_at: datetime = Field(description="受理日期.", examples=["2026-03-02T01:30:00Z"])
    replied_at: datetime = Field(description="答复日期.", examples=["2026-03-05T07:12:00Z"])
    published_at: datetime = Field(examples=["2026-03-06T02:00:00Z"])


class Responses(BaseModel):
    """The public replies about one document, newest first."""

    document: UUID = Field(examples=[_DOCUMENT])
    state: str = Field(
        description="open: questions are taken; closed: the document was withdrawn, and its replies with it.",
        examples=["open"],
    )
    items: list[PublicReply]
    next: str | None = Field(description="Cursor of the next page, or null.", examples=[None])


@router.post("/questions", status_code=201, summary="Ask about a document")
async def ask(body: AskBody, session: Session, request: Request, response: Response) -> Asked:
    """Ask the organisation in charge of a published document. No sign-in.

    422 `unknown_reference` for a document that is not public, 410 `gone` for a withdrawn one, 429
    `too_many_questions` while 20 questions of the last hour about the same document wait.
    """
    code = commands.new_query_code()
    row = await commands.ask(
        session, body.document, body.question, body.contact, code, request.app.state.calendar, clock.now()
    )
    response.headers["Cache-Control"] = "no-store"
    return Asked(question_id=row.id, query_code=code, answer_by=row.answer_by)


@router.get("/questions/mine", summary="Look up the answer to one's question")
async def read_mine(
    database: Reads,
    response: Response,
    query_code: Annotated[
        str,
        Header(
            description="The code of the receipt, in a header because addresses are logged.",
            examples=["7K3M-Q9TX-2FHD-B5WZ"],
            max_length=64,
        ),
    ],
) -> Mine:
    """The state of the question that the code opens, and the reply; 404 for a code that opens nothing."""
    row = await database.reads.fetchrow(queries.MINE, rules.query_code_hash(query_code))
    if row is None:
        raise NotFound("没有找到与此查询码对应的提问。")
    response.headers["Cache-Control"] = "no-store"
    return Mine.model_validate(dict(row))


@router.get("/responses", response_model=Responses, summary="Read the public replies about a document")
async def read_responses(
    request: Request,
    database: Reads,
    document: Annotated[UUID, Query(description="The document.", examples=[_DOCUMENT])],
    limit: Annotated[int, Query(ge=1, le=100, description="Most items of a page.")] = 20,
    cursor: Annotated[str | None, Query(max_length=512, description="`next` of the page before.")] = None,
) -> Response:
    """The replies that were reviewed for the public, newest first; 404 for a document never heard of."""
    record = await database.reads.fetchrow(queries.RESPONSE, document)
    if record is None:
        raise NotFound
    rows, following = await queries.replies(database.reads, request.app.state.cursors, document, limit, cursor)
    items = [PublicReply.model_validate(dict(row)) for row in rows]
    body = Responses(document=document, state=record["state"], items=items, next=following)
    link = {"Link": next_link(request.url.path, dict(request.query_params), following)} if following else {}
    return public(request, body.model_dump_json().encode(), link)
