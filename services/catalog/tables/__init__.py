"""Regions, organisations, fields and items; and what covers an item in a region."""

from datetime import date, datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy import text
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.orm import Mapped, mapped_column

from services.catalog.tables import revisions, tallies  # noqa: F401 - the metadata is to hold them
from services.catalog.tables.base import Base


class Region(Base):
    """A province, county, town or village (行政区划)."""

    __tablename__ = "region"

    code: Mapped[str] = mapped_column(primary_key=True, comment="12-digit division code")
    name: Mapped[str]
    level: Mapped[str]
    parent: Mapped[str | None] = mapped_column(sa.ForeignKey("region.code"), index=True)
    version: Mapped[int]

    __table_args__ = (
        sa.CheckConstraint("code ~ '^[0-9]{12}$'", name="code_shape"),
        sa.CheckConstraint("level in ('province', 'county', 'town', 'village')", name="level_known"),
    )


class Organisation(Base):
    """A responsible body (公开主体) and its place in the tree of organisations."""

    __tablename__ = "organisation"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    short_name: Mapped[str]
    doc_prefix: Mapped[str | None] = mapped_column(comment="机关代字")
    uscc: Mapped[str] = mapped_column(comment="统一社会信用代码; not unique, offices share their government's")
    region: Mapped[str] = mapped_column(sa.ForeignKey(Region.code), index=True)
    parent: Mapped[str | None] = mapped_column(sa.ForeignKey("organisation.code"), index=True)
    path: Mapped[list[str]] = mapped_column(comment="codes from the organisation itself up to the root")
    version: Mapped[int]

    __table_args__ = (sa.CheckConstraint("path[1] = code", name="path_begins_here"),)


class Field(Base):
    """A field (领域) of the standard catalog; it exists through its items."""

    __tablename__ = "field"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]


class Item(Base):
    """A disclosure item (公开事项); 国办发〔2019〕54号 asks a catalog for eight of its elements."""

    __tablename__ = "item"

    code: Mapped[str] = mapped_column(primary_key=True)
    field: Mapped[str] = mapped_column(sa.ForeignKey(Field.code))
    level1_item: Mapped[str]
    level2_item: Mapped[str]
    level3_item: Mapped[str | None]
    content_elements: Mapped[list[str]]
    legal_basis: Mapped[list[str]]
    time_limit: Mapped[str] = mapped_column(comment="original wording")
    responsible_body: Mapped[str]
    channels: Mapped[list[str]]
    audience: Mapped[str]
    audience_group: Mapped[str | None]
    disclosure_method: Mapped[str]
    levels: Mapped[list[str]]
    optional_elements: Mapped[list[str]]
    channel_rule: Mapped[str]
    optional_channels: Mapped[list[str]]
    stages: Mapped[list[str]]
    item_type: Mapped[str | None]
    section: Mapped[str | None]
    enquiry_phone: Mapped[str | None]
    complaint_phone: Mapped[str | None]
    link: Mapped[str | None]
    time_limits: Mapped[dict[str, Any]] = mapped_column(pg.JSONB)
    source: Mapped[str | None]
    confidence: Mapped[str | None] = mapped_column(comment="in the row, as its source allows; null: nobody said")
    region: Mapped[str | None] = mapped_column(
        sa.ForeignKey(Region.code), comment="the county that keeps it for itself and those below; null: the standard"
    )
    retired_on: Mapped[date | None] = mapped_column(comment="since when it is not in force; null: it is")
    predecessors: Mapped[list[str]] = mapped_column(
        server_default=text("'{}'"), comment="items whose publications count for this one"
    )
    version: Mapped[int]
    searched: Mapped[str] = mapped_column(
        sa.Computed(
            "code || ' ' || level1_item || ' ' || level2_item || ' ' || coalesce(level3_item, '') || ' ' ||"
            " responsible_body || ' ' || words_of(content_elements)",
            persisted=True,
        ),
        deferred=True,
        comment="what an item is found by, besides the name of its field",
    )

    __table_args__ = (
        sa.Index("ix_item_field", "field", "code"),
        sa.CheckConstraint(
            "cardinality(levels) > 0 and levels <@ array['county', 'town', 'village']", name="levels_known"
        ),
        sa.CheckConstraint("audience in ('all', 'specific')", name="audience_known"),
        sa.CheckConstraint("(audience = 'specific') = (audience_group is not null)", name="audience_whole"),
        sa.CheckConstraint("disclosure_method in ('proactive', 'on_request')", name="method_known"),
        sa.CheckConstraint("channel_rule in ('each', 'any')", name="channel_rule_known"),
        sa.CheckConstraint("item_type in ('service', 'other')", name="item_type_known"),
        sa.CheckConstraint("confidence in ('sourced', 'high', 'medium', 'low')", name="confidence_known"),
    )


class Applicability(Base):
    """Whether an item concerns a region: "不涉及" with its reason is a valid state, and no gap."""

    __tablename__ = "applicability"

    region: Mapped[str] = mapped_column(sa.ForeignKey(Region.code), primary_key=True)
    item: Mapped[str] = mapped_column(sa.ForeignKey(Item.code), primary_key=True, index=True)
    not_applicable: Mapped[str | None] = mapped_column(comment="why not; null when it does concern it")
    version: Mapped[int]


class LocalTerms(Base):
    """What a region makes of an item for itself and those below: tighter limits, its own body."""

    __tablename__ = "local_terms"

    region: Mapped[str] = mapped_column(sa.ForeignKey(Region.code), primary_key=True)
    item: Mapped[str] = mapped_column(sa.ForeignKey(Item.code), primary_key=True)
    time_limit: Mapped[str | None]
    time_limits: Mapped[dict[str, Any] | None] = mapped_column(pg.JSONB(none_as_null=True))
    responsible_body: Mapped[str | None]
    organisations: Mapped[list[str]] = mapped_column(server_default=text("'{}'"))
    version: Mapped[int]

    __table_args__ = (
        sa.Index("ix_local_terms_item", "item", "region"),
        sa.CheckConstraint("(time_limit is null) = (time_limits is null)", name="limit_whole"),
    )


class Template(Base):
    """The content template of an item (专项公开内容模板)."""

    __tablename__ = "template"

    item: Mapped[str] = mapped_column(sa.ForeignKey(Item.code), primary_key=True)
    fields: Mapped[list[dict[str, Any]]] = mapped_column(
        pg.JSONB, comment="in the order of the form; none: it is removed"
    )
    version: Mapped[int]


class Correspondence(Base):
    """Items of several levels that are the same matter (相同事项), so that what is published of it must agree."""

    __tablename__ = "correspondence"

    code: Mapped[str] = mapped_column(primary_key=True)
    title: Mapped[str]
    members: Mapped[list[dict[str, Any]]] = mapped_column(pg.JSONB)
    basis: Mapped[str]
    reason: Mapped[str]
    dissolved: Mapped[str | None] = mapped_column(comment="why it has ended; null: it holds")
    version: Mapped[int]


class NegativeEntry(Base):
    """An entry of the negative list (负面清单): what is not open, and why."""

    __tablename__ = "negative_entry"

    code: Mapped[str] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(sa.ForeignKey(Region.code), index=True)
    name: Mapped[str]
    ground: Mapped[str]
    basis: Mapped[str | None]
    reason: Mapped[str]
    review_on: Mapped[date]
    lifted_on: Mapped[date | None]
    version: Mapped[int]


class OfflineDisclosure(Base):
    """Something that was made public without the web (线下公开)."""

    __tablename__ = "offline_disclosure"

    code: Mapped[str] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(sa.ForeignKey(Region.code))
    item: Mapped[str] = mapped_column(sa.ForeignKey(Item.code), index=True)
    channel: Mapped[str]
    disclosed_on: Mapped[date]
    place: Mapped[str]
    evidence: Mapped[str]
    struck: Mapped[str | None] = mapped_column(comment="why it does not count; null: it does")
    version: Mapped[int]

    __table_args__ = (
        sa.Index(
            "ix_offline_disclosure_counted",
            "region",
            "item",
            "disclosed_on",
            postgresql_where=text("struck is null"),
        ),
    )


class Occasion(Base):
    """Something happened that time limits of an item run from (触发情形)."""

    __tablename__ = "occasion"

    code: Mapped[str] = mapped_column(primary_key=True)
    region: Mapped[str] = mapped_column(sa.ForeignKey(Region.code))
    item: Mapped[str] = mapped_column(sa.ForeignKey(Item.code), index=True)
    trigger: Mapped[str]
    happened_on: Mapped[date]
    what: Mapped[str]
    organisation: Mapped[str | None] = mapped_column(
        sa.ForeignKey(Organisation.code), comment="the body that owes it; null: each that the region names"
    )
    struck: Mapped[str | None] = mapped_column(comment="why it does not count; null: it does")
    version: Mapped[int]

    __table_args__ = (
        sa.Index("ix_occasion_counted", "region", "item", "happened_on", postgresql_where=text("struck is null")),
    )


class Waiver(Base):
    """The duty of one period that a region is released from, and why."""

    __tablename__ = "waiver"

    region: Mapped[str] = mapped_column(sa.ForeignKey(Region.code), primary_key=True)
    item: Mapped[str] = mapped_column(sa.ForeignKey(Item.code), primary_key=True, index=True)
    period_start: Mapped[date] = mapped_column(primary_key=True)
    waived: Mapped[str | None] = mapped_column(comment="why the duty is waived; null: it is not")
    version: Mapped[int]


class Covering(Base):
    """A document or village notice that covers an item in its region, as its own service said.

    Other services are heard in no promised order, so nothing here refers to the tables above.
    """

    __tablename__ = "covering"

    document: Mapped[UUID] = mapped_column(primary_key=True, comment="id of the document or village notice")
    item: Mapped[str]
    region: Mapped[str]
    version: Mapped[int] = mapped_column(comment="of the document or notice, as last heard")
    live: Mapped[bool]
    title: Mapped[str]
    published_at: Mapped[datetime]
    bodies: Mapped[list[str]] = mapped_column(
        server_default=text("'{}'"),
        comment="the organisation that published it and those above; none: of its whole region",
    )

    __table_args__ = (
        # Coverage counts and dates are read from this index alone.
        sa.Index("ix_covering_live", "region", "item", "published_at", postgresql_where=text("live")),
    )
