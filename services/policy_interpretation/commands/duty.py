"""The duty to interpret a document: opened with it, dated by its publication, discharged by interpreting it.

The row of the document, locked by whoever calls, keeps two of these from running at once.
"""

from datetime import datetime
from typing import Literal

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from libs.common import regions
from libs.common.copies import put
from libs.common.events import DutyOpened
from libs.common.outbox import emit
from libs.common.workdays import Deadline
from services.policy_interpretation.rules import DutyState, State
from services.policy_interpretation.tables import Document, Duty, Interpretation


async def expect(session: AsyncSession, document: Document, now: datetime) -> None:
    """Open the duty of a prepared document and say so; without a due date, it is seen by staff alone."""
    duty = await _of(session, document)
    if duty is None:
        await _open(session, None, document, "prepared", None, now)
    else:
        _describe(duty, document)


async def demand(session: AsyncSession, document: Document, deadline: Deadline, now: datetime) -> None:
    """Give the duty of a live document its due date, opening it if need be, and say so.

    A duty that has one keeps it: a later edition neither moves the date nor revives what is discharged.
    """
    duty = await _of(session, document)
    if duty is None or duty.state == DutyState.CLOSED or duty.due_on is None:
        await _open(session, duty, document, "published", deadline, now)
    else:
        _describe(duty, document)


async def waive(session: AsyncSession, document: Document) -> None:
    """Close a duty that is still open: the edition that is now live needs no interpretation."""
    duty = await _of(session, document)
    if duty is not None and duty.state == DutyState.OPEN:
        _become(duty, DutyState.CLOSED)


async def close(session: AsyncSession, document: Document) -> None:
    """Close the duty of a withdrawn document, whatever had become of it."""
    duty = await _of(session, document)
    if duty is not None and duty.state != DutyState.CLOSED:
        _become(duty, DutyState.CLOSED)


async def settle(session: AsyncSession, document: Document, now: datetime) -> None:
    """Make a dated duty discharged when an interpretation is public, and open when none is any more."""
    duty = await session.get(Duty, document.content_id)
    if duty is None or duty.state == DutyState.CLOSED or duty.due_on is None:
        return
    shown = sa.exists().where(Interpretation.document == document.content_id, Interpretation.state == State.PUBLISHED)
    if await session.scalar(sa.select(shown)):
        if duty.state == DutyState.OPEN:
            _become(duty, DutyState.DISCHARGED, now)
    elif duty.state == DutyState.DISCHARGED and document.interpretation_required:
        _become(duty, DutyState.OPEN)


async def _of(session: AsyncSession, document: Document) -> Duty | None:
    """The document's duty; a document that is new has none yet."""
    return await session.get(Duty, document.content_id) if sa.inspect(document).persistent else None


async def _open(
    session: AsyncSession,
    duty: Duty | None,
    document: Document,
    opened_by: Literal["prepared", "published"],
    deadline: Deadline | None,
    now: datetime,
) -> None:
    new = duty is None
    if duty is None:
        duty = Duty(document=document.content_id, version=0)
    if duty.state != DutyState.OPEN:
        duty.opened_at = now
        duty.opened_by = opened_by
    _describe(duty, document)
    _become(duty, DutyState.OPEN)
    duty.due_on = deadline.on if deadline else None
    duty.provisional = deadline is not None and deadline.provisional
    if new:
        put(session, duty)
    said = DutyOpened(
        version=duty.version,
        at=now,
        document=duty.document,
        region=duty.region,
        organisation=duty.organisation,
        title=duty.title,
        due_on=duty.due_on,
        provisional=duty.provisional,
    )
    await emit(session, said)


def _describe(duty: Duty, document: Document) -> None:
    duty.region = document.region
    duty.county = regions.county(document.region) or document.region
    duty.organisation = document.organisation
    duty.organisation_path = document.organisation_path
    duty.title = document.title


def _become(duty: Duty, state: DutyState, discharged_at: datetime | None = None) -> None:
    duty.state = state
    duty.discharged_at = discharged_at
    duty.version += 1
