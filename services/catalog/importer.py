"""Brings a standard catalog from a spreadsheet into the platform: a preview, and then all of it or nothing."""

import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console

from libs.common.identifiers import uuid7

RETRY_SECONDS = (0.5, 2.0, 5.0)
_WORDS = {"error": "错误", "warning": "提醒"}


class ImportFailed(Exception):
    """Nothing of the file was imported; the message is for a person."""


def catalog_import(path: Path, url: str, token: str, *, preview: bool = False) -> int:
    """Import the file at `path` into the platform at `url`, or only tell what that would change.

    Returns the exit code. 0: every row is in the catalog now, or would be. 1: nothing was imported, and standard
    error says why and where.
    """
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    try:
        raw = path.read_bytes()
        with httpx.Client(base_url=url, headers={"Authorization": f"Bearer {token}"}, timeout=60) as client:
            return _import(client, raw, console, preview=preview)
    except ImportFailed as error:
        console.print(f"导入失败:{error}")
    except OSError as error:
        console.print(f"导入失败:无法读取 {path}({error.strerror})。")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        console.print(f"导入失败:无法访问 {url}({type(error).__name__})。目录没有变化,可以重新导入。")
    return 1


def _import(client: httpx.Client, raw: bytes, console: Console, *, preview: bool) -> int:
    found = _answer(lambda: client.post("/catalog/imports", content=raw))
    for finding in found["findings"]:
        console.print(f"{_WORDS[finding['severity']]} {finding['sheet']} {finding['cell']}:{finding['message']}")
    kinds = Counter(change["kind"] for change in found["changes"])
    told = f"新建 {kinds['add']} 项,修改 {kinds['change']} 项,未变 {kinds['same']} 项"
    if any(finding["severity"] == "error" for finding in found["findings"]):
        raise ImportFailed("请改正以上错误后重新导入,目录没有变化。")
    if preview:
        console.print(f"预览:将{told};文件中没有而目录中有的 {len(found['absent'])} 项保持不变。")
        return 0
    # One key: when the answer is lost, the repeated call is not refused for versions that it has changed itself.
    headers = {"Idempotency-Key": f"catalog-import-{uuid7()}"}
    _answer(lambda: client.put("/catalog/items", json={"items": found["items"]}, headers=headers))
    console.print(told)
    return 0


def _answer(call: Callable[[], httpx.Response]) -> dict[str, Any]:
    """What the platform answers; called again while it is out of reach. Raises ImportFailed when it refuses."""
    for pause in (*RETRY_SECONDS, None):
        try:
            answer = call()
        except httpx.TransportError:
            if pause is None:
                raise
        else:
            if answer.is_success:
                body: dict[str, Any] = answer.json()
                return body
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE or pause is None:
                raise ImportFailed(_reason(answer))
        time.sleep(pause)
    raise AssertionError("the last attempt answers or raises")


def _reason(answer: httpx.Response) -> str:
    if not answer.headers.get("content-type", "").startswith("application/problem+json"):
        return f"平台回答 HTTP {answer.status_code}。"
    problem = answer.json()
    found = [f"{error['field']}:{error['message']}" for error in problem.get("errors") or [] if error["field"]]
    return ";".join(found[:20]) or str(problem["detail"])
