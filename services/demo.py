"""The demo county: fictional 阳光县 in 晴川省, loaded through the public API, the way a county would work.

The province keeps the standard catalog, whose first edition is what is shipped; the county inherits it, adds an item of
its own and tightens another.

Every call carries an `Idempotency-Key`, so a load that was interrupted goes on where it stopped.
"""

import asyncio
import json
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from libs.common.issuer import DevelopmentIssuer
from libs.common.permission import Role
from libs.common.settings import Settings

DATA = Path(__file__).parents[1] / "demo"
PROVINCE = "990000000000"
COUNTY = "990001000000"
EFFECTS = (
    ("coverage", "coverage"),
    ("interpretation_duty", "duty"),
    ("response_record", "response"),
    ("county_listing", "county"),
    ("town_listing", "town"),
    ("village_listing", "village"),
)
_NOT_YET = "unknown_reference"
_RETRIES = 100
_RETRY_SECONDS = 0.05


class LoadFailed(Exception):
    """The platform refused a part of the demo county: data and rules have come apart."""


async def load(settings: Settings, port: int, console: Console) -> None:
    """Load the demo county, and print what followed from each document."""
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=30) as client:
        county = _County(client, DevelopmentIssuer(settings))
        columns = (
            TextColumn("Loading the demo county"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
        )
        with Progress(*columns, console=console) as progress:
            await county.load(progress)
    console.print(county.receipts)


class _County:
    def __init__(self, client: httpx.AsyncClient, issuer: DevelopmentIssuer) -> None:
        self._client = client
        self._issuer = issuer
        self.receipts = Table(box=SIMPLE, title="What followed from each document (milliseconds after it was accepted)")
        self.receipts.add_column("document", overflow="ellipsis", no_wrap=True)
        for _, title in EFFECTS:
            self.receipts.add_column(title, justify="right", no_wrap=True, min_width=len(title))

    async def load(self, progress: Progress) -> None:
        regions, organisations, documents, notices = map(_read, ("regions", "organisations", "documents", "notices"))
        task = progress.add_task("", total=2 + sum(map(len, (regions, organisations, documents, notices))))
        for kind, rows in (("regions", regions), ("organisations", organisations)):
            for row in rows:
                await self._admin(f"/catalog/{kind}/{row['code']}", _without(row, "code"))
                progress.advance(task)
        await self._standard((DATA / "items.csv").read_bytes())
        progress.advance(task)
        await self._local(_read("local"))
        progress.advance(task)
        for document in documents:
            await self._document(document)
            progress.advance(task)
        for notice in notices:
            await self._notice(notice)
            progress.advance(task)

    async def _document(self, document: dict[str, Any]) -> None:
        key, region = document["key"], document["region"]
        body = _without(document, "key", "interpretation_draft", "question")
        editor, reviewer = Role.EDITOR, Role.REVIEWER
        answer = await self._call("POST", "/publication/documents", key, editor, region, body)
        path, content_id = answer.json()["path"], answer.json()["content_id"]
        answer = await self._act(answer, f"{path}/submit", key, editor, region)
        if draft := document.get("interpretation_draft"):
            await self._interpretation(key, content_id, region, draft)
        answer = await self._act(answer, f"{path}/approve", key, reviewer, region)
        answer = await self._act(answer, f"{path}/publish", key, editor, region, prefer="wait=10")
        await self._receipt(document["title"], content_id)
        if question := document.get("question"):
            await self._question(key, content_id, region, question)

    async def _interpretation(self, key: str, content_id: str, region: str, draft: dict[str, Any]) -> None:
        root = "/policy-interpretation/interpretations"
        body = {**draft, "document": content_id}
        answer = await self._call("POST", root, f"{key}-interpretation", Role.EDITOR, region, body)
        await self._act(answer, f"{root}/{answer.json()['id']}/approve", f"{key}-interpretation", Role.REVIEWER, region)

    async def _question(self, key: str, content_id: str, region: str, asked: dict[str, Any]) -> None:
        root = "/citizen-feedback/questions"
        body = {"document": content_id, "question": asked["question"]}
        answer = await self._call("POST", root, f"{key}-question", None, region, body)
        path = f"{root}/{answer.json()['question_id']}"
        reply = {"reply": asked["reply"]}
        answer = await self._act(answer, f"{path}/reply", f"{key}-question", Role.EDITOR, region, reply, first='"v1"')
        public = {"public_question": asked["question"], "public_reply": asked["reply"]}
        await self._act(answer, f"{path}/publish", f"{key}-question", Role.REVIEWER, region, public)

    async def _notice(self, notice: dict[str, Any]) -> None:
        key, village = notice["key"], notice["village"]
        root = "/village-affairs/notices"
        body = _without(notice, "key")
        answer = await self._call("POST", root, key, Role.VILLAGE_CLERK, village, body)
        path = f"{root}/{answer.json()['id']}"
        for act, role, said in (
            ("submit", Role.VILLAGE_CLERK, None),
            (
                "supervise",
                Role.SUPERVISION_COMMITTEE,
                {"opinion": "经监督委员会审查,内容真实完整,同意公开。"},
            ),
            ("decide", Role.JOINT_MEETING, {"minutes_on": "2026-10-20"}),
            ("publish", Role.VILLAGE_CLERK, None),
        ):
            answer = await self._act(answer, f"{path}/{act}", key, role, village, said)

    async def _receipt(self, title: str, content_id: str) -> None:
        receipt = (await self._client.get(f"/publication/documents/{content_id}/propagation")).json()
        accepted = _moment(receipt["accepted_at"])
        applied = {e["name"]: _moment(e["at"]) - accepted for e in receipt["effects"] if e["at"]}
        waiting = {e["name"]: e["state"] for e in receipt["effects"]}
        cells = [f"{applied[name] * 1000:.0f}" if name in applied else waiting.get(name, "–") for name, _ in EFFECTS]
        self.receipts.add_row(title, *cells)

    async def _standard(self, raw: bytes) -> None:
        token = self._issuer.token([Role.ADMINISTRATOR], PROVINCE)
        headers = {"Authorization": f"Bearer {token}"}
        found = await self._client.post("/catalog/imports", content=raw, headers=headers)
        if not found.is_success:
            raise LoadFailed(f"POST /catalog/imports: {found.status_code} {found.text}")
        entries = [{**entry, "version": None} for entry in found.json()["items"]]  # as at the first attempt
        await self._admin("/catalog/items", {"items": entries})
        path = "/catalog/editions"
        await self._call("POST", path, f"demo-{path}", Role.ADMINISTRATOR, PROVINCE)

    async def _local(self, local: dict[str, list[dict[str, Any]]]) -> None:
        for item in local["items"]:
            await self._admin(f"/catalog/items/{item['code']}", _without(item, "code"), COUNTY)
        for terms in local["terms"]:
            path = f"/catalog/items/{terms['item']}/terms/{terms['region']}"
            await self._admin(path, _without(terms, "item", "region"), COUNTY)

    async def _admin(self, path: str, body: dict[str, Any], region: str = PROVINCE) -> None:
        await self._call("PUT", path, f"demo-{path}", Role.ADMINISTRATOR, region, body)

    async def _act(
        self,
        before: httpx.Response,
        path: str,
        key: str,
        role: Role,
        region: str,
        body: dict[str, Any] | None = None,
        *,
        prefer: str = "",
        first: str = "",
    ) -> httpx.Response:
        act = path.rsplit("/", 1)[1]
        headers = {"If-Match": before.headers.get("etag", first), "Prefer": prefer}
        return await self._call("POST", path, f"{key}-{act}", role, region, body, headers)

    async def _call(
        self,
        method: str,
        path: str,
        key: str,
        role: Role | None,
        region: str,
        body: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """One call with its idempotency key; repeated while what it refers to is still on its way between services."""
        sent = {**(headers or {}), "Idempotency-Key": key}
        if role is not None:
            sent["Authorization"] = f"Bearer {self._issuer.token([role], region)}"
        for _ in range(_RETRIES):
            answer = await self._client.request(method, path, json=body, headers=sent)
            if answer.is_success:
                return answer
            if answer.json().get("code") != _NOT_YET:
                break
            await asyncio.sleep(_RETRY_SECONDS)
        raise LoadFailed(f"{method} {path}: {answer.status_code} {answer.text}")


def _read(name: str) -> Any:
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


def _without(row: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def _moment(written: str) -> float:
    return datetime.fromisoformat(written).timestamp()
