"""Things of the fixture county in every state, made through the public API, to take acts on."""

import itertools
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from tests.catalog.revising import Revising
from tests.citizen_feedback.feedback import WORDING as WORDING
from tests.citizen_feedback.feedback import Question
from tests.documents import Life, body
from tests.platform import Platform
from tests.platform import item as a_item
from tests.policy_interpretation.desk import TEXT as TEXT
from tests.policy_interpretation.desk import Desk, News, Piece
from tests.templates import PAYMENTS
from tests.village_affairs.notices import EAST, content
from tests.village_affairs.notices import Life as NoticeLife

Json = dict[str, Any]
_NUMBERS = itertools.count(900_000)


@dataclass(frozen=True)
class Thing:
    """What an act is taken on: the values of its address, the version to name, and what its body must add."""

    values: dict[str, str] = field(default_factory=dict)
    version: int | None = None
    body: Json = field(default_factory=dict)


Prepare = Callable[[Platform], Awaitable[Thing]]

_OF_TOWN: Json = {
    "region": "990001101000",
    "organisation": "990001101-zf",
    "reach": {"towns": [], "villages": "all"},
    "interpretation": {"required": True},
}
DOCUMENT: Json = body(**_OF_TOWN)
OFFLINE: Json = {
    "region": "990001101000",
    "item": "03001001",
    "channel": "notice_board",
    "disclosed_on": "2026-10-18",
    "place": "镇政府公开栏",
    "evidence": "照片2张,存档2026年第4号。",
}
CORRESPONDENCE: Json = {
    "title": "义务教育招生结果",
    "members": [{"item": "03001001", "level": "county"}, {"item": "03001001", "level": "village"}],
    "basis": "国办发〔2019〕54号",
    "reason": "同一批招生结果。",
}
CONTENT: Json = content()
NOTICE: Json = {"village": EAST, **CONTENT}


async def region(platform: Platform) -> Thing:
    """A town."""
    return Thing({"code": "990001101000"}, (await _region(platform))["version"])


async def region_as_it_is(platform: Platform) -> Thing:
    """The same, to be put as it is."""
    found = await _region(platform)
    return Thing({"code": "990001101000"}, found["version"], {"name": found["name"]})


async def organisation(platform: Platform) -> Thing:
    """The town's government."""
    found = await platform.client.get("/catalog/organisations", params={"region": "990001101000"})
    return Thing({"code": "990001101-zf"}, found.json()["items"][0]["version"])


async def item(platform: Platform) -> Thing:
    """A disclosure item."""
    found = await platform.client.get("/catalog/items/03001001")
    return Thing({"code": "03001001"}, found.json()["version"])


async def applicability(platform: Platform) -> Thing:
    """Whether an item concerns a town, of which something has been said."""
    place = {"region": "990001101000", "code": "03001001"}
    path = "/catalog/coverage/{region}/items/{code}".format(**place)
    found = await platform.client.get("/catalog/coverage/990001101000", params={"field": "03"})
    version = found.json()["items"][0]["applicability_version"]
    headers = platform.token("administrator") | ({"If-Match": f'"v{version}"'} if version else {})
    answer = await platform.put(path, {"not_applicable": f"第 {(version or 0) + 1} 次说明。"}, headers)
    return Thing(place, answer.json()["version"])


async def negative(platform: Platform) -> Thing:
    """An entry of a town's negative list."""
    code = f"N{next(_NUMBERS)}"
    said = {
        "region": "990001101000",
        "name": "征收补偿方案草案",
        "ground": "process",
        "reason": "正在研究。",
        "review_on": "2027-06-30",
    }
    await platform.put(f"/catalog/negative-list/{code}", said, platform.token("administrator"))
    return Thing({"code": code}, 1)


async def offline(platform: Platform) -> Thing:
    """A disclosure of a town's, offline."""
    code = f"O{next(_NUMBERS)}"
    await platform.put(f"/catalog/offline-disclosures/{code}", OFFLINE, platform.token("administrator"))
    return Thing({"code": code}, 1)


OCCASION: Json = {
    "region": "990001101000",
    "item": "03001001",
    "trigger": "formed",
    "happened_on": "2026-05-08",
    "what": "镇政府印发防汛应急预案(修订)。",
}


async def occasion(platform: Platform) -> Thing:
    """Something that happened in a town."""
    code = f"C{next(_NUMBERS)}"
    await platform.put(f"/catalog/occasions/{code}", OCCASION, platform.token("administrator"))
    return Thing({"code": code}, 1)


async def waiver(platform: Platform) -> Thing:
    """The duty of a town in one month, which is waived."""
    monthly = {**a_item("05", "社会救助"), "time_limit": "每月公开一次", "levels": ["town"]}
    code, administrator = f"05{next(_NUMBERS)}", platform.token("administrator")
    await platform.put(f"/catalog/items/{code}", monthly, administrator)
    place = {"region": "990001101000", "code": code, "period_start": "2026-10-01"}
    path = "/catalog/duties/{region}/items/{code}/periods/{period_start}".format(**place)
    await platform.put(path, {"waived": "镇政府搬迁。"}, administrator)
    return Thing(place, 1)


async def local_terms(platform: Platform) -> Thing:
    """What a town makes of an item of its own."""
    code, administrator = f"03{next(_NUMBERS)}", platform.token("administrator")
    await platform.put(f"/catalog/items/{code}", a_item("03", "义务教育"), administrator)
    place = {"code": code, "region": "990001101000"}
    path = "/catalog/items/{code}/terms/{region}".format(**place)
    await platform.put(path, {"time_limit": None, "responsible_body": "镇党政办公室"}, administrator)
    return Thing(place, 1)


async def template(platform: Platform) -> Thing:
    """The content template of an item of its own, with a table."""
    code, administrator = f"03{next(_NUMBERS)}", platform.token("administrator")
    await platform.put(f"/catalog/items/{code}", a_item("03", "义务教育"), administrator)
    await platform.put(f"/catalog/items/{code}/template", PAYMENTS, administrator)
    return Thing({"code": code}, 1)


async def correspondence(platform: Platform) -> Thing:
    """An item of county and village that is the same matter."""
    code = f"C{next(_NUMBERS)}"
    await platform.put(f"/catalog/correspondences/{code}", CORRESPONDENCE, platform.token("administrator"))
    return Thing({"code": code}, 1)


def revision(state: str) -> Prepare:
    """A revision of a field of its own: `proposed`, `checked`, `consulting`, `over` (nobody is asked any more), `adopted`."""

    async def prepare(platform: Platform) -> Thing:
        made = await Revising.begin(platform, f"F{next(_NUMBERS)}")
        await made.until(state)
        return Thing({"code": made.code}, made.version)

    return prepare


async def amended_revision(platform: Platform) -> Thing:
    """A proposal, and another text of it."""
    made = await Revising.begin(platform, f"F{next(_NUMBERS)}")
    return Thing({"code": made.code}, made.version, {**made.content, "reason": "补充了内容。"})


async def consulted(platform: Platform) -> Thing:
    """A revision that everybody may comment on, and one of its items."""
    made = await Revising.begin(platform, f"F{next(_NUMBERS)}")
    await made.until("consulting")
    return Thing({"code": made.code}, body={"item": f"{made.field}001"})


async def comment(platform: Platform) -> Thing:
    """A comment on a revision, which waits for its answer."""
    made = await Revising.begin(platform, f"F{next(_NUMBERS)}")
    await made.until("consulting")
    said = await made.comment(f"建议补充 {made.code}。")
    return Thing({"code": made.code, "number": str(said["number"])}, said["version"])


async def new_items(platform: Platform) -> Thing:
    """An item that is not there yet, for all that are put together."""
    code = f"03{next(_NUMBERS):06}"
    return Thing(body={"items": [{**a_item("03", "义务教育"), "level2_item": f"文件 {code}", "code": code}]})


async def new_field(platform: Platform) -> Thing:
    """A field without an edition."""
    code = f"G{next(_NUMBERS)}"
    await platform.put(f"/catalog/items/{code}001", a_item(code, f"领域{code}"), platform.token("administrator"))
    return Thing()


async def _region(platform: Platform) -> Json:
    found = await platform.client.get("/catalog/regions", params={"parent": "990001000000"})
    region: Json = found.json()["items"][0]
    return region


async def town(platform: Platform) -> Thing:
    """A town for which nothing has been drafted yet."""
    return Thing()


async def village(platform: Platform) -> Thing:
    """A village for which nothing has been drafted yet."""
    return Thing()


def document(state: str, *, required: bool = True) -> Prepare:
    """A document of the town in `state`. `required`: it must be interpreted."""

    async def prepare(platform: Platform) -> Thing:
        life = await document_life(platform, state, required=required)
        return Thing({"content_id": life.id}, life.version)

    return prepare


async def document_life(platform: Platform, state: str, *, required: bool = True) -> Life:
    """The same, with the hands that brought it there. All services have heard of it."""
    life = await Life.draft(platform, **{**_OF_TOWN, "interpretation": {"required": required}})
    way = {"submit": life.editor, "approve": life.reviewer, "publish": life.editor}
    for act in list(way)[: ("draft", "submitted", "approved", "live").index(state)]:
        await life.act(act, headers=way[act])
    await platform.drain()
    return life


async def interpretable(platform: Platform) -> Thing:
    """A live document that may be interpreted."""
    life = await document_life(platform, "live")
    return Thing(body={"document": life.id})


def interpretation(state: str, *, live: bool = True) -> Prepare:
    """An interpretation in `state` of a document that is live, or submitted only."""

    async def prepare(platform: Platform) -> Thing:
        piece = await interpretation_piece(platform, state, live=live)
        return Thing({"interpretation_id": piece.id}, piece.version)

    return prepare


async def interpretation_piece(platform: Platform, state: str, *, live: bool = True) -> Piece:
    """The same, with the hands that brought it there."""
    life = await document_life(platform, "live" if live else "submitted")
    desk = Desk(platform)
    piece = await desk.draft(News(document=UUID(life.id)))
    if state != "draft":
        await piece.act("approve", by=desk.reviewer)
    if state == "published":
        await piece.act("release")
    return piece


async def askable(platform: Platform) -> Thing:
    """A live document that citizens may ask about."""
    life = await document_life(platform, "live")
    return Thing(body={"document": life.id})


def question(state: str) -> Prepare:
    """A question about a document of the town, in `state`."""

    async def prepare(platform: Platform) -> Thing:
        asked = await question_asked(platform, state)
        return Thing({"question_id": asked.id}, asked.version)

    return prepare


async def question_asked(platform: Platform, state: str, about: str | None = None) -> Question:
    """The same, with its code and the hands that brought it there."""
    about = about or (await document_life(platform, "live")).id
    asked = await Question.asked(platform, about)
    asked.editor = platform.token("editor", subject="editor")
    asked.reviewer = platform.token("reviewer", subject="reviewer")
    if state != "received":
        await asked.replied()
    if state == "published":
        await asked.done("publish", asked.reviewer, **WORDING)
    return asked


def notice(state: str) -> Prepare:
    """A notice of a village in `state`."""

    async def prepare(platform: Platform) -> Thing:
        life = await NoticeLife.in_state(platform, state)
        return Thing({"notice_id": life.id}, life.version)

    return prepare
