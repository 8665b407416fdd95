"""What was made public offline, and the duties that a region is released from."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "offline_disclosure",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("item", sa.Text, nullable=False),
        sa.Column("channel", sa.Text, nullable=False),
        sa.Column("disclosed_on", sa.Date, nullable=False),
        sa.Column("place", sa.Text, nullable=False),
        sa.Column("evidence", sa.Text, nullable=False),
        sa.Column("struck", sa.Text, comment="why it does not count; null: it does"),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_offline_disclosure"),
        sa.ForeignKeyConstraint(["region"], ["region.code"], name="fk_offline_disclosure_region"),
        sa.ForeignKeyConstraint(["item"], ["item.code"], name="fk_offline_disclosure_item"),
    )
    op.create_index(
        "ix_offline_disclosure_counted",
        "offline_disclosure",
        ["region", "item", "disclosed_on"],
        postgresql_where=sa.text("struck is null"),
    )
    op.create_index("ix_offline_disclosure_item", "offline_disclosure", ["item"])
    op.create_table(
        "waiver",
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("item", sa.Text, nullable=False),
        sa.Column("period_start", sa.Date, nullable=False),
        sa.Column("waived", sa.Text, comment="why the duty is waived; null: it is not"),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("region", "item", "period_start", name="pk_waiver"),
        sa.ForeignKeyConstraint(["region"], ["region.code"], name="fk_waiver_region"),
        sa.ForeignKeyConstraint(["item"], ["item.code"], name="fk_waiver_item"),
    )
    op.create_index("ix_waiver_item", "waiver", ["item"])


def downgrade() -> None:
    op.drop_table("waiver")
    op.drop_table("offline_disclosure")
