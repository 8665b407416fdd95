"""The acts on documents."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Header, Request, Response

from libs.common import clock
from libs.common.http import Act, SeenVersion, Session, Staff, etag
from services.publication import rules
from services.publication.commands import draft, publish, review, withdraw
from services.publication.routes.models import DocumentAnswer, DraftBody, ReturnBody, WithdrawBody
from services.publication.routes.receipts import settle
from services.publication.tables import Document

router = APIRouter(route_class=Act, tags=["acts"])
Prefer = Annotated[
    str | None,
    Header(max_length=200, description="`wait=N`: answer when every effect is applied, after at most N (30) seconds."),
]


@router.post("/documents", status_code=201, response_model_exclude_none=True)
async def create_document(
    body: DraftBody, session: Session, actor: Staff, request: Request, response: Response
) -> DocumentAnswer:
    """Open a document with its first draft; gives out its index number (索引号)."""
    pattern: str = request.app.state.settings.index_number_pattern
    document = await draft.create(session, body.draft(), pattern, actor, clock.now())
    response.headers["Location"] = publish.page_path(document.content_id)
    return _answer(document, rules.DRAFT, response)


@router.put("/documents/{content_id}", response_model_exclude_none=True)
async def replace_draft(
    content_id: UUID, body: DraftBody, session: Session, actor: Staff, seen: SeenVersion, response: Response
) -> DocumentAnswer:
    """Replace the draft."""
    document = await draft.replace(session, content_id, seen, body.draft(), actor, clock.now())
    return _answer(document, rules.DRAFT, response)


@router.post("/documents/{content_id}/editions", status_code=201, response_model_exclude_none=True)
async def begin_edition(
    content_id: UUID, body: DraftBody, session: Session, actor: Staff, seen: SeenVersion, response: Response
) -> DocumentAnswer:
    """Begin a later edition of a live document; the live one stays public until the new one is published."""
    document = await draft.new_edition(session, content_id, seen, body.draft(), actor, clock.now())
    return _answer(document, rules.DRAFT, response)


@router.post("/documents/{content_id}/submit", response_model_exclude_none=True)
async def submit_document(
    content_id: UUID, session: Session, actor: Staff, seen: SeenVersion, response: Response
) -> DocumentAnswer:
    """Hand the draft in for review."""
    document = await review.submit(session, content_id, seen, actor, clock.now())
    return _answer(document, rules.SUBMITTED, response)


@router.post("/documents/{content_id}/approve", response_model_exclude_none=True)
async def approve_document(
    content_id: UUID, session: Session, actor: Staff, seen: SeenVersion, response: Response
) -> DocumentAnswer:
    """Approve the submitted draft; not by who drafted it."""
    document = await review.approve(session, content_id, seen, actor, clock.now())
    return _answer(document, rules.APPROVED, response)


@router.post("/documents/{content_id}/return", response_model_exclude_none=True)
async def return_document(
    content_id: UUID, body: ReturnBody, session: Session, actor: Staff, seen: SeenVersion, response: Response
) -> DocumentAnswer:
    """Send a submitted or approved draft back to its drafter."""
    document = await review.send_back(session, content_id, seen, body.reason, actor, clock.now())
    return _answer(document, rules.DRAFT, response)


@router.post("/documents/{content_id}/publish", response_model_exclude_none=True)
async def publish_document(
    content_id: UUID,
    session: Session,
    actor: Staff,
    seen: SeenVersion,
    request: Request,
    response: Response,
    prefer: Prefer = None,
) -> DocumentAnswer:
    """Publish the approved draft: it is on its page and in the listings when this answers.

    Coverage, interpretation duty, response record and village boards follow; `Prefer: wait=N` waits for them.
    """
    document = await publish.publish(session, content_id, seen, actor, clock.now())
    settle(request, prefer, document)
    return _answer(document, rules.LIVE, response)


@router.post("/documents/{content_id}/withdraw", response_model_exclude_none=True)
async def withdraw_document(
    content_id: UUID,
    body: WithdrawBody,
    session: Session,
    actor: Staff,
    seen: SeenVersion,
    request: Request,
    response: Response,
    prefer: Prefer = None,
) -> DocumentAnswer:
    """Take a live document out of the public; it is in no listing when this answers."""
    document = await withdraw.withdraw(session, content_id, seen, body.withdrawal(), actor, clock.now())
    settle(request, prefer, document)
    return _answer(document, rules.WITHDRAWN, response)


def _answer(document: Document, state: str, response: Response) -> DocumentAnswer:
    response.headers["ETag"] = etag(document.version)
    return DocumentAnswer(
        content_id=document.content_id,
        version=document.version,
        index_number=document.index_number,
        state=state,
        path=publish.page_path(document.content_id),
        propagation=None,
    )
