"""What staff see of the questions in their charge, and what everybody sees of the replies."""

from typing import Any

from libs.common.identifiers import uuid7
from tests.citizen_feedback.feedback import COUNTY, TOWN, Question, hear, live_document, published, responses, withdrawn
from tests.platform import Platform

QUESTIONS = "/citizen-feedback/questions"


async def listed(platform: Platform, who: dict[str, str], **params: Any) -> list[str]:
    """The ids in the list of questions."""
    response = await platform.client.get(QUESTIONS, params=params, headers=who)
    assert response.status_code == 200, response.text
    assert response.headers["cache-control"] == "no-store"
    return [item["id"] for item in response.json()["items"]]


async def test_staff_see_what_their_region_and_organisation_are_in_charge_of(platform: Platform) -> None:
    county = await Question.asked(platform, await live_document(platform, organisation="990001-zf"))
    school = await Question.asked(platform, await live_document(platform, organisation="990001-jy"))
    town = await Question.asked(platform, await live_document(platform, region=TOWN, organisation="990001101-zf"))
    everything = [county.id, school.id, town.id]
    seen = {
        ("990001", None): everything,
        ("990001", "990001-zf"): everything,
        ("990001", "990001-jy"): [school.id],
        (TOWN, None): [town.id],
        (TOWN, "990001101-zf"): [town.id],
        ("990001102", None): [],
        ("990002", None): [],
    }
    for (region, organisation), ids in seen.items():
        for role in ("editor", "reviewer"):
            who = platform.token(role, region=region, organisation=organisation)
            assert await listed(platform, who) == ids
            opened = [q.id for q in (county, school, town) if (await q.read(who)).status_code == 200]
            assert opened == ids


async def test_the_list_narrows_to_a_region_and_a_state(platform: Platform) -> None:
    waiting = await Question.asked(platform, await live_document(platform, region=TOWN))
    replied = await Question.asked(platform)
    await replied.replied()
    who = platform.token("editor")
    assert await listed(platform, who) == [waiting.id]
    assert await listed(platform, who, state="replied") == [replied.id]
    assert await listed(platform, who, region="990001101") == [waiting.id]
    assert await listed(platform, who, region="990001102") == []
    assert await listed(platform, who, region=COUNTY, state="published") == []
    response = await platform.client.get(QUESTIONS, params={"region": "990002"}, headers=who)
    assert (response.status_code, response.json()["code"]) == (403, "forbidden")
    assert (await platform.client.get(QUESTIONS, params={"state": "lost"}, headers=who)).status_code == 422


async def test_the_longest_waiting_comes_first_page_by_page(platform: Platform) -> None:
    document = await live_document(platform)
    asked = [(await Question.asked(platform, document)).id for _ in range(5)]
    who = platform.token("editor")
    pages, path = [], f"{QUESTIONS}?limit=2"
    while path:
        response = await platform.client.get(path, headers=who)
        pages.append([item["id"] for item in response.json()["items"]])
        assert (response.json()["next"] is None) == ("link" not in response.headers)
        path = response.headers.get("link", "<>").split(">")[0][1:]
    assert pages == [asked[:2], asked[2:4], asked[4:]]


async def test_a_cursor_serves_no_other_list(platform: Platform) -> None:
    document = await live_document(platform)
    for _ in range(2):
        await Question.asked(platform, document)
    who = platform.token("editor")
    cursor = (await platform.client.get(QUESTIONS, params={"limit": 1}, headers=who)).json()["next"]
    for other in (platform.token("editor", organisation="990001-jy"), platform.token("editor", region=TOWN)):
        response = await platform.client.get(QUESTIONS, params={"cursor": cursor}, headers=other)
        assert (response.status_code, response.json()["code"]) == (422, "bad_cursor")
    params = {"document": document, "cursor": cursor}
    assert (await platform.client.get("/citizen-feedback/responses", params=params)).status_code == 422


async def test_other_posts_read_no_questions(platform: Platform) -> None:
    question = await Question.asked(platform)
    who = platform.token("village_clerk", "administrator", "auditor", "harvester", "joint_meeting")
    assert (await platform.client.get(QUESTIONS, headers=who)).status_code == 403
    assert (await question.read(who)).status_code == 404


async def test_reading_questions_needs_a_sign_in(platform: Platform) -> None:
    question = await Question.asked(platform)
    assert (await platform.client.get(QUESTIONS)).status_code == 401
    assert (await question.read({})).status_code == 401
    question.id = str(uuid7())
    assert (await question.read(platform.token("editor"))).status_code == 404


async def test_everybody_pages_through_the_public_replies_newest_first(platform: Platform) -> None:
    document = await live_document(platform)
    shown = [(await Question.shown(platform, document)).id for _ in range(3)]
    await Question.asked(platform, document)
    first = await responses(platform, document, limit=2)
    assert [item["question_id"] for item in first["items"]] == [shown[2], shown[1]]
    second = await responses(platform, document, limit=2, cursor=first["next"])
    assert [item["question_id"] for item in second["items"]] == [shown[0]]
    assert second["next"] is None


async def test_public_replies_are_cacheable(platform: Platform) -> None:
    document = (await Question.shown(platform)).document
    path = f"/citizen-feedback/responses?document={document}"
    response = await platform.client.get(path)
    assert response.headers["cache-control"].startswith("public, max-age=")
    again = await platform.client.get(path, headers={"If-None-Match": response.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_the_replies_about_a_withdrawn_document_leave_with_it_and_return_with_it(platform: Platform) -> None:
    question = await Question.shown(platform)
    await hear(platform, withdrawn(question.document))
    closed = await responses(platform, question.document)
    assert (closed["state"], closed["items"]) == ("closed", [])
    await hear(platform, published(question.document, 6))
    back = await responses(platform, question.document)
    assert (back["state"], [item["question_id"] for item in back["items"]]) == ("open", [question.id])


async def test_a_document_that_was_never_public_has_no_responses(platform: Platform) -> None:
    response = await platform.client.get("/citizen-feedback/responses", params={"document": str(uuid7())})
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
    assert (await platform.client.get("/citizen-feedback/responses")).status_code == 422
