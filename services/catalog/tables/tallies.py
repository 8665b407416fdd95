"""Kept sums of coverage and duties, and which regions are to be counted anew."""

from datetime import date, datetime

import sqlalchemy as sa
from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column

from services.catalog.tables.base import Base


class Tally(Base):
    """What a region owes and has in a field, of one body or as one, on the days from `since` to before `until`."""

    __tablename__ = "tally"

    region: Mapped[str] = mapped_column(primary_key=True)
    field: Mapped[str] = mapped_column(primary_key=True)
    organisation: Mapped[str] = mapped_column(primary_key=True, comment="'': what the region owes as one")
    since: Mapped[date] = mapped_column(primary_key=True)
    until: Mapped[date | None] = mapped_column(comment="the first day on which it was otherwise; null: it is so now")
    owed: Mapped[int]
    covered: Mapped[int]
    missing: Mapped[int]
    not_applicable: Mapped[int]
    overdue: Mapped[int]
    latest_published_at: Mapped[datetime | None]

    __table_args__ = (sa.Index("ix_tally_now", "region", postgresql_where=text("until is null")),)


class DutyTally(Base):
    """How many duties of a region, a field and a body that are due in a month are in each state."""

    __tablename__ = "duty_tally"

    region: Mapped[str] = mapped_column(primary_key=True)
    field: Mapped[str] = mapped_column(primary_key=True)
    organisation: Mapped[str] = mapped_column(primary_key=True, comment="'': what the region owes as one")
    month: Mapped[date] = mapped_column(primary_key=True, comment="its first day: in which the duties are due")
    met: Mapped[int]
    late: Mapped[int]
    open: Mapped[int]
    overdue: Mapped[int]
    waived: Mapped[int]


class Tallied(Base):
    """When a region was counted last."""

    __tablename__ = "tallied"

    region: Mapped[str] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(comment="in China, for which it was counted last")
    at: Mapped[datetime]
    calendar: Mapped[str] = mapped_column(comment="fingerprint of the one that it was counted with")


class Recount(Base):
    """A mark: something has touched the region, and it is to be counted anew."""

    __tablename__ = "recount"

    id: Mapped[int] = mapped_column(sa.Identity(always=True), primary_key=True)
    region: Mapped[str]

    __table_args__ = (
        sa.Index("ix_recount_region", "region", "id"),
        {"comment": "marks of regions that are to be counted anew"},
    )
