"""The tables that every service's database carries beside its own: outbox, journal, inbox, audit, idempotency.

They are declared once and added to each service's metadata, so that alembic's drift check sees them. The SQL that
uses them stands in the module of its concern (`outbox`, `inbox`, `audit`, `idempotency`).
"""

from datetime import datetime
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql as pg
from sqlalchemy.orm import DeclarativeBase

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}


def service_metadata() -> sa.MetaData:
    """A metadata that already holds the backbone tables; each service's `Base` takes one of its own."""
    metadata = sa.MetaData(naming_convention=NAMING)
    for table in (_outbox, _journal, _senders, _readers, _inbox, _audit, _idempotency):
        table(metadata)
    return metadata


class ServiceBase(DeclarativeBase):
    """Column types shared by every service's tables. A service subclasses it with `metadata = service_metadata()`."""

    __abstract__ = True
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads this class attribute
        str: sa.Text(),
        int: sa.BigInteger(),
        list[str]: pg.ARRAY(sa.Text()),
        datetime: sa.DateTime(timezone=True),
        UUID: pg.UUID(as_uuid=True),
    }


def _message_columns() -> list[sa.Column[object]]:
    return [
        sa.Column("event_id", pg.UUID(as_uuid=True), nullable=False),
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("part", sa.SmallInteger, nullable=False, comment="murmur2(key) % 12, as Kafka computes it"),
        sa.Column("key", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        # json, not jsonb: every bus hands listeners the same bytes.
        sa.Column("payload", pg.JSON, nullable=False),
        sa.Column("headers", pg.JSONB, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.clock_timestamp()),
    ]


def _outbox(metadata: sa.MetaData) -> None:
    sa.Table(
        "outbox",
        metadata,
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        *_message_columns(),
        sa.UniqueConstraint("key", "version", "topic"),
    )


def _journal(metadata: sa.MetaData) -> None:
    sa.Table(
        "journal_head",
        metadata,
        sa.Column("only_row", sa.Boolean, primary_key=True, server_default=sa.true()),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.CheckConstraint("only_row", name="only_row"),
    )
    sa.Table(
        "journal",
        metadata,
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        *_message_columns(),
        sa.Column(
            "appended_at",
            sa.DateTime(timezone=True),
            nullable=False,
            server_default=sa.func.clock_timestamp(),
        ),
        # Not unique: a doubled version must not stop the sequencer; listeners drop the second by its version.
        sa.Index("ix_journal_key", "key", "version"),
    )
    sa.Table(
        "thing",
        metadata,
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        comment="where the newest event of each thing stands in the journal: its state without its history",
    )


def _senders(metadata: sa.MetaData) -> None:
    sa.Table(
        "sender_position",
        metadata,
        sa.Column("sink", sa.Text, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("event_id", pg.UUID(as_uuid=True), comment="of the row at position: the fork check"),
    )


def _readers(metadata: sa.MetaData) -> None:
    sa.Table(
        "journal_reader",
        metadata,
        sa.Column("grp", sa.Text, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("parked", pg.ARRAY(sa.Text), nullable=False, server_default="{}"),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
    )
    sa.Table(
        "journal_progress",
        metadata,
        sa.Column("grp", sa.Text, primary_key=True),
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        comment="when each reader had got how far; feeds the receipts and is trimmed by age",
    )


def _inbox(metadata: sa.MetaData) -> None:
    sa.Table(
        "consumer_offset",
        metadata,
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
        sa.Column("event_id", pg.UUID(as_uuid=True), comment="of the row at position: the fork check"),
    )
    sa.Table(
        "inbox",
        metadata,
        sa.Column("event_id", pg.UUID(as_uuid=True), primary_key=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    sa.Table(
        "heard",
        metadata,
        sa.Column("topic", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("type", sa.Text, comment="kind of the event that was applied"),
        sa.Column("at", sa.DateTime(timezone=True), comment="when it was applied"),
        comment="newest version applied of each thing heard of; a withdrawn thing keeps its row (tombstone)",
    )
    sa.Table(
        "parked",
        metadata,
        sa.Column("source", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("from_position", sa.BigInteger, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("attempts", sa.BigInteger, nullable=False, server_default="1"),
        sa.Column("parked_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        # The newest event of the key. It carries the whole state, so it is all that a redrive applies.
        sa.Column("position", sa.BigInteger),
        sa.Column("event_id", pg.UUID(as_uuid=True)),
        sa.Column("version", sa.BigInteger),
        sa.Column("type", sa.Text),
        sa.Column("payload", pg.JSON),
        sa.Column("headers", pg.JSONB),
        sa.Column("created_at", sa.DateTime(timezone=True)),
    )


def _audit(metadata: sa.MetaData) -> None:
    entry = [("entry", pg.JSON)]
    sa.Table(
        "audit_waiting",
        metadata,
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        *(sa.Column(name, kind, nullable=False) for name, kind in entry),
    )
    sa.Table(
        "audit",
        metadata,
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        *(sa.Column(name, kind, nullable=False) for name, kind in entry),
        sa.Column("hash", sa.LargeBinary, nullable=False, comment="sha256(previous hash || entry)"),
    )


def _idempotency(metadata: sa.MetaData) -> None:
    sa.Table(
        "idempotency",
        metadata,
        sa.Column("caller", sa.Text, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("fingerprint", sa.LargeBinary, nullable=False),
        sa.Column("status", sa.SmallInteger),
        sa.Column("headers", pg.JSONB),
        sa.Column("body", sa.LargeBinary),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now(), index=True),
    )
