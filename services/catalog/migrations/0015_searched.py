"""What items are found by, in one column: put together at each search, it took longer than all the rest."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

# `array_to_string` itself is only stable, as it is of values of any type: that of text never changes.
_WORDS = """
create function words_of(text[]) returns text language sql immutable parallel safe
return array_to_string($1, ' ')
"""
_SEARCHED = """
code || ' ' || level1_item || ' ' || level2_item || ' ' || coalesce(level3_item, '') || ' ' || responsible_body || ' '
|| words_of(content_elements)
"""


def upgrade() -> None:
    op.execute(_WORDS)
    made = sa.Computed(_SEARCHED, persisted=True)
    comment = "what an item is found by, besides the name of its field"
    searched: sa.Column[str] = sa.Column("searched", sa.Text, made, nullable=False, comment=comment)
    op.add_column("item", searched)


def downgrade() -> None:
    op.drop_column("item", "searched")
    op.execute("drop function words_of")
