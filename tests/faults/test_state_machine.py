"""Whatever order of acts, crashes, repetitions and reorderings: the platform ends where a dictionary ends."""

import asyncio
import itertools
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    RuleBasedStateMachine,
    consumes,
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

EXAMPLES, STEPS = 4, 25
LONG_EXAMPLES, LONG_STEPS = 150, 60
SEEDS = st.integers(0, 2**16)
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
    postgres: EmbeddedPostgres
    data_dir: Path

    drafts, submitted, approved, live = (Bundle(name) for name in ("drafts", "submitted", "approved", "live"))

    def __init__(self) -> None:
        super().__init__()
        self.model: dict[str, Known] = {}
        self.numbers = itertools.count(1)
        self.open = Platform.open(lambda service: self.postgres.dsn(database_name(service)), self.data_dir)
        platform = self.run(self.open.__aenter__())
        self.run(empty(platform))
        self.run(copy_back(platform))
        self.driver = Driver(platform)

    def run(self, coroutine):  # type: ignore[no-untyped-def] # any coroutine, its own result
        """Run a coroutine on the machine's loop, which outlives the connections of all examples."""
        return self.runner.run(coroutine)

    def teardown(self) -> None:
        """Heal, compare and close."""
        try:
            self.run(self.driver.settle())
            self.compare()
        finally:
            arm("")
            self.run(self.open.__aexit__(None, None, None))

    @rule(target=drafts)
    def draft(self) -> str:
        """A clerk drafts a document."""
        title = f"文件 {next(self.numbers)}"
        key, version = self.run(self.driver.draft(title))
        self.model[key] = Known(version, title)
        return key

    @rule(target=submitted, key=consumes(drafts))
    def submit(self, key: str) -> str:
        """The clerk hands it in."""
        self._act(key, "submit")
        self.model[key].said += self.model[key].live is None
        return key

    @rule(target=approved, key=consumes(submitted))
    def approve(self, key: str) -> str:
        """The reviewer signs it."""
        self._act(key, "approve", reviewer=True)
        return key

    @rule(target=live, key=consumes(approved))
    def publish(self, key: str) -> str:
        """It goes live."""
        known = self._act(key, "publish")
        known.live, known.published = known.title, known.published + 1
        known.said += 1
        return key

    @rule(target=drafts, key=consumes(live))
    def amend(self, key: str) -> str:
        """A later edition is begun; the earlier one stays public."""
        known = self.model[key]
        known.title = f"修订 {next(self.numbers)}"
        text = body(title=known.title, interpretation={"required": True}, doc_number=None)
        told = self.run(self.driver.act(f"/{key}/editions", version=known.version, json=text))
        known.version = told["version"]
        return key

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

    @rule(service=st.sampled_from([service.name for service in ALL]), most=BATCHES)
    def sequence(self, service: str, most: int) -> None:
        """A sequencer takes a step."""
        self.run(self.driver.sequence(service, most))

    @rule(seed=SEEDS, most=BATCHES)
    def deliver(self, seed: int, most: int) -> None:
        """Listeners take a step, in any order."""
        self.run(self.driver.deliver(seed, most))

    @rule(seed=SEEDS, back=st.integers(1, 10))
    def duplicate(self, seed: int, back: int) -> None:
        """Events come to a listener again."""
        self.run(self.driver.repeat(seed, back))

    @invariant()
    def journals_have_no_gap_and_no_double(self) -> None:
        """I4, I5: after every step."""
        for service in ALL:
            rows = self.run(
                self.driver.rows(service.name, "select position, topic, key, version from journal order by 1")
            )
            assert [row[0] for row in rows] == list(range(1, len(rows) + 1))
            assert len({row[1:] for row in rows}) == len(rows)

    @invariant()
    def the_public_sees_what_was_accepted(self) -> None:
        """I1, I6: publication's own listing follows in the commit of the act; boards never show what was withdrawn late."""
        listed = dict(
            self.run(self.driver.rows("publication", "select id::text, card::json ->> 'title' from listing_entry"))
        )
        assert listed == self._live()

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
        for service in ALL:
            assert self.run(self.driver.rows(service.name, "select key from parked")) == []
            assert self.run(self.driver.rows(service.name, "select id from outbox")) == []
        acts = self.run(self.driver.rows("publication", "select entry ->> 'thing', count(*) from audit group by 1"))
        assert dict(acts) == {key: known.version for key, known in self.model.items()}

    def _live(self) -> dict[str, str]:
        return {key: known.live for key, known in self.model.items() if known.live}

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
    with asyncio.Runner() as runner:

        async def seed() -> None:
            async with Platform.open(lambda service: postgres.dsn(database_name(service)), data_dir) as platform:
                await empty(platform)
                await platform.seed()
                await keep(platform)

        if not kept:
            runner.run(seed())
            kept.append("county")
        Publishing.runner, Publishing.postgres, Publishing.data_dir = runner, postgres, data_dir
        run_state_machine_as_test(
            Publishing,
            settings=settings(
                max_examples=LONG_EXAMPLES if long else EXAMPLES,
                stateful_step_count=LONG_STEPS if long else STEPS,
                deadline=None,
                derandomize=not long,  # the same few in every test run; `--long` looks for new ones
                phases=(Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink),
                suppress_health_check=list(HealthCheck),
            ),
        )
