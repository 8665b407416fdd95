"""The tables of village_affairs: its notices, its copies of the catalog, and the village boards."""

from datetime import date, datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import text
from sqlalchemy.orm import Mapped, mapped_column

from libs.common import listing
from libs.common.backbone import ServiceBase, service_metadata


class Base(ServiceBase):
    """The service's tables and the backbone beside them."""

    __abstract__ = True

    metadata = service_metadata()


class Village(Base):
    """A village or residents' committee, as catalog last said. Copies are never pointed at by foreign keys:
    they can be emptied and heard anew."""

    __tablename__ = "village"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    town: Mapped[str]
    county: Mapped[str | None] = mapped_column(comment="null where a city has no counties")


class Item(Base):
    """A disclosure item, as catalog last said."""

    __tablename__ = "item"

    code: Mapped[str] = mapped_column(primary_key=True)
    field: Mapped[str]
    retired_on: Mapped[date | None] = mapped_column(
        comment="since when nothing new comes under it; null: it is in force"
    )
    heirs: Mapped[list[str]] = mapped_column(server_default=text("'{}'"), comment="items in force instead")
    region: Mapped[str | None] = mapped_column(
        comment="the county whose item it is, for itself and those below; null: of the standard"
    )


class Notice(Base):
    """A village notice through its whole life. A withdrawn one keeps its row: it is the tombstone."""

    __tablename__ = "notice"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    village: Mapped[str]
    category: Mapped[str]
    title: Mapped[str]
    period: Mapped[str | None] = mapped_column(comment="what the notice accounts for, as people call it")
    catalog_item: Mapped[str]
    field: Mapped[str]
    body_html: Mapped[str]
    sanitiser_version: Mapped[int]
    summary: Mapped[str]
    state: Mapped[str]
    version: Mapped[int]
    drafted_at: Mapped[datetime]
    drafted_by: Mapped[list[str]] = mapped_column(comment="everybody who worked on the text")
    supervised_by: Mapped[str | None]
    opinion: Mapped[str | None] = mapped_column(comment="of the supervision committee")
    decided_by: Mapped[str | None]
    minutes_on: Mapped[date | None] = mapped_column(comment="day of the joint meeting's minutes")
    first_published_at: Mapped[datetime | None]
    published_at: Mapped[datetime | None]
    visible_until: Mapped[date | None] = mapped_column(comment="last day on which it must be on the board")
    withdrawn_at: Mapped[datetime | None]
    reason: Mapped[str | None] = mapped_column(comment="why it was returned or withdrawn last")

    __table_args__ = (
        sa.CheckConstraint("category in ('party', 'government', 'village', 'finance')", name="category"),
        sa.CheckConstraint(
            "state in ('draft', 'submitted', 'supervised', 'decided', 'live', 'withdrawn')", name="state"
        ),
        # 《山东省村务公开条例》 art. 11: nothing is public that was not supervised and decided.
        sa.CheckConstraint(
            "state in ('draft', 'submitted') or (supervised_by is not null and opinion is not null)",
            name="supervised",
        ),
        sa.CheckConstraint(
            "state in ('draft', 'submitted', 'supervised') or (decided_by is not null and minutes_on is not null)",
            name="decided",
        ),
        sa.CheckConstraint(
            "(state in ('live', 'withdrawn')) = (published_at is not null and first_published_at is not null"
            " and visible_until is not null)",
            name="published",
        ),
        sa.CheckConstraint("(state = 'withdrawn') = (withdrawn_at is not null)", name="withdrawn"),
        # Newest first within a village: ids rise with time.
        sa.Index(None, "village", "id"),
    )


class ListingEntry(listing.ListingEntry, Base):
    """What stands on the boards: notices, and documents that reach villages."""

    __table_args__ = listing.listing_indexes()


class ListingNamed(listing.ListingNamed, Base):
    """The villages that documents name one by one."""
