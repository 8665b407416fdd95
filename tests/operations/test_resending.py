"""`resend`: the sender goes on from where an operator says, and only from a place that the journal has."""

import pytest

from tests.documents import Life
from tests.operations.conftest import Command
from tests.operations.test_parked import audited
from tests.platform import Platform

POSITION = "select position from sender_position where sink = 'kafka'"
WHY = ("--reason", "the topic lost records")


async def test_the_sender_begins_again_behind_the_position(seeded: Platform, document: Life, command: Command) -> None:
    database = seeded.database("publication")
    head = await database.backbone.fetchval("select position from journal_head")
    await database.backbone.execute("insert into sender_position (sink, position) values ('kafka', $1)", head)
    for _ in range(2):
        code, said = await command("resend", "publication", "--after", "1", *WHY)
        assert (code, said) == (
            0,
            f"publication: {head - 1} events will be sent again; readers drop what they know\n",
        )
        assert await database.backbone.fetchval(POSITION) == 1
    await seeded.drain()
    assert await audited(seeded, "publication") == ["operations.resend"] * 2


@pytest.mark.parametrize("position", ["-1", "1000000"])
async def test_a_position_that_the_journal_has_not_is_refused(
    seeded: Platform, command: Command, position: str
) -> None:
    code, said = await command("resend", "publication", f"--after={position}", *WHY)
    assert code == 1
    assert "has the positions 1 to" in said
    assert await seeded.database("publication").backbone.fetchval(POSITION) is None
    assert await audited(seeded, "publication") == []
