"""The tables of publication in release 1."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

from libs.common.migrations.backbone import create_backbone, drop_backbone

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    create_backbone()
    op.create_table(
        "document",
        sa.Column("content_id", sa.UUID(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False, comment="rises with every act; what If-Match names"),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("organisation_path", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("index_number", sa.Text(), nullable=False, comment="索引号: never null, never reused"),
        sa.Column(
            "first_published_at",
            sa.DateTime(timezone=True),
            nullable=True,
            comment="from the server; never edited",
        ),
        sa.Column("withdrawal", sa.Text(), nullable=True),
        sa.Column("withdrawn_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("withdrawn_reason", sa.Text(), nullable=True),
        sa.Column("withdrawn_notice", sa.Text(), nullable=True),
        sa.Column("redirect_to", sa.UUID(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint(
            "(withdrawal = 'redirect') = (redirect_to is not null)", name=op.f("ck_document_redirect_target")
        ),
        sa.CheckConstraint("(withdrawal is null) = (withdrawn_at is null)", name=op.f("ck_document_withdrawal_whole")),
        sa.CheckConstraint(
            "withdrawal is null or withdrawn_reason is not null", name=op.f("ck_document_withdrawal_reason")
        ),
        sa.PrimaryKeyConstraint("content_id", name=op.f("pk_document")),
        sa.UniqueConstraint("index_number", name=op.f("uq_document_index_number")),
    )
    op.create_table(
        "index_serial",
        sa.Column("pattern", sa.Text(), nullable=False, comment="the pattern rendered with serial 0"),
        sa.Column("serial", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("pattern", name=op.f("pk_index_serial")),
    )
    op.create_table(
        "item",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_item")),
    )
    op.create_table(
        "linked_interpretation",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("document", sa.UUID(), nullable=False),
        sa.Column("shown", sa.Boolean(), nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_linked_interpretation")),
    )
    op.create_index(op.f("ix_linked_interpretation_document"), "linked_interpretation", ["document"], unique=False)
    op.create_table(
        "linked_response",
        sa.Column("document", sa.UUID(), nullable=False),
        sa.Column("replies", postgresql.JSONB(), nullable=False),
        sa.PrimaryKeyConstraint("document", name=op.f("pk_linked_response")),
    )
    op.create_table(
        "listing_entry",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("county", sa.Text(), nullable=False),
        sa.Column("town", sa.Text(), nullable=True),
        sa.Column("all_towns", sa.Boolean(), nullable=False),
        sa.Column("all_villages", sa.Boolean(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("item", sa.Text(), nullable=False),
        sa.Column("theme", sa.Text(), nullable=True),
        sa.Column("column_name", sa.Text(), nullable=True),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("card", sa.Text(), nullable=False, comment="the entry's JSON as served"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_listing_entry")),
    )
    op.create_index(
        "ix_listing_entry_below",
        "listing_entry",
        ["county", "published_at", "id"],
        unique=False,
        postgresql_where=sa.text("region <> county"),
    )
    op.create_index(
        "ix_listing_entry_column",
        "listing_entry",
        ["county", "column_name", "published_at", "id"],
        unique=False,
    )
    op.create_index("ix_listing_entry_county", "listing_entry", ["county", "published_at", "id"], unique=False)
    op.create_index("ix_listing_entry_field", "listing_entry", ["county", "field", "published_at", "id"], unique=False)
    op.create_index("ix_listing_entry_item", "listing_entry", ["county", "item", "published_at", "id"], unique=False)
    op.create_index("ix_listing_entry_own", "listing_entry", ["region", "published_at", "id"], unique=False)
    op.create_index("ix_listing_entry_theme", "listing_entry", ["county", "theme", "published_at", "id"], unique=False)
    op.create_index(
        "ix_listing_entry_town",
        "listing_entry",
        ["town", "published_at", "id"],
        unique=False,
        postgresql_where=sa.text("town is not null"),
    )
    op.create_index(
        "ix_listing_entry_towns",
        "listing_entry",
        ["region", "published_at", "id"],
        unique=False,
        postgresql_where=sa.text("all_towns"),
    )
    op.create_index(
        "ix_listing_entry_villages",
        "listing_entry",
        ["region", "published_at", "id"],
        unique=False,
        postgresql_where=sa.text("all_villages"),
    )
    op.create_table(
        "listing_named",
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("id", sa.UUID(), nullable=False),
        sa.PrimaryKeyConstraint("region", "published_at", "id", name=op.f("pk_listing_named")),
    )
    op.create_index(op.f("ix_listing_named_id"), "listing_named", ["id"], unique=False)
    op.create_table(
        "organisation",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("uscc", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("path", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_organisation")),
    )
    op.create_table(
        "region",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("level", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_region")),
    )
    op.create_table(
        "edition",
        sa.Column("content_id", sa.UUID(), nullable=False),
        sa.Column("number", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False, comment="of the document; for the lists of staff"),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("body_html", sa.Text(), nullable=False),
        sa.Column("body_sha256", sa.Text(), nullable=False),
        sa.Column("sanitiser_version", sa.BigInteger(), nullable=False),
        sa.Column("summary", sa.Text(), nullable=False),
        sa.Column("catalog_item", sa.Text(), nullable=False),
        sa.Column("field", sa.Text(), nullable=False),
        sa.Column("doc_number", sa.Text(), nullable=True),
        sa.Column("theme", sa.Text(), nullable=False),
        sa.Column("genre", sa.Text(), nullable=False),
        sa.Column("column_name", sa.Text(), nullable=False),
        sa.Column("keywords", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("source", sa.Text(), nullable=True),
        sa.Column("written_on", sa.Date(), nullable=False),
        sa.Column("effective_on", sa.Date(), nullable=True),
        sa.Column("expires_on", sa.Date(), nullable=True),
        sa.Column("disclosure", sa.Text(), nullable=False),
        sa.Column("disclosure_reason", sa.Text(), nullable=True),
        sa.Column("disclosure_basis", sa.Text(), nullable=True),
        sa.Column("reach", postgresql.JSONB(), nullable=False),
        sa.Column("interpretation_required", sa.Boolean(), nullable=False),
        sa.Column("drafted_by", sa.Text(), nullable=False),
        sa.Column("submitted_by", sa.Text(), nullable=True),
        sa.Column("approved_by", sa.Text(), nullable=True),
        sa.Column("published_by", sa.Text(), nullable=True),
        sa.Column("returned_reason", sa.Text(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "disclosure = 'proactive' or disclosure_reason is not null",
            name=op.f("ck_edition_disclosure_reason"),
        ),
        sa.ForeignKeyConstraint(["content_id"], ["document.content_id"], name=op.f("fk_edition_content_id")),
        sa.PrimaryKeyConstraint("content_id", "number", name=op.f("pk_edition")),
    )
    op.create_index(
        "ix_edition_desk",
        "edition",
        ["state", "changed_at", "content_id"],
        unique=False,
        postgresql_where=sa.text("state in ('draft', 'submitted', 'approved')"),
    )
    op.create_index(
        "uq_edition_in_work",
        "edition",
        ["content_id"],
        unique=True,
        postgresql_where=sa.text("state in ('draft', 'submitted', 'approved')"),
    )
    op.create_index(
        "uq_edition_live", "edition", ["content_id"], unique=True, postgresql_where=sa.text("state = 'live'")
    )


def downgrade() -> None:
    op.drop_index("uq_edition_live", table_name="edition", postgresql_where=sa.text("state = 'live'"))
    op.drop_index(
        "uq_edition_in_work",
        table_name="edition",
        postgresql_where=sa.text("state in ('draft', 'submitted', 'approved')"),
    )
    op.drop_index(
        "ix_edition_desk",
        table_name="edition",
        postgresql_where=sa.text("state in ('draft', 'submitted', 'approved')"),
    )
    op.drop_table("edition")
    op.drop_table("region")
    op.drop_table("organisation")
    op.drop_index(op.f("ix_listing_named_id"), table_name="listing_named")
    op.drop_table("listing_named")
    op.drop_index("ix_listing_entry_villages", table_name="listing_entry", postgresql_where=sa.text("all_villages"))
    op.drop_index("ix_listing_entry_towns", table_name="listing_entry", postgresql_where=sa.text("all_towns"))
    op.drop_index("ix_listing_entry_town", table_name="listing_entry", postgresql_where=sa.text("town is not null"))
    op.drop_index("ix_listing_entry_theme", table_name="listing_entry")
    op.drop_index("ix_listing_entry_own", table_name="listing_entry")
    op.drop_index("ix_listing_entry_item", table_name="listing_entry")
    op.drop_index("ix_listing_entry_field", table_name="listing_entry")
    op.drop_index("ix_listing_entry_county", table_name="listing_entry")
    op.drop_index("ix_listing_entry_column", table_name="listing_entry")
    op.drop_index("ix_listing_entry_below", table_name="listing_entry", postgresql_where=sa.text("region <> county"))
    op.drop_table("listing_entry")
    op.drop_table("linked_response")
    op.drop_index(op.f("ix_linked_interpretation_document"), table_name="linked_interpretation")
    op.drop_table("linked_interpretation")
    op.drop_table("item")
    op.drop_table("index_serial")
    op.drop_table("document")
    drop_backbone()
