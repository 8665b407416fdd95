"""The confidence in an item, apart from its source."""

import sqlalchemy as sa
from alembic import op

from services.catalog.rules.cells import tagged_source

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_COMMENT = "in the row, as its source allows; null: nobody said"


def upgrade() -> None:
    op.add_column("item", sa.Column("confidence", sa.Text, comment=_COMMENT))
    known = "confidence in ('sourced', 'high', 'medium', 'low')"
    op.create_check_constraint(op.f("ck_item_confidence_known"), "item", known)
    item = sa.table("item", sa.column("source"), sa.column("confidence"))
    bind = op.get_bind()
    for tagged in bind.scalars(sa.select(item.c.source).where(item.c.source.startswith("[")).distinct()).all():
        source, confidence = tagged_source(tagged)
        bind.execute(item.update().where(item.c.source == tagged).values(source=source, confidence=confidence))


def downgrade() -> None:
    op.drop_column("item", "confidence")
