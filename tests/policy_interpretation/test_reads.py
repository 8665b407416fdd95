"""Who sees what: the public, and staff of a region and organisation."""

import pytest

from libs.common import clock
from tests.platform import Platform
from tests.policy_interpretation.desk import ROOT, TEXT, Desk, News, refused


def of_town() -> News:
    """A document of the town government."""
    return News(region="990001101000", organisation="990001101-zf", path=("990001101-zf", "990001-zf"))


@pytest.fixture
def desk(platform: Platform) -> Desk:
    return Desk(platform)


@pytest.fixture
def news() -> News:
    return News()


async def test_the_page_of_a_public_interpretation_leads_to_its_document(desk: Desk, news: News) -> None:
    await desk.hear(news.published())
    piece = await desk.public(news)
    response = await piece.read()
    page = response.json()
    assert page["document"] == str(news.document)
    assert (page["document_title"], page["document_path"]) == (
        news.title,
        f"/publication/documents/{news.document}",
    )
    assert (page["body_html"], page["sections"]) == (TEXT["body_html"], TEXT["sections"])
    assert not {"drafted_by", "approved_by", "reason", "organisation_path"} & page.keys()
    assert response.headers["Cache-Control"].startswith("public")
    assert response.headers["Vary"] == "Authorization"
    again = await desk.client.get(piece.path, headers={"If-None-Match": response.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_staff_get_the_whole_with_the_version_to_name(desk: Desk, news: News) -> None:
    await desk.hear(news.published())
    piece = await desk.draft(news)
    response = await piece.read(desk.reviewer)
    assert (response.json()["state"], response.json()["drafted_by"]) == ("draft", ["editor"])
    assert response.headers["ETag"] == '"v1"'
    assert response.headers["Cache-Control"] == "private, no-store"


async def test_a_draft_is_hidden_from_everybody_else(desk: Desk, news: News) -> None:
    await desk.hear(news.published())
    piece = await desk.draft(news)
    token = desk.platform.token
    for headers in (
        None,
        token("village_clerk"),
        token("editor", region="990001101"),
        token("editor", organisation="990001101-zf"),
    ):
        refused(await piece.read(headers), 404, "not_found")
    refused(await piece.read({"Authorization": "Bearer nonsense"}), 401, "not_signed_in")


async def test_a_prepared_duty_is_for_staff_of_its_region_and_organisation(desk: Desk, news: News) -> None:
    await desk.hear(news.prepared())
    document, token = str(news.document), desk.platform.token
    for shown in (token("editor"), token("auditor"), token("reviewer", organisation="990001-zf")):
        assert len(await desk.list("duties", shown, document=document)) == 1
    for hidden in (
        None,
        token("harvester"),
        token("editor", region="990001101"),
        token("editor", organisation="990001101-zf"),
    ):
        assert await desk.list("duties", hidden, document=document) == []
    await desk.hear(news.published())
    assert len(await desk.list("duties", document=document)) == 1
    await desk.hear(news.withdrawn())
    assert await desk.list("duties", document=document) == []


async def test_duties_are_filtered_by_region_state_and_lateness(desk: Desk) -> None:
    late, met, town, fresh = News(), News(), of_town(), News()
    await desk.hear(late.published(), met.published(), town.published(), fresh.published(at=clock.now()))
    await desk.public(met)

    async def found(**params: str | bool) -> list[str]:
        return [duty["document"] for duty in await desk.list("duties", None, **params)]

    assert await found() == [str(n.document) for n in (fresh, town, met, late)]
    assert await found(region="990001101") == [str(town.document)]
    assert await found(region="990001") == await found(region="99") == await found()
    assert await found(region="990002") == []
    assert await found(state="discharged") == [str(met.document)]
    assert await found(overdue=True) == [str(town.document), str(late.document)]
    assert await found(overdue=False) == [str(fresh.document), str(met.document)]
    assert await found(overdue=True, region="990001101201") == []


async def test_interpretations_are_listed_by_document_region_and_state(desk: Desk) -> None:
    county, town = News(), of_town()
    await desk.hear(county.published(), town.published())
    shown, in_work = await desk.public(county), await desk.draft(county)
    below = await desk.public(town)

    async def found(headers: dict[str, str] | None = None, **params: str) -> list[str]:
        return [entry["id"] for entry in await desk.list("interpretations", headers, **params)]

    assert await found() == [below.id, shown.id]
    assert await found(document=str(county.document)) == [shown.id]
    assert await found(region="990001101") == [below.id]
    assert await found(state="draft") == []
    assert await found(desk.reviewer, state="draft") == [in_work.id]
    assert await found(desk.platform.token("reviewer", region="990001101"), state="draft") == []
    (card,) = await desk.list("interpretations", document=str(county.document))
    assert (card["path"], card["summary"]) == (shown.path, "一、为什么出台这个办法 原有规定额度偏低。")
    assert "body_html" not in card


@pytest.mark.parametrize(("what", "key"), [("duties", "document"), ("interpretations", "id")])
async def test_pages_follow_one_another(desk: Desk, what: str, key: str) -> None:
    for _ in range(5):
        news = News()
        await desk.hear(news.published())
        await desk.public(news)
    seen: list[str] = []
    link: str | None = f"{ROOT}/{what}?limit=2&region=990001"
    while link:
        response = await desk.client.get(link)
        seen += [entry[key] for entry in response.json()["items"]]
        assert ("next" in response.links) == (response.json()["next"] is not None)
        link = response.links["next"]["url"] if response.links else None
    assert len(seen) == 5
    assert seen == sorted(seen, reverse=True)


async def test_a_cursor_serves_its_own_listing_only(desk: Desk) -> None:
    await desk.hear(*(News().published() for _ in range(2)))
    cursor = (await desk.client.get(f"{ROOT}/duties?limit=1")).json()["next"]
    for path in (f"{ROOT}/duties?state=open&cursor={cursor}", f"{ROOT}/interpretations?cursor={cursor}"):
        refused(await desk.client.get(path), 422, "bad_cursor")


async def test_a_question_that_cannot_be_read_is_refused(desk: Desk) -> None:
    for query in ("limit=0", "limit=101", "region=12345", "state=lost", "document=7", "overdue=soon"):
        refused(await desk.client.get(f"{ROOT}/duties?{query}"), 422, "malformed")


async def test_what_was_never_here_is_not_found(desk: Desk) -> None:
    refused(await desk.client.get(f"{ROOT}/interpretations/{News().document}"), 404, "not_found")
