"""Whatever order of acts, crashes, repetitions and reorderings: the platform ends where a dictionary ends."""

import asyncio
import itertools
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import pytest
import uvloop
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from libs.common.embedded import EmbeddedPostgres
from libs.common.failpoints import arm
from libs.common.runtime import database_name
from services.registry import ALL
from tests.documents import body
from tests.emptying import copy_back, empty, keep
from tests.faults.machine import CRASHES, Driver
from tests.platform import Platform

EXAMPLES, STEPS = 6, 30
LONG_EXAMPLES, LONG_STEPS = 150, 60
T = TypeVar("T")
SERVICES = [service.name for service in ALL]
SEEDS = st.integers(0, 2**16)
SHOWN = {
    "catalog": "select document::text, version from covering",
    "village_affairs": "select id::text, version from listing_entry",
    "policy_interpretation": "select content_id::text, version from document",
}
BATCHES = st.sampled_from([1, 2, 3, 200])


@dataclass
class Known:
    """A document in the model: the version of the last accepted act, and what the public sees."""

    version: int
    title: str
    live: str | None = None
    withdrawn: bool = False
    published: int = 0
    said: int = 0


class Publishing(RuleBasedStateMachine):
    """Documents from draft to withdrawal, with faults in between. `platform` is set by the test."""

    runner: asyncio.Runner
    platform: Platform

    approved, live = Bundle("approved"), Bundle("live")

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[str, Known] = {}
        self.shown: dict[tuple[str, str], int] = {}
        self.numbers = itertools.count(1)
        self.run(empty(self.platform))
        self.run(copy_back(self.platform))
        self.client = self.platform.new_client()
        self.run(self.client.__aenter__())
        self.driver = Driver(self.platform)

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine on the machine's loop, which outlives the connections of all examples."""
        return self.runner.run(coroutine)

    def teardown(self) -> None:
        """Heal, compare and close."""
        try:
            self.run(self.driver.settle())
            self.compare()
        finally:
            arm("")
            self.run(self.client.__aexit__(None, None, None))

    @initialize(target=live)
    def begin(self) -> str:
        """There is something to withdraw from the beginning, and it has been amended once."""
        return self._publish(self._amend(self._publish(self._approve())))

    @rule(target=approved)
    def approve(self) -> str:
        """A document is drafted, handed in and signed."""
        return self._approve()

    @rule(target=live, key=consumes(approved))
    def publish(self, key: str) -> str:
        """It goes live."""
        return self._publish(key)

    @rule(target=approved, key=consumes(live))
    def amend(self, key: str) -> str:
        """A later edition is drafted, handed in and signed; the earlier one stays public."""
        return self._amend(key)

    @rule(key=consumes(live))
    def withdraw(self, key: str) -> None:
        """It leaves the public for ever."""
        known = self._act(key, "withdraw", reviewer=True, json={"kind": "gone", "reason": "测试"})
        known.live, known.withdrawn = None, True
        known.said += 1

    @rule(place=st.sampled_from(CRASHES), passing=st.integers(1, 3))
    def crash(self, place: str, passing: int) -> None:
        """The next one that comes past this place dies there."""
        arm(f"{place}=raise:{passing}")

    @rule(sequenced=BATCHES, delivered=BATCHES, seed=SEEDS)
    def travel(self, sequenced: int, delivered: int, seed: int) -> None:
        """Sequencers take a step, and listeners one, in any order."""
        self.run(self.driver.sequence(sequenced))
        self.run(self.driver.deliver(seed, delivered))

    @rule(back=st.integers(1, 10), delivered=BATCHES, seed=SEEDS)
    def duplicate(self, back: int, delivered: int, seed: int) -> None:
        """Events come again, to every listener, and not all at once."""
        self.run(self.driver.repeat(back))
        self.run(self.driver.deliver(seed, delivered))

    @invariant()
    def journals_have_no_gap_and_versions_rise(self) -> None:
        """I4, I5: after every step."""
        for service in SERVICES:
            rows = self.run(self.driver.rows(service, "select position, topic, key, version from journal order by 1"))
            assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
            assert len({row[1:] for row in rows}) == len(rows)
            newest: dict[tuple[str, str], int] = {}
            for _, topic, key, version in rows:
                assert version > newest.get((topic, key), 0), (service, key)
                newest[topic, key] = version

    @invariant()
    def the_public_sees_what_was_accepted(self) -> None:
        """I1, I6: publication's own listing follows in the commit of the act; boards never show what was withdrawn late."""
        listed: dict[str, str] = dict(
            self.run(self.driver.rows("publication", "select id::text, card::json ->> 'title' from listing_entry"))
        )
        assert listed == self._live()

    @invariant()
    def no_read_model_goes_back(self) -> None:
        """I5, I6: after every step, a read model shows of a thing what it has shown, or something newer."""
        for service in ("catalog", "village_affairs", "policy_interpretation"):
            for key, version in self.run(self.driver.rows(service, SHOWN[service])):
                assert version >= self.shown.get((service, key), 0), (service, key, version)
                self.shown[service, key] = version

    def compare(self) -> None:
        """I1 to I9, once everything has been delivered."""
        live = self._live()
        for service, sql in (
            ("village_affairs", "select id::text, card::json ->> 'title' from listing_entry"),
            ("catalog", "select document::text, title from covering where live"),
            ("citizen_feedback", "select document::text, title from response where state = 'open'"),
            ("policy_interpretation", "select content_id::text, title from document where state = 'live'"),
        ):
            assert dict(self.run(self.driver.rows(service, sql))) == live, service
        said = self.run(self.driver.rows("publication", "select key, count(*) from journal group by key"))
        assert dict(said) == {key: known.said for key, known in self.model.items() if known.said}
        opened = self.run(self.driver.rows("citizen_feedback", "select key, count(*) from journal group by key"))
        assert dict(opened) == {key: 1 for key, known in self.model.items() if known.published}
        for service in SERVICES:
            assert self.run(self.driver.rows(service, "select key from parked")) == []
            assert self.run(self.driver.rows(service, "select id from outbox")) == []
        acts = self.run(self.driver.rows("publication", "select entry ->> 'thing', count(*) from audit group by 1"))
        assert dict(acts) == {key: known.version for key, known in self.model.items()}

    def _live(self) -> dict[str, str]:
        return {key: known.live for key, known in self.model.items() if known.live}

    def _approve(self) -> str:
        title = f"文件 {next(self.numbers)}"
        key, version = self.run(self.driver.draft(title))
        self.model[key] = Known(version, title)
        self._review(key)
        return key

    def _publish(self, key: str) -> str:
        known = self._act(key, "publish")
        known.live, known.published = known.title, known.published + 1
        known.said += 1
        return key

    def _amend(self, key: str) -> str:
        known = self.model[key]
        known.title = f"修订 {next(self.numbers)}"
        text = body(title=known.title, interpretation={"required": True}, doc_number=None)
        told = self.run(self.driver.act(f"/{key}/editions", version=known.version, json=text))
        known.version = told["version"]
        self._review(key)
        return key

    def _review(self, key: str) -> None:
        self.model[key].said += self.model[key].live is None  # the duty to interpret is announced with the first one
        self._act(key, "submit")
        self._act(key, "approve", reviewer=True)

    def _act(self, key: str, act: str, *, reviewer: bool = False, json: object = None) -> Known:
        known = self.model[key]
        told = self.run(self.driver.act(f"/{key}/{act}", version=known.version, json=json, reviewer=reviewer))
        assert told["version"] == known.version + 1
        known.version += 1
        return known


def test_acts_crashes_repetitions_and_reorderings_end_where_a_dictionary_ends(
    postgres: EmbeddedPostgres, data_dir: Path, kept: list[str], request: pytest.FixtureRequest
) -> None:
    long = request.config.getoption("--long")
    opened = Platform.open(lambda service: postgres.dsn(database_name(service)), data_dir)

    async def open_seeded() -> Platform:
        platform = await opened.__aenter__()
        if not kept:
            await empty(platform)
            async with platform.new_client():
                await platform.seed()
            await keep(platform)
            kept.append("county")
        return platform

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        Publishing.runner, Publishing.platform = runner, runner.run(open_seeded())
        phases = (Phase.explicit, Phase.reuse, Phase.generate)
        run_state_machine_as_test(
            Publishing,
            settings=settings(
                max_examples=LONG_EXAMPLES if long else EXAMPLES,
                stateful_step_count=LONG_STEPS if long else STEPS,
                deadline=None,
                derandomize=not long,  # the same few in every test run; `--long` looks for new ones
                phases=(*phases, Phase.shrink) if long else phases,  # to shrink takes minutes
                suppress_health_check=list(HealthCheck),
            ),
        )
        runner.run(opened.__aexit__(None, None, None))
