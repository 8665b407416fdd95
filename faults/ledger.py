"""What the clients were told: one JSON line for each request and each answer, in a file outside the platform.

Lines are appended by one `write` each, so a reader sees whole lines, also of a load generator that was killed.
"""

import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

Answer = Literal["sent", "ok", "refused", "unknown"]
"""`unknown`: no answer, or one after which the act may or may not have been done (500, 503)."""


@dataclass(frozen=True)
class Line:
    """One request (`sent`), or what came of it. `seconds` is how long that one attempt took."""

    at: float
    key: str
    service: str
    act: str
    thing: str
    answer: Answer
    status: int = 0
    version: int = 0
    seconds: float = 0.0
    detail: str = ""


class Ledger:
    """The writing end."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)

    def write(self, line: Line) -> None:
        """Append a line. It need not survive the machine, only this process: nothing is synced."""
        os.write(self._file, json.dumps(asdict(line), ensure_ascii=False).encode() + b"\n")


class Told:
    """The reading end: what finished load runs were told."""

    def __init__(self, *paths: Path) -> None:
        self.lines = [line for path in paths for line in _read(path)]
        self.requests = sum(line.answer == "sent" for line in self.lines)
        last: dict[str, Line] = {}
        for line in self.lines:
            if line.answer != "sent":
                last[line.key] = line
        self.final = last
        """The last answer to each idempotency key."""

    def acts(self, answer: Answer) -> list[Line]:
        """The acts whose last answer was this one."""
        return [line for line in self.final.values() if line.answer == answer]

    @property
    def unanswered(self) -> set[str]:
        """Keys of requests that were sent and never answered, not even after repetition."""
        return {line.key for line in self.lines if line.answer == "sent"} - set(self.final)

    @property
    def things(self) -> set[tuple[str, str]]:
        """(service, id) of everything that an accepted act was about."""
        return {(line.service, line.thing) for line in self.acts("ok")}

    @property
    def publishes(self) -> int:
        """How many documents, editions and notices were acknowledged as published."""
        return sum(line.act == "publish" for line in self.acts("ok"))

    def count(self, answer: Answer, *statuses: int) -> int:
        """How many single answers were of this kind, repeated requests included."""
        return sum(line.answer == answer and (not statuses or line.status in statuses) for line in self.lines)

    @property
    def slowest(self) -> float:
        """Seconds that the slowest single attempt took, answered or not."""
        return max((line.seconds for line in self.lines), default=0.0)

    def last(self, status: int) -> float:
        """When the last answer with this status came (time.time()); 0 when there was none."""
        return max((line.at for line in self.lines if line.status == status), default=0.0)


def _read(path: Path) -> Iterator[Line]:
    if path.exists():
        for text in path.read_text(encoding="utf-8").splitlines():
            yield Line(**json.loads(text))


def now() -> float:
    """The clock of the ledger, in seconds since the epoch: comparable with the databases of the same machine."""
    return time.time()
