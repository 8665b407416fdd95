"""The province above the counties, and items that a county adds for itself."""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

LEVEL_KNOWN = "ck_region_level_known"


def upgrade() -> None:
    op.drop_constraint(LEVEL_KNOWN, "region")
    op.create_check_constraint(op.f(LEVEL_KNOWN), "region", "level in ('province', 'county', 'town', 'village')")
    keeper: sa.Column[str] = sa.Column(
        "region", sa.Text, comment="the county that keeps it for itself and those below; null: the standard"
    )
    op.add_column("item", keeper)
    op.create_foreign_key("fk_item_region", "item", "region", ["region"], ["code"])


def downgrade() -> None:
    op.drop_constraint("fk_item_region", "item")
    op.drop_column("item", "region")
    op.drop_constraint(LEVEL_KNOWN, "region")
    op.create_check_constraint(op.f(LEVEL_KNOWN), "region", "level in ('county', 'town', 'village')")
