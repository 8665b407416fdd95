"""The negative list: what is not open stands there with ground, article and reason."""

from typing import Any

import httpx
import pytest

from tests.platform import Platform

TOWN = "990001101000"
ENTRY: dict[str, Any] = {
    "region": TOWN,
    "name": "尚未公布的征收补偿方案草案",
    "ground": "process",
    "reason": "正在讨论、研究,尚未形成决定。",
    "review_on": "2027-06-30",
}


async def put(platform: Platform, code: str, seen: int | None = None, **changes: Any) -> httpx.Response:
    """Put an entry as the county's administrator."""
    headers = platform.token("administrator") | ({"If-Match": f'"v{seen}"'} if seen else {})
    return await platform.client.put(f"/catalog/negative-list/{code}", json={**ENTRY, **changes}, headers=headers)


async def listed(platform: Platform, **params: Any) -> list[dict[str, Any]]:
    """The entries that everybody reads."""
    answer = await platform.client.get("/catalog/negative-list", params=params)
    items: list[dict[str, Any]] = answer.json()["items"]
    return items


@pytest.mark.parametrize(
    ("ground", "article"),
    [("state_secret", "第十四条"), ("security", "第十四条"), ("third_party", "第十五条"), ("internal", "第十六条")],
)
async def test_an_entry_names_ground_article_and_reason(seeded: Platform, ground: str, article: str) -> None:
    answer = await put(seeded, "N1", ground=ground)
    assert (answer.status_code, answer.json()["article"]) == (201, article)
    [entry] = await listed(seeded, region=TOWN)
    assert entry == answer.json()


async def test_forbidden_by_law_names_the_law(seeded: Platform) -> None:
    answer = await put(seeded, "N1", ground="forbidden_by_law")
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body.basis")
    assert (await put(seeded, "N1", ground="forbidden_by_law", basis="《统计法》第二十五条")).status_code == 201


async def test_what_is_open_again_keeps_its_entry(seeded: Platform) -> None:
    await put(seeded, "N1")
    await put(seeded, "N2", ground="internal")
    assert (await put(seeded, "N1", seen=1, lifted_on="2027-07-01")).json()["version"] == 2
    assert [entry["code"] for entry in await listed(seeded, lifted=False)] == ["N2"]
    assert [entry["lifted_on"] for entry in await listed(seeded, lifted=True)] == ["2027-07-01"]
    assert [entry["code"] for entry in await listed(seeded, ground="internal")] == ["N2"]
    assert await listed(seeded, region="990001102000") == []


async def test_a_region_must_be_known(seeded: Platform) -> None:
    answer = await put(seeded, "N1", region="990001109000")
    assert (answer.status_code, answer.json()["code"]) == (422, "unknown_reference")
