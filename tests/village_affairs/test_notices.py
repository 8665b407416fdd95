"""A notice takes the way of the law, and no other."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from libs.common.clock import local_date
from libs.common.permission import Role
from tests.platform import Platform
from tests.village_affairs.notices import (
    EAST,
    ROLE_OF,
    STATES,
    TOWN,
    WAY,
    WEST,
    Json,
    Life,
    audited,
    content,
    said,
    sent,
)

ALLOWED = {
    "edit": ("draft",),
    "submit": ("draft",),
    "supervise": ("submitted",),
    "decide": ("supervised",),
    "return": ("submitted", "supervised", "decided"),
    "publish": ("decided",),
    "withdraw": ("live",),
}
POSTS = {act: {role} for act, role in ROLE_OF.items()} | {"return": {"supervision_committee", "joint_meeting"}}
PERSONAL = "村民王某,身份证号11010519491231002X"


async def test_the_whole_way(seeded: Platform) -> None:
    life = await Life.draft(seeded)
    for version, (act, state) in enumerate(zip(WAY, STATES[1:], strict=True), 2):
        answer = await life.act(act)
        assert answer.status_code == 200, answer.text
        assert answer.json()["state"] == state
        assert answer.json()["version"] == version
        assert answer.headers["ETag"] == f'"v{version}"'
    actions = [entry["action"] for entry in await audited(seeded)]
    assert actions == [f"village_affairs.{act}" for act in ("draft", *WAY)]
    assert await said(seeded) == ["notice.published", "notice.withdrawn"]


async def test_publishing_says_the_whole_public_state_and_keeps_the_board_five_days(seeded: Platform) -> None:
    life = await Life.in_state(seeded, "decided")
    before = datetime.now(UTC)
    notice = (await life.act("publish")).json()
    today = local_date(datetime.fromisoformat(notice["published_at"]))
    assert before <= datetime.fromisoformat(notice["published_at"]) <= datetime.now(UTC)
    # 《山东省村务公开条例》 art. 13
    assert notice["visible_until"] == (today + timedelta(days=5)).isoformat()
    ((_, event),) = await seeded.events("village_affairs")
    assert event == {
        "version": 5,
        "at": notice["published_at"],
        "notice": life.id,
        "village": EAST,
        "village_name": "东庄村",
        "title": notice["title"],
        "category": "finance",
        "catalog_item": "27001001",
        "field": "27",
        "period": "2026年第三季度",
        "summary": "本季度收入合计21,500.00元,支出合计29,270.80元。",
        "path": f"/village-affairs/notices/{life.id}",
        "first_published_at": notice["published_at"],
        "published_at": notice["published_at"],
    }


async def test_withdrawing_says_why(seeded: Platform) -> None:
    life = await Life.in_state(seeded, "live")
    notice = (await life.act("withdraw", {"reason": "金额有误。"})).json()
    kind, event = (await seeded.events("village_affairs"))[-1]
    assert kind == "village_affairs.notice.withdrawn.v1"
    assert event["reason"] == notice["reason"] == "金额有误。"
    assert event["version"] == notice["version"] == 6


@pytest.mark.parametrize("state", STATES)
async def test_every_other_act_is_refused_in_every_state(seeded: Platform, state: str) -> None:
    life = await Life.in_state(seeded, state)
    events, acts = await said(seeded), len(await audited(seeded))
    for act in (act for act, states in ALLOWED.items() if state not in states):
        answer = await life.act(act)
        assert (answer.status_code, answer.json()["code"]) == (409, "wrong_state"), act
        assert answer.json()["state"] == state
    assert await said(seeded) == events
    assert len(await audited(seeded)) == acts


@pytest.mark.parametrize("act", ALLOWED)
async def test_each_act_belongs_to_its_post_in_its_village(seeded: Platform, act: str) -> None:
    state = ALLOWED[act][0]
    life = await Life.in_state(seeded, state)
    seen = {"If-Match": f'"v{life.version}"'}

    async def refusal(headers: dict[str, str]) -> tuple[int, str]:
        answer = await life.send(act, None, headers)
        return answer.status_code, answer.json()["code"]

    others = [role.value for role in Role if role.value not in POSTS[act]]
    assert await refusal({**seen, **seeded.token(*others, region="990001")}) == (403, "forbidden")
    for role in POSTS[act]:
        assert await refusal({**seen, **seeded.token(role, region=WEST)}) == (403, "forbidden")
        own = seeded.token(role, region=EAST)
        assert await refusal(own) == (428, "version_required")
        assert await refusal({**own, "If-Match": f'"v{life.version - 1}"'}) == (412, "stale_version")
        assert await refusal({**own, "If-Match": "3"}) == (422, "malformed")
    assert await refusal(seen) == (401, "not_signed_in")
    for role in POSTS[act]:
        fresh = await Life.in_state(seeded, state)
        above = seeded.token(role, region=TOWN, subject=f"{role}-of-the-town")
        assert (await fresh.act(act, headers=above)).status_code == 200


async def test_acts_on_unknown_notices(seeded: Platform) -> None:
    life = await Life.draft(seeded)
    life.id = str(uuid4())
    for act in ALLOWED:
        answer = await life.act(act)
        assert (answer.status_code, answer.json()["code"]) == (404, "not_found"), act


async def test_only_the_clerk_drafts_and_for_the_own_village_only(seeded: Platform) -> None:
    async def refusal(headers: dict[str, str]) -> tuple[int, str]:
        body = {"village": EAST, **content()}
        answer = await seeded.client.post("/village-affairs/notices", json=body, headers=headers)
        return answer.status_code, answer.json()["code"]

    others = [role.value for role in Role if role is not Role.VILLAGE_CLERK]
    assert await refusal(seeded.token(*others, region=EAST)) == (403, "forbidden")
    assert await refusal(seeded.token("village_clerk", region=WEST)) == (403, "forbidden")
    assert await refusal({}) == (401, "not_signed_in")


async def test_what_a_draft_must_be(seeded: Platform) -> None:
    headers = seeded.token("village_clerk", region="990001")
    wrong: list[tuple[Json, str, str | None]] = [
        ({"village": "990001101299"}, "unknown_reference", "body.village"),
        ({"village": "990001101"}, "unknown_reference", "body.village"),
        ({"village": "99"}, "forbidden", None),
        ({"village": "9900011012"}, "malformed", "body.village"),
        ({"catalog_item": "99999999"}, "unknown_reference", "body.catalog_item"),
        ({"category": "weather"}, "malformed", "body.category"),
        ({"title": " "}, "malformed", "body.title"),
        ({"body_html": "<script>alert(1)</script>"}, "malformed", "body.body_html"),
        ({"body_html": "<p>&nbsp;</p>"}, "malformed", "body.body_html"),
        ({"period": "\x00"}, "malformed", "body"),
        ({"state": "live"}, "malformed", "body.state"),
    ]
    for changes, code, field in wrong:
        body = {"village": EAST, **content(), **changes}
        problem = (await seeded.client.post("/village-affairs/notices", json=body, headers=headers)).json()
        at_fault = [error["field"] for error in problem.get("errors", [])]
        assert (problem["code"], at_fault) == (code, [field] if field else []), changes
    assert await audited(seeded) == []


async def test_a_draft_is_sanitised_and_may_be_replaced(seeded: Platform) -> None:
    life = await Life.draft(seeded, body_html='<p onclick="x()">支出<script>x()</script></p>')
    replaced = content(title="更正", category="village", catalog_item="08001001", period=None)
    notice = (await life.act("edit", {**replaced, "body_html": "<p>收入</p><iframe></iframe>"})).json()
    assert notice["body_html"] == "<p>收入</p>"
    assert notice["summary"] == "收入"
    assert (notice["title"], notice["category"], notice["period"]) == ("更正", "village", None)
    assert (notice["catalog_item"], notice["field"]) == ("08001001", "08")
    assert notice["village"] == EAST


async def test_numbers_of_people_are_not_submitted(seeded: Platform) -> None:
    life = await Life.draft(seeded)
    for field in ("title", "period", "body_html"):
        assert (await life.act("edit", content(**{field: PERSONAL}))).is_success
        answer = await life.act("submit")
        assert (answer.status_code, answer.json()["code"]) == (422, "personal_data_found")
        assert answer.json()["errors"][0]["field"] == field
        assert answer.json()["kinds"] == ["citizen_id"]
        assert "11010519491231002X" not in answer.text
    assert (await life.act("edit")).is_success
    assert (await life.act("submit")).is_success


async def test_words_that_are_kept_name_no_numbers_either(seeded: Platform) -> None:
    for act, field in (("supervise", "opinion"), ("return", "reason"), ("withdraw", "reason")):
        life = await Life.in_state(seeded, ALLOWED[act][0])
        answer = await life.act(act, {field: PERSONAL})
        assert (answer.status_code, answer.json()["code"]) == (422, "personal_data_found")
        assert answer.json()["errors"][0]["field"] == f"body.{field}"
    assert all("11010519491231002X" not in entry["entry"] for entry in await audited(seeded))


@pytest.mark.parametrize("act", ["supervise", "decide"])
async def test_nobody_judges_what_they_drafted(seeded: Platform, act: str) -> None:
    async def drafted_by_both() -> Life:
        life = await Life.draft(seeded)
        editor = seeded.token("village_clerk", region=EAST, subject="second-clerk")
        assert (await life.act("edit", headers=editor)).is_success
        for step in WAY[: WAY.index(act)]:
            assert (await life.act(step)).is_success
        return life

    life = await drafted_by_both()
    for subject in ("second-clerk", f"dev:village_clerk:{EAST}:-"):
        answer = await life.act(act, headers=seeded.token(ROLE_OF[act], region=EAST, subject=subject))
        assert (answer.status_code, answer.json()["code"]) == (403, "same_hands")
    assert (await life.act(act)).is_success


async def test_the_minutes_cannot_be_of_tomorrow(seeded: Platform) -> None:
    life = await Life.in_state(seeded, "supervised")
    today = local_date(datetime.now(UTC))
    tomorrow = {"minutes_on": (today + timedelta(days=1)).isoformat()}
    answer = await life.act("decide", tomorrow)
    assert (answer.status_code, answer.json()["code"]) == (422, "minutes_in_future")
    assert answer.json()["errors"][0]["field"] == "body.minutes_on"
    assert (await life.act("decide", {"minutes_on": today.isoformat()})).is_success


@pytest.mark.parametrize("state", ["submitted", "supervised"])
async def test_a_returned_notice_goes_the_whole_way_again(seeded: Platform, state: str) -> None:
    life = await Life.in_state(seeded, state)
    notice = (await life.act("return", {"reason": "请补充凭证号。"})).json()
    assert (notice["state"], notice["reason"], notice["opinion"]) == ("draft", "请补充凭证号。", None)
    assert (await life.act("publish")).json()["code"] == "wrong_state"
    assert (await life.act("submit")).json()["reason"] is None
    for act in WAY[1:4]:
        assert (await life.act(act)).is_success
    assert await said(seeded) == ["notice.published"]


async def test_a_repeated_call_gets_the_first_answer(seeded: Platform) -> None:
    life = await Life.in_state(seeded, "decided")
    headers = {
        **seeded.token("village_clerk", region=EAST),
        "If-Match": f'"v{life.version}"',
        "Idempotency-Key": "publish-once",
    }
    first, second = [await life.send("publish", None, headers) for _ in range(2)]
    assert first.status_code == second.status_code == 200
    assert first.content == second.content
    assert second.headers["ETag"] == first.headers["ETag"]
    assert await said(seeded) == ["notice.published"]


async def test_every_act_takes_its_body_only(seeded: Platform) -> None:
    for act in (act for act in ALLOWED if sent(act) is not None):
        life = await Life.in_state(seeded, ALLOWED[act][0])
        for body in ({}, {**(sent(act) or {}), "more": 1}):
            answer = await life.act(act, body)
            assert (answer.status_code, answer.json()["code"]) == (422, "malformed"), (act, body)
