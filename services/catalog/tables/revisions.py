"""Revisions of the catalog, what was said of them, and the editions that they made."""

from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy import text
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.orm import Mapped, mapped_column

from services.catalog.rules.revisions import OPEN
from services.catalog.tables.base import Base


class Revision(Base):
    """A change of one field's catalog on its way from proposal to force."""

    __tablename__ = "revision"

    code: Mapped[str] = mapped_column(primary_key=True)
    field: Mapped[str]
    title: Mapped[str]
    reason: Mapped[str]
    adjustments: Mapped[list[dict[str, Any]]] = mapped_column(pg.JSONB)
    state: Mapped[str]
    proposed_by: Mapped[str]
    legality_opinion: Mapped[str | None]
    consulting_from: Mapped[date | None]
    consulting_until: Mapped[date | None]
    shortened_reason: Mapped[str | None]
    comments: Mapped[int] = mapped_column(comment="how many were received")
    adopted_on: Mapped[date | None]
    effective_on: Mapped[date | None]
    edition: Mapped[int | None] = mapped_column(comment="of the field, which it made")
    version: Mapped[int]

    __table_args__ = (
        sa.Index("uq_revision_open", "field", unique=True, postgresql_where=text(f"state in {OPEN}")),
        sa.Index("uq_revision_in_force", "field", unique=True, postgresql_where=text("state = 'in_force'")),
    )


class RevisionComment(Base):
    """What somebody said of a revision in its consultation, and what became of it."""

    __tablename__ = "revision_comment"

    revision: Mapped[str] = mapped_column(sa.ForeignKey(Revision.code), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    item: Mapped[str | None]
    text: Mapped[str]
    received_at: Mapped[datetime]
    outcome: Mapped[str | None]
    answer: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    version: Mapped[int]

    __table_args__ = (sa.CheckConstraint("(outcome is null) = (answer is null)", name="answered_whole"),)


class CatalogEdition(Base):
    """The items of a field as they were in force from a day on."""

    __tablename__ = "catalog_edition"

    field: Mapped[str] = mapped_column(primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    revision: Mapped[str | None] = mapped_column(comment="that made it; null: put in place item by item")
    in_force_on: Mapped[date]
    items: Mapped[list[dict[str, Any]]] = mapped_column(pg.JSONB)
