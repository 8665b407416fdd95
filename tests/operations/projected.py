"""Projections in tests: how to reach them, what they hold, and a small county with something in every one of them."""

from libs.common.permission import Actor
from libs.common.projections import Projection
from libs.common.settling import Settler
from services.registry import ALL, pick
from tests.documents import Life, body
from tests.platform import Platform
from tests.village_affairs.notices import EAST, WEST
from tests.village_affairs.notices import Life as Notice

TESTER = Actor(subject="tester", name="tester", roles=frozenset(), region="")
EVERY = [(service.name, projection.name) for service in ALL for projection in service.projections]


def settler(platform: Platform, service: str, projection: str | None = None) -> Settler:
    """A projection of a service (its only one) on the databases of the platform."""
    (found,) = pick([service])
    (one,) = [p for p in found.projections if projection in (None, p.name)]
    return Settler(found, one, platform.resources.databases)


async def holds(platform: Platform, service: str) -> dict[str, list[tuple[object, ...]]]:
    """All rows of a service's projection that are shown, by table."""
    one: Projection = settler(platform, service).projection
    database = platform.database(service).backbone
    found = {}
    for n, table in enumerate(one.tables):
        where = one.where if n == 0 else "true"
        columns = ", ".join(table.columns)
        rows = await database.fetch(f"select {columns} from {table.name} where {where} order by {columns}")
        found[table.name] = [tuple(row) for row in rows]
    return found


async def county(platform: Platform) -> dict[str, Life]:
    """Documents of every kind of reach, live, amended, withdrawn and in work, and notices live and withdrawn."""
    said: dict[str, Life] = {
        "all": await Life.published(platform, title="通达全县"),
        "named": await Life.published(platform, title="点名", reach={"towns": [], "villages": [EAST, WEST]}),
        "none": await Life.published(platform, title="不下延", reach={"towns": [], "villages": []}),
        "withdrawn": await Life.published(platform, title="撤下"),
        "amending": await Life.published(platform, title="待修订", interpretation={"required": True}),
        "draft": await Life.draft(platform, title="草稿"),
    }
    await withdraw(said["withdrawn"])
    # Its newest event says that an edition is prepared; the live one is listed all the same.
    await amend(said["amending"])
    await Notice.in_state(platform, "live")
    await Notice.in_state(platform, "withdrawn", WEST)
    await platform.drain()
    return said


async def withdraw(life: Life) -> None:
    """Take a live document out of the public."""
    await life.act("withdraw", {"kind": "gone", "reason": "已失效。"}, headers=life.reviewer)


async def amend(life: Life, publish: bool = False) -> None:
    """A next edition of a live document, submitted, and published on request."""
    next_edition = body(title="修订", interpretation={"required": True}, reach={"towns": [], "villages": [WEST]})
    await life.act("editions", next_edition)
    await life.act("submit")
    if publish:
        await life.act("approve", headers=life.reviewer)
        await life.act("publish")
