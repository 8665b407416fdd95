"""What must hold once a fault has healed, read from the five databases and compared with what the clients were told.

The numbers are those of the fault matrix: I1 nothing acknowledged is lost, I2 what was refused is nowhere, I3 what is
unknown is whole or absent, I4 one effect per event, I5 versions rise and positions have no gap, I6 what was withdrawn
stays away, I7 read models equal the journal, I8 nothing waits and nothing is parked, I9 the audit is whole.
I10, the time to converge, is measured where the fault is played.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import asyncpg
import orjson

from faults.ledger import Line, Told
from faults.observer import Mark
from faults.rig import Rig
from libs.common import audit
from services.registry import ALL

PUBLISHED = {
    "publication": ("publication.document.published.v1", "publication.document.withdrawn.v1"),
    "village_affairs": ("village_affairs.notice.published.v1", "village_affairs.notice.withdrawn.v1"),
}
SHOWN_MOST = 4
_SAID = """
select position, topic, key, version, type, payload::text as payload from journal order by position
"""
_EFFECTS = "select seq, place, key, version, act from faults.effect order by seq"


@dataclass
class Verdict:
    """How often each invariant was broken, and examples of what broke it."""

    lost: int = 0
    doubled: int = 0
    disordered: int = 0
    visible: int = 0
    others: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def holds(self) -> bool:
        """Whether every invariant held."""
        return not (self.lost or self.doubled or self.disordered or self.visible or self.others)

    def note(self, kind: str, found: Iterable[str]) -> None:
        """Count `found` under `kind` and keep a few as examples."""
        found = list(found)
        setattr(self, kind, getattr(self, kind) + len(found))
        self.examples += [f"{kind}: {one}" for one in found[:SHOWN_MOST]]


@dataclass(frozen=True)
class Said:
    """One journal row."""

    position: int
    topic: str
    key: str
    version: int
    type: str
    payload: str


async def check(rig: Rig, told: Told, mark: Mark) -> Verdict:
    """Compare the ledger of one load run, and everything that the databases hold, with the invariants."""
    verdict = Verdict()
    journals: dict[str, list[Said]] = {}
    for service in ALL:
        async with rig.connect(service.name) as connection:
            journals[service.name] = [Said(*row) for row in await connection.fetch(_SAID)]
            await _journal(connection, service.name, journals[service.name], verdict)
            await _effects(connection, service.name, mark.effects[service.name], verdict)
            await _nothing_waits(connection, service.name, rig.bus, journals[service.name], verdict)
            await _audit(connection, service.name, told, journals[service.name], verdict)
    _acknowledged_in_journal(told, journals, verdict)
    await _read_models(rig, told, journals, verdict)
    return verdict


async def _journal(connection: asyncpg.Connection, service: str, said: list[Said], verdict: Verdict) -> None:
    """I4 and I5: no position is missing, no version is said twice, versions of a thing rise with the position."""
    head = await connection.fetchval("select position from journal_head")
    positions = [row.position for row in said]
    if positions != list(range(1, head + 1)):
        verdict.note("lost", [f"{service}: the journal has a gap below {head}"])
    newest: dict[tuple[str, str], int] = {}
    for row in said:
        before = newest.get((row.topic, row.key), 0)
        if row.version == before:
            verdict.note("doubled", [f"{service}: {row.type} of {row.key} version {row.version} at {row.position}"])
        if row.version < before:
            verdict.note("disordered", [f"{service}: {row.key} version {row.version} after {before}"])
        newest[row.topic, row.key] = row.version
    things = {row["key"]: row["version"] for row in await connection.fetch("select key, version from thing")}
    expected = {key: version for (_, key), version in newest.items()}
    verdict.note("others", (f"{service}: thing {key}" for key in expected if things.get(key) != expected[key]))


async def _effects(connection: asyncpg.Connection, service: str, after: int, verdict: Verdict) -> None:
    """I4, I5, I6: each version has its effect once, effects rise in version, and nothing comes back."""
    newest: dict[tuple[str, str], int] = {}
    gone: set[tuple[str, str]] = set()
    for seq, place, key, version, act in await connection.fetch(_EFFECTS):
        thing = (place, key)
        what = f"{service}: {place} {key} version {version}"
        if act == "DELETE":
            gone.add(thing)
            continue
        before = newest.get(thing, 0)
        if seq > after and version == before:
            verdict.note("doubled", [what])
        if seq > after and version < before:
            verdict.note("disordered", [f"{what} after {before}"])
        if seq > after and thing in gone:
            verdict.note("visible", [f"{what} came back"])
        newest[thing] = max(version, before)


async def _nothing_waits(
    connection: asyncpg.Connection, service: str, bus: str, said: list[Said], verdict: Verdict
) -> None:
    """I8: the outbox is empty, nothing is parked, and on Kafka the sender stands at the head."""
    outbox = await connection.fetch("select key from outbox")
    verdict.note("lost", (f"{service}: {row['key']} waits in the outbox" for row in outbox))
    parked = await connection.fetch("select source, key, reason from parked")
    verdict.note("others", (f"{service}: {row['key']} is parked: {row['reason'][:80]}" for row in parked))
    if bus == "kafka" and said:
        sent = await connection.fetchval("select max(position) from sender_position")
        if sent != said[-1].position:
            verdict.note("others", [f"{service}: the sender stands at {sent} of {said[-1].position}"])


async def _audit(connection: asyncpg.Connection, service: str, told: Told, said: list[Said], verdict: Verdict) -> None:
    """I1, I2, I3, I9: the chain is whole; one row per accepted act, none for others; publishing and saying are one."""
    _, bad = await audit.verify(connection)
    if bad is not None:
        verdict.note("others", [f"{service}: the audit is broken at row {bad}"])
    rows = await connection.fetch(
        "select entry ->> 'action' as action, entry ->> 'thing' as thing, (entry ->> 'version')::bigint as version,"
        " count(*) as times from audit where entry ->> 'version' is not null group by 1, 2, 3"
    )
    done = {(row["thing"], row["action"].split(".")[-1], row["version"]): row["times"] for row in rows}
    verdict.note("doubled", (f"{service}: act {act} in the audit {n} times" for act, n in done.items() if n > 1))
    mine = {_act(line) for line in told.acts("ok") if line.service.replace("-", "_") == service}
    verdict.note("lost", (f"{service}: acknowledged act {act}" for act in mine if act not in done))
    if service not in PUBLISHED:
        return
    things = {act[0] for act in mine}
    unknown = {(line.thing, line.act) for line in told.acts("unknown")}
    unanswered = told.unanswered
    unknown |= {(line.thing, line.act) for line in told.lines if line.key in unanswered}
    verdict.note(
        "others",
        (
            f"{service}: {act} was done, but the client was told otherwise"
            for act in done
            if act[0] in things and act not in mine and (act[0], act[1]) not in unknown
        ),
    )
    for kind, word in zip(PUBLISHED[service], ("publish", "withdraw"), strict=True):
        heard = {(row.key, row.version) for row in said if row.type == kind}
        acted = {(thing, version) for thing, action, version in done if action == word}
        verdict.note("lost", (f"{service}: {word} of {one} was not said" for one in acted - heard))
        verdict.note("others", (f"{service}: {word} of {one} was said, but not done" for one in heard - acted))


def _act(line: Line) -> tuple[str, str, int]:
    return (line.thing, line.act, line.version)


def _acknowledged_in_journal(told: Told, journals: dict[str, list[Said]], verdict: Verdict) -> None:
    """I1: what was acknowledged as published or withdrawn has its event, with the version that the client was told."""
    said = {(row.key, row.version) for name in PUBLISHED for row in journals[name] if row.type in PUBLISHED[name]}
    acted = [line for line in told.acts("ok") if line.act in ("publish", "withdraw")]
    missing = (f"{line.act} of {line.thing} version {line.version}" for line in acted)
    verdict.note("lost", (m for m, line in zip(missing, acted, strict=True) if (line.thing, line.version) not in said))


async def _read_models(rig: Rig, told: Told, journals: dict[str, list[Said]], verdict: Verdict) -> None:
    """I1, I6, I7: every read model shows the newest that was said of each document and notice, and nothing else."""
    live: dict[str, dict[str, tuple[int, str]]] = {}
    for name, (published, withdrawn) in PUBLISHED.items():
        newest: dict[str, Said] = {}
        for row in journals[name]:
            if row.type in (published, withdrawn):
                newest[row.key] = row
        live[name] = {
            key: (row.version, orjson.loads(row.payload)["title"])
            for key, row in newest.items()
            if row.type == published
        }
    both = {**live["publication"], **live["village_affairs"]}
    listed = "select id::text, version, card::json ->> 'title' from listing_entry"
    covered = "select document::text, version, title from covering where live"
    opened = "select document::text, 0, title from response where state = 'open'"
    known = "select content_id::text, version, title from document where state = 'live'"
    for service, query, expected in (
        ("publication", listed, both),
        ("village_affairs", listed, both),
        ("catalog", covered, both),
        ("citizen_feedback", opened, {key: (0, title) for key, (_, title) in live["publication"].items()}),
        ("policy_interpretation", known, live["publication"]),
    ):
        async with rig.connect(service) as connection:
            found = {key: (version, title) for key, version, title in await connection.fetch(query)}
        verdict.note("lost", (f"{service}: {key} is not shown" for key in expected if key not in found))
        verdict.note("visible", (f"{service}: {key} is shown" for key in found if key not in expected))
        wrong = (key for key, shown in found.items() if key in expected and shown != expected[key])
        verdict.note("others", (f"{service}: {key} shows {found[key]} for {expected[key]}" for key in wrong))
    withdrawn_now = {line.thing for line in told.acts("ok") if line.act == "withdraw"}
    verdict.note("visible", (f"{key} was withdrawn and is live" for key in withdrawn_now & set(both)))


def by_status(told: Told) -> dict[int, int]:
    """How often each HTTP status was answered; 0: no answer."""
    counts: dict[int, int] = defaultdict(int)
    for line in told.lines:
        if line.answer != "sent":
            counts[line.status] += 1
    return dict(sorted(counts.items()))
