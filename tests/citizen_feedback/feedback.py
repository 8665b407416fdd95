"""Driving questions through their life in tests."""

from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import httpx

from libs.common.events import DocumentPublished, DocumentWithdrawn, Event, Reach
from libs.common.identifiers import uuid7
from libs.common.outbox import emit
from tests.platform import Platform

Json = dict[str, Any]

COUNTY, TOWN = "990001000000", "990001101000"
PATHS = {
    "990001-zf": ["990001-zf"],
    "990001-jy": ["990001-jy", "990001-zf"],
    "990001101-zf": ["990001101-zf", "990001-zf"],
}
WORDING = {"public_question": "耕地地力保护补贴何时发放?", "public_reply": "预计6月底前发放到户。"}
_MOMENT = datetime(2026, 3, 2, 1, 30, tzinfo=UTC)


def published(document: UUID | str, version: int = 4, **changes: Any) -> DocumentPublished:
    """What publication says of a live document."""
    organisation = changes.get("organisation", "990001-jy")
    said = {
        "version": version,
        "at": _MOMENT,
        "document": document,
        "region": COUNTY,
        "organisation": organisation,
        "organisation_path": PATHS[organisation],
        "title": "关于发放2026年耕地地力保护补贴的通知",
        "edition": 1,
        "region_name": "阳光县",
        "organisation_name": "阳光县人民政府",
        "index_number": "11990001MB00000115/2026-00012",
        "doc_number": None,
        "catalog_item": "03001001",
        "field": "03",
        "theme": "农业",
        "genre": "通知",
        "column": "政策文件",
        "keywords": [],
        "summary": "补贴发放。",
        "body_sha256": "0" * 64,
        "path": f"/publication/documents/{document}",
        "written_on": date(2026, 3, 1),
        "effective_on": None,
        "expires_on": None,
        "first_published_at": _MOMENT,
        "published_at": _MOMENT,
        "reach": Reach(),
        "interpretation_required": False,
    }
    return DocumentPublished.model_validate({**said, **changes})


def withdrawn(document: UUID | str, version: int = 5) -> DocumentWithdrawn:
    """What publication says of a withdrawn document."""
    return DocumentWithdrawn(
        version=version,
        at=_MOMENT,
        document=UUID(str(document)),
        region=COUNTY,
        organisation="990001-jy",
        organisation_path=PATHS["990001-jy"],
        title="关于发放2026年耕地地力保护补贴的通知",
        index_number="11990001MB00000115/2026-00012",
        catalog_item="03001001",
        withdrawal="gone",
        reason="内容有误",
        redirect_to=None,
        reach=Reach(),
    )


async def hear(platform: Platform, *events: Event) -> None:
    """Say events in publication's name and let them be heard."""
    for event in events:
        async with platform.database("publication").transaction() as session:
            await emit(session, event)
    await platform.drain()


async def live_document(platform: Platform, **changes: Any) -> str:
    """A document about which citizens may ask."""
    document = uuid7()
    await hear(platform, published(document, **changes))
    return str(document)


async def ask(platform: Platform, about: str, **changes: Any) -> httpx.Response:
    """Ask as a citizen does."""
    body = {"document": about, "question": "补贴什么时候发到户?", **changes}
    return await platform.client.post("/citizen-feedback/questions", json=body)


async def mine(platform: Platform, code: str) -> httpx.Response:
    """Look the answer up."""
    return await platform.client.get("/citizen-feedback/questions/mine", headers={"Query-Code": code})


async def responses(platform: Platform, document: str, **params: Any) -> Json:
    """The public replies about a document."""
    response = await platform.client.get("/citizen-feedback/responses", params={"document": document, **params})
    assert response.status_code == 200, response.text
    found: Json = response.json()
    return found


class Question:
    """One question and the acts on it; keeps the version that the next act must name."""

    def __init__(self, platform: Platform, document: str, receipt: Json) -> None:
        self.platform = platform
        self.document = document
        self.id: str = receipt["question_id"]
        self.code: str = receipt["query_code"]
        self.version = 1
        self.editor = platform.token("editor", organisation="990001-jy", subject="editor")
        self.reviewer = platform.token("reviewer", organisation="990001-jy", subject="reviewer")

    @classmethod
    async def asked(cls, platform: Platform, document: str | None = None, **changes: Any) -> "Question":
        """A question that was just received."""
        document = document or await live_document(platform)
        response = await ask(platform, document, **changes)
        assert response.status_code == 201, response.text
        return cls(platform, document, response.json())

    @classmethod
    async def shown(cls, platform: Platform, document: str | None = None, **changes: Any) -> "Question":
        """A question whose reply the public sees."""
        question = await cls.asked(platform, document, **changes)
        await question.replied()
        await question.done("publish", question.reviewer, **WORDING)
        return question

    async def replied(self) -> None:
        """Answer it."""
        await self.done("reply", self.editor, reply="您好,预计6月底前发放到户。")

    async def done(self, name: str, who: dict[str, str], **body: str) -> Json:
        """Take an act and insist on success."""
        response = await self.act(name, who, **body)
        assert response.status_code == 200, response.text
        answer: Json = response.json()
        self.version = answer["version"]
        return answer

    async def act(self, name: str, who: dict[str, str], **body: str) -> httpx.Response:
        """Take an act with the version last seen."""
        return await self.platform.client.post(
            f"/citizen-feedback/questions/{self.id}/{name}",
            json=body,
            headers={**who, "If-Match": f'"v{self.version}"'},
        )

    async def read(self, who: dict[str, str]) -> httpx.Response:
        """Open it as staff do."""
        return await self.platform.client.get(f"/citizen-feedback/questions/{self.id}", headers=who)
