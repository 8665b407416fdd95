"""Documents heard of, duties to interpret them, interpretations; and the backbone."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql as pg

from libs.common.migrations.backbone import create_backbone, drop_backbone

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

_UUID = pg.UUID(as_uuid=True)
_MOMENT = sa.DateTime(timezone=True)
_TEXTS = pg.ARRAY(sa.Text())


def upgrade() -> None:
    create_backbone()
    op.create_table(
        "document",
        sa.Column("content_id", _UUID, primary_key=True),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("organisation", sa.Text, nullable=False),
        sa.Column("organisation_path", _TEXTS, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False, comment="of the document, in the newest event heard"),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("interpretation_required", sa.Boolean, nullable=False),
        sa.Column("path", sa.Text, comment="of the public page; null until first published"),
        sa.Column("published_at", _MOMENT, comment="of the newest edition; null until first published"),
        sa.CheckConstraint("state in ('prepared', 'live', 'withdrawn')", name="state"),
        sa.CheckConstraint("state <> 'live' or (path is not null and published_at is not null)", name="live_has_page"),
    )
    op.create_table(
        "duty",
        sa.Column("document", _UUID, sa.ForeignKey("document.content_id"), primary_key=True),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("county", sa.Text, nullable=False),
        sa.Column("organisation", sa.Text, nullable=False),
        sa.Column("organisation_path", _TEXTS, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("opened_at", _MOMENT, nullable=False),
        sa.Column("opened_by", sa.Text, nullable=False),
        sa.Column("due_on", sa.Date, comment="null while the document is only prepared"),
        sa.Column(
            "provisional",
            sa.Boolean,
            nullable=False,
            comment="due_on lies where no holiday notice has spoken yet",
        ),
        sa.Column("discharged_at", _MOMENT),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.CheckConstraint("state in ('open', 'discharged', 'closed')", name="state"),
        sa.CheckConstraint("opened_by in ('prepared', 'published')", name="opened_by"),
        sa.CheckConstraint(
            "state <> 'discharged' or (discharged_at is not null and due_on is not null)",
            name="discharged_whole",
        ),
    )
    op.create_index("ix_duty_county", "duty", ["county", "document"])
    op.create_index("ix_duty_open", "duty", ["county", "document"], postgresql_where=sa.text("state = 'open'"))
    op.create_table(
        "interpretation",
        sa.Column("id", _UUID, primary_key=True),
        sa.Column("document", _UUID, sa.ForeignKey("document.content_id"), nullable=False),
        sa.Column("region", sa.Text, nullable=False),
        sa.Column("county", sa.Text, nullable=False),
        sa.Column("organisation", sa.Text, nullable=False),
        sa.Column("organisation_path", _TEXTS, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("form", sa.Text, nullable=False),
        sa.Column("body_html", sa.Text, nullable=False),
        sa.Column("sanitiser_version", sa.BigInteger, nullable=False),
        sa.Column("summary", sa.Text, nullable=False),
        sa.Column("sections", pg.JSONB, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column(
            "drafted_by",
            _TEXTS,
            nullable=False,
            comment="everybody who worked on the text, the first one first",
        ),
        sa.Column("approved_by", sa.Text),
        sa.Column("drafted_at", _MOMENT, nullable=False),
        sa.Column("changed_at", _MOMENT, nullable=False),
        sa.Column("approved_at", _MOMENT),
        sa.Column("published_at", _MOMENT, comment="null: was never public"),
        sa.Column("withdrawn_at", _MOMENT),
        sa.Column("reason", sa.Text, comment="why it was returned or withdrawn last"),
        sa.CheckConstraint("state in ('draft', 'approved', 'ready', 'published', 'withdrawn')", name="state"),
        sa.CheckConstraint("state = 'draft' or approved_by is not null", name="approved"),
        sa.CheckConstraint("state <> 'published' or published_at is not null", name="published"),
        sa.CheckConstraint(
            "state <> 'withdrawn' or (withdrawn_at is not null and reason is not null)", name="withdrawn"
        ),
    )
    op.create_index("ix_interpretation_document", "interpretation", ["document", "id"])
    op.create_index("ix_interpretation_county", "interpretation", ["county", "id"])
    op.create_index(
        "ix_interpretation_public",
        "interpretation",
        ["county", "id"],
        postgresql_where=sa.text("state = 'published'"),
    )


def downgrade() -> None:
    for table in ("interpretation", "duty", "document"):
        op.drop_table(table)
    drop_backbone()
