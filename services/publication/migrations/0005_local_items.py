"""Whose a local item of the catalog is."""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    comment = "the county whose item it is, for itself and those below; null: of the standard"
    op.add_column("item", sa.Column("region", sa.Text, comment=comment))


def downgrade() -> None:
    op.drop_column("item", "region")
