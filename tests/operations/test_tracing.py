"""`trace`: from the version at the source to everybody who has heard it."""

from typing import Any

import orjson
import pytest

from services.tracing import Heard, state_of
from tests.documents import Life
from tests.operations.conftest import Command
from tests.platform import Platform


async def traced(command: Command, key: str) -> dict[str, dict[str, Any]]:
    """The trace by source."""
    code, said = await command("trace", key, "--json")
    assert code == 0
    return {source["source"]: source for source in orjson.loads(said)["sources"]}


def states(source: dict[str, Any]) -> dict[str, str]:
    """How each listening service stands to the thing."""
    return {listener["service"]: listener["state"] for listener in source["listeners"]}


async def test_a_document_is_followed_from_the_outbox_to_its_listeners(seeded: Platform, command: Command) -> None:
    everybody = {"catalog", "policy_interpretation", "citizen_feedback", "village_affairs"}
    life = await Life.published(seeded)
    found = (await traced(command, life.id))["publication"]
    assert (found["version"], found["said"][0]["position"]) == (life.version, None)
    assert states(found) == dict.fromkeys(everybody, "waiting")
    await seeded.drain()
    await seeded.database("publication").backbone.execute(
        "insert into sender_position (sink, position) values ('kafka', 0)"
    )
    sources = await traced(command, life.id)
    assert set(sources) == {"publication", "citizen_feedback", "village_affairs"}
    found = sources["publication"]
    assert found["said"][0]["position"] == found["head"]
    assert states(found) == dict.fromkeys(everybody, "applied")
    assert {listener["version"] for listener in found["listeners"]} == {life.version}
    assert found["senders"] == [{"sink": "kafka", "position": 0, "past": False}]
    assert set(states(sources["village_affairs"]).values()) == {"nothing to hear"}


async def test_a_parked_key_shows_its_cause(parked: Life, command: Command) -> None:
    found = (await traced(command, parked.id))["publication"]
    assert states(found)["catalog"] == "parked"
    code, said = await command("trace", parked.id)
    assert code == 0
    assert "UndefinedTableError" in said


async def test_of_what_nobody_has_spoken_there_is_no_trace(seeded: Platform, command: Command) -> None:
    assert await command("trace", "nonsense") == (1, "nonsense: no service has said anything of it\n")


@pytest.mark.parametrize(
    ("position", "version", "state"),
    [(6, 3, "waiting"), (7, 3, "missed"), (7, None, "missed"), (6, None, "waiting"), (0, 4, "applied")],
)
def test_an_offset_past_what_was_not_applied_is_an_alarm(position: int, version: int | None, state: str) -> None:
    heard = Heard("catalog", "", position, version, None, None, None, None, None)
    assert state_of(heard, 4, 7) == state
