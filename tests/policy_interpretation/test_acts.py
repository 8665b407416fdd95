"""Every act on an interpretation: what it does, what it says, and when it is refused."""

import pytest

from tests.platform import Platform
from tests.policy_interpretation.desk import ROOT, TEXT, Desk, News, Piece, refused

ACTS = {
    "replace": {"draft"},
    "approve": {"draft"},
    "return": {"approved", "ready"},
    "release": {"approved"},
    "withdraw": {"published"},
}


@pytest.fixture
def desk(platform: Platform) -> Desk:
    return Desk(platform)


@pytest.fixture
def news() -> News:
    return News()


async def in_state(desk: Desk, state: str) -> Piece:
    """An interpretation brought to a state by its own acts."""
    news = News()
    await desk.hear(news.prepared() if state == "ready" else news.published())
    if state in ("published", "withdrawn"):
        piece = await desk.public(news)
        if state == "withdrawn":
            await piece.act("withdraw", by=desk.reviewer)
        return piece
    piece = await desk.draft(news)
    if state != "draft":
        await piece.act("approve", by=desk.reviewer)
    return piece


async def test_a_draft_is_sanitised_and_kept_from_the_public(desk: Desk, news: News) -> None:
    await desk.hear(news.published())
    body = {**TEXT, "document": str(news.document), "body_html": "<p onclick='x()'>解读正文</p><script>1</script>"}
    response = await desk.client.post(f"{ROOT}/interpretations", json=body, headers=desk.editor)
    answer = response.json()
    assert response.status_code == 201
    assert response.headers["Location"] == f"{ROOT}/interpretations/{answer['id']}" == answer["path"]
    assert response.headers["ETag"] == '"v1"'
    assert (answer["state"], answer["body_html"], answer["summary"]) == ("draft", "<p>解读正文</p>", "解读正文")
    assert (answer["organisation"], answer["drafted_by"]) == ("990001-jy", ["editor"])
    refused(await desk.client.get(response.headers["Location"]), 404, "not_found")
    assert await desk.said(".interpretation.") == []


async def test_only_documents_that_are_known_and_not_withdrawn_are_interpreted(desk: Desk, news: News) -> None:
    body = {**TEXT, "document": str(news.document)}
    refused(await desk.client.post(f"{ROOT}/interpretations", json=body, headers=desk.editor), 422, "unknown_reference")
    await desk.hear(news.published(), news.withdrawn())
    refused(await desk.client.post(f"{ROOT}/interpretations", json=body, headers=desk.editor), 422, "unknown_reference")


async def test_a_malformed_draft_names_the_field(desk: Desk, news: News) -> None:
    await desk.hear(news.published())
    wrong: list[tuple[dict[str, object], str]] = [
        ({"form": "poem"}, "body.form"),
        ({"sections": {"weather": "晴"}}, "body.sections"),
        ({"title": " "}, "body.title"),
        ({"body_html": "<script>1</script>"}, "body.body_html"),
        ({"state": "published"}, "body.state"),
    ]
    for changes, field in wrong:
        body = {**TEXT, "document": str(news.document), **changes}
        response = await desk.client.post(f"{ROOT}/interpretations", json=body, headers=desk.editor)
        refused(response, 422, "malformed")
        assert response.json()["errors"][0]["field"].startswith(field)


async def test_a_text_that_no_event_can_carry_is_refused(desk: Desk, news: News) -> None:
    await desk.hear(news.published())
    body = {**TEXT, "document": str(news.document), "body_html": "解" * 100_000}
    refused(await desk.client.post(f"{ROOT}/interpretations", json=body, headers=desk.editor), 413, "too_large")


async def test_a_draft_is_replaced(desk: Desk, news: News) -> None:
    await desk.hear(news.published())
    piece = await desk.draft(news, title="初稿", sections={})
    answer = await piece.act("replace")
    assert (answer["title"], answer["sections"], answer["version"]) == (TEXT["title"], TEXT["sections"], 2)


async def test_an_approved_interpretation_of_a_live_document_is_released_by_hand(desk: Desk, news: News) -> None:
    await desk.hear(news.published())
    piece = await desk.draft(news)
    assert (await piece.act("approve", by=desk.reviewer))["state"] == "approved"
    assert await desk.said(".interpretation.") == []
    assert (await desk.duty(news))["state"] == "open"
    assert (await piece.act("release"))["state"] == "published"
    (said,) = await desk.said(".interpretation.")
    assert said["document"] == str(news.document)
    assert {name: said[name] for name in ("title", "form", "sections")} == {
        name: TEXT[name] for name in ("title", "form", "sections")
    }
    assert (said["path"], said["version"]) == (piece.path, 3)
    duty = await desk.duty(news)
    assert (duty["state"], duty["discharged_at"] is not None) == ("discharged", True)


async def test_an_interpretation_approved_before_its_document_is_ready(desk: Desk, news: News) -> None:
    await desk.hear(news.prepared())
    piece = await desk.draft(news)
    assert (await piece.act("approve", by=desk.reviewer))["state"] == "ready"
    (said,) = await desk.said("interpretation.ready")
    assert (said["interpretation"], said["body_html"]) == (piece.id, TEXT["body_html"])
    # It comes with its document, and never by hand before it.
    refused(await piece.try_to("release"), 409, "wrong_state")


async def test_an_approved_one_that_is_returned_is_a_draft_again(desk: Desk, news: News) -> None:
    await desk.hear(news.published())
    piece = await desk.draft(news)
    await piece.act("approve", by=desk.reviewer)
    answer = await piece.act("return", by=desk.reviewer)
    assert (answer["state"], answer["approved_by"], answer["reason"]) == ("draft", None, "数据与文件不一致")
    assert await desk.said(".interpretation.") == []


async def test_a_ready_one_that_is_returned_does_not_come_with_its_document(desk: Desk, news: News) -> None:
    await desk.hear(news.prepared())
    piece = await desk.draft(news)
    await piece.act("approve", by=desk.reviewer)
    await piece.act("return", by=desk.reviewer)
    (said,) = await desk.said("interpretation.withdrawn")
    assert (said["interpretation"], said["version"]) == (piece.id, 3)
    await desk.hear(news.published())
    assert (await piece.refresh())["state"] == "draft"
    assert (await desk.duty(news))["state"] == "open"
    await piece.act("approve", by=desk.reviewer)
    await piece.act("release")
    assert [e["version"] for e in await desk.said("interpretation.published")] == [5]


async def test_a_withdrawn_one_is_gone_and_its_duty_is_open_again(desk: Desk, news: News) -> None:
    await desk.hear(news.published())
    first, second = await desk.public(news), await desk.public(news)
    await first.act("withdraw", by=desk.reviewer)
    assert (await desk.duty(news))["state"] == "discharged"
    await second.act("withdraw", by=desk.reviewer)
    duty = await desk.duty(news)
    assert (duty["state"], duty["due_on"], duty["discharged_at"]) == ("open", "2026-05-06", None)
    assert [e["reason"] for e in await desk.said("interpretation.withdrawn")] == ["数据与文件不一致"] * 2
    response = await first.read()
    refused(response, 410, "gone")
    assert response.json()["detail"] == "数据与文件不一致"


@pytest.mark.parametrize("state", ["draft", "approved", "ready", "published", "withdrawn"])
async def test_an_act_in_a_wrong_state_is_refused_and_changes_nothing(desk: Desk, state: str) -> None:
    piece = await in_state(desk, state)
    said = await desk.said(".interpretation.")
    both = desk.platform.token("editor", "reviewer", subject="another")
    for act, states in ACTS.items():
        if state not in states:
            refused(await piece.try_to(act, by=both), 409, "wrong_state")
    before = piece.version
    assert ((await piece.refresh())["state"], piece.version) == (state, before)
    assert await desk.said(".interpretation.") == said


async def test_who_wrote_does_not_approve(desk: Desk, news: News) -> None:
    await desk.hear(news.published())
    piece = await desk.draft(news)
    helper = desk.platform.token("editor", "reviewer", subject="helper")
    await piece.act("replace", by=helper)
    await piece.act("replace")
    refused(await piece.try_to("approve", by=helper), 403, "same_hands")
    refused(await piece.try_to("approve", by=desk.platform.token("reviewer", subject="editor")), 403, "same_hands")
    await piece.act("approve", by=desk.reviewer)


async def test_personal_numbers_stop_the_approval(desk: Desk, news: News) -> None:
    await desk.hear(news.published())
    piece = await desk.draft(news, sections={"contact": "李四 13800138000"})
    response = await piece.try_to("approve", by=desk.reviewer)
    refused(response, 422, "personal_data_found")
    assert response.json()["errors"][0]["field"] == "body.sections.contact"
    assert "13800138000" not in response.text


async def test_an_interpretation_does_not_outlive_its_document(desk: Desk, news: News) -> None:
    await desk.hear(news.published())
    draft, approved = await desk.draft(news), await desk.draft(news)
    await approved.act("approve", by=desk.reviewer)
    await desk.hear(news.withdrawn())
    refused(await draft.try_to("approve", by=desk.reviewer), 409, "interpreted_document_not_live")
    refused(await approved.try_to("release"), 409, "interpreted_document_not_live")


async def test_acts_name_the_version_that_they_saw(desk: Desk) -> None:
    piece = await in_state(desk, "draft")
    missing = await desk.client.post(f"{piece.path}/approve", headers=desk.reviewer)
    refused(missing, 428, "version_required")
    piece.version = 7
    refused(await piece.try_to("replace"), 412, "stale_version")
    refused(await piece.try_to("approve", by=desk.reviewer), 412, "stale_version")


async def test_acts_are_for_the_right_post_region_and_organisation(desk: Desk) -> None:
    draft, published = await in_state(desk, "draft"), await in_state(desk, "published")
    token = desk.platform.token
    for hands in (
        token("reviewer", "auditor"),
        token("editor", region="990001101"),
        token("editor", organisation="990001101-zf"),
    ):
        refused(await draft.try_to("replace", by=hands), 403, "forbidden")
    refused(await draft.try_to("approve"), 403, "forbidden")
    refused(await published.try_to("withdraw"), 403, "forbidden")
    refused(await desk.client.post(f"{draft.path}/release"), 401, "not_signed_in")
    await draft.act("replace", by=token("editor", organisation="990001-jy"))
    await draft.act("replace", by=token("editor", organisation="990001-zf"))


async def test_drafting_is_for_the_responsible_organisation(desk: Desk, news: News) -> None:
    await desk.hear(news.published())
    body = {**TEXT, "document": str(news.document)}
    stranger = desk.platform.token("editor", organisation="990001101-zf")
    refused(await desk.client.post(f"{ROOT}/interpretations", json=body, headers=stranger), 403, "forbidden")


async def test_an_unknown_interpretation_is_not_found(desk: Desk) -> None:
    piece = Piece(desk, str(News().document), 1)
    for act in ACTS:
        refused(await piece.try_to(act), 404, "not_found")


async def test_a_repeated_draft_makes_one_interpretation(desk: Desk, news: News) -> None:
    await desk.hear(news.published())
    body = {**TEXT, "document": str(news.document)}
    headers = {**desk.editor, "Idempotency-Key": "draft-1"}
    answers = [await desk.client.post(f"{ROOT}/interpretations", json=body, headers=headers) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    assert len(await desk.list("interpretations", desk.editor)) == 1


async def test_every_act_leaves_one_audit_row(desk: Desk, news: News) -> None:
    await desk.hear(news.published())
    piece = await desk.public(news)
    await piece.act("withdraw", by=desk.reviewer)
    rows = await desk.platform.database("policy_interpretation").backbone.fetch(
        "select entry->>'action' as action, entry->>'actor' as actor, (entry->>'version')::int as version"
        " from audit_waiting where entry->>'thing' = $1 order by id",
        piece.id,
    )
    assert [tuple(row) for row in rows] == [
        ("policy_interpretation.draft", "editor", 1),
        ("policy_interpretation.approve", "reviewer", 2),
        ("policy_interpretation.release", "editor", 3),
        ("policy_interpretation.withdraw", "reviewer", 4),
    ]
