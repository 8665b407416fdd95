"""What the Kafka sender and the operations stand on; see `libs/common/migrations/backbone.py`."""

from libs.common.migrations.backbone import extend_backbone_for_operations, shrink_backbone_for_operations

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None


def upgrade() -> None:
    extend_backbone_for_operations()


def downgrade() -> None:
    shrink_backbone_for_operations()
