"""What follows from the life of a document, in whatever order its news arrives."""

import asyncio
from datetime import timedelta

import pytest

from tests.platform import Platform
from tests.policy_interpretation.desk import SPRING, Desk, News, refused


@pytest.fixture
def desk(platform: Platform) -> Desk:
    return Desk(platform)


@pytest.fixture
def news() -> News:
    return News()


async def test_a_prepared_document_opens_a_duty_without_a_date(desk: Desk, news: News) -> None:
    await desk.hear(news.prepared())
    duty = await desk.duty(news)
    assert (duty["state"], duty["due_on"], duty["overdue"]) == ("open", None, False)
    (said,) = await desk.said("duty.opened")
    assert (said["document"], said["due_on"], said["version"]) == (str(news.document), None, 1)


async def test_a_document_prepared_again_opens_nothing_new(desk: Desk, news: News) -> None:
    await desk.hear(news.prepared(1), news.prepared(2, title="新标题"))
    assert (await desk.duty(news))["title"] == "新标题"
    assert len(await desk.said("duty.opened")) == 1


async def test_publication_dates_the_duty_over_the_holiday(desk: Desk, news: News) -> None:
    await desk.hear(news.prepared(), news.published())
    assert (await desk.duty(news))["due_on"] == "2026-05-06"
    first, second = await desk.said("duty.opened")
    assert (first["due_on"], second["due_on"]) == (None, "2026-05-06")
    assert (first["version"], second["version"], second["provisional"]) == (1, 2, False)


async def test_a_make_up_sunday_counts(desk: Desk, news: News) -> None:
    friday = SPRING.replace(month=9, day=18)
    await desk.hear(news.published(at=friday))
    assert (await desk.duty(news))["due_on"] == "2026-09-22"


async def test_a_document_that_needs_no_interpretation_opens_no_duty(desk: Desk, news: News) -> None:
    await desk.hear(news.published(interpretation_required=False))
    assert await desk.list("duties", desk.reviewer) == []
    assert await desk.said("duty.opened") == []
    await desk.public(news)  # interpreting it all the same is welcome


async def test_what_is_ready_becomes_public_with_its_document(desk: Desk, news: News) -> None:
    await desk.hear(news.prepared())
    pieces = [await desk.draft(news), await desk.draft(news, form="image")]
    for piece in pieces:
        await piece.act("approve", by=desk.reviewer)
    waiting = await desk.draft(news)
    await desk.hear(news.published())
    for piece in pieces:
        page = (await piece.read()).json()
        assert page["document_path"] == f"/publication/documents/{news.document}"
        assert page["published_at"].startswith("2026-04-28T02:00:00")
    assert [e["interpretation"] for e in await desk.said("interpretation.published")] == [p.id for p in pieces]
    assert (await waiting.refresh())["state"] == "draft"
    duty = await desk.duty(news)
    assert (duty["state"], duty["due_on"]) == ("discharged", "2026-05-06")


async def test_a_withdrawn_document_takes_everything_along(desk: Desk, news: News) -> None:
    await desk.hear(news.prepared())
    ready = await desk.draft(news)
    await ready.act("approve", by=desk.reviewer)
    await desk.hear(news.published())
    by_hand, draft = await desk.public(news), await desk.draft(news)
    await desk.hear(news.withdrawn())
    for piece in (ready, by_hand):
        response = await piece.read()
        refused(response, 410, "gone")
        assert response.json()["detail"] == "所解读的文件已经撤下:文件已经废止"
    assert (await draft.refresh())["state"] == "draft"
    assert (await desk.duty(news))["state"] == "closed"
    assert [e["interpretation"] for e in await desk.said("interpretation.withdrawn")] == [ready.id, by_hand.id]


async def test_what_was_ready_when_its_document_was_given_up_was_never_public(desk: Desk, news: News) -> None:
    await desk.hear(news.prepared())
    piece = await desk.draft(news)
    await piece.act("approve", by=desk.reviewer)
    await desk.hear(news.withdrawn())
    assert (await piece.refresh())["state"] == "withdrawn"
    refused(await piece.read(), 404, "not_found")
    assert len(await desk.said("interpretation.withdrawn")) == 1


async def test_a_withdrawal_that_comes_first_is_the_last_word(desk: Desk, news: News) -> None:
    await desk.hear(news.withdrawn(3))
    await desk.hear(news.published(2), news.prepared(1))
    assert await desk.list("duties", desk.reviewer) == []
    assert await desk.said("duty.opened") == []


async def test_news_before_a_publication_may_come_after_it(desk: Desk, news: News) -> None:
    await desk.hear(news.published(2))
    await desk.hear(news.prepared(1))
    (said,) = await desk.said("duty.opened")
    assert (said["due_on"], said["version"]) == ("2026-05-06", 1)


async def test_a_later_edition_alone_comes_to_the_same_due_date(desk: Desk) -> None:
    later, both, alone = SPRING + timedelta(days=60), News(), News()
    await desk.hear(both.published(2))
    for news in (both, alone):
        await desk.hear(news.published(5, later, first_published_at=SPRING, edition=2))
    assert (await desk.duty(both))["due_on"] == (await desk.duty(alone))["due_on"] == "2026-05-06"
    assert len(await desk.said("duty.opened")) == 2


async def test_a_later_edition_leaves_a_discharged_duty_alone(desk: Desk, news: News) -> None:
    await desk.hear(news.published(2))
    await desk.public(news)
    discharged = await desk.duty(news)
    again = news.published(5, SPRING + timedelta(days=60), first_published_at=SPRING, title="修订后的标题")
    await desk.hear(again)
    assert await desk.duty(news) == {**discharged, "title": "修订后的标题"}
    assert len(await desk.said("duty.opened")) == 1


async def test_a_duty_that_a_later_edition_brings_runs_from_that_edition(desk: Desk, news: News) -> None:
    later = SPRING.replace(month=9, day=18)
    await desk.hear(news.published(2, interpretation_required=False))
    await desk.hear(news.published(5, later, first_published_at=SPRING))
    assert (await desk.duty(news))["due_on"] == "2026-09-22"


async def test_a_duty_that_a_later_edition_drops_is_closed(desk: Desk, news: News) -> None:
    await desk.hear(news.published(2))
    await desk.hear(news.published(5, interpretation_required=False))
    assert (await desk.duty(news))["state"] == "closed"
    assert await desk.list("duties") == []


async def test_a_later_edition_in_work_changes_nothing_public(desk: Desk, news: News) -> None:
    await desk.hear(news.published(2))
    before = await desk.duty(news)
    await desk.hear(news.prepared(4, title="还没有公开的标题"))
    assert await desk.duty(news) == before


async def test_a_document_published_again_is_to_be_interpreted_again(desk: Desk, news: News) -> None:
    later = SPRING.replace(month=9, day=18)
    await desk.hear(news.published(2))
    await desk.public(news)
    await desk.hear(news.withdrawn(3), news.published(6, later, first_published_at=SPRING))
    duty = await desk.duty(news)
    assert (duty["state"], duty["due_on"]) == ("open", "2026-09-22")
    assert [e["version"] for e in await desk.said("duty.opened")] == [1, 4]


async def test_an_approval_beside_the_publication_leaves_nothing_behind(desk: Desk) -> None:
    for _ in range(5):
        news = News()
        await desk.hear(news.prepared())
        piece = await desk.draft(news)
        await asyncio.gather(piece.act("approve", by=desk.reviewer), desk.hear(news.published()))
        assert (await piece.refresh())["state"] in ("approved", "published")


async def test_what_the_platform_does_by_itself_is_in_the_audit(desk: Desk, news: News) -> None:
    await desk.hear(news.prepared())
    piece = await desk.draft(news)
    await piece.act("approve", by=desk.reviewer)
    await desk.hear(news.published(), news.withdrawn())
    rows = await desk.platform.database("policy_interpretation").backbone.fetch(
        "select entry->>'action' as action from audit_waiting"
        " where entry->>'thing' = $1 and entry->>'actor' is null order by id",
        piece.id,
    )
    assert [row["action"] for row in rows] == ["policy_interpretation.release", "policy_interpretation.withdraw"]
