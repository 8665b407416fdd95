"""Documents and editions; copies of what other services said; the listing read model."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import text
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.orm import Mapped, mapped_column

from libs.common import listing
from libs.common.backbone import ServiceBase, service_metadata
from services.publication.rules import IN_WORK


class Base(ServiceBase):
    """The tables of publication."""

    __abstract__ = True

    metadata = service_metadata()


class Document(Base):
    """A thing with an identity that is never reused; its text stands in editions."""

    __tablename__ = "document"

    content_id: Mapped[UUID] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(comment="rises with every act; what If-Match names")
    region: Mapped[str]
    organisation: Mapped[str]
    organisation_path: Mapped[list[str]]
    index_number: Mapped[str] = mapped_column(unique=True, comment="索引号: never null, never reused")
    first_published_at: Mapped[datetime | None] = mapped_column(comment="from the server; never edited")
    withdrawal: Mapped[str | None]
    withdrawn_at: Mapped[datetime | None]
    withdrawn_reason: Mapped[str | None]
    withdrawn_notice: Mapped[str | None]
    redirect_to: Mapped[UUID | None]
    created_at: Mapped[datetime]

    __table_args__ = (
        sa.CheckConstraint("(withdrawal is null) = (withdrawn_at is null)", name="withdrawal_whole"),
        sa.CheckConstraint("withdrawal is null or withdrawn_reason is not null", name="withdrawal_reason"),
        sa.CheckConstraint("(withdrawal = 'redirect') = (redirect_to is not null)", name="redirect_target"),
    )


class Edition(Base):
    """One version of a document's text; never changed once live."""

    __tablename__ = "edition"

    content_id: Mapped[UUID] = mapped_column(sa.ForeignKey(Document.content_id), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    state: Mapped[str]
    region: Mapped[str] = mapped_column(comment="of the document; for the lists of staff")
    title: Mapped[str]
    body_html: Mapped[str] = mapped_column(deferred=True)
    body_sha256: Mapped[str]
    sanitiser_version: Mapped[int]
    summary: Mapped[str]
    catalog_item: Mapped[str]
    field: Mapped[str]
    doc_number: Mapped[str | None]
    theme: Mapped[str]
    genre: Mapped[str]
    column: Mapped[str] = mapped_column("column_name")
    keywords: Mapped[list[str]]
    source: Mapped[str | None]
    written_on: Mapped[date]
    effective_on: Mapped[date | None]
    expires_on: Mapped[date | None]
    disclosure: Mapped[str]
    disclosure_reason: Mapped[str | None]
    disclosure_basis: Mapped[str | None]
    reach: Mapped[dict[str, Any]] = mapped_column(pg.JSONB)
    interpretation_required: Mapped[bool]
    structured: Mapped[dict[str, Any] | None] = mapped_column(
        pg.JSONB(none_as_null=True), deferred=True, comment="content by the fields of the template"
    )
    template_version: Mapped[int | None] = mapped_column(
        comment="of the template that the content was checked with; null: no content, or not checked yet"
    )
    drafted_by: Mapped[str]
    submitted_by: Mapped[str | None]
    approved_by: Mapped[str | None]
    published_by: Mapped[str | None]
    returned_reason: Mapped[str | None]
    changed_at: Mapped[datetime]
    published_at: Mapped[datetime | None]

    __table_args__ = (
        sa.Index("uq_edition_in_work", "content_id", unique=True, postgresql_where=text(f"state in {IN_WORK}")),
        sa.Index("uq_edition_live", "content_id", unique=True, postgresql_where=text("state = 'live'")),
        # The desks of staff: what waits in which state, newest first.
        sa.Index(
            "ix_edition_desk",
            "state",
            "changed_at",
            "content_id",
            postgresql_where=text(f"state in {IN_WORK}"),
        ),
        sa.CheckConstraint("disclosure = 'proactive' or disclosure_reason is not null", name="disclosure_reason"),
    )


class UsedTemplate(Base):
    """A template that an edition was checked with: it is shown with its words of that time, whatever came later."""

    __tablename__ = "used_template"

    item: Mapped[str] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(primary_key=True)
    fields: Mapped[list[Any]] = mapped_column(pg.JSONB)


class IndexSerial(Base):
    """The last serial given out under one rendering of the index number pattern."""

    __tablename__ = "index_serial"

    pattern: Mapped[str] = mapped_column(primary_key=True, comment="the pattern rendered with serial 0")
    serial: Mapped[int]


class Region(Base):
    """Copy of catalog's region."""

    __tablename__ = "region"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    level: Mapped[str]


class Organisation(Base):
    """Copy of catalog's organisation."""

    __tablename__ = "organisation"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    uscc: Mapped[str]
    region: Mapped[str]
    path: Mapped[list[str]]


class Item(Base):
    """Copy of catalog's disclosure item, as far as documents need it."""

    __tablename__ = "item"

    code: Mapped[str] = mapped_column(primary_key=True)
    field: Mapped[str]
    name: Mapped[str]
    retired_on: Mapped[date | None] = mapped_column(
        comment="since when nothing new comes under it; null: it is in force"
    )
    heirs: Mapped[list[str]] = mapped_column(server_default=text("'{}'"), comment="items in force instead")
    region: Mapped[str | None] = mapped_column(
        comment="the county whose item it is, for itself and those below; null: of the standard"
    )


class Template(Base):
    """Copy of catalog's content template of an item, the newest."""

    __tablename__ = "template"

    id: Mapped[str] = mapped_column(primary_key=True, comment="the code of the item and /template")
    version: Mapped[int]
    fields: Mapped[list[Any]] = mapped_column(pg.JSONB, comment="none: it is removed")


class LinkedInterpretation(Base):
    """An interpretation as the document page shows it; `shown` turns true in the commit of its document."""

    __tablename__ = "linked_interpretation"

    id: Mapped[UUID] = mapped_column(primary_key=True)
    document: Mapped[UUID] = mapped_column(index=True)
    shown: Mapped[bool]
    content: Mapped[dict[str, Any]] = mapped_column(pg.JSONB)


class LinkedResponse(Base):
    """The public replies about a document, as the document page shows them."""

    __tablename__ = "linked_response"

    document: Mapped[UUID] = mapped_column(primary_key=True)
    replies: Mapped[list[Any]] = mapped_column(pg.JSONB)


class ListingEntry(listing.ListingEntry, Base):
    """What stands in the listings: live documents and village notices."""

    __table_args__ = listing.listing_indexes()


class ListingNamed(listing.ListingNamed, Base):
    """Regions that a live document names one by one."""
