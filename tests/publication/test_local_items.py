"""A county's own item is for itself and those below: nobody else files a document under it."""

import pytest

from tests.catalog.news import say
from tests.platform import Platform
from tests.publication.test_retired_items import drafted, news

LOCAL = "03900009"


@pytest.mark.parametrize(("keeper", "status"), [("990001000000", 201), ("990002000000", 422), (None, 201)])
async def test_a_document_comes_under_the_standard_or_an_item_of_its_own_county(
    seeded: Platform, keeper: str | None, status: int
) -> None:
    await say(seeded, news(1, LOCAL, region=keeper))
    answer = await drafted(seeded, catalog_item=LOCAL)
    assert answer.status_code == status, answer.text
    if status == 422:
        assert answer.json()["errors"][0] == {"field": "body.catalog_item", "message": "该公开事项是其他县的本地事项。"}
