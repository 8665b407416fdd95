"""Regions, organisations, fields, items and their coverage."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from libs.common.migrations.backbone import create_backbone, drop_backbone

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_backbone()
    op.create_table(
        "region",
        sa.Column("code", sa.Text, nullable=False, comment="12-digit division code"),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("level", sa.Text, nullable=False),
        sa.Column("parent", sa.Text),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_region"),
        sa.ForeignKeyConstraint(["parent"], ["region.code"], name="fk_region_parent"),
        sa.CheckConstraint("code ~ '^[0-9]{12}$'", name=op.f("ck_region_code_shape")),
        sa.CheckConstraint("level in ('county', 'town', 'village')", name=op.f("ck_region_level_known")),
    )
    op.create_index("ix_region_parent", "region", ["parent"])
    op.create_table(
        "organisation",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("short_name", sa.Text, nullable=False),
        sa.Column("doc_prefix", sa.Text, comment="机关代字"),
        sa.Column(
            "uscc",
            sa.Text,
            nullable=False,
            comment="统一社会信用代码; not unique, offices share their government's",
        ),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("parent", sa.Text),
        sa.Column(
            "path",
            pg.ARRAY(sa.Text),
            nullable=False,
            comment="codes from the organisation itself up to the root",
        ),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_organisation"),
        sa.ForeignKeyConstraint(["region"], ["region.code"], name="fk_organisation_region"),
        sa.ForeignKeyConstraint(["parent"], ["organisation.code"], name="fk_organisation_parent"),
        sa.CheckConstraint("path[1] = code", name=op.f("ck_organisation_path_begins_here")),
    )
    op.create_index("ix_organisation_region", "organisation", ["region"])
    op.create_index("ix_organisation_parent", "organisation", ["parent"])
    op.create_table(
        "field",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_field"),
    )
    op.create_table(
        "item",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("level1_item", sa.Text, nullable=False),
        sa.Column("level2_item", sa.Text, nullable=False),
        sa.Column("level3_item", sa.Text),
        sa.Column("content_elements", pg.ARRAY(sa.Text), nullable=False),
        sa.Column("legal_basis", pg.ARRAY(sa.Text), nullable=False),
        sa.Column("time_limit", sa.Text, nullable=False, comment="original wording"),
        sa.Column("responsible_body", sa.Text, nullable=False),
        sa.Column("channels", pg.ARRAY(sa.Text), nullable=False),
        sa.Column("audience", sa.Text, nullable=False),
        sa.Column("audience_group", sa.Text),
        sa.Column("disclosure_method", sa.Text, nullable=False),
        sa.Column("levels", pg.ARRAY(sa.Text), nullable=False),
        sa.Column("source", sa.Text),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_item"),
        sa.ForeignKeyConstraint(["field"], ["field.code"], name="fk_item_field"),
        sa.CheckConstraint(
            "cardinality(levels) > 0 and levels <@ array['county', 'town', 'village']",
            name=op.f("ck_item_levels_known"),
        ),
        sa.CheckConstraint("audience in ('all', 'specific')", name=op.f("ck_item_audience_known")),
        sa.CheckConstraint(
            "(audience = 'specific') = (audience_group is not null)", name=op.f("ck_item_audience_whole")
        ),
        sa.CheckConstraint("disclosure_method in ('proactive', 'on_request')", name=op.f("ck_item_method_known")),
    )
    op.create_index("ix_item_field", "item", ["field", "code"])
    op.create_table(
        "covering",
        sa.Column("document", pg.UUID(as_uuid=True), nullable=False, comment="id of the document or village notice"),
        sa.Column("item", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False, comment="of the document or notice, as last heard"),
        sa.Column("live", sa.Boolean, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("document", name="pk_covering"),
    )
    op.create_index(
        "ix_covering_live", "covering", ["region", "item", "published_at"], postgresql_where=sa.text("live")
    )


def downgrade() -> None:
    for table in ("covering", "item", "field", "organisation", "region"):
        op.drop_table(table)
    drop_backbone()
