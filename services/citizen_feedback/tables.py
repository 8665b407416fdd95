"""The tables of citizen_feedback. `question` holds personal data of citizens; no other table here does."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from libs.common.backbone import ServiceBase, service_metadata


class Base(ServiceBase):
    """Base of this service's tables."""

    __abstract__ = True
    metadata = service_metadata()


class Response(Base):
    """Whether citizens may ask about one document, and the state of its public replies."""

    __tablename__ = "response"
    __table_args__ = (sa.CheckConstraint("state in ('open', 'closed')", name="state"),)

    document: Mapped[UUID] = mapped_column(primary_key=True)
    region: Mapped[str]
    organisation: Mapped[str]
    organisation_path: Mapped[list[str]]
    title: Mapped[str]
    path: Mapped[str | None] = mapped_column(comment="of the public document; null while only its end was heard")
    state: Mapped[str]
    version: Mapped[int] = mapped_column(comment="of the last event said about it; 0: nothing was said yet")
    opened_at: Mapped[datetime | None] = mapped_column(comment="null: the document was never live as far as heard")


class Question(Base):
    """One citizen's question, with the private reply and the wording reviewed for the public."""

    __tablename__ = "question"
    __table_args__ = (
        sa.CheckConstraint("state in ('received', 'replied', 'published', 'declined')", name="state"),
        sa.CheckConstraint(
            "state not in ('replied', 'published') or num_nulls(reply, replied_by, replied_at) = 0",
            name="replied",
        ),
        # Public wording exists exactly while it is public: what was taken back leaves no copy to leak.
        sa.CheckConstraint(
            "num_nonnulls(public_question, public_reply, published_at)"
            " = case when state = 'published' then 3 else 0 end",
            name="published",
        ),
        sa.Index("ix_question_work", "state", "region", "id"),
        sa.Index("ix_question_waiting", "document", "asked_at", postgresql_where=sa.text("state = 'received'")),
        sa.Index(
            "ix_question_public",
            "document",
            "published_at",
            "id",
            postgresql_where=sa.text("state = 'published'"),
        ),
    )

    id: Mapped[UUID] = mapped_column(primary_key=True)
    document: Mapped[UUID] = mapped_column(sa.ForeignKey("response.document"))
    region: Mapped[str]
    organisation: Mapped[str] = mapped_column(comment="responsible for the document when the question came")
    organisation_path: Mapped[list[str]]
    text: Mapped[str] = mapped_column(comment="personal data: as the citizen wrote it")
    contact: Mapped[str | None] = mapped_column(comment="personal data: for the staff in charge only")
    query_code_hash: Mapped[bytes] = mapped_column(unique=True, comment="SHA-256; the code itself is not kept")
    state: Mapped[str]
    version: Mapped[int]
    asked_at: Mapped[datetime]
    answer_by: Mapped[date] = mapped_column(comment="day in China by which a reply is promised")
    reply: Mapped[str | None] = mapped_column(comment="for the citizen who asked")
    replied_by: Mapped[str | None]
    replied_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(comment="why it was declined, or taken back from the public")
    public_question: Mapped[str | None]
    public_reply: Mapped[str | None]
    published_at: Mapped[datetime | None]
