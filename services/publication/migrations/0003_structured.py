"""What documents say field by field, and the content templates that they are checked with."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_VERSION = "of the template that the content was checked with; null: no content, or not checked yet"


def upgrade() -> None:
    op.add_column("edition", sa.Column("structured", pg.JSONB, comment="content by the fields of the template"))
    op.add_column("edition", sa.Column("template_version", sa.BigInteger, comment=_VERSION))
    op.create_table(
        "template",
        sa.Column("id", sa.Text, nullable=False, comment="the code of the item and /template"),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("fields", pg.JSONB, nullable=False, comment="none: it is removed"),
        sa.PrimaryKeyConstraint("id", name="pk_template"),
    )
    op.create_table(
        "used_template",
        sa.Column("item", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("fields", pg.JSONB, nullable=False),
        sa.PrimaryKeyConstraint("item", "version", name="pk_used_template"),
    )


def downgrade() -> None:
    op.drop_table("used_template")
    op.drop_table("template")
    op.drop_column("edition", "template_version")
    op.drop_column("edition", "structured")
