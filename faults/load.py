"""The load generator, a process of its own: clerks that come at a fixed rate, whether or not earlier ones were served,
as long as there are clerks: a county has no more of them than sit at its desks.

Each clerk takes one document (or village notice) through its acts. A request whose answer is not known is repeated
with the same `Idempotency-Key`, at whichever address answers, until it is known. SIGTERM lets no further clerk in;
those at work finish, for at most `patience` seconds.
"""

import asyncio
import itertools
import random
import signal
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import uvloop
from pydantic import BaseModel

from faults.ledger import Answer, Ledger, Line, now

ATTEMPT_SECONDS = 10.0
MOST_CLERKS = 200
"""How many are at work at most. After a long fault thousands would come at once, which the platform never sees."""

WITHDRAW_EVERY = 7
AMEND_SHARE, NOTICE_SHARE = 0.4, 0.06
UNKNOWN_STATUSES = {500, 502, 503, 504}
NOT_NOW = {401, 429}
"""Refused without having been done, but not for good: another address or a moment later may accept it."""


class Plan(BaseModel):
    """What a run is told, in the file that its command line names. `tokens`: role to Authorization header."""

    urls: list[str]
    ledger: Path
    rate: float
    hot: int
    patience: float
    seed: int
    poison_every: int
    tokens: dict[str, str]


@dataclass
class Thing:
    """A document or notice as its clerk knows it."""

    service: str
    id: str
    etag: str
    number: int


@dataclass
class Desk:
    """Everything that the clerks of one run share."""

    plan: Plan
    ledger: Ledger
    client: httpx.AsyncClient
    chance: random.Random
    run: str = field(default_factory=lambda: uuid4().hex[:8])
    hot: list[Thing] = field(default_factory=list)
    busy: set[str] = field(default_factory=set)
    failures: list[asyncio.Task[None]] = field(default_factory=list)
    next_url: int = 0

    async def act(self, thing: Thing, act: str, path: str, role: str, body: dict[str, Any] | None) -> dict[str, Any]:
        """One act, repeated under its key until it is known what came of it. Raises Refused."""
        key = f"{self.run}-{thing.number}-{act}-{thing.etag.strip(chr(34))}"
        headers = {"Authorization": self.plan.tokens[role], "Idempotency-Key": key}
        if thing.etag:
            headers["If-Match"] = thing.etag
        for attempt in itertools.count():
            self.next_url += 1  # in turn, as a reverse proxy does; also on to the next one after a failure
            url = self.plan.urls[self.next_url % len(self.plan.urls)]
            self.ledger.write(Line(now(), key, thing.service, act, thing.id, "sent"))
            started = now()
            try:
                response = await self.client.post(f"{url}/{thing.service}{path}", json=body, headers=headers)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                answer, status, told, detail = self._nothing("refused", error)
            except (httpx.HTTPError, AttributeError) as error:  # the latter from anyio: closed while it was opened
                answer, status, told, detail = self._nothing("unknown", error)
            else:
                answer, status, told, detail = _answer(response)
            known = told.get("content_id") or told.get("id") or thing.id
            version = int(told.get("version", 0)) if answer == "ok" else 0
            took = now() - started
            self.ledger.write(Line(now(), key, thing.service, act, known, answer, status, version, took, detail))
            if answer == "ok":
                thing.id, thing.etag = known, response.headers.get("etag", f'"v{version}"')
                return told
            if answer == "refused" and status not in NOT_NOW and status:
                raise Refused(detail)
            await asyncio.sleep(min(0.05 * 2 ** min(attempt, 5), 1.0) * (0.5 + self.chance.random()))
        raise AssertionError("unreachable")

    def _nothing(self, answer: Answer, error: Exception) -> tuple[Answer, int, dict[str, Any], str]:
        return answer, 0, {}, type(error).__name__


class Refused(Exception):
    """The platform refused a legal act."""


def _answer(response: httpx.Response) -> tuple[Answer, int, dict[str, Any], str]:
    status = response.status_code
    if response.is_success:
        return "ok", status, response.json(), response.headers.get("idempotency-replayed", "")
    return ("unknown" if status in UNKNOWN_STATUSES else "refused"), status, {}, response.text[:300]


async def _review(desk: Desk, thing: Thing) -> None:
    base = f"/documents/{thing.id}"
    await desk.act(thing, "submit", f"{base}/submit", "editor", None)
    await desk.act(thing, "approve", f"{base}/approve", "reviewer", None)
    await desk.act(thing, "publish", f"{base}/publish", "editor", None)


async def _document(desk: Desk, number: int) -> None:
    """A new document; every seventh is withdrawn again, the first ones become the hot ones."""
    thing = Thing("publication", "", "", number)
    await desk.act(thing, "draft", "/documents", "editor", _draft(desk, number, "文件"))
    await _review(desk, thing)
    if number % WITHDRAW_EVERY == 0:
        how = {"kind": "gone", "reason": "测试"}
        await desk.act(thing, "withdraw", f"/documents/{thing.id}/withdraw", "reviewer", how)
    elif len(desk.hot) < desk.plan.hot:
        desk.hot.append(thing)


async def _amend(desk: Desk, thing: Thing, number: int) -> None:
    """A later edition of a hot document."""
    desk.busy.add(thing.id)
    try:
        body = _draft(desk, number, "修订")
        await desk.act(thing, "new_edition", f"/documents/{thing.id}/editions", "editor", body)
        await _review(desk, thing)
    finally:
        desk.busy.discard(thing.id)


async def _notice(desk: Desk, number: int) -> None:
    """A village notice, from its clerk to the board."""
    thing = Thing("village-affairs", "", "", number)
    content = {
        "village": "990001101201",
        "category": "finance",
        "title": f"收支公开 {desk.run} {number}",
        "period": "2026年第三季度",
        "catalog_item": "27001001",
        "body_html": "<p>本季度收入合计21,500.00元。</p>",
    }
    await desk.act(thing, "draft", "/notices", "village_clerk", content)
    base = f"/notices/{thing.id}"
    await desk.act(thing, "submit", f"{base}/submit", "village_clerk", None)
    await desk.act(thing, "supervise", f"{base}/supervise", "supervision_committee", {"opinion": "同意公布。"})
    await desk.act(thing, "decide", f"{base}/decide", "joint_meeting", {"minutes_on": "2026-05-20"})
    await desk.act(thing, "publish", f"{base}/publish", "village_clerk", None)


def _draft(desk: Desk, number: int, word: str) -> dict[str, Any]:
    poisoned = desk.plan.poison_every and number % desk.plan.poison_every == 0
    return {
        "title": f"{'有毒' if poisoned else ''}{word} {desk.run} {number}",
        "body_html": "<p>各镇人民政府,县政府各部门:</p><p>现将有关事项通知如下。</p>",
        "region": "990001000000",
        "organisation": "990001-zf",
        "catalog_item": "03001001",
        "theme": "科技、教育\\教育",
        "genre": "通知",
        "column": "政策文件",
        "written_on": "2026-05-08",
        "reach": {"towns": "all", "villages": "all"},
        "interpretation": {"required": number % 2 == 0},
    }


async def _clerk(desk: Desk, number: int) -> None:
    dice = desk.chance.random()
    free = [thing for thing in desk.hot if thing.id not in desk.busy]
    try:
        if dice < NOTICE_SHARE:
            await _notice(desk, number)
        elif dice < NOTICE_SHARE + AMEND_SHARE and free:
            await _amend(desk, desk.chance.choice(free), number)
        else:
            await _document(desk, number)
    except Refused:
        return  # the ledger has it


async def run(plan: Plan) -> None:
    """Run the load until SIGTERM."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGTERM, stop.set)
    limits = httpx.Limits(max_connections=2 * MOST_CLERKS, max_keepalive_connections=40)
    async with httpx.AsyncClient(timeout=ATTEMPT_SECONDS, limits=limits, trust_env=False) as client:
        desk = Desk(plan, Ledger(plan.ledger), client, random.Random(plan.seed))
        clerks: set[asyncio.Task[None]] = set()
        started = loop.time()
        for number in itertools.count(1):
            wait = started + number / plan.rate - loop.time()
            if wait > 0:
                try:
                    async with asyncio.timeout(wait):
                        await stop.wait()
                except TimeoutError:
                    pass
            if stop.is_set():
                break
            clerks = {clerk for clerk in clerks if not clerk.done()}
            if len(clerks) < MOST_CLERKS:
                clerk = asyncio.create_task(_clerk(desk, number))
                clerk.add_done_callback(lambda ended: desk.failures.append(ended) if ended.exception() else None)
                clerks.add(clerk)
        if clerks:
            await asyncio.wait(clerks, timeout=plan.patience)
        for failed in desk.failures:  # a mistake of the generator: no result may rest on it
            failed.result()


def main(arguments: Sequence[str]) -> int:
    """The process: its only argument is the file of its plan."""
    uvloop.run(run(Plan.model_validate_json(Path(arguments[0]).read_text(encoding="utf-8"))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
