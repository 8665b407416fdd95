"""Driving documents through their life in tests."""

from typing import Any

from tests.platform import Platform

Json = dict[str, Any]


def body(**changes: Any) -> Json:
    """A draft that may be published."""
    return {
        "title": "阳光县人民政府办公室关于做好2026年义务教育招生入学工作的通知",
        "body_html": "<p>各镇人民政府,县政府各部门:</p><p>现将有关事项通知如下。</p>",
        "region": "990001000000",
        "organisation": "990001-zf",
        "catalog_item": "03001001",
        "doc_number": "阳政发〔2026〕12号",
        "theme": "科技、教育\\教育",
        "genre": "通知",
        "column": "政策文件",
        "written_on": "2026-05-08",
        "reach": {"towns": "all", "villages": "all"},
        **changes,
    }


class Life:
    """One document and the acts on it; keeps the version that the next act must name."""

    def __init__(self, platform: Platform, content_id: str, version: int) -> None:
        self.platform = platform
        self.id = content_id
        self.version = version
        self.editor = platform.token("editor", subject="editor")
        self.reviewer = platform.token("reviewer", subject="reviewer")

    @classmethod
    async def draft(cls, platform: Platform, **changes: Any) -> "Life":
        """A document with its first draft."""
        editor = platform.token("editor", subject="editor")
        response = await platform.client.post("/publication/documents", json=body(**changes), headers=editor)
        assert response.status_code == 201, response.text
        return cls(platform, response.json()["content_id"], response.json()["version"])

    @classmethod
    async def published(cls, platform: Platform, **changes: Any) -> "Life":
        """A document that is live."""
        life = await cls.draft(platform, **changes)
        await life.approved()
        await life.act("publish")
        return life

    async def approved(self) -> None:
        """Submit and approve."""
        await self.act("submit")
        await self.act("approve", headers=self.reviewer)

    async def act(
        self,
        name: str,
        json: Json | None = None,
        headers: dict[str, str] | None = None,
        ok: bool = True,
        **more: str,
    ) -> Any:
        """Take an act with the version last seen; insists on success unless `ok` is False."""
        response = await self.platform.client.post(
            f"/publication/documents/{self.id}/{name}",
            json=json,
            headers={**(headers or self.editor), "If-Match": f'"v{self.version}"', **more},
        )
        if ok:
            assert response.is_success, response.text
        if response.is_success:
            self.version = response.json()["version"]
        return response

    async def page(self) -> Any:
        """The public page."""
        return await self.platform.client.get(f"/publication/documents/{self.id}")


async def listed(platform: Platform, region: str, **params: Any) -> list[str]:
    """The titles in a region's listing."""
    response = await platform.client.get(f"/publication/listings/{region}", params=params)
    assert response.status_code == 200, response.text
    return [entry["title"] for entry in response.json()["items"]]
