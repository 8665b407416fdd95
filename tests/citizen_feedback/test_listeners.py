"""The response record follows its document, in whatever order the news come."""

from itertools import permutations

import pytest

from libs.common.events import Event
from libs.common.identifiers import uuid7
from tests.citizen_feedback.feedback import Question, ask, hear, published, withdrawn
from tests.platform import Platform


async def opened(platform: Platform) -> list[tuple[str, int]]:
    """Document and version of each ResponseOpened."""
    events = await platform.events("citizen_feedback", "response.opened")
    return [(payload["document"], payload["version"]) for _, payload in events]


async def test_a_published_document_opens_its_record_once(platform: Platform) -> None:
    document = uuid7()
    await hear(platform, published(document, 4))
    await hear(platform, published(document, 7, title="更正后的标题", organisation="990001-zf", path="/elsewhere"))
    assert await opened(platform) == [(str(document), 1)]
    (row,) = await platform.database("citizen_feedback").reads.fetch("select * from response")
    assert (row["title"], row["path"], row["organisation"]) == ("更正后的标题", "/elsewhere", "990001-zf")
    assert (row["state"], row["version"]) == ("open", 1)


async def test_a_question_stays_with_the_organisation_that_was_asked(platform: Platform) -> None:
    question = await Question.asked(platform)
    await hear(platform, published(question.document, 7, organisation="990001-zf"))
    whole = await question.read(question.editor)
    assert whole.json()["organisation"] == "990001-jy"


@pytest.mark.parametrize("order", list(permutations(range(3))))
async def test_whatever_the_order_a_withdrawn_document_is_gone(platform: Platform, order: tuple[int, ...]) -> None:
    document = uuid7()
    news: list[Event] = [published(document, 4), published(document, 5, title="第二版"), withdrawn(document, 6)]
    await hear(platform, *(news[place] for place in order))
    assert (await ask(platform, str(document))).status_code == 410
    assert len(await opened(platform)) == (order[0] != 2)
    await hear(platform, published(document, 8))
    assert (await ask(platform, str(document))).status_code == 201
    assert await opened(platform) == [(str(document), 1)]


async def test_versions_go_on_rising_when_a_document_comes_back(platform: Platform) -> None:
    question = await Question.shown(platform)
    await hear(
        platform,
        withdrawn(question.document, 5),
        published(question.document, 6),
    )
    await Question.shown(platform, question.document)
    events = await platform.events("citizen_feedback")
    assert [payload["version"] for _, payload in events] == [1, 2, 3]
    assert len(events[-1][1]["replies"]) == 2
