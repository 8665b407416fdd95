"""A citizen asks and looks the answer up."""

import asyncio
import re
from typing import Any

from libs.common.identifiers import uuid7
from tests.citizen_feedback.feedback import WORDING, Question, ask, hear, live_document, mine, withdrawn
from tests.platform import Platform


async def test_a_question_needs_no_sign_in_and_gets_a_code(platform: Platform) -> None:
    response = await ask(platform, await live_document(platform), contact="13812345678")
    assert response.status_code == 201
    assert response.headers["cache-control"] == "no-store"
    receipt = response.json()
    assert receipt.keys() == {"question_id", "query_code", "answer_by"}
    assert re.fullmatch(r"([0-9A-HJKMNP-TV-Z]{4}-){3}[0-9A-HJKMNP-TV-Z]{4}", receipt["query_code"])


async def test_only_documents_that_are_public_can_be_asked_about(platform: Platform) -> None:
    response = await ask(platform, str(uuid7()))
    assert (response.status_code, response.json()["code"]) == (422, "unknown_reference")
    assert response.json()["errors"][0]["field"] == "body.document"


async def test_a_withdrawn_document_is_gone_and_earlier_askers_still_get_their_answer(platform: Platform) -> None:
    question = await Question.asked(platform)
    await hear(platform, withdrawn(question.document))
    response = await ask(platform, question.document)
    assert (response.status_code, response.json()["code"]) == (410, "gone")
    await question.replied()
    assert (await mine(platform, question.code)).json()["reply"] == "您好,预计6月底前发放到户。"
    refused = await question.act("publish", question.reviewer, **WORDING)
    assert (refused.status_code, refused.json()["code"]) == (409, "wrong_state")


async def test_a_question_out_of_bounds_is_refused(platform: Platform) -> None:
    changes: list[dict[str, Any]] = [
        {"question": ""},
        {"question": "  "},
        {"question": "问" * 2001},
        {"question": "a\x00b"},
        {"contact": ""},
        {"contact": "a" * 201},
        {"name": "王小明"},
        {"document": "17"},
    ]
    for change in changes:
        response = await ask(platform, str(uuid7()), **change)
        assert (response.status_code, response.json()["code"]) == (422, "malformed"), change


async def test_the_code_opens_the_answer_however_it_is_written(platform: Platform) -> None:
    question = await Question.asked(platform, contact="13812345678")
    for code in (question.code, question.code.lower(), question.code.replace("-", "")):
        response = await mine(platform, code)
        assert response.status_code == 200
        assert response.headers["cache-control"] == "no-store"
    found = response.json()
    assert (found["state"], found["reply"], found["reason"]) == ("received", None, None)
    assert found["document"] == question.document
    assert not {"text", "question", "contact"} & found.keys()


async def test_a_wrong_code_opens_nothing(platform: Platform) -> None:
    await Question.asked(platform)
    for code in ("0000-0000-0000-0000", "?", "1' or '1'='1"):
        response = await mine(platform, code)
        assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert (await platform.client.get("/citizen-feedback/questions/mine")).status_code == 422


async def test_the_code_itself_is_kept_nowhere(platform: Platform) -> None:
    question = await Question.asked(platform)
    row = await platform.database("citizen_feedback").reads.fetchval("select q::text from question q")
    assert question.code not in row
    assert question.code.replace("-", "") not in row


async def test_at_most_20_questions_an_hour_wait_even_in_a_flood(platform: Platform) -> None:
    document = await live_document(platform)
    answers = await asyncio.gather(*(ask(platform, document) for _ in range(26)))
    refused = [a for a in answers if a.status_code == 429]
    assert len(refused) == 6
    assert refused[0].json()["code"] == "too_many_questions"
    assert 3500 < int(refused[0].headers["retry-after"]) <= 3600
    assert (await ask(platform, await live_document(platform))).status_code == 201  # another document


async def test_an_answer_or_an_hour_makes_room_for_the_next_question(platform: Platform) -> None:
    document = await live_document(platform)
    question = await Question.asked(platform, document)
    for _ in range(19):
        await Question.asked(platform, document)
    assert (await ask(platform, document)).status_code == 429
    await question.replied()
    assert (await ask(platform, document)).status_code == 201
    assert (await ask(platform, document)).status_code == 429
    async with platform.database("citizen_feedback").backbone.acquire() as connection:
        await connection.execute("update question set asked_at = asked_at - interval '1 hour'")
    assert (await ask(platform, document)).status_code == 201


async def test_a_repeated_call_asks_once(platform: Platform) -> None:
    document = await live_document(platform)
    body = {"document": document, "question": "补贴什么时候发到户?"}
    path, headers = "/citizen-feedback/questions", {"Idempotency-Key": "a-key-of-the-front-end"}
    first = await platform.client.post(path, json=body, headers=headers)
    second = await platform.client.post(path, json=body, headers=headers)
    assert first.status_code == second.status_code == 201
    assert first.json() == second.json()
    assert await platform.database("citizen_feedback").reads.fetchval("select count(*) from question") == 1
