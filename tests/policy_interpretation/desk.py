"""What the tests of policy_interpretation need: news of documents, and hands that work on interpretations."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

import httpx

from libs.common.events import DocumentPrepared, DocumentPublished, DocumentWithdrawn, Event, Reach
from libs.common.identifiers import uuid7
from libs.common.outbox import emit
from tests.platform import Platform

Json = dict[str, Any]
SPRING = datetime(2026, 4, 28, 2, 0, tzinfo=UTC)
"""A Tuesday morning before the May holiday of 2026."""

TEXT: Json = {
    "title": "《阳光县临时救助实施办法》文字解读",
    "form": "text",
    "body_html": "<p>一、为什么出台这个办法</p><p>原有规定额度偏低。</p>",
    "sections": {"background": "原有规定额度偏低。", "scope": "在本县遭遇突发困难的家庭和个人。"},
}


@dataclass(frozen=True)
class News:
    """One document, and what publication may say of it."""

    document: UUID = field(default_factory=uuid7)
    region: str = "990001000000"
    organisation: str = "990001-jy"
    path: tuple[str, ...] = ("990001-jy", "990001-zf")
    title: str = "阳光县临时救助实施办法"

    def prepared(self, version: int = 1, **changes: Any) -> DocumentPrepared:
        """Submitted for review with its duty."""
        return DocumentPrepared(**{**self._about(version), "doc_number": None, **changes})

    def published(self, version: int = 2, at: datetime = SPRING, **changes: Any) -> DocumentPublished:
        """An edition went live at `at`, the first unless `first_published_at` says otherwise."""
        said: Json = {
            **self._about(version),
            "at": at,
            "edition": 1,
            "region_name": "阳光县",
            "organisation_name": "阳光县教育局",
            "index_number": "11990001MB0000038W/2026-00001",
            "doc_number": "阳教发〔2026〕3号",
            "catalog_item": "03001001",
            "field": "03",
            "theme": "民政\\减灾救济",
            "genre": "通知",
            "column": "政策文件",
            "keywords": [],
            "summary": "为进一步做好临时救助工作",
            "body_sha256": "0" * 64,
            "path": f"/publication/documents/{self.document}",
            "written_on": date(2026, 4, 20),
            "effective_on": None,
            "expires_on": None,
            "first_published_at": at,
            "published_at": at,
            "reach": Reach(),
            "interpretation_required": True,
        }
        return DocumentPublished(**{**said, **changes})

    def withdrawn(self, version: int = 3) -> DocumentWithdrawn:
        """Left the public."""
        return DocumentWithdrawn(
            **self._about(version),
            index_number="11990001MB0000038W/2026-00001",
            catalog_item="03001001",
            withdrawal="notice",
            reason="文件已经废止",
            redirect_to=None,
            reach=Reach(),
        )

    def _about(self, version: int) -> Json:
        return {
            "version": version,
            "at": SPRING,
            "document": self.document,
            "region": self.region,
            "organisation": self.organisation,
            "organisation_path": list(self.path),
            "title": self.title,
        }


class Desk:
    """The platform as policy_interpretation's staff and readers meet it."""

    def __init__(self, platform: Platform) -> None:
        self.platform = platform
        self.client = platform.client
        self.editor = platform.token("editor", subject="editor")
        self.reviewer = platform.token("reviewer", subject="reviewer")

    async def hear(self, *events: Event) -> None:
        """Let publication say `events`, and let everybody hear them."""
        for event in events:
            async with self.platform.database("publication").transaction() as session:
                await emit(session, event)
        await self.platform.drain()

    async def said(self, kind: str) -> list[Json]:
        """What this service has said of a kind, oldest first."""
        return [payload for _, payload in await self.platform.events("policy_interpretation", kind)]

    async def draft(self, news: News, **changes: Any) -> "Piece":
        """A new interpretation of a document."""
        body = {**TEXT, "document": str(news.document), **changes}
        response = await self.client.post(f"{ROOT}/interpretations", json=body, headers=self.editor)
        assert response.status_code == 201, response.text
        return Piece(self, response.json()["id"], response.json()["version"])

    async def public(self, news: News) -> "Piece":
        """A released interpretation of a document that is live."""
        piece = await self.draft(news)
        await piece.act("approve", by=self.reviewer)
        await piece.act("release")
        return piece

    async def list(self, what: str, headers: dict[str, str] | None = None, **params: Any) -> list[Json]:
        """The entries of a listing, for the public unless `headers` sign somebody in."""
        response = await self.client.get(f"{ROOT}/{what}", params=params, headers=headers)
        assert response.status_code == 200, response.text
        items: list[Json] = response.json()["items"]
        return items

    async def duty(self, news: News) -> Json:
        """The duty of a document, as staff see it."""
        (found,) = await self.list("duties", self.reviewer, document=str(news.document))
        return found


ROOT = "/policy-interpretation"


@dataclass
class Piece:
    """One interpretation and the acts on it; keeps the version that the next act must name."""

    desk: Desk
    id: str
    version: int

    @property
    def path(self) -> str:
        """Where it is."""
        return f"{ROOT}/interpretations/{self.id}"

    async def try_to(self, act: str, by: dict[str, str] | None = None) -> httpx.Response:
        """Take an act with the version last seen, whatever comes of it."""
        headers = {**(by or self.desk.editor), "If-Match": f'"v{self.version}"'}
        if act == "replace":
            return await self.desk.client.put(self.path, json=TEXT, headers=headers)
        body = {"reason": "数据与文件不一致"} if act in ("return", "withdraw") else None
        return await self.desk.client.post(f"{self.path}/{act}", json=body, headers=headers)

    async def act(self, act: str, by: dict[str, str] | None = None) -> Json:
        """Take an act and insist on success."""
        response = await self.try_to(act, by)
        assert response.status_code == 200, response.text
        answer: Json = response.json()
        self.version = answer["version"]
        assert response.headers["ETag"] == f'"v{self.version}"'
        return answer

    async def read(self, headers: dict[str, str] | None = None) -> httpx.Response:
        """Its page data, for the public unless `headers` sign somebody in."""
        return await self.desk.client.get(self.path, headers=headers)

    async def refresh(self) -> Json:
        """How it stands, as the reviewer sees it; a listener may have changed it."""
        answer: Json = (await self.read(self.desk.reviewer)).json()
        self.version = answer["version"]
        return answer


def refused(response: httpx.Response, status: int, code: str) -> None:
    """Insist on a refusal with this status and code."""
    assert (response.status_code, response.json()["code"]) == (status, code), response.text
