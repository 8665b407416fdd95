"""What a region makes of an item for itself and those below."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "local_terms",
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("item", sa.Text, nullable=False),
        sa.Column("time_limit", sa.Text),
        sa.Column("time_limits", pg.JSONB),
        sa.Column("responsible_body", sa.Text),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("region", "item", name="pk_local_terms"),
        sa.ForeignKeyConstraint(["region"], ["region.code"], name="fk_local_terms_region"),
        sa.ForeignKeyConstraint(["item"], ["item.code"], name="fk_local_terms_item"),
        sa.CheckConstraint("(time_limit is null) = (time_limits is null)", name="ck_local_terms_limit_whole"),
    )
    op.create_index("ix_local_terms_item", "local_terms", ["item", "region"])


def downgrade() -> None:
    op.drop_table("local_terms")
