"""Revisions of the catalog, what the public says of them, and the editions that they make."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

OPEN = sa.text("state in ('proposed', 'checked', 'consulting', 'adopted')")


def upgrade() -> None:
    op.add_column("item", sa.Column("retired_on", sa.Date, comment="since when it is not in force; null: it is"))
    predecessors: sa.Column[list[str]] = sa.Column(
        "predecessors",
        pg.ARRAY(sa.Text),
        nullable=False,
        server_default=sa.text("'{}'"),
        comment="items whose publications count for this one",
    )
    op.add_column("item", predecessors)
    op.create_table(
        "revision",
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("adjustments", pg.JSONB, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("proposed_by", sa.Text, nullable=False),
        sa.Column("legality_opinion", sa.Text),
        sa.Column("consulting_from", sa.Date),
        sa.Column("consulting_until", sa.Date),
        sa.Column("shortened_reason", sa.Text),
        sa.Column("comments", sa.BigInteger, nullable=False, comment="how many were received"),
        sa.Column("adopted_on", sa.Date),
        sa.Column("effective_on", sa.Date),
        sa.Column("edition", sa.BigInteger, comment="of the field, which it made"),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("code", name="pk_revision"),
    )
    op.create_index("uq_revision_open", "revision", ["field"], unique=True, postgresql_where=OPEN)
    op.create_index(
        "uq_revision_in_force", "revision", ["field"], unique=True, postgresql_where=sa.text("state = 'in_force'")
    )
    op.create_table(
        "revision_comment",
        sa.Column("revision", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("item", sa.Text),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("received_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("outcome", sa.Text),
        sa.Column("answer", sa.Text),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("revision", "number", name="pk_revision_comment"),
        sa.ForeignKeyConstraint(["revision"], ["revision.code"], name="fk_revision_comment_revision"),
        sa.CheckConstraint("(outcome is null) = (answer is null)", name="ck_revision_comment_answered_whole"),
    )
    op.create_table(
        "catalog_edition",
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("number", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.Text, comment="that made it; null: put in place item by item"),
        sa.Column("in_force_on", sa.Date, nullable=False),
        sa.Column("items", pg.JSONB, nullable=False),
        sa.PrimaryKeyConstraint("field", "number", name="pk_catalog_edition"),
    )


def downgrade() -> None:
    op.drop_table("catalog_edition")
    op.drop_table("revision_comment")
    op.drop_table("revision")
    op.drop_column("item", "predecessors")
    op.drop_column("item", "retired_on")
