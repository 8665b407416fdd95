"""What a source has said against what a listening service has heard of it: counts and hashes by range, then keys.

`thing` at the source and `heard` at the listener are walked once in short statements, in whatever order each database
has, and summed into 256 ranges of the hash of the key. Only in ranges that differ are keys compared, and only what
differs there is looked at exactly: at the listener's offset, in one snapshot of it. What is under way is no drift.

The newest event of a thing may be of a kind that the service does not hear: then the newest that it hears counts.
"""

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

from libs.common import newest
from libs.common.db import Database
from libs.common.newest import Reader
from libs.common.service import Service

PAGE = 10_000
FEW = 1_000

# md5: both databases must agree, and may be of different releases of PostgreSQL.
PART = "('x' || left(md5(key), 2))::bit(8)::int"

_NEWEST_HEARD = """
case when type = any($2) then version
     else (select version from journal j where j.key = t.key and j.type = any($2) order by version desc limit 1) end
"""
# A page is cut by key alone, with the limit as a number: else the planner would read and sort the whole table for it.
_SAID = f"""
page as materialized (select key, type, version from thing where key > $1 order by key limit {{limit}}),
told as materialized (select key, {_NEWEST_HEARD} as version from page t
  where split_part(type, '.', 2) = any($3) and ($4::int[] is null or {PART} = any($4)))
"""  # noqa: S608 - only constants of ours
_HEARD = f"""
page as materialized (select key, version from heard where topic = $2 and key > $1 order by key limit {{limit}}),
told as materialized (select key, version from page where $3::int[] is null or {PART} = any($3))
"""  # noqa: S608 - as above
_SUM = f"""
select (select max(key) from page) as last, {PART} as part, count(version) as n,
       bit_xor(('x' || left(md5(key || ' ' || version), 16))::bit(64)::bigint) as hash
from (select) page_itself left join told on true group by 2
"""  # noqa: S608 - as above
_ROWS = """
select (select max(key) from page) as last, array(select key from told order by key) as keys,
       array(select version from told order by key) as versions
"""
_LOOK_HEARD = "select key, version from heard where topic = $2 and key = any($1)"
_LOOK_SAID = f"select key, {_NEWEST_HEARD} as version from thing t where key = any($1)"  # noqa: S608 - as above
_EXACT_HEARD = """
select a.key, h.version, coalesce((select position from consumer_offset where source = $3), 0) as upto,
       exists (select from parked p where p.source = $3 and p.key = a.key) as parked
from unnest($1::text[]) as a (key) left join heard h on h.topic = $2 and h.key = a.key
"""
_EXACT_SAID = """
select a.key, max(j.version) as newest, max(j.version) filter (where j.position <= $3) as due
from unnest($1::text[]) as a (key) join journal j on j.key = a.key and j.type = any($2) group by 1
"""

Sums = dict[int, tuple[int, int]]


@dataclass(frozen=True)
class Hearing:
    """One service's ear for one source."""

    service: Service
    source: str
    databases: Mapping[str, Database]

    @property
    def kinds(self) -> list[str]:
        """The kinds that the service hears of the source."""
        return sorted(kind.kind for kind in self.service.listeners if kind.service() == self.source)

    @property
    def _topic(self) -> str:
        return next(kind.topic() for kind in self.service.listeners if kind.service() == self.source)

    @property
    def _there(self) -> Reader:
        return self.databases[self.source].backbone

    @property
    def _here(self) -> Reader:
        return self.databases[self.service.name].backbone

    async def drift(self) -> AsyncIterator[tuple[str, str]]:
        """Keys that are not as they should be, each as `missing`, `stale`, `ahead`, `unknown`; or `parked`."""
        nouns = newest.nouns(self.kinds)
        said = await _sums(self._there, _SAID, self.kinds, nouns, None)
        heard = await _sums(self._here, _HEARD, self._topic, None)
        parts = [part for part in {*said, *heard} if said.get(part, (0, 0)) != heard.get(part, (0, 0))]
        if not parts:
            return
        async for page in _pages(self._there, _SAID, self.kinds, nouns, parts):
            rows = await self._here.fetch(_LOOK_HEARD, list(page), self._topic)
            known = {row["key"]: row["version"] for row in rows}
            suspects = [key for key, version in page.items() if version is not None and known.get(key) != version]
            async for found in self._exactly(suspects):
                yield found
        async for page in _pages(self._here, _HEARD, self._topic, parts):
            rows = await self._there.fetch(_LOOK_SAID, list(page), self.kinds)
            told = {row["key"] for row in rows if row["version"] is not None}
            async for found in self._exactly([key for key in page if key not in told]):
                yield found

    async def _exactly(self, keys: Sequence[str]) -> AsyncIterator[tuple[str, str]]:
        """Those of `keys` that differ at one moment of the listener."""
        if not keys:
            return
        rows = await self._here.fetch(_EXACT_HEARD, list(keys), self._topic, self.source)
        said = await self._there.fetch(_EXACT_SAID, list(keys), self.kinds, rows[0]["upto"])
        events = {row["key"]: (row["newest"], row["due"]) for row in said}
        for row in rows:
            last, due = events.get(row["key"], (None, None))
            if row["parked"]:
                yield row["key"], "parked"
            elif found := judge(row["version"], due, last):
                yield row["key"], found


def judge(heard: int | None, due: int | None, last: int | None) -> str | None:
    """What is wrong with the version heard of a thing, if anything.

    `due` is the newest version up to the listener's offset, `last` the newest of all. To have heard more than is due
    is no fault: a listener may be made to read again.
    """
    if heard is None:
        return "missing" if due is not None else None
    if last is None:
        return "unknown"
    if heard > last:
        return "ahead"
    return "stale" if due is not None and heard < due else None


async def _sums(reader: Reader, page: str, *arguments: object) -> Sums:
    sums: Sums = {}
    after: str | None = ""
    while after is not None:
        for row in await reader.fetch(f"with {page.format(limit=PAGE)} {_SUM}", after, *arguments):
            after = row["last"]
            if row["n"]:
                n, total = sums.get(row["part"], (0, 0))
                sums[row["part"]] = (n + row["n"], total ^ row["hash"])
    return sums


async def _pages(reader: Reader, page: str, *arguments: object) -> AsyncIterator[dict[str, int | None]]:
    after = ""
    while (row := await reader.fetchrow(f"with {page.format(limit=FEW)} {_ROWS}", after, *arguments)) and row["last"]:
        after = row["last"]
        if row["keys"]:
            yield dict(zip(row["keys"], row["versions"], strict=True))
