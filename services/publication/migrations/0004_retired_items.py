"""Items that a revision of the catalog has retired, and what is in force instead."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

_SINCE = "since when nothing new comes under it; null: it is in force"


def upgrade() -> None:
    op.add_column("item", sa.Column("retired_on", sa.Date, comment=_SINCE))
    told = "items in force instead"
    op.add_column("item", sa.Column("heirs", pg.ARRAY(sa.Text), nullable=False, server_default="{}", comment=told))


def downgrade() -> None:
    op.drop_column("item", "heirs")
    op.drop_column("item", "retired_on")
