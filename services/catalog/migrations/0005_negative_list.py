"""The negative list."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "negative_entry",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("ground", sa.Text, nullable=False),
        sa.Column("basis", sa.Text),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("review_on", sa.Date, nullable=False),
        sa.Column("lifted_on", sa.Date),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_negative_entry"),
        sa.ForeignKeyConstraint(["region"], ["region.code"], name="fk_negative_entry_region"),
    )
    op.create_index("ix_negative_entry_region", "negative_entry", ["region"])


def downgrade() -> None:
    op.drop_table("negative_entry")
