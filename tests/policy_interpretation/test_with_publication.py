"""三同步 as the two services do it together: written, reviewed and published with the document."""

from tests.documents import Life
from tests.platform import Platform
from tests.policy_interpretation.desk import ROOT, Desk, News


async def test_a_document_and_its_interpretation_come_out_together(seeded: Platform) -> None:
    desk = Desk(seeded)
    life = await Life.draft(seeded, interpretation={"required": True})
    await life.act("submit")
    await seeded.drain()
    (duty,) = await desk.list("duties", desk.editor, document=life.id)
    assert (duty["state"], duty["due_on"]) == ("open", None)
    assert await desk.list("duties", document=life.id) == []

    news = News(document=duty["document"])
    piece = await desk.draft(news)
    await piece.act("approve", by=desk.reviewer)
    await seeded.drain()
    await life.act("approve", headers=life.reviewer)
    await life.act("publish")
    # Not a moment apart: publication shows what was ready in the commit that publishes the document.
    shown = (await life.page()).json()["interpretations"]
    assert [(i["id"], i["path"]) for i in shown] == [(piece.id, piece.path)]

    await seeded.drain()
    assert (await piece.read()).json()["document_path"] == f"/publication/documents/{life.id}"
    (duty,) = await desk.list("duties", document=life.id)
    assert (duty["state"], duty["overdue"]) == ("discharged", False)

    await life.act("withdraw", {"kind": "gone", "reason": "已废止"}, life.reviewer)
    await seeded.drain()
    assert (await piece.read()).status_code == 410
    assert await desk.list("duties", document=life.id) == []


async def test_an_interpretation_that_comes_later_joins_its_document(seeded: Platform) -> None:
    desk = Desk(seeded)
    life = await Life.published(seeded, interpretation={"required": True})
    await seeded.drain()
    (duty,) = await desk.list("duties", document=life.id)
    assert (duty["state"], duty["due_on"] is not None) == ("open", True)
    piece = await desk.public(News(document=duty["document"]))
    await seeded.drain()
    assert [i["id"] for i in (await life.page()).json()["interpretations"]] == [piece.id]
    await piece.act("withdraw", by=desk.reviewer)
    await seeded.drain()
    assert (await life.page()).json()["interpretations"] == []
    gone = await desk.client.get(f"{ROOT}/interpretations/{piece.id}")
    assert gone.status_code == 410
