"""The variant columns of catalogs, and what is read from the wording of a time limit."""

from typing import Any

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from services.catalog.rules.wordings import read

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

_NAMES = ("item_type", "section", "enquiry_phone", "complaint_phone", "link")
_LISTS = ("optional_elements", "optional_channels", "stages")


def upgrade() -> None:
    for name in _LISTS:
        _add(name, sa.ARRAY(sa.Text()), "{}")
    _add("channel_rule", sa.Text(), "any")
    for name in _NAMES:
        op.add_column("item", sa.Column(name, sa.Text()))
    _add("time_limits", pg.JSONB(), '{"limits": [], "unread": []}')
    op.create_check_constraint(op.f("ck_item_channel_rule_known"), "item", "channel_rule in ('each', 'any')")
    op.create_check_constraint(op.f("ck_item_item_type_known"), "item", "item_type in ('service', 'other')")
    item = sa.table("item", sa.column("time_limit"), sa.column("time_limits", pg.JSONB()))
    bind = op.get_bind()
    for wording in bind.scalars(sa.select(item.c.time_limit).distinct()).all():
        found = read(wording).model_dump(mode="json")
        bind.execute(item.update().where(item.c.time_limit == wording).values(time_limits=found))


def _add(name: str, kind: sa.types.TypeEngine[Any], default: str) -> None:
    """A column that is filled at once; only the rows that are there need the default."""
    op.add_column("item", sa.Column(name, kind, nullable=False, server_default=default))
    op.alter_column("item", name, server_default=None)


def downgrade() -> None:
    for name in (*_LISTS, "channel_rule", *_NAMES, "time_limits"):
        op.drop_column("item", name)
