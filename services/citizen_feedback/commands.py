"""The acts on questions.

Audit rows name a question and never quote it: the audit is never cut, so nothing may get into it that a
citizen has a right to see deleted (《个人信息保护法》 art. 47).
"""

import secrets
from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common.audit import record
from libs.common.errors import NotFound, StaleVersion, UnknownReference
from libs.common.events import PublishedReply, ResponsePublished
from libs.common.identifiers import uuid7
from libs.common.outbox import emit
from libs.common.permission import Actor, permit
from libs.common.workdays import Calendar
from services.citizen_feedback import rules
from services.citizen_feedback.tables import Question, Response


def new_query_code() -> str:
    """A fresh code for a citizen. It is told once, in the receipt; only its digest is kept."""
    return rules.query_code(secrets.randbits(80))


async def ask(
    session: AsyncSession,
    document: UUID,
    text: str,
    contact: str | None,
    query_code: str,
    calendar: Calendar,
    now: datetime,
) -> Question:
    """Take in a citizen's question about a live document.

    Raises UnknownReference, Gone and TooManyQuestions.
    """
    # The lock makes the bound exact under a flood: askers about one document come one after the other.
    response = await session.get(Response, document, with_for_update={"key_share": True})
    if response is None:
        raise UnknownReference("没有找到该文件,或该文件尚未公开。", field="body.document")
    rules.check_may_ask(response.state, await _nth_newest_waiting(session, document, now), now)
    question = Question(
        id=uuid7(),
        document=document,
        region=response.region,
        organisation=response.organisation,
        organisation_path=response.organisation_path,
        text=text,
        contact=contact,
        query_code_hash=rules.query_code_hash(query_code),
        state="received",
        version=1,
        asked_at=now,
        answer_by=rules.answer_by(now, calendar),
    )
    session.add(question)
    await _record(session, None, "ask", question)
    return question


async def reply(
    session: AsyncSession, question_id: UUID, text: str, seen: int, actor: Actor, now: datetime
) -> Question:
    """Answer the citizen who asked. Nothing becomes public by it. Raises the refusals of `_locked`."""
    question = await _locked(session, question_id, "reply", seen, actor)
    question.state = "replied"
    question.version += 1
    question.reply = text
    question.replied_by = actor.subject
    question.replied_at = now
    await _record(session, actor, "reply", question)
    return question


async def publish(
    session: AsyncSession,
    question_id: UUID,
    public_question: str,
    public_reply: str,
    seen: int,
    actor: Actor,
    now: datetime,
) -> Question:
    """Show the question and its reply to the public, in the wording that a reviewer answers for.

    Raises SameHands, PersonalDataFound, WrongState for a withdrawn document, and the refusals of `_locked`.
    """
    question = await _locked(session, question_id, "publish", seen, actor)
    rules.check_other_hands(question.replied_by, actor.subject)
    rules.check_free_of_personal_data("public_question", public_question, question.contact)
    rules.check_free_of_personal_data("public_reply", public_reply, question.contact)
    response = await _response(session, question)
    rules.check_still_live(response.state)
    question.state = "published"
    question.version += 1
    question.public_question = public_question
    question.public_reply = public_reply
    question.published_at = now
    question.reason = None
    await _record(session, actor, "publish", question)
    await _say_replies(session, response, now)
    return question


async def withdraw(
    session: AsyncSession, question_id: UUID, reason: str, seen: int, actor: Actor, now: datetime
) -> Question:
    """Take a public reply back, to correct it or because it should not have been shown.

    The asker keeps the reply. Raises the refusals of `_locked`.
    """
    question = await _locked(session, question_id, "withdraw", seen, actor)
    response = await _response(session, question)
    question.state = "replied"
    question.version += 1
    question.public_question = question.public_reply = question.published_at = None
    question.reason = reason
    await _record(session, actor, "withdraw", question)
    await _say_replies(session, response, now)
    return question


async def decline(session: AsyncSession, question_id: UUID, reason: str, seen: int, actor: Actor) -> Question:
    """End the handling without showing anything to the public; the asker is told the reason.

    Raises the refusals of `_locked`.
    """
    question = await _locked(session, question_id, "decline", seen, actor)
    question.state = "declined"
    question.version += 1
    question.reason = reason
    await _record(session, actor, "decline", question)
    return question


async def _locked(session: AsyncSession, question_id: UUID, action: str, seen: int, actor: Actor) -> Question:
    """The question, locked for an act. Raises NotFound, Forbidden, WrongState and StaleVersion."""
    question = await session.get(Question, question_id, with_for_update=True)
    if question is None:
        raise NotFound
    permit(
        rules.GRANTS,
        actor,
        f"citizen_feedback.{action}",
        region=question.region,
        organisations=question.organisation_path,
        state=question.state,
    )
    if question.version != seen:
        raise StaleVersion(version=question.version)
    return question


async def _response(session: AsyncSession, question: Question) -> Response:
    """The response record, locked last by every act, so that its version and its events rise together."""
    return await session.get_one(Response, question.document, with_for_update=True)


async def _nth_newest_waiting(session: AsyncSession, document: UUID, now: datetime) -> datetime | None:
    """When the 20th newest of the questions of the last hour that wait came, or None when there are fewer."""
    waiting = (
        sa.select(Question.asked_at)
        .where(
            Question.document == document,
            Question.state == "received",
            Question.asked_at > now - rules.WAITING_WINDOW,
        )
        .order_by(Question.asked_at.desc())
        .offset(rules.WAITING_MOST - 1)
        .limit(1)
    )
    found: datetime | None = await session.scalar(waiting)
    return found


async def _record(session: AsyncSession, actor: Actor | None, action: str, question: Question) -> None:
    # Reasons are not recorded either: staff may have quoted the citizen in them. They stand in the row.
    await record(
        session,
        actor,
        f"citizen_feedback.{action}",
        str(question.id),
        region=question.region,
        version=question.version,
        document=str(question.document),
    )


async def _say_replies(session: AsyncSession, response: Response, now: datetime) -> None:
    response.version += 1
    await session.flush()
    newest = (
        sa.select(Question)
        .where(Question.document == response.document, Question.state == "published")
        .order_by(Question.published_at.desc(), Question.id.desc())
        .limit(rules.SHOWN_IN_EVENT)
    )
    said = ResponsePublished(
        version=response.version,
        at=now,
        document=response.document,
        region=response.region,
        organisation=response.organisation,
        replies=[_public(question) for question in await session.scalars(newest)],
    )
    await emit(session, said)


def _public(question: Question) -> PublishedReply:
    return PublishedReply.model_validate(
        {
            "question_id": question.id,
            "question": question.public_question,
            "reply": question.public_reply,
            "organisation": question.organisation,
            "replied_at": question.replied_at,
        }
    )
