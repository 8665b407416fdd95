"""The life of a document, through HTTP."""

from tests.documents import Life, listed
from tests.platform import Platform


async def test_a_published_document_is_on_its_page_and_in_the_listings(seeded: Platform) -> None:
    life = await Life.published(seeded, title="全县通知")
    page = (await life.page()).json()
    assert page["title"] == "全县通知"
    assert page["index_number"].startswith("11990001MB00000115/2026-")
    for region in ("990001", "990001101", "990001101201"):
        assert await listed(seeded, region) == ["全县通知"]


async def test_a_withdrawn_document_is_in_no_listing(seeded: Platform) -> None:
    life = await Life.published(seeded)
    await life.act("withdraw", {"kind": "notice", "reason": "已废止"}, life.reviewer)
    assert await listed(seeded, "990001") == []
    page = (await life.page()).json()
    assert page["state"] == "withdrawn"
    assert page["reason"] == "已废止"
    assert "body_html" not in page
