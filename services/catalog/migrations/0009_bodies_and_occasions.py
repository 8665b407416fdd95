"""Which bodies of a region owe an item, who published what covers it, and what limits run from."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_NONE = sa.text("'{}'")


def upgrade() -> None:
    op.add_column("local_terms", sa.Column("organisations", pg.ARRAY(sa.Text()), server_default=_NONE, nullable=False))
    op.add_column(
        "covering",
        sa.Column(
            "bodies",
            pg.ARRAY(sa.Text()),
            server_default=_NONE,
            nullable=False,
            comment="the organisation that published it and those above; none: of its whole region",
        ),
    )
    op.create_table(
        "occasion",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("item", sa.Text, nullable=False),
        sa.Column("trigger", sa.Text, nullable=False),
        sa.Column("happened_on", sa.Date, nullable=False),
        sa.Column("what", sa.Text, nullable=False),
        sa.Column("organisation", sa.Text, comment="the body that owes it; null: each that the region names"),
        sa.Column("struck", sa.Text, comment="why it does not count; null: it does"),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_occasion"),
        sa.ForeignKeyConstraint(["region"], ["region.code"], name="fk_occasion_region"),
        sa.ForeignKeyConstraint(["item"], ["item.code"], name="fk_occasion_item"),
        sa.ForeignKeyConstraint(["organisation"], ["organisation.code"], name="fk_occasion_organisation"),
    )
    op.create_index(
        "ix_occasion_counted", "occasion", ["region", "item", "happened_on"], postgresql_where=sa.text("struck is null")
    )
    op.create_index("ix_occasion_item", "occasion", ["item"])


def downgrade() -> None:
    op.drop_table("occasion")
    op.drop_column("covering", "bodies")
    op.drop_column("local_terms", "organisations")
