"""A revision of the catalog, taken through its states over HTTP."""

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx

from libs.common import clock
from tests.platform import Platform, item

Json = dict[str, Any]
STATES = ("proposed", "checked", "consulting", "over", "adopted", "in_force")


def entry(code: str, field: str, version: int | None = None, **changes: Any) -> Json:
    """An item as an adjustment brings it."""
    return {**item(field, f"领域{field}"), "level2_item": f"事项{code}", "code": code, "version": version, **changes}


def adjustment(kind: str, items: list[str], entries: list[Json], **more: Any) -> Json:
    """One change of the catalog."""
    return {"kind": kind, "items": items, "entries": entries, "reason": "根据法律法规立改废情况调整。", **more}


def content(field: str, *adjustments: Json) -> Json:
    """What is said of a revision; of one that adds an item when nothing else is named."""
    made = adjustments or (adjustment("add", [], [entry(f"{field}001", field)]),)
    return {"field": field, "title": f"领域{field}目录修订", "reason": "动态调整。", "adjustments": list(made)}


@dataclass
class Revising:
    """A revision, as its people know it. `over`: a month has passed, and nobody is asked any more."""

    platform: Platform
    code: str
    field: str
    content: Json
    version: int = 1

    @classmethod
    async def begin(cls, platform: Platform, field: str, *adjustments: Json, code: str | None = None) -> "Revising":
        """Propose one."""
        made = cls(platform, code or f"R{field}", field, content(field, *adjustments))
        answer = await made.put(made.content)
        assert answer.status_code == 201, answer.text
        return made

    async def put(self, said: Json, seen: int | None = None) -> httpx.Response:
        """Put a proposal in place."""
        headers = self.platform.token("administrator") | ({"If-Match": f'"v{seen}"'} if seen else {})
        return await self.platform.client.put(f"/catalog/revisions/{self.code}", json=said, headers=headers)

    async def act(self, name: str, role: str, body: Json | None = None, **who: Any) -> httpx.Response:
        """Take an act on it as it is now."""
        headers = self.platform.token(role, **who) | {"If-Match": f'"v{self.version}"'}
        path = f"/catalog/revisions/{self.code}/{name}"
        answer = await self.platform.client.post(path, json=body, headers=headers)
        if answer.is_success:
            self.version = answer.json()["version"]
        return answer

    async def until(self, state: str) -> None:
        """Take it so far."""
        today = clock.local_date(clock.now())
        for step in STATES[1 : STATES.index(state) + 1]:
            if step == "checked":
                await self._do("check", "reviewer", {"passed": True, "opinion": "内容合法,程序合规。"})
            elif step == "consulting":
                await self._do("consult", "administrator", {"until": (today + timedelta(30)).isoformat()})
            elif step == "over":
                await self.let_a_month_pass()
            elif step == "adopted":
                await self._do("adopt", "reviewer", {"effective_on": today.isoformat()})
            else:
                await self._do("enforce", "administrator")

    async def let_a_month_pass(self) -> None:
        """The consultation began a month ago."""
        await self.platform.database("catalog").backbone.execute(
            "update revision set consulting_from = consulting_from - 31, consulting_until = consulting_until - 31"
            " where code = $1",
            self.code,
        )

    async def comment(self, text: str, item: str | None = None) -> Json:
        """Say something, as anybody."""
        path = f"/catalog/revisions/{self.code}/comments"
        answer = await self.platform.client.post(path, json={"text": text, "item": item})
        assert answer.status_code == 201, answer.text
        said: Json = answer.json()
        return said

    async def answer(self, number: int, outcome: str, seen: int = 1) -> httpx.Response:
        """Answer a comment."""
        headers = self.platform.token("administrator") | {"If-Match": f'"v{seen}"'}
        path = f"/catalog/revisions/{self.code}/comments/{number}/answer"
        said = {"outcome": outcome, "answer": "已研究。"}
        return await self.platform.client.post(path, json=said, headers=headers)

    async def _do(self, name: str, role: str, body: Json | None = None) -> None:
        answer = await self.act(name, role, body)
        assert answer.is_success, answer.text
