"""The backbone's part of the services' revisions, written once for all five."""

from alembic import op

from libs.common.backbone import service_metadata


def create_backbone() -> None:
    """Create the backbone's tables as they are now, and the journal's head row; later steps find them there."""
    service_metadata().create_all(op.get_bind(), checkfirst=False)
    # The outbox is a queue that is nearly always empty: vacuum it by count, not by share.
    op.execute(
        "alter table outbox set (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 2000,"
        " autovacuum_vacuum_cost_delay = 0)"
    )
    op.execute("insert into journal_head (only_row, position) values (true, 0)")


def drop_backbone() -> None:
    """Undo `create_backbone`."""
    service_metadata().drop_all(op.get_bind())


# `if not exists`: on a new database the first revision has made what is declared today.
_SECOND = """
create table if not exists thing (
  key text constraint pk_thing primary key, position bigint not null, version bigint not null, type text not null);
comment on table thing is
  'where the newest event of each thing stands in the journal: its state without its history';
create table if not exists sender_position (
  sink text constraint pk_sender_position primary key, position bigint not null, event_id uuid);
comment on column sender_position.event_id is 'of the row at position: the fork check';
alter table heard add column if not exists type text, add column if not exists at timestamptz;
comment on column heard.type is 'kind of the event that was applied';
comment on column heard.at is 'when it was applied';
alter table parked
  add column if not exists position bigint, add column if not exists event_id uuid,
  add column if not exists version bigint, add column if not exists type text,
  add column if not exists payload json, add column if not exists headers jsonb,
  add column if not exists created_at timestamptz;
insert into thing (key, position, version, type)
  select distinct on (key) key, position, version, type from journal order by key, version desc, position desc
  on conflict (key) do nothing
"""


def extend_backbone_for_operations() -> None:
    """Add what the Kafka sender and the operations stand on: `thing`, `sender_position`, the event of a parked key.

    A release before it writes none of these; `thing` of what it says meanwhile is made up by the next `replay`.
    """
    for statement in _SECOND.split(";"):
        op.execute(statement)


def shrink_backbone_for_operations() -> None:
    """Undo `extend_backbone_for_operations`."""
    op.drop_table("sender_position")
    op.drop_table("thing")
    op.execute("alter table heard drop column type, drop column at")
    op.execute(
        "alter table parked drop column position, drop column event_id, drop column version, drop column type,"
        " drop column payload, drop column headers, drop column created_at"
    )
