"""The rows of a projection against what the service has heard, and has said itself.

Every row is looked at: it must have the version that was heard, of a kind that shows the thing. What was heard and has
no row is a question for the projection's pure function, which needs the event; so of those only a share of the hash
ranges is tested at a time. A suspect is judged exactly: by the newest event up to the version heard, in one snapshot
of the service's database. What else stands in a row, and in further tables, only a rebuild compares.
"""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from libs.common import newest
from libs.common.newest import Said
from libs.common.reconcile_heard import FEW, PAGE, PART
from libs.common.settling import PoisonEvent, Settler

SHARES = 16
"""An automatic run tests one in this many of the hash ranges for entries that are missing."""

# A limit of one keeps the planner at looking rows up one by one: it would rather read all of a table for each page.
_HEARD_SHOWS = """
(select true from heard h where h.topic = any($2) and h.key = page.key::text and h.version = page.version
 and coalesce(h.type = any($3), true) limit 1)
"""
_SAID_SHOWS = """
(select true from thing t where t.key = page.key::text and t.version = page.version and t.type = any($3) limit 1)
"""
# What another release remembered without its kind is a candidate, too.
_MAY_SHOW = "(type is null or type <> all($3) and split_part(type, '.', 2) = any($4))"
# One topic at a time: its keys come in the order of the index.
_HEARD = "heard where topic = $2 and"
_SAID = "thing where $2 = '' and"
_UUID = "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"


@dataclass(frozen=True, slots=True)
class Drifted:
    """One thing whose rows are not as they should be. `source` says who can say it again; None: nobody ever said it."""

    key: str
    how: str
    source: str | None


@dataclass(frozen=True)
class Comparison:
    """Compares one projection."""

    settler: Settler

    async def drift(self, share: int | None = None) -> AsyncIterator[Drifted]:
        """What is not as it should be: `missing`, `extra`, `different`, `unreadable`; or `parked`.

        `share`: which sixteenth of the ranges is tested for missing entries; None: all of them.
        """
        async for keys in self._suspects():
            for found in await self._exactly(keys):
                yield found
        async for keys in self._candidates(share):
            for found in await self._exactly(keys):
                yield found

    async def _suspects(self) -> AsyncIterator[list[str]]:
        """Keys of rows that nothing heard or said explains at first sight."""
        settler, table = self.settler, self.settler.projection.tables[0]
        shows = [_HEARD_SHOWS]
        shows += [_SAID_SHOWS] if settler.feeds_itself else []
        statement = (
            f"with page as materialized (select {table.key} as key, version from {table.name}"  # noqa: S608 - ours
            f" where {settler.projection.where} and {table.key} > $1::text::uuid order by {table.key} limit {FEW})"
            " select (select key::text from page order by page.key desc limit 1) as last,"
            f" array(select key::text from page where coalesce({', '.join(shows)}) is null) as keys"
        )
        after: str | None = "00000000-0000-0000-0000-000000000000"
        kinds = [kind.kind for kind in settler.projection.shows]
        while True:
            row = await settler.database.backbone.fetchrow(statement, after, self._topics, kinds)
            if row is None or row["last"] is None:
                return
            after = row["last"]
            if row["keys"]:
                yield row["keys"]

    async def _candidates(self, share: int | None) -> AsyncIterator[list[str]]:
        """Keys of things that may have to be shown and have no row."""
        settler, table = self.settler, self.settler.projection.tables[0]
        hides = [kind.kind for kind in settler.projection.hides]
        nouns = newest.nouns([kind.kind for kind in settler.projection.shows])
        places = [(_HEARD, topic) for topic in self._topics]
        if settler.feeds_itself:
            places.append((_SAID, ""))
        there = f"select true from {table.name} where {table.key} = page.key::uuid and {settler.projection.where}"  # noqa: S608
        for place, topic in places:
            statement = (
                f"with page as materialized (select key, type from {place} key > $1 order by key limit {PAGE})"  # noqa: S608
                " select (select max(key) from page) as last, array(select key from page"
                f" where {_MAY_SHOW} and ($5::int is null or {PART} % {SHARES} = $5)"
                f" and case when key ~ '{_UUID}' then ({there} limit 1) is null else false end) as keys"
            )
            after = ""
            while True:
                row = await settler.database.backbone.fetchrow(statement, after, topic, hides, nouns, share)
                if row is None or row["last"] is None:
                    break
                after = row["last"]
                for start in range(0, len(row["keys"]), FEW):
                    yield row["keys"][start : start + FEW]

    @property
    def _topics(self) -> list[str]:
        kinds = self.settler.projection.kinds.values()
        return sorted({kind.topic() for kind in kinds if kind.service() != self.settler.service.name})

    async def _exactly(self, keys: Sequence[str]) -> list[Drifted]:
        settler, own = self.settler, self.settler.service.name
        table = settler.projection.tables[0]
        async with (
            settler.database.backbone.acquire() as connection,
            connection.transaction(isolation="repeatable_read", readonly=True),
        ):
            parked = await settler.parked(connection)
            heard = {source: await settler.heard(connection, source, keys) for source in settler.others}
            rows = await connection.fetch(
                f"select {table.key}::text as key, version from {table.name}"  # noqa: S608 - names of ours
                f" where {table.key} = any($1::text[]::uuid[]) and {settler.projection.where}",
                list(keys),
            )
            events = {own: await newest.said_here(connection, keys, settler.projection.kinds_of(own))}
        for source, versions in heard.items():
            pool, kinds = settler.databases[source].backbone, settler.projection.kinds_of(source)
            events[source] = await newest.said(pool, keys, kinds, 0, versions)
        found = {row["key"]: row["version"] for row in rows}
        said = {event.key: (source, event) for source, events_of in events.items() for event in events_of}
        unsaid: tuple[str | None, Said | None] = (None, None)
        drifted = []
        for key in keys:
            whose, event = said.get(key, unsaid)
            how = "parked" if key in parked else self._judge(found.get(key), event)
            if how:
                drifted.append(Drifted(key, how, whose))
        return drifted

    def _judge(self, version: int | None, event: Said | None) -> str | None:
        try:
            shown = event is not None and bool(self.settler.rows_of(event)[0])
        except PoisonEvent:
            return "unreadable"
        if event is None or not shown:
            return "extra" if version is not None else None
        if version is None:
            return "missing"
        return "different" if version != event.version else None
