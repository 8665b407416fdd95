"""Release 1: notices, the copies of the catalog and the village boards."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from libs.common.migrations.backbone import create_backbone, drop_backbone

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

UUID = pg.UUID(as_uuid=True)
TIME = sa.DateTime(timezone=True)


def upgrade() -> None:
    create_backbone()
    _create_copies()
    _create_notice()
    _create_listing()


def _create_copies() -> None:
    op.create_table(
        "village",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("town", sa.Text, nullable=False),
        sa.Column("county", sa.Text, comment="null where a city has no counties"),
        sa.PrimaryKeyConstraint("code", name="pk_village"),
    )
    op.create_table(
        "item",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_item"),
    )


def _create_notice() -> None:
    op.create_table(
        "notice",
        sa.Column("id", UUID, nullable=False),
        sa.Column("village", sa.Text, nullable=False),
        sa.Column("category", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("period", sa.Text, comment="what the notice accounts for, as people call it"),
        sa.Column("catalog_item", sa.Text, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("body_html", sa.Text, nullable=False),
        sa.Column("sanitiser_version", sa.BigInteger, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("drafted_at", TIME, nullable=False),
        sa.Column("drafted_by", pg.ARRAY(sa.Text), nullable=False, comment="everybody who worked on the text"),
        sa.Column("supervised_by", sa.Text),
        sa.Column("opinion", sa.Text, comment="of the supervision committee"),
        sa.Column("decided_by", sa.Text),
        sa.Column("minutes_on", sa.Date, comment="day of the joint meeting's minutes"),
        sa.Column("first_published_at", TIME),
        sa.Column("published_at", TIME),
        sa.Column("visible_until", sa.Date, comment="last day on which it must be on the board"),
        sa.Column("withdrawn_at", TIME),
        sa.Column("reason", sa.Text, comment="why it was returned or withdrawn last"),
        sa.PrimaryKeyConstraint("id", name="pk_notice"),
        sa.CheckConstraint(
            "category in ('party', 'government', 'village', 'finance')", name=op.f("ck_notice_category")
        ),
        sa.CheckConstraint(
            "state in ('draft', 'submitted', 'supervised', 'decided', 'live', 'withdrawn')",
            name=op.f("ck_notice_state"),
        ),
        sa.CheckConstraint(
            "state in ('draft', 'submitted') or (supervised_by is not null and opinion is not null)",
            name=op.f("ck_notice_supervised"),
        ),
        sa.CheckConstraint(
            "state in ('draft', 'submitted', 'supervised') or (decided_by is not null and minutes_on is not null)",
            name=op.f("ck_notice_decided"),
        ),
        sa.CheckConstraint(
            "(state in ('live', 'withdrawn')) = (published_at is not null and first_published_at is not null"
            " and visible_until is not null)",
            name=op.f("ck_notice_published"),
        ),
        sa.CheckConstraint("(state = 'withdrawn') = (withdrawn_at is not null)", name=op.f("ck_notice_withdrawn")),
    )
    op.create_index("ix_notice_village_id", "notice", ["village", "id"])


def _create_listing() -> None:
    op.create_table(
        "listing_entry",
        sa.Column("id", UUID, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("county", sa.Text, nullable=False),
        sa.Column("town", sa.Text),
        sa.Column("all_towns", sa.Boolean, nullable=False),
        sa.Column("all_villages", sa.Boolean, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("item", sa.Text, nullable=False),
        sa.Column("theme", sa.Text),
        sa.Column("column_name", sa.Text),
        sa.Column("published_at", TIME, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("card", sa.Text, nullable=False, comment="the entry's JSON as served"),
        sa.PrimaryKeyConstraint("id", name="pk_listing_entry"),
    )
    newest = ["published_at", "id"]
    for name, columns, where in (
        ("own", ["region"], None),
        ("county", ["county"], None),
        ("below", ["county"], "region <> county"),
        ("town", ["town"], "town is not null"),
        ("towns", ["region"], "all_towns"),
        ("villages", ["region"], "all_villages"),
        ("field", ["county", "field"], None),
        ("item", ["county", "item"], None),
        ("theme", ["county", "theme"], None),
        ("column", ["county", "column_name"], None),
    ):
        op.create_index(
            f"ix_listing_entry_{name}",
            "listing_entry",
            [*columns, *newest],
            postgresql_where=sa.text(where) if where else None,
        )
    op.create_table(
        "listing_named",
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("published_at", TIME, nullable=False),
        sa.Column("id", UUID, nullable=False),
        sa.PrimaryKeyConstraint("region", "published_at", "id", name="pk_listing_named"),
    )
    op.create_index("ix_listing_named_id", "listing_named", ["id"])


def downgrade() -> None:
    for table in ("listing_named", "listing_entry", "notice", "item", "village"):
        op.drop_table(table)
    drop_backbone()
