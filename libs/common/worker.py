"""The background half of a process: sequencers, sealers, deliveries and housekeeping, each a task that never ends."""

import asyncio
from collections.abc import Mapping, Sequence

import structlog
from prometheus_client import Gauge

from libs.common import audit, idempotency
from libs.common.bus import Bus
from libs.common.db import Database
from libs.common.inbox import Delivery
from libs.common.leading import leading
from libs.common.lost import LOST
from libs.common.outbox import sequence
from libs.common.reconcile import keep_reconciled
from libs.common.service import Chore, Service

log = structlog.get_logger()
HOUSEKEEPING_SECONDS = 3600.0
WATCH_SECONDS = 5.0
CHORE_SECONDS = 2.0

HEAD = Gauge("journal_head_position", "Last position of the journal.", ["service"])
WAITING = Gauge("outbox_oldest_age_seconds", "Age of the oldest event that waits to be sequenced.", ["service"])
BEHIND = Gauge(
    "journal_reader_behind_events", "Events that a listening service has still to apply.", ["service", "group"]
)
_WATCH = """
select (select position from journal_head) as head,
       coalesce((select extract(epoch from clock_timestamp() - min(created_at)) from outbox), 0)::float8 as oldest,
       array(select grp from journal_reader order by grp) as groups,
       array(select position from journal_reader order by grp) as positions
"""
_TRIM = (
    idempotency.TRIM,
    # Longer than any redelivery can take; beyond it the versions in `heard` protect alone.
    "delete from inbox where at < now() - interval '14 days'",
    "delete from journal_progress where at < now() - interval '14 days'",
)


async def work(services: Sequence[Service], databases: Mapping[str, Database], bus: Bus) -> None:
    """Run the background tasks of `services` until cancelled."""
    async with asyncio.TaskGroup() as tasks:
        for service in services:
            database = databases[service.name]
            tasks.create_task(sequence(service.name, database.dsn, database.bell), name=f"{service.name}:sequencer")
            tasks.create_task(audit.seal(service.name, database.backbone), name=f"{service.name}:sealer")
            tasks.create_task(_keep_house(database), name=f"{service.name}:housekeeping")
            tasks.create_task(_watch(database), name=f"{service.name}:watch")
            tasks.create_task(bus.carry(database), name=f"{service.name}:carry")
            for chore in service.chores:
                tasks.create_task(_do(chore, database), name=f"{service.name}:{chore.__name__}")
            if service.sources:
                tasks.create_task(keep_reconciled(service, databases), name=f"{service.name}:reconcile")
            for source in sorted(service.sources):
                delivery = Delivery(service, database, source)
                tasks.create_task(delivery.run(bus), name=f"{service.name}:hears:{source}")
        await asyncio.Event().wait()


async def _do(chore: Chore, database: Database) -> None:
    """Do a chore while no other process does. Nothing that it raises ends the worker."""
    part = chore.__name__
    while True:
        try:
            async with (
                leading(database.service, database.dsn, part, again=CHORE_SECONDS) as lead,
                asyncio.TaskGroup() as tasks,
            ):
                tasks.create_task(chore(database))
                while True:
                    await asyncio.sleep(CHORE_SECONDS)
                    await lead.execute("select 1")  # whoever has lost it is not the leader any more
        except* Exception as errors:
            log.warning("chore.retry", service=database.service, chore=part, error=repr(errors.exceptions))
        await asyncio.sleep(CHORE_SECONDS)


async def _watch(database: Database) -> None:
    """Measure what an alert on a missing sequencer needs; every worker does, whoever sequences."""
    while True:
        try:
            row = await database.backbone.fetchrow(_WATCH)
            assert row is not None
            HEAD.labels(database.service).set(row["head"] or 0)
            WAITING.labels(database.service).set(row["oldest"])
            for group, position in zip(row["groups"], row["positions"], strict=True):
                BEHIND.labels(database.service, group).set(max(0, (row["head"] or 0) - position))
        except LOST as error:
            log.warning("watch.retry", service=database.service, error=repr(error))
        await asyncio.sleep(WATCH_SECONDS)


async def _keep_house(database: Database) -> None:
    while True:
        for statement in _TRIM:
            try:
                await database.backbone.execute(statement)
            except LOST as error:
                log.warning("housekeeping.retry", service=database.service, error=repr(error))
        await asyncio.sleep(HOUSEKEEPING_SECONDS)
