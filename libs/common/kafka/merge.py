"""Twelve partitions back into one journal: records are handed out by position, without a gap and each once.

Kafka keeps order inside a partition only, and after a send of unknown outcome not even there: a record may come twice,
or a later one first. The journal's positions have no gap, so the next record is always known by its number.
"""

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

from libs.common.bus import READ_LIMIT, ForkedHistory, Record

PARTITION_BYTES = 1_000_000
"""How much of one partition is kept ahead of the others: at least the three largest events."""

REMEMBERED = 2_000
"""How many events that were taken are remembered by their id, to notice a rewritten history."""


class Merge:
    """The records of one topic behind a position. `at` is the last position that the reader has taken."""

    def __init__(self, source: str, at: int, event_id: UUID | None) -> None:
        self.source = source
        self.at = at
        self._taken: dict[int, UUID] = {at: event_id} if event_id else {}
        self._ahead: dict[int, tuple[Record, int]] = {}
        self._bytes: defaultdict[int, int] = defaultdict(int)
        self._lacks = at, 0.0

    def add(self, record: Record, part: int) -> None:
        """Take in a record of partition `part`. Raises ForkedHistory when its position holds another event already."""
        position = record.position
        waiting = self._ahead.get(position)
        known = waiting[0].event_id if waiting else self._taken.get(position)
        if known is not None and known != record.event_id:
            raise ForkedHistory(f"{self.source}: position {position} holds another event")
        if position > self.at and waiting is None:
            self._ahead[position] = record, part
            self._bytes[part] += _size(record)

    def advance(self, at: int, event_id: UUID | None) -> None:
        """Everything up to `at` has been applied, by this reader or by another one of its group."""
        done = range(self.at + 1, at + 1) if at - self.at < len(self._ahead) else [p for p in self._ahead if p <= at]
        for position in done:
            if found := self._ahead.pop(position, None):
                record, part = found
                self._bytes[part] -= _size(record)
                self._taken[position] = record.event_id
        self.at = at
        if event_id is not None and self._taken.setdefault(at, event_id) != event_id:
            raise ForkedHistory(f"{self.source}: position {at} holds another event")
        while len(self._taken) > REMEMBERED:
            del self._taken[next(iter(self._taken))]

    def next(self) -> Sequence[Record]:
        """The records behind `at`, as far as none is missing. They stay until `advance` says that they were applied."""
        found = []
        for position in range(self.at + 1, self.at + 1 + READ_LIMIT):
            if position not in self._ahead:
                break
            found.append(self._ahead[position][0])
        return found

    @property
    def missing(self) -> int | None:
        """The position that later ones wait for; None when nothing waits."""
        return self.at + 1 if self._ahead and self.at + 1 not in self._ahead else None

    def lacking(self, now: float) -> float:
        """For how many seconds one and the same position has been missing; `now` is from any clock that only rises.

        Partitions come in whatever order they like, so under load some position is missing at nearly every moment.
        """
        if self.missing is None:
            return 0.0
        if self._lacks[0] != self.missing:
            self._lacks = self.missing, now
        return now - self._lacks[1]

    def full(self, part: int) -> bool:
        """Whether enough of a partition is kept: fetching more of it would only fill memory."""
        return self._bytes[part] >= PARTITION_BYTES


def _size(record: Record) -> int:
    return len(record.payload) + 500
