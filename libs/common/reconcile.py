"""Reconciliation: what was said, what was heard and what is shown are compared again and again, and mended.

Events are the truth. What a listener has not heard, or shows wrongly, its source says again for it alone
(`libs/common/replay.py`). What a service says itself it does not hear: those rows, and rows that nobody ever said, are
settled on the spot. A worker does it every ten minutes; of several workers of a service one does.
"""

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass, field

import structlog
from prometheus_client import Counter, Gauge

from libs.common import audit
from libs.common.db import Database, driver_of
from libs.common.leading import leading
from libs.common.permission import Actor
from libs.common.reconcile_heard import FEW, Hearing
from libs.common.reconcile_projection import SHARES, Comparison
from libs.common.replay import re_say
from libs.common.service import Service
from libs.common.settling import Settler

log = structlog.get_logger()
SECONDS = 600.0
STANDBY_SECONDS = 60.0
JITTER = 0.1
MOST_REPAIRS = 20_000
"""Keys mended of one subject in one run: more than that is a rebuild's work."""
SAMPLE = 5

DRIFT = Counter(
    "projection_drift_total",
    "Things found to be not as their source says; projection `heard`: what was heard of them.",
    ["service", "projection", "kind"],
)
LAST_RUN = Gauge("reconcile_last_run_timestamp", "When a comparison was last finished (Unix time).", ["service"])


@dataclass
class Finding:
    """What was found of one subject of a service: `heard` of a source, or a projection."""

    service: str
    subject: str
    kinds: dict[str, int] = field(default_factory=dict)
    keys: list[str] = field(default_factory=list)
    repaired: int = 0

    @property
    def drift(self) -> dict[str, int]:
        """How many things have drifted, by kind. What is parked waits for its cause to be removed: it is no drift."""
        return {kind: count for kind, count in sorted(self.kinds.items()) if kind != "parked"}

    def count(self, key: str, kind: str) -> None:
        """Count one thing."""
        self.kinds[kind] = self.kinds.get(kind, 0) + 1
        if kind != "parked" and len(self.keys) < SAMPLE:
            self.keys.append(key)


async def reconcile(
    service: Service, databases: Mapping[str, Database], *, share: int | None = None, actor: Actor | None = None
) -> list[Finding]:
    """Compare one service with all its sources and mend what differs. Returns a finding per subject, in order.

    `share`: the sixteenth that is tested for missing entries; None: everything. `actor` None: the platform itself.
    """
    findings = [await _heard(service, source, databases) for source in sorted(service.sources)]
    for projection in service.projections:
        findings.append(await _projected(Settler(service, projection, databases), share))
    drifted = [finding for finding in findings if finding.drift]
    for finding in drifted:
        await _tell(finding, databases[service.name], actor)
    LAST_RUN.labels(service.name).set(time.time())
    return findings


async def _tell(finding: Finding, database: Database, actor: Actor | None) -> None:
    log.warning(
        "reconcile.drift",
        service=finding.service,
        subject=finding.subject,
        drift=finding.drift,
        repaired=finding.repaired,
        keys=finding.keys,
    )
    label = "heard" if finding.subject.startswith("heard ") else finding.subject
    for kind, count in finding.drift.items():
        DRIFT.labels(finding.service, label, kind).inc(count)
    async with database.transaction() as session:
        what = f"{finding.service} {finding.subject}"
        repaired = finding.repaired
        await audit.record(session, actor, "operations.reconcile", what, drift=finding.drift, repaired=repaired)


async def _heard(service: Service, source: str, databases: Mapping[str, Database]) -> Finding:
    hearing = Hearing(service, source, databases)
    finding = Finding(service.name, f"heard {source}")
    to_say: list[str] = []

    async def mend() -> None:
        room = MOST_REPAIRS - finding.repaired
        finding.repaired += await re_say(databases[source], service.name, to_say[:room], hearing.kinds)
        to_say.clear()

    async for key, kind in hearing.drift():
        finding.count(key, kind)
        # What is ahead of its source, or unknown there, has no event that could mend it: see docs/operations.md.
        if kind in ("missing", "stale"):
            to_say.append(key)
        if len(to_say) >= FEW:
            await mend()
    await mend()
    return finding


async def _projected(settler: Settler, share: int | None) -> Finding:
    finding = Finding(settler.service.name, settler.projection.name)
    to_mend: dict[str | None, list[str]] = {}

    async def mend(source: str | None) -> None:
        keys = to_mend.pop(source, [])[: MOST_REPAIRS - finding.repaired]
        if source is None or source == settler.service.name:
            finding.repaired += await _settle(settler, keys)
        else:
            kinds = settler.projection.kinds_of(source)
            finding.repaired += await re_say(settler.databases[source], settler.service.name, keys, kinds)

    async for drifted in Comparison(settler).drift(share):
        finding.count(drifted.key, drifted.how)
        if drifted.how not in ("parked", "unreadable"):
            to_mend.setdefault(drifted.source, []).append(drifted.key)
            if len(to_mend[drifted.source]) >= FEW:
                await mend(drifted.source)
    for source in list(to_mend):
        await mend(source)
    return finding


async def _settle(settler: Settler, keys: list[str]) -> int:
    if keys:
        async with settler.database.transaction() as session:
            driver = driver_of(session)
            await settler.settle(driver, keys, await settler.hold(driver))
    return len(keys)


def share_of_now() -> int:
    """The sixteenth whose turn it is."""
    return int(time.time() / SECONDS) % SHARES


async def keep_reconciled(service: Service, databases: Mapping[str, Database]) -> None:
    """Reconcile `service` every ten minutes until cancelled, while no other process does."""
    while True:
        try:
            database = databases[service.name]
            async with leading(service.name, database.dsn, "reconcile", again=STANDBY_SECONDS) as connection:
                while True:
                    await asyncio.sleep(SECONDS * random.uniform(1 - JITTER, 1 + JITTER))  # noqa: S311 - no secret
                    await connection.execute("select 1")  # whoever has lost it is not the leader any more
                    await reconcile(service, databases, share=share_of_now())
        except Exception as error:  # a comparison never ends a worker, whatever a dependency raises
            log.warning("reconcile.retry", service=service.name, error=repr(error))
        await asyncio.sleep(STANDBY_SECONDS)
