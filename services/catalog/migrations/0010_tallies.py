"""Kept sums of coverage by day and of duties by month, and which regions are to be counted anew."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "tally",
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("organisation", sa.Text, nullable=False, comment="'': what the region owes as one"),
        sa.Column("since", sa.Date, nullable=False),
        sa.Column("until", sa.Date, comment="the first day on which it was otherwise; null: it is so now"),
        *(
            sa.Column(name, sa.BigInteger, nullable=False)
            for name in ("owed", "covered", "missing", "not_applicable", "overdue")
        ),
        sa.Column("latest_published_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("region", "field", "organisation", "since", name="pk_tally"),
    )
    op.create_index("ix_tally_now", "tally", ["region"], postgresql_where=sa.text("until is null"))
    op.create_table(
        "duty_tally",
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("organisation", sa.Text, nullable=False, comment="'': what the region owes as one"),
        sa.Column("month", sa.Date, nullable=False, comment="its first day: in which the duties are due"),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in ("met", "late", "open", "overdue", "waived")),
        sa.PrimaryKeyConstraint("region", "field", "organisation", "month", name="pk_duty_tally"),
    )
    op.create_table(
        "tallied",
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("day", sa.Date, nullable=False, comment="in China, for which it was counted last"),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("calendar", sa.Text, nullable=False, comment="fingerprint of the one that it was counted with"),
        sa.PrimaryKeyConstraint("region", name="pk_tallied"),
    )
    op.create_table(
        "recount",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_recount"),
        comment="marks of regions that are to be counted anew",
    )
    op.create_index("ix_recount_region", "recount", ["region", "id"])


def downgrade() -> None:
    op.drop_table("recount")
    op.drop_table("tallied")
    op.drop_table("duty_tally")
    op.drop_table("tally")
