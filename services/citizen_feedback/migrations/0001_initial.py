"""Responses and questions, beside the backbone."""

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
        "response",
        sa.Column("document", sa.UUID(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column("organisation", sa.Text(), nullable=False),
        sa.Column("organisation_path", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("path", sa.Text(), comment="of the public document; null while only its end was heard"),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column(
            "version",
            sa.BigInteger(),
            nullable=False,
            comment="of the last event said about it; 0: nothing was said yet",
        ),
        sa.Column(
            "opened_at",
            sa.DateTime(timezone=True),
            comment="null: the document was never live as far as heard",
        ),
        sa.CheckConstraint("state in ('open', 'closed')", name=op.f("ck_response_state")),
        sa.PrimaryKeyConstraint("document", name=op.f("pk_response")),
    )
    op.create_table(
        "question",
        sa.Column("id", sa.UUID(), nullable=False),
        sa.Column("document", sa.UUID(), nullable=False),
        sa.Column("region", sa.Text(), nullable=False),
        sa.Column(
            "organisation",
            sa.Text(),
            nullable=False,
            comment="responsible for the document when the question came",
        ),
        sa.Column("organisation_path", postgresql.ARRAY(sa.Text()), nullable=False),
        sa.Column("text", sa.Text(), nullable=False, comment="personal data: as the citizen wrote it"),
        sa.Column("contact", sa.Text(), comment="personal data: for the staff in charge only"),
        sa.Column(
            "query_code_hash",
            sa.LargeBinary(),
            nullable=False,
            comment="SHA-256; the code itself is not kept",
        ),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("version", sa.BigInteger(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answer_by", sa.Date(), nullable=False, comment="day in China by which a reply is promised"),
        sa.Column("reply", sa.Text(), comment="for the citizen who asked"),
        sa.Column("replied_by", sa.Text()),
        sa.Column("replied_at", sa.DateTime(timezone=True)),
        sa.Column("reason", sa.Text(), comment="why it was declined, or taken back from the public"),
        sa.Column("public_question", sa.Text()),
        sa.Column("public_reply", sa.Text()),
        sa.Column("published_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("state in ('received', 'replied', 'published', 'declined')", name=op.f("ck_question_state")),
        sa.CheckConstraint(
            "state not in ('replied', 'published') or num_nulls(reply, replied_by, replied_at) = 0",
            name=op.f("ck_question_replied"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(public_question, public_reply, published_at)"
            " = case when state = 'published' then 3 else 0 end",
            name=op.f("ck_question_published"),
        ),
        sa.ForeignKeyConstraint(["document"], ["response.document"], name=op.f("fk_question_document")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_question")),
        sa.UniqueConstraint("query_code_hash", name=op.f("uq_question_query_code_hash")),
    )
    op.create_index("ix_question_work", "question", ["state", "region", "id"])
    op.create_index(
        "ix_question_waiting",
        "question",
        ["document", "asked_at"],
        postgresql_where=sa.text("state = 'received'"),
    )
    op.create_index(
        "ix_question_public",
        "question",
        ["document", "published_at", "id"],
        postgresql_where=sa.text("state = 'published'"),
    )


def downgrade() -> None:
    op.drop_table("question")
    op.drop_table("response")
    drop_backbone()
