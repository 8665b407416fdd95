"""Staff reply, publish, withdraw and decline."""

import pytest

from tests.citizen_feedback.feedback import COUNTY, TOWN, WORDING, Question, live_document, mine, responses
from tests.platform import Platform


async def said(platform: Platform) -> list[tuple[int, list[str]]]:
    """Version and public questions of each ResponsePublished."""
    events = await platform.events("citizen_feedback", "response.published")
    return [(payload["version"], [reply["question"] for reply in payload["replies"]]) for _, payload in events]


async def audited(platform: Platform, question: Question) -> list[str]:
    """The acts on a question, as the audit knows them."""
    rows = await platform.database("citizen_feedback").reads.fetch(
        "select entry->>'action' as action from audit_waiting where entry->>'thing' = $1 order by id", question.id
    )
    return [row["action"].removeprefix("citizen_feedback.") for row in rows]


async def test_from_question_to_public_reply(platform: Platform) -> None:
    question = await Question.asked(platform, contact="13812345678")
    whole = await question.read(question.editor)
    assert whole.headers["etag"] == '"v1"'
    assert whole.headers["cache-control"] == "no-store"
    assert (whole.json()["text"], whole.json()["contact"]) == ("补贴什么时候发到户?", "13812345678")

    answer = await question.done("reply", question.editor, reply="您好,预计6月底前发放到户。")
    assert answer == {"question_id": question.id, "document": question.document, "state": "replied", "version": 2}
    found = (await mine(platform, question.code)).json()
    assert (found["state"], found["reply"]) == ("replied", "您好,预计6月底前发放到户。")
    assert (await responses(platform, question.document))["items"] == []
    assert await said(platform) == []

    await question.done("publish", question.reviewer, **WORDING)
    shown = await responses(platform, question.document)
    assert (shown["document"], shown["state"], shown["next"]) == (question.document, "open", None)
    (item,) = shown["items"]
    assert (item["question"], item["reply"]) == (WORDING["public_question"], WORDING["public_reply"])
    assert item["organisation"] == "990001-jy"
    assert await said(platform) == [(2, [WORDING["public_question"]])]
    assert (await mine(platform, question.code)).json()["state"] == "published"
    assert await audited(platform, question) == ["ask", "reply", "publish"]


async def test_an_event_carries_the_newest_20_replies_newest_first(platform: Platform) -> None:
    document = await live_document(platform)
    for number in range(21):
        question = await Question.asked(platform, document)
        await question.replied()
        wording = {**WORDING, "public_question": f"第{number}问"}
        await question.done("publish", question.reviewer, **wording)
    events = await said(platform)
    assert [version for version, _ in events] == list(range(2, 23))
    assert events[-1][1] == [f"第{number}问" for number in range(20, 0, -1)]


async def test_a_public_reply_can_be_taken_back_and_corrected(platform: Platform) -> None:
    question = await Question.shown(platform)
    await question.done("withdraw", question.reviewer, reason="日期有误")
    assert (await responses(platform, question.document))["items"] == []
    found = (await mine(platform, question.code)).json()
    assert (found["state"], found["reason"]) == ("replied", None)
    assert (await question.read(question.reviewer)).json()["reason"] == "日期有误"
    await question.done("publish", question.reviewer, **{**WORDING, "public_reply": "预计7月底前发放到户。"})
    assert (await responses(platform, question.document))["items"][0]["reply"] == "预计7月底前发放到户。"
    first = WORDING["public_question"]
    assert await said(platform) == [(2, [first]), (3, []), (4, [first])]
    assert await audited(platform, question) == ["ask", "reply", "publish", "withdraw", "publish"]


@pytest.mark.parametrize("after_a_reply", [False, True])
async def test_a_declined_question_is_not_shown_and_its_asker_learns_why(
    platform: Platform, after_a_reply: bool
) -> None:
    question = await Question.asked(platform)
    if after_a_reply:
        await question.replied()
    await question.done("decline", question.reviewer, reason="与本文件无关。")
    found = (await mine(platform, question.code)).json()
    assert (found["state"], found["reason"]) == ("declined", "与本文件无关。")
    assert (found["reply"] is not None) == after_a_reply
    assert (await responses(platform, question.document))["items"] == []
    assert await said(platform) == []


BODIES: dict[str, dict[str, str]] = {
    "reply": {"reply": "答复"},
    "publish": WORDING,
    "withdraw": {"reason": "有误"},
    "decline": {"reason": "无关"},
}
ALLOWED = {
    "received": {"reply", "decline"},
    "replied": {"publish", "decline"},
    "published": {"withdraw"},
    "declined": set[str](),
}


@pytest.mark.parametrize("state", ALLOWED)
async def test_acts_out_of_turn_are_refused_and_change_nothing(platform: Platform, state: str) -> None:
    question = await (Question.shown(platform) if state == "published" else Question.asked(platform))
    if state == "replied":
        await question.replied()
    if state == "declined":
        await question.done("decline", question.reviewer, reason="无关")
    before = (await question.read(question.editor)).json(), await said(platform), await audited(platform, question)
    for name in BODIES.keys() - ALLOWED[state]:
        who = question.editor if name == "reply" else question.reviewer
        response = await question.act(name, who, **BODIES[name])
        assert (response.status_code, response.json()["code"]) == (409, "wrong_state")
        assert response.json()["state"] == state
    after = (await question.read(question.editor)).json(), await said(platform), await audited(platform, question)
    assert after == before


async def test_whoever_replied_may_not_publish(platform: Platform) -> None:
    question = await Question.asked(platform)
    both = platform.token("editor", "reviewer", subject="busy")
    await question.done("reply", both, reply="答复")
    response = await question.act("publish", both, **WORDING)
    assert (response.status_code, response.json()["code"]) == (403, "same_hands")
    await question.done("publish", question.reviewer, **WORDING)


async def test_personal_data_is_stopped_at_its_field_and_not_repeated(platform: Platform) -> None:
    question = await Question.asked(platform, contact="王小明,0991-7654321")
    await question.replied()
    for field in WORDING:
        for leak in ("13912345678", "11010519491231002X", "0991-7654321"):
            response = await question.act("publish", question.reviewer, **{**WORDING, field: f"请联系{leak}。"})
            assert (response.status_code, response.json()["code"]) == (422, "personal_data_found")
            assert response.json()["errors"][0]["field"] == f"body.{field}"
            assert leak not in response.text
    assert (await question.read(question.reviewer)).json()["state"] == "replied"


async def test_public_wording_has_bounds_so_that_events_have(platform: Platform) -> None:
    question = await Question.asked(platform)
    await question.replied()
    for change in ({"public_question": "问" * 1001}, {"public_reply": "答" * 2001}, {"public_reply": "a\x01b"}):
        response = await question.act("publish", question.reviewer, **{**WORDING, **change})
        assert (response.status_code, response.json()["code"]) == (422, "malformed")
    await question.done("publish", question.reviewer, **{**WORDING, "public_reply": "第一段\r\n\t第二段"})


async def test_an_act_names_the_version_that_was_seen(platform: Platform) -> None:
    question = await Question.asked(platform)
    path = f"/citizen-feedback/questions/{question.id}/reply"
    response = await platform.client.post(path, json={"reply": "答复"}, headers=question.editor)
    assert (response.status_code, response.json()["code"]) == (428, "version_required")
    question.version = 7
    response = await question.act("reply", question.editor, reply="答复")
    assert (response.status_code, response.json()["code"]) == (412, "stale_version")


async def test_acting_on_nothing(platform: Platform) -> None:
    question = await Question.asked(platform)
    question.id = question.document
    assert (await question.act("reply", question.editor, reply="答复")).status_code == 404


async def test_only_the_staff_in_charge_act(platform: Platform) -> None:
    question = await Question.asked(platform, await live_document(platform, region=COUNTY, organisation="990001-jy"))
    for who in (
        platform.token("reviewer", "village_clerk", "administrator", "auditor", "harvester"),
        platform.token("editor", organisation="990001101-zf"),
        platform.token("editor", region=TOWN),
        platform.token("editor", region="990002"),
    ):
        response = await question.act("reply", who, reply="答复")
        assert (response.status_code, response.json()["code"]) == (403, "forbidden")
    for who in (platform.token("editor", "village_clerk"), platform.token("reviewer", region=TOWN)):
        response = await question.act("decline", who, reason="无关")
        assert (response.status_code, response.json()["code"]) == (403, "forbidden")
    await question.done("reply", platform.token("editor", organisation="990001-zf"), reply="答复")
    await question.done("decline", platform.token("reviewer"), reason="无关")


async def test_acts_need_a_sign_in(platform: Platform) -> None:
    question = await Question.asked(platform)
    for name, body in BODIES.items():
        assert (await question.act(name, {}, **body)).status_code == 401
