"""Documents as publication told of them; the duties to interpret them; the interpretations."""

from collections.abc import Iterable
from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import text
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.backbone import ServiceBase, service_metadata
from libs.common.events.policy_interpretation import Form
from services.policy_interpretation.rules import DocumentState, DutyState, Section, State


class Base(ServiceBase):
    """The tables of policy_interpretation."""

    __abstract__ = True
    metadata = service_metadata()


def _state_is_one_of(states: Iterable[str]) -> sa.CheckConstraint:
    words = ", ".join(f"'{state}'" for state in states)
    return sa.CheckConstraint(f"state in ({words})", name="state")


class Document(Base):
    """A document that publication has told of. Its row is the lock of everything that hangs on it."""

    __tablename__ = "document"

    content_id: Mapped[UUID] = mapped_column(primary_key=True)
    region: Mapped[str]
    organisation: Mapped[str]
    organisation_path: Mapped[list[str]]
    title: Mapped[str]
    version: Mapped[int] = mapped_column(comment="of the document, in the newest event heard")
    state: Mapped[str]
    interpretation_required: Mapped[bool]
    path: Mapped[str | None] = mapped_column(comment="of the public page; null until first published")
    published_at: Mapped[datetime | None] = mapped_column(comment="of the newest edition; null until first published")

    __table_args__ = (
        _state_is_one_of(DocumentState),
        sa.CheckConstraint("state <> 'live' or (path is not null and published_at is not null)", name="live_has_page"),
    )


class Duty(Base):
    """That a document is to be interpreted, and by when. Public as soon as it has a due date."""

    __tablename__ = "duty"

    document: Mapped[UUID] = mapped_column(sa.ForeignKey(Document.content_id), primary_key=True)
    region: Mapped[str]
    county: Mapped[str]
    organisation: Mapped[str]
    organisation_path: Mapped[list[str]]
    title: Mapped[str]
    state: Mapped[str]
    opened_at: Mapped[datetime]
    opened_by: Mapped[str]
    due_on: Mapped[date | None] = mapped_column(comment="null while the document is only prepared")
    provisional: Mapped[bool] = mapped_column(comment="due_on lies where no holiday notice has spoken yet")
    discharged_at: Mapped[datetime | None]
    version: Mapped[int]

    __table_args__ = (
        _state_is_one_of(DutyState),
        sa.CheckConstraint("opened_by in ('prepared', 'published')", name="opened_by"),
        sa.CheckConstraint(
            "state <> 'discharged' or (discharged_at is not null and due_on is not null)",
            name="discharged_whole",
        ),
        sa.Index("ix_duty_county", "county", "document"),
        # What is still owed is a small part of the whole, and what supervisors ask for most.
        sa.Index("ix_duty_open", "county", "document", postgresql_where=text("state = 'open'")),
    )


class Interpretation(Base):
    """An explanation of a document. Region and organisation are those that answer for it: 谁起草、谁解读."""

    __tablename__ = "interpretation"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    document: Mapped[UUID] = mapped_column(sa.ForeignKey(Document.content_id))
    region: Mapped[str]
    county: Mapped[str]
    organisation: Mapped[str]
    organisation_path: Mapped[list[str]]
    title: Mapped[str]
    form: Mapped[Form] = mapped_column(sa.Text)
    body_html: Mapped[str]
    sanitiser_version: Mapped[int]
    summary: Mapped[str]
    sections: Mapped[dict[Section, str]] = mapped_column(pg.JSONB)
    state: Mapped[str]
    version: Mapped[int]
    drafted_by: Mapped[list[str]] = mapped_column(comment="everybody who worked on the text, the first one first")
    approved_by: Mapped[str | None]
    drafted_at: Mapped[datetime]
    changed_at: Mapped[datetime]
    approved_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None] = mapped_column(comment="null: was never public")
    withdrawn_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(comment="why it was returned or withdrawn last")

    __table_args__ = (
        _state_is_one_of(State),
        sa.CheckConstraint("state = 'draft' or approved_by is not null", name="approved"),
        sa.CheckConstraint("state <> 'published' or published_at is not null", name="published"),
        sa.CheckConstraint(
            "state <> 'withdrawn' or (withdrawn_at is not null and reason is not null)", name="withdrawn"
        ),
        sa.Index("ix_interpretation_document", "document", "id"),
        sa.Index("ix_interpretation_county", "county", "id"),
        sa.Index("ix_interpretation_public", "county", "id", postgresql_where=text("state = 'published'")),
    )
