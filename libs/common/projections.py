"""Projections: tables that are a pure function of events, and can therefore be made anew and compared.

A service declares its projections in its manifest. The listeners and commands that keep the tables and the rebuild
make rows with the same function, so a rebuilt table holds what the live one should.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from libs.common.events import Event

Row = tuple[object, ...]
Rows = Sequence[Sequence[Row]]
"""The rows of one thing, by table, in the order of the projection's tables."""


@dataclass(frozen=True)
class ProjectedTable:
    """A table of a projection: `key` is the uuid column with the id of the thing, `columns` the order of a `Row`."""

    name: str
    key: str
    columns: tuple[str, ...]


@dataclass(frozen=True)
class Projection:
    """Tables computed from the newest event of each thing, be it another service's or the service's own.

    The first table has one row per thing that is shown, with the `version` of its newest event; `where` tells such
    rows from others that the table may keep. `shows` are the kinds of events after which a thing may be shown, `hides`
    those after which it is not. `rows` is pure; no rows: the thing is not shown.
    """

    name: str
    tables: tuple[ProjectedTable, ...]
    shows: tuple[type[Event], ...]
    hides: tuple[type[Event], ...]
    rows: Callable[[Event], Rows]
    where: str = "true"

    @cached_property
    def kinds(self) -> Mapping[str, type[Event]]:
        """The event classes that it is computed from, by kind."""
        return {kind.kind: kind for kind in (*self.shows, *self.hides)}

    @property
    def sources(self) -> Sequence[str]:
        """The services that say these events."""
        return sorted({kind.service() for kind in self.kinds.values()})

    def kinds_of(self, source: str) -> Sequence[str]:
        """The kinds that `source` says."""
        return sorted(name for name, kind in self.kinds.items() if kind.service() == source)

    def rows_of(self, kind: str, payload: str) -> Rows:
        """The rows after an event as it was said. Raises what a payload raises that does not fit its kind."""
        return self.rows(self.kinds[kind].model_validate_json(payload))
