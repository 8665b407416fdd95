"""Items that do not concern a region."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "applicability",
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("item", sa.Text, nullable=False),
        sa.Column("not_applicable", sa.Text, comment="why not; null when it does concern it"),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("region", "item", name="pk_applicability"),
        sa.ForeignKeyConstraint(["region"], ["region.code"], name="fk_applicability_region"),
        sa.ForeignKeyConstraint(["item"], ["item.code"], name="fk_applicability_item"),
    )
    op.create_index("ix_applicability_item", "applicability", ["item"])


def downgrade() -> None:
    op.drop_table("applicability")
