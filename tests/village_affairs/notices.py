"""Driving notices and boards in tests."""

from datetime import UTC, date, datetime
from typing import Any, Self
from uuid import UUID, uuid4

import httpx

from libs.common.events import DocumentPublished, DocumentWithdrawn, Event, Reach
from libs.common.outbox import emit
from tests.platform import Platform

Json = dict[str, Any]

COUNTY, TOWN, OTHER_TOWN = "990001000000", "990001101000", "990001102000"
EAST, WEST, SOUTH = "990001101201", "990001101202", "990001102201"
"""Two villages of TOWN and one of OTHER_TOWN."""

ROLE_OF = {
    "edit": "village_clerk",
    "submit": "village_clerk",
    "supervise": "supervision_committee",
    "decide": "joint_meeting",
    "return": "joint_meeting",
    "publish": "village_clerk",
    "withdraw": "village_clerk",
}
"""Every act on a notice with a post that may take it."""

WAY = ("submit", "supervise", "decide", "publish", "withdraw")
STATES = ("draft", "submitted", "supervised", "decided", "live", "withdrawn")
"""The acts of a notice's whole life, and the states before, between and after them."""


def content(**changes: Any) -> Json:
    """What a notice says."""
    return {
        "category": "finance",
        "title": "东庄村2026年第三季度集体财务收支公开",
        "period": "2026年第三季度",
        "catalog_item": "27001001",
        "body_html": "<p>本季度收入合计21,500.00元,支出合计29,270.80元。</p>",
        **changes,
    }


def sent(act: str) -> Json | None:
    """The body that an act takes."""
    return {
        "edit": content(),
        "supervise": {"opinion": "已核对收支凭证,同意公布。"},
        "decide": {"minutes_on": "2026-11-20"},
        "return": {"reason": "第二笔支出金额有误。"},
        "withdraw": {"reason": "金额有误,更正后重新公布。"},
    }.get(act)


class Life:
    """One notice and the acts on it; keeps the version that the next act must name."""

    def __init__(self, platform: Platform, answer: httpx.Response) -> None:
        self.platform = platform
        self.id: str = answer.json()["id"]
        self.village: str = answer.json()["village"]
        self.version: int = answer.json()["version"]

    @classmethod
    async def draft(cls, platform: Platform, village: str = EAST, **changes: Any) -> Self:
        """A notice of which there is a draft."""
        clerk = platform.token("village_clerk", region=village)
        body = {"village": village, **content(**changes)}
        answer = await platform.client.post("/village-affairs/notices", json=body, headers=clerk)
        assert answer.status_code == 201, answer.text
        return cls(platform, answer)

    @classmethod
    async def in_state(cls, platform: Platform, state: str, village: str = EAST, **changes: Any) -> Self:
        """A notice that has come as far as `state`."""
        life = await cls.draft(platform, village, **changes)
        for act in WAY[: STATES.index(state)]:
            assert (await life.act(act)).is_success
        return life

    async def act(self, act: str, body: Json | None = None, headers: Json | None = None) -> httpx.Response:
        """Take an act in the village's own post with the version last seen, unless told otherwise."""
        post = self.platform.token(ROLE_OF[act], region=self.village)
        seen = {"If-Match": f'"v{self.version}"'}
        answer = await self.send(act, body, {**post, **seen, **(headers or {})})
        if answer.is_success:
            self.version = answer.json()["version"]
        return answer

    async def send(self, act: str, body: Json | None, headers: dict[str, str]) -> httpx.Response:
        """Send an act with exactly these headers."""
        path = f"/village-affairs/notices/{self.id}"
        body = sent(act) if body is None else body
        if act == "edit":
            return await self.platform.client.put(path, json=body, headers=headers)
        return await self.platform.client.post(f"{path}/{act}", json=body, headers=headers)

    async def page(self, headers: dict[str, str] | None = None) -> httpx.Response:
        """Its page, as anybody or as the caller of `headers` gets it."""
        return await self.platform.client.get(f"/village-affairs/notices/{self.id}", headers=headers)


def published(version: int = 1, **changes: Any) -> DocumentPublished:
    """The news that a document of the county went live, reaching all villages."""
    at = datetime(2026, 11, 20, 8, tzinfo=UTC)
    document: UUID = changes.pop("document", None) or uuid4()
    changes.setdefault("first_published_at", changes.get("published_at", at))
    said: Json = {
        "document": document,
        "region": COUNTY,
        "organisation": "990001-zf",
        "organisation_path": ["990001-zf"],
        "title": "关于做好冬季安全生产工作的通知",
        "version": version,
        "at": at,
        "edition": 1,
        "region_name": "阳光县",
        "organisation_name": "阳光县人民政府",
        "index_number": "11990001MB00000115/2026-00012",
        "doc_number": "阳政发〔2026〕12号",
        "catalog_item": "03001001",
        "field": "03",
        "theme": "安全生产",
        "genre": "通知",
        "column": "政策文件",
        "keywords": ["安全"],
        "summary": "冬季安全生产。",
        "body_sha256": "0" * 64,
        "path": f"/publication/documents/{document}",
        "written_on": date(2026, 11, 19),
        "effective_on": None,
        "expires_on": None,
        "first_published_at": at,
        "published_at": at,
        "reach": Reach(villages="all"),
        "interpretation_required": False,
        **changes,
    }
    return DocumentPublished(**said)


def withdrawn(event: DocumentPublished, version: int = 2) -> DocumentWithdrawn:
    """The news that the document of `event` was withdrawn."""
    same = event.model_dump(include={"document", "region", "organisation", "organisation_path", "title", "reach"})
    item = {"index_number": event.index_number, "catalog_item": event.catalog_item}
    why = {"withdrawal": "gone", "reason": "已失效。", "redirect_to": None}
    return DocumentWithdrawn(**same, **item, **why, version=version, at=event.at)


async def say(platform: Platform, *events: Event) -> None:
    """Let publication say `events`, in this order, and everybody hear them."""
    for event in events:
        async with platform.database(event.service()).transaction() as session:
            await emit(session, event)
    await platform.drain()


async def board(platform: Platform, village: str, **params: Any) -> list[Json]:
    """The entries of a village's board, all pages of it."""
    items: list[Json] = []
    while True:
        path = f"/village-affairs/villages/{village}/listing"
        answer = await platform.client.get(path, params=params)
        assert answer.status_code == 200, answer.text
        items += answer.json()["items"]
        cursor = answer.json()["next"]
        assert ("Link" in answer.headers) == (cursor is not None)
        if cursor is None:
            return items
        params["cursor"] = cursor


async def ids(platform: Platform, village: str, **params: Any) -> list[str]:
    """The ids on a village's board, in its order."""
    return [entry["id"] for entry in await board(platform, village, **params)]


async def audited(platform: Platform) -> list[Json]:
    """The acts that the audit of village_affairs waits to seal, in order."""
    backbone = platform.database("village_affairs").backbone
    rows = await backbone.fetch("select entry::jsonb ->> 'action' as action, entry from audit_waiting order by id")
    return [dict(row) for row in rows]


async def said(platform: Platform) -> list[str]:
    """The kinds of events that village_affairs has said, in order, without prefix and version."""
    return [kind.split(".", 1)[1].rsplit(".", 1)[0] for kind, _ in await platform.events("village_affairs")]
