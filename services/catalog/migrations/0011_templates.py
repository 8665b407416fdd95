"""The content templates of items."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "template",
        sa.Column("item", sa.Text, nullable=False),
        sa.Column("fields", pg.JSONB, nullable=False, comment="in the order of the form; none: it is removed"),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("item", name="pk_template"),
        sa.ForeignKeyConstraint(["item"], ["item.code"], name="fk_template_item"),
    )


def downgrade() -> None:
    op.drop_table("template")
