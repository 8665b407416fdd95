"""Whatever order twelve partitions come in, records are handed out by position, without a gap and each once."""

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.common.bus import READ_LIMIT, ForkedHistory, Record
from libs.common.kafka.merge import PARTITION_BYTES, REMEMBERED, Merge

PARTS = 12


def record(position: int, history: int = 0, payload: str = "{}") -> Record:
    """The journal row at a position, in one of several histories."""
    return Record(
        position=position,
        event_id=UUID(int=history << 64 | position),
        topic="yangguang.village_affairs",
        key=f"thing-{position}",
        version=1,
        type="x",
        payload=payload,
        headers={},
        created_at=datetime(2026, 5, 8, tzinfo=UTC),
    )


def drained(merge: Merge) -> list[int]:
    """Take everything that can be taken, as a reader does: it advances with each batch."""
    taken: list[int] = []
    while found := merge.next():
        taken += [r.position for r in found]
        merge.advance(found[-1].position, found[-1].event_id)
    return taken


@given(
    st.permutations(range(1, 40)),
    st.lists(st.integers(1, 39), max_size=30),
    st.integers(0, 38),
    st.lists(st.integers(0, 68), max_size=10),
)
def test_any_order_with_any_repetition_comes_out_in_order(
    order: list[int], repeated: list[int], at: int, pauses: list[int]
) -> None:
    merge = Merge("village_affairs", at, record(at).event_id if at else None)
    taken: list[int] = []
    for n, position in enumerate([*order, *repeated]):
        merge.add(record(position), position % PARTS)
        if n in pauses:
            taken += drained(merge)
    taken += drained(merge)
    assert taken == list(range(at + 1, 40))
    assert merge.missing is None


def test_what_was_handed_out_comes_again_until_it_was_applied() -> None:
    merge = Merge("village_affairs", 0, None)
    for position in (1, 2, 3):
        merge.add(record(position), 0)
    assert merge.next() == merge.next() == [record(1), record(2), record(3)]
    merge.advance(1, record(1).event_id)
    assert merge.next() == [record(2), record(3)]


def test_nothing_is_handed_out_over_a_gap() -> None:
    merge = Merge("village_affairs", 4, record(4).event_id)
    for position in (5, 7, 8):
        merge.add(record(position), 1)
    assert (drained(merge), merge.missing) == ([5], 6)
    merge.add(record(6), 2)
    assert (drained(merge), merge.missing) == ([6, 7, 8], None)


def test_another_owner_may_have_gone_ahead() -> None:
    merge = Merge("village_affairs", 0, None)
    for position in range(1, 6):
        merge.add(record(position), 3)
    merge.advance(4, record(4).event_id)
    assert merge.next() == [record(5)]
    merge.advance(100, record(100).event_id)
    merge.add(record(50), 3)
    merge.add(record(101), 3)
    assert merge.next() == [record(101)]


def test_a_batch_has_a_limit() -> None:
    merge = Merge("village_affairs", 0, None)
    for position in range(1, READ_LIMIT + 50):
        merge.add(record(position), 0)
    assert len(merge.next()) == READ_LIMIT


def test_only_one_and_the_same_position_can_be_missing_for_long() -> None:
    """Under load, partitions are never level: at each look another position is missing."""
    merge = Merge("village_affairs", 0, None)
    for position in range(1, 100, 2):
        merge.add(record(position + 1), 1)
        assert merge.missing == position
        assert merge.lacking(float(position)) == 0
        merge.add(record(position), 0)
        drained(merge)
    assert merge.lacking(100.0) == 0
    merge.add(record(102), 1)
    assert [merge.lacking(now) for now in (100.0, 130.0, 131.0)] == [0, 30, 31]
    merge.add(record(101), 1)
    assert merge.lacking(132.0) == 0


@pytest.mark.parametrize("where", ["waiting", "just taken", "at the start", "ahead of what was read"])
def test_another_event_at_a_known_position_is_a_rewritten_history(where: str) -> None:
    merge = Merge("village_affairs", 3, record(3).event_id)
    merge.add(record(4), 0)
    if where == "just taken":
        drained(merge)
    if where == "ahead of what was read":
        merge.advance(9, record(9).event_id)
    position = {"waiting": 4, "just taken": 4, "at the start": 3, "ahead of what was read": 9}[where]
    with pytest.raises(ForkedHistory, match=f"position {position} holds another event"):
        merge.add(record(position, history=1), 0)


def test_an_offset_that_names_another_event_is_a_rewritten_history() -> None:
    merge = Merge("village_affairs", 0, None)
    merge.add(record(1), 0)
    with pytest.raises(ForkedHistory):
        merge.advance(1, record(1, history=1).event_id)


def test_memory_is_bounded() -> None:
    merge = Merge("village_affairs", 0, None)
    for position in range(1, 3 * REMEMBERED):
        merge.add(record(position), 0)
        drained(merge)
    assert len(merge._taken) <= REMEMBERED
    assert not merge.full(0)
    large = "x" * 250_000
    for position in range(10_000, 10_000 + PARTITION_BYTES // len(large) + 1):
        merge.add(record(position, payload=large), 5)
    assert merge.full(5)
    assert not merge.full(6)
