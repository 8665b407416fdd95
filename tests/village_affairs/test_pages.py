"""What citizens and staff read of a notice."""

from uuid import uuid4

import pytest

from services.village_affairs import queries
from tests.platform import Platform
from tests.village_affairs.notices import EAST, STATES, TOWN, WEST, Life, board


async def test_the_public_page(seeded: Platform) -> None:
    life = await Life.in_state(seeded, "live")
    answer = await life.page()
    assert answer.status_code == 200
    page = answer.json()
    assert page["village_name"] == "东庄村"
    assert page["body_html"].startswith("<p>本季度收入")
    assert not page.keys() & {"state", "opinion", "reason", "drafted_by", "supervised_by", "decided_by"}
    assert answer.headers["Cache-Control"].startswith("public")
    assert answer.headers["Vary"] == "Authorization"
    again = await seeded.client.get(
        f"/village-affairs/notices/{life.id}", headers={"If-None-Match": answer.headers["ETag"]}
    )
    assert again.status_code == 304
    (card,) = await board(seeded, EAST)
    assert card["path"] == f"/village-affairs/notices/{life.id}"
    assert {**page, **card} == {**card, **page}, "card and page say the same"


@pytest.mark.parametrize("state", STATES)
async def test_who_sees_which_state(seeded: Platform, state: str) -> None:
    life = await Life.in_state(seeded, state)
    public = {"live": 200, "withdrawn": 410}.get(state, 404)
    assert (await life.page()).status_code == public
    for stranger in (
        seeded.token("village_clerk", region=WEST),
        seeded.token("editor", "reviewer", "harvester", region="990001"),
    ):
        assert (await life.page(stranger)).status_code == public
    for role in ("village_clerk", "supervision_committee", "joint_meeting", "auditor"):
        for region in (EAST, TOWN):
            answer = await life.page(seeded.token(role, region=region))
            assert answer.status_code == 200
            assert answer.json()["state"] == state
            assert answer.headers["ETag"] == f'"v{life.version}"'
            assert answer.headers["Cache-Control"] == "no-store"


async def test_a_withdrawn_notice_says_why_it_is_gone(seeded: Platform) -> None:
    life = await Life.in_state(seeded, "withdrawn")
    problem = (await life.page()).json()
    assert problem["code"] == "gone"
    assert problem["reason"] == "金额有误,更正后重新公布。"
    assert problem["withdrawn_at"]
    assert "title" in problem
    assert "本季度" not in (await life.page()).text


async def test_unknown_notices_and_ended_sign_ins(seeded: Platform) -> None:
    life = await Life.in_state(seeded, "live")
    assert (await life.page({"Authorization": "Bearer expired"})).status_code == 401
    life.id = str(uuid4())
    assert (await life.page()).status_code == 404
    assert (await life.page(seeded.token("auditor"))).status_code == 404
    assert (await seeded.client.get("/village-affairs/notices/42")).status_code == 422


async def test_the_work_list(seeded: Platform) -> None:
    drafts = [await Life.draft(seeded) for _ in range(3)]
    submitted = await Life.in_state(seeded, "submitted")
    await Life.draft(seeded, WEST)
    committee = seeded.token("supervision_committee", region=EAST)
    path = f"/village-affairs/villages/{EAST}/notices"

    answer = await seeded.client.get(path, headers=committee)
    assert answer.headers["Cache-Control"] == "no-store"
    newest_first = [submitted.id, *[life.id for life in reversed(drafts)]]
    assert [notice["id"] for notice in answer.json()["items"]] == newest_first
    assert answer.json()["next"] is None

    answer = await seeded.client.get(path, params={"state": "submitted"}, headers=committee)
    assert [notice["id"] for notice in answer.json()["items"]] == [submitted.id]
    assert answer.json()["items"][0]["version"] == submitted.version

    seen: list[str] = []
    params = {"limit": "3"}
    while True:
        answer = await seeded.client.get(path, params=params, headers=committee)
        seen += [notice["id"] for notice in answer.json()["items"]]
        if answer.json()["next"] is None:
            break
        assert 'rel="next"' in answer.headers["Link"]
        params["cursor"] = answer.json()["next"]
    assert seen == newest_first

    wrong = await seeded.client.get(path, params={"state": "draft", "cursor": params["cursor"]}, headers=committee)
    assert wrong.json()["code"] == "bad_cursor"
    assert (await seeded.client.get(path)).status_code == 401
    for stranger in (seeded.token("editor", region=EAST), seeded.token("village_clerk", region=WEST)):
        assert (await seeded.client.get(path, headers=stranger)).status_code == 403


async def test_lists_are_read_from_their_indexes(seeded: Platform) -> None:
    backbone = seeded.database("village_affairs").backbone
    await backbone.execute(
        "insert into village select 990002101000 + n, '村', '990002101000', '990002000000'"
        " from generate_series(1, 20000) n"
    )
    await backbone.execute(
        "insert into notice (id, village, category, title, catalog_item, field, body_html, sanitiser_version,"
        " summary, state, version, drafted_at, drafted_by)"
        " select uuidv7(), 990002101000 + n % 50, 'finance', '公开', '27001001', '27', '', 1, '', 'draft', 1,"
        " now(), '{}' from generate_series(1, 20000) n"
    )
    await backbone.execute("analyze village, notice")
    for statement, arguments in (
        (queries.VILLAGES, ("990002101100", "990002999999", 21)),
        (queries.WORK, ("990002101001", None, None, 21)),
        (queries.WORK, ("990002101001", "draft", uuid4(), 21)),
    ):
        plan = await backbone.fetchval(f"explain (format json) {statement}", *arguments)
        assert '"Seq Scan"' not in plan
        assert "Sort" not in plan
