"""A revision of the catalog: proposed, checked, consulted on, adopted, in force; and what becomes of items by it."""

from datetime import timedelta
from typing import Any
from uuid import uuid4

import pytest

from libs.common import clock
from services.catalog.rules import revisions
from services.catalog.rules.revisions import compared
from tests.catalog.news import COUNTY, TOWN, document_published, say
from tests.catalog.revising import Revising, adjustment, content, entry
from tests.platform import Platform

TODAY = clock.local_date(clock.now())


async def shown(platform: Platform, code: str) -> dict[str, Any]:
    """The revision as everybody sees it."""
    answer = await platform.client.get(f"/catalog/revisions/{code}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def covered(platform: Platform, region: str = COUNTY) -> dict[str, tuple[str, int]]:
    """State and documents of each item in a region."""
    items = (await platform.client.get(f"/catalog/coverage/{region}?limit=100")).json()["items"]
    return {row["code"]: (row["state"], row["documents"]) for row in items}


async def field(platform: Platform, *codes: str) -> dict[str, int]:
    """A field with these items, put in place one by one. Returns their versions."""
    for code in codes:
        said = {k: v for k, v in entry(code, "77").items() if k not in ("code", "version")}
        await platform.put(f"/catalog/items/{code}", said, platform.token("administrator"))
    return dict.fromkeys(codes, 1)


async def test_from_proposal_to_force(seeded: Platform) -> None:
    revising = await Revising.begin(seeded, "77")
    assert (await seeded.client.get("/catalog/revisions/R77")).status_code == 404
    await revising.until("consulting")
    view = await shown(seeded, "R77")
    assert (view["state"], view["legality_opinion"]) == ("consulting", "内容合法,程序合规。")
    first = await revising.comment("建议同时公开学区划分图。", item="77001")
    await revising.comment("名称太长。")
    assert (await seeded.client.get("/catalog/revisions/R77/comments")).json()["items"] == []
    assert (await revising.answer(first["number"], "adopted")).json()["outcome"] == "adopted"
    await revising.let_a_month_pass()
    effective = {"effective_on": TODAY.isoformat()}
    assert (await revising.act("adopt", "reviewer", effective)).json()["code"] == "comments_unanswered"
    await revising.answer(2, "not_adopted")
    assert (await revising.act("adopt", "reviewer", effective)).status_code == 200
    assert "77001" not in await covered(seeded)
    assert (await revising.act("enforce", "administrator")).status_code == 200
    view = await shown(seeded, "R77")
    assert view["comments"] == {"received": 2, "adopted": 1, "partly": 0, "not_adopted": 1}
    assert (view["state"], view["edition"]) == ("in_force", 2)
    assert (await covered(seeded))["77001"] == ("missing", 0)
    answered = (await seeded.client.get("/catalog/revisions/R77/comments")).json()["items"]
    assert [(one["item"], one["outcome"], one["answer"]) for one in answered] == [
        ("77001", "adopted", "已研究。"),
        (None, "not_adopted", "已研究。"),
    ]


async def test_what_was_published_counts_for_the_heir(seeded: Platform) -> None:
    await field(seeded, "77001", "77002", "77003")
    for code in ("77001", "77002", "77003"):
        await say(seeded, document_published(uuid4(), item=code))
    merged = await Revising.begin(
        seeded,
        "77",
        adjustment("merge", ["77001", "77002"], [entry("77009", "77")]),
        adjustment("split", ["77003"], [entry("77011", "77"), entry("77012", "77")], documents_to="77012"),
    )
    await merged.until("in_force")
    now = await covered(seeded)
    assert {code: now[code] for code in now if code.startswith("77")} == {
        "77009": ("covered", 2),
        "77011": ("missing", 0),
        "77012": ("covered", 1),
    }
    # Heirs of heirs count it, too, and so does what is published under an old code afterwards.
    again = await Revising.begin(
        seeded, "77", adjustment("merge", ["77009", "77012"], [entry("77020", "77")]), code="R77-2"
    )
    await again.until("in_force")
    await say(seeded, document_published(uuid4(), item="77001"))
    assert (await covered(seeded))["77020"] == ("covered", 4)
    item = (await seeded.client.get("/catalog/items/77020")).json()
    assert item["predecessors"] == ["77001", "77002", "77003", "77009", "77012"]
    assert (await shown(seeded, "R77"))["state"] == "replaced"


async def test_a_retired_item_is_gone_and_its_code_is_not_used_again(seeded: Platform) -> None:
    await field(seeded, "77001", "77002")
    revising = await Revising.begin(seeded, "77", adjustment("retire", ["77001"], []))
    await revising.until("in_force")
    listed = (await seeded.client.get("/catalog/items", params={"field": "77"})).json()["items"]
    assert [item["code"] for item in listed] == ["77002"]
    assert "77001" not in await covered(seeded, TOWN)
    item = (await seeded.client.get("/catalog/items/77001")).json()
    assert (item["retired_on"], item["version"]) == (TODAY.isoformat(), 2)
    said = {k: v for k, v in entry("77001", "77").items() if k not in ("code", "version")}
    headers = seeded.token("administrator") | {"If-Match": '"v2"'}
    answer = await seeded.client.put("/catalog/items/77001", json=said, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (409, "item_retired")


async def test_editions_can_be_compared(seeded: Platform) -> None:
    await field(seeded, "77001", "77002", "77003")
    revising = await Revising.begin(
        seeded,
        "77",
        adjustment("change", ["77001"], [entry("77001", "77", version=1, time_limit="及时公开")]),
        adjustment("retire", ["77002"], []),
        adjustment("add", [], [entry("77004", "77")]),
    )
    await revising.until("in_force")
    editions = (await seeded.client.get("/catalog/fields/77/editions")).json()["items"]
    assert [(one["number"], one["revision"], one["items"]) for one in editions] == [(2, "R77", 3), (1, None, 3)]
    changes = (await seeded.client.get("/catalog/fields/77/editions/2/changes")).json()
    assert changes == {
        "added": ["77004"],
        "retired": ["77002"],
        "changed": [{"code": "77001", "changed": ["time_limit"]}],
    }
    back = (await seeded.client.get("/catalog/fields/77/editions/1/changes?since=2")).json()
    assert (back["added"], back["retired"]) == (["77002"], ["77004"])
    assert (await seeded.client.get("/catalog/fields/77/editions/3/changes")).status_code == 404


def test_the_same_edition_differs_in_nothing() -> None:
    assert compared([{"code": "1", "a": 1}], [{"code": "1", "a": 1}]) == {"added": [], "retired": [], "changed": []}


async def test_other_hands_check_and_adopt(seeded: Platform) -> None:
    both = seeded.token("administrator", "reviewer", subject="one-person")
    said = content("77")
    await seeded.put("/catalog/revisions/R77", said, both)
    path, body = "/catalog/revisions/R77/check", {"passed": True, "opinion": "可以。"}
    answer = await seeded.client.post(path, json=body, headers=both | {"If-Match": '"v1"'})
    assert (answer.status_code, answer.json()["code"]) == (403, "forbidden")


async def test_what_does_not_pass_is_amended_and_checked_again(seeded: Platform) -> None:
    revising = await Revising.begin(seeded, "77")
    sent_back = await revising.act("check", "reviewer", {"passed": False, "opinion": "缺少依据。"})
    assert (sent_back.json()["state"], revising.version) == ("proposed", 2)
    answer = await revising.put({**revising.content, "reason": "补充依据。"}, seen=2)
    assert (answer.status_code, answer.json()["version"]) == (200, 3)
    revising.version = 3
    await revising.until("consulting")
    assert (await revising.put(revising.content, seen=revising.version)).json()["code"] == "wrong_state"
    await revising.let_a_month_pass()
    assert (await revising.put({**revising.content, "title": "修改稿"}, seen=revising.version)).status_code == 200


async def test_nothing_is_decided_before_its_time(seeded: Platform) -> None:
    revising = await Revising.begin(seeded, "77")
    await revising.until("checked")
    soon = (TODAY + timedelta(7)).isoformat()
    refused = await revising.act("consult", "administrator", {"until": soon})
    assert refused.json()["errors"][0]["field"] == "body.shortened_reason"
    assert (
        await revising.act("consult", "administrator", {"until": soon, "shortened_reason": "上级要求月底前完成。"})
    ).status_code == 200
    assert (await shown(seeded, "R77"))["shortened_reason"] == "上级要求月底前完成。"
    early = await revising.act("adopt", "reviewer", {"effective_on": soon})
    assert (early.status_code, early.json()["code"]) == (409, "too_early")
    await revising.let_a_month_pass()
    assert (await revising.act("adopt", "reviewer", {"effective_on": soon})).status_code == 200
    late = await seeded.client.post("/catalog/revisions/R77/comments", json={"text": "太晚了。"})
    assert late.json()["code"] == "wrong_state"
    assert (await revising.act("enforce", "administrator")).json()["code"] == "too_early"


async def test_a_field_has_one_revision_at_a_time(seeded: Platform) -> None:
    first = await Revising.begin(seeded, "77")
    answer = await seeded.client.put(
        "/catalog/revisions/R77-2", json=content("77"), headers=seeded.token("administrator")
    )
    assert (answer.status_code, answer.json()["code"]) == (409, "revision_open")
    await first.act("drop", "administrator", {"reason": "待上级目录公布。"})
    await Revising.begin(seeded, "77", code="R77-2")


@pytest.mark.parametrize(
    ("adjustments", "place"),
    [
        ([adjustment("merge", ["77001"], [entry("77009", "77")])], "body.adjustments.0.items"),
        (
            [adjustment("split", ["77001"], [entry("77009", "77"), entry("77010", "77")])],
            "body.adjustments.0.documents_to",
        ),
        ([adjustment("change", ["77001"], [entry("77009", "77")])], "body.adjustments.0.entries.0.code"),
        ([adjustment("retire", ["77001"], []), adjustment("retire", ["77001"], [])], "body.adjustments"),
        ([adjustment("add", [], [entry("77009", "78")])], "body.adjustments.0.entries.0.field"),
        ([adjustment("retire", ["77099"], [])], "body.adjustments.0.items.0"),
        ([adjustment("add", [], [entry("77001", "77", version=4)])], "body.adjustments.0.entries.0.version"),
    ],
)
async def test_what_does_not_fit_is_refused_with_its_place(
    seeded: Platform, adjustments: list[dict[str, Any]], place: str
) -> None:
    await field(seeded, "77001")
    answer = await seeded.client.put(
        "/catalog/revisions/R77", json=content("77", *adjustments), headers=seeded.token("administrator")
    )
    assert answer.is_client_error, answer.text
    assert answer.json()["errors"][0]["field"] == place


async def test_a_flood_of_comments_is_held_back(seeded: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(revisions, "MOST_COMMENTS_AN_HOUR", 2)
    revising = await Revising.begin(seeded, "77")
    await revising.until("consulting")
    for n in range(2):
        await revising.comment(f"第{n}条意见。")
    path, said = "/catalog/revisions/R77/comments", {"text": "再说一条。"}
    answer = await seeded.client.post(path, json=said)
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many_comments")
    await seeded.database("catalog").backbone.execute(
        "update revision_comment set received_at = received_at - interval '1 hour' where number = 1"
    )
    assert (await seeded.client.post(path, json=said)).status_code == 201
    monkeypatch.setattr(revisions, "MOST_COMMENTS", 3)
    assert (await seeded.client.post(path, json=said)).json()["code"] == "too_many_comments"


async def test_a_comment_with_somebodys_number_is_refused(seeded: Platform) -> None:
    revising = await Revising.begin(seeded, "77")
    await revising.until("consulting")
    path = "/catalog/revisions/R77/comments"
    for text in ("请联系我:13912345678", "身份证号11010519491231002X"):
        answer = await seeded.client.post(path, json={"text": text})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body.text")
    unknown = await seeded.client.post(path, json={"text": "好。", "item": "03001001"})
    assert (unknown.status_code, unknown.json()["code"]) == (422, "unknown_reference")
