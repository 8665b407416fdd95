"""Nothing new comes under an item that the catalog has retired; what is public there stays and can be amended."""

import contextlib
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from libs.common.errors import ItemRetired
from libs.common.events import ItemChanged
from services.publication.rules import check_item
from tests.catalog.news import say
from tests.documents import Life, body
from tests.platform import Platform, item

Json = dict[str, Any]
RETIRED = "03001009"


def news(version: int, code: str = RETIRED, **changes: Any) -> ItemChanged:
    """What catalog says of an item of the field 义务教育."""
    said = {name: value for name, value in item("03", "义务教育").items() if name in ItemChanged.model_fields}
    return ItemChanged(**{**said, "code": code, "version": version, "at": datetime(2026, 11, 1, tzinfo=UTC), **changes})


def retirement(version: int = 102, *heirs: str) -> ItemChanged:
    """That it is not in force any more."""
    return news(version, retired_on=date(2026, 11, 1), heirs=list(heirs or ("03001001",)))


def refused(answer: httpx.Response) -> bool:
    """Refused, and the reader is told where to go."""
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (409, "item_retired"), answer.text
    assert problem["errors"][0]["field"] == "body.catalog_item"
    return problem["heirs"] == ["03001001"] and "03001001" in problem["detail"]


async def drafted(platform: Platform, **changes: Any) -> httpx.Response:
    """A draft under the item, or the refusal."""
    said = body(**{"catalog_item": RETIRED, **changes})
    return await platform.client.post("/publication/documents", json=said, headers=platform.token("editor"))


async def replaced(life: Life, **changes: Any) -> httpx.Response:
    """The draft with another text."""
    headers = {**life.editor, "If-Match": f'"v{life.version}"'}
    path = f"/publication/documents/{life.id}"
    answer = await life.platform.client.put(path, json=body(**changes), headers=headers)
    if answer.is_success:
        life.version = answer.json()["version"]
    return answer


@pytest.mark.parametrize(
    ("retired_on", "live", "passes"),
    [(None, None, True), (date(2026, 11, 1), RETIRED, True), (date(2026, 11, 1), "03001001", False)],
)
def test_what_may_come_under_an_item(retired_on: date | None, live: str | None, passes: bool) -> None:
    with contextlib.nullcontext() if passes else pytest.raises(ItemRetired, match="没有接替"):
        check_item(RETIRED, retired_on, [], live)


async def test_no_draft_whatever_was_heard_first(seeded: Platform) -> None:
    await say(seeded, retirement())
    assert refused(await drafted(seeded))
    # Late news of the time when it was in force.
    await say(seeded, news(101))
    assert refused(await drafted(seeded))
    await say(seeded, retirement(103, "03001001", "08001001"))
    assert (await drafted(seeded)).json()["heirs"] == ["03001001", "08001001"]


@pytest.mark.parametrize("act", ["submit", "publish"])
async def test_a_draft_of_before_goes_under_the_heir(seeded: Platform, act: str) -> None:
    await say(seeded, news(101))
    life = await Life.draft(seeded, catalog_item=RETIRED)
    if act == "publish":
        await life.approved()
    await say(seeded, retirement())
    assert refused(await life.act(act, ok=False))
    if act == "publish":
        await life.act("return", {"reason": "事项已停用。"}, life.reviewer)
    assert refused(await replaced(life, catalog_item=RETIRED))
    assert (await replaced(life)).is_success
    await life.approved()
    await life.act("publish")
    assert (await life.page()).json()["catalog_item"]["code"] == "03001001"


async def test_what_is_public_is_amended_where_it_is_or_moved_to_an_heir(seeded: Platform) -> None:
    await say(seeded, news(101), news(101, "03001010"))
    life = await Life.published(seeded, catalog_item=RETIRED)
    await say(seeded, retirement(), news(102, "03001010", retired_on=date(2026, 11, 1), heirs=["03001001"]))
    # Not to another item that is retired: that would be new there.
    assert refused(await life.act("editions", body(catalog_item="03001010"), ok=False))
    await life.act("editions", body(catalog_item=RETIRED, title="修订稿"))
    await life.approved()
    await life.act("publish")
    page = (await life.page()).json()
    assert (page["title"], page["catalog_item"]["code"]) == ("修订稿", RETIRED)
    await life.act("editions", body(catalog_item=RETIRED))
    assert (await replaced(life, catalog_item=RETIRED)).is_success
    assert (await replaced(life)).is_success
    await life.approved()
    await life.act("publish")
    assert (await life.page()).json()["catalog_item"]["code"] == "03001001"
    # It has left the retired item, so it does not come back.
    assert refused(await life.act("editions", body(catalog_item=RETIRED), ok=False))


async def test_what_is_public_can_be_withdrawn(seeded: Platform) -> None:
    await say(seeded, news(101))
    life = await Life.published(seeded, catalog_item=RETIRED)
    await say(seeded, retirement())
    await life.act("withdraw", {"kind": "notice", "reason": "已废止"}, life.reviewer)
    assert (await life.page()).json()["state"] == "withdrawn"
