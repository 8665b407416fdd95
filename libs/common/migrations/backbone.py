"""The backbone's part of a service's first revision, written once for all five."""

from alembic import op

from libs.common.backbone import service_metadata


def create_backbone() -> None:
    """Create outbox, journal, inbox, audit and idempotency as they are in release 1, and the journal's head row."""
    service_metadata().create_all(op.get_bind(), checkfirst=False)
    # The outbox is a queue that is nearly always empty: vacuum it by count, not by share.
    op.execute(
        "alter table outbox set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,"
        " autovacuum_vacuum_cost_delay = 0)"
    )
    op.execute("insert into journal_head (only_row, position) values (true, 0)")


def drop_backbone() -> None:
    """Undo `create_backbone`."""
    service_metadata().drop_all(op.get_bind(), checkfirst=False)
