"""Brings a standard catalog from a CSV file into the platform, row by row through the public API.

The header is that of `demo/items.csv`; lists are separated by semicolons. A row is refused with its number as
a spreadsheet shows it (the header is row 1) and the column at fault, and the other rows go on.
"""

import asyncio
import csv
import io
import re
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from rich.console import Console
from rich.progress import Progress

from libs.common.identifiers import uuid7

REQUIRED = (
    *("code", "field", "level1_item", "level2_item", "content_elements", "legal_basis", "time_limit"),
    *("responsible_body", "channels", "audience", "disclosure_method", "levels"),
)
OPTIONAL = ("level3_item", "source_confidence")
FIRST_ROW = 2
RETRY_SECONDS = (0.5, 2.0, 5.0)

_LEVELS = {"县级": "county", "乡级": "town", "村级": "village"}
_METHODS = {"主动": "proactive", "主动公开": "proactive", "依申请": "on_request", "依申请公开": "on_request"}
_EVERYBODY = "全社会"
# Colons and semicolons are typed in half width or full width.
_SEPARATOR = re.compile(r"[;\uff1b]")
_SPECIFIC = re.compile(r"特定群体\s*[:\uff1a]\s*(\S.*)", re.DOTALL)
_CODE = re.compile(r"[0-9]{2}[0-9A-Za-z_-]{1,38}")
_COLUMN_OF = {"field_name": "field", "audience_group": "audience", "source": "source_confidence"}

Row = Mapping[str, str]


class ImportFailed(Exception):
    """Nothing (more) of the file can be imported; the message is for a person."""


class BadRow(Exception):
    """A row that cannot be imported; the message names the column at fault, for a person."""


@dataclass(frozen=True)
class RefusedRow:
    """A row that was not imported."""

    number: int
    code: str
    reason: str


@dataclass
class Report:
    """What became of the rows."""

    created: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: list[RefusedRow] = field(default_factory=list)


def catalog_import(path: Path, url: str, token: str) -> int:
    """Import the file at `path` into the platform at `url`, showing progress. Returns the exit code.

    0: every row is in the catalog now. 1: rows were refused, or all of it failed; standard error says why.
    """
    console = Console(stderr=True, highlight=False, markup=False, soft_wrap=True)
    try:
        rows = read_rows(path.read_bytes())
        report = asyncio.run(_import_with_progress(console, rows, url, token))
    except ImportFailed as error:
        console.print(f"导入失败:{error}")
        return 1
    except OSError as error:
        console.print(f"导入失败:无法读取 {path}({error.strerror})。")
        return 1
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        console.print(f"导入中断:无法访问 {url}({type(error).__name__})。已导入的行不受影响,可以重新导入。")
        return 1
    for row in report.refused:
        console.print(f"第 {row.number} 行({row.code or '无编码'}){row.reason}")
    kept = f"新建 {report.created} 项,修改 {report.changed} 项,未变 {report.unchanged} 项"
    console.print(f"{kept},拒绝 {len(report.refused)} 行")
    return 1 if report.refused else 0


async def _import_with_progress(console: Console, rows: Sequence[Row], url: str, token: str) -> Report:
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=30) as client:
        with Progress(console=console) as progress:
            bar = progress.add_task("导入公开事项", total=len(rows))
            return await import_items(client, rows, lambda: progress.advance(bar))


def read_rows(raw: bytes) -> list[Row]:
    """The rows of a CSV file in UTF-8, or in GB 18030 as spreadsheets save it in China. Raises ImportFailed."""
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = raw.decode("gb18030")
        except UnicodeDecodeError:
            raise ImportFailed("文件编码无法识别,请另存为 UTF-8 编码的 CSV。") from None
    reader = csv.DictReader(io.StringIO(text, newline=""), restkey="", restval="", strict=True)
    try:
        header = reader.fieldnames or ()
        if missing := [name for name in REQUIRED if name not in header]:
            raise ImportFailed(f"表头缺少列:{'、'.join(missing)}")
        if unknown := [name for name in header if name not in (*REQUIRED, *OPTIONAL)]:
            raise ImportFailed(f"表头有不认识的列:{'、'.join(unknown)}")
        return list(reader)
    except csv.Error:
        raise ImportFailed(f"第 {reader.line_num} 行附近的引号不配对,无法按 CSV 读取。") from None


async def import_items(
    client: httpx.AsyncClient, rows: Sequence[Row], advance: Callable[[], None] = lambda: None
) -> Report:
    """Put each row's item in place. `client` has the platform as base address and an administrator's token.

    `advance` is called after each row. Raises ImportFailed when the platform refuses the caller, whatever the row.
    """
    report, run, rows_of = Report(), uuid7(), dict[str, int]()
    versions = await _versions(client)
    for number, row in enumerate(rows, FIRST_ROW):
        code = row["code"].strip()
        known = versions.get(code)
        try:
            if code in rows_of:
                raise _bad("code", f"编码与第 {rows_of[code]} 行重复")
            body = item_of(row)
            rows_of[code] = number
            # One key per run: when an answer is lost, the repeated call is not refused for its old version.
            headers = {"Idempotency-Key": f"catalog-import-{run}-{code}"}
            if known is not None:
                headers["If-Match"] = f'"v{known}"'
            version = await _put(client, f"/catalog/items/{code}", body, headers)
        except BadRow as bad:
            report.refused.append(RefusedRow(number, code, str(bad)))
        else:
            if known is None:
                report.created += 1
            elif version == known:
                report.unchanged += 1
            else:
                report.changed += 1
        advance()
    return report


def item_of(row: Row) -> dict[str, Any]:
    """The body of the item that a row describes. Raises BadRow for unknown words; the API checks the rest."""
    if "" in row:
        raise _bad("最后", "此行的列数多于表头,请检查是否有未加引号的逗号")
    code = row["code"].strip()
    if not _CODE.fullmatch(code):
        raise _bad("code", "编码应以两位领域编号开头,由数字、字母、“-”“_”组成,例如 03001002")
    audience, group = _audience(row["audience"].strip())
    return {
        "field": code[:2],
        "field_name": row["field"],
        "level1_item": row["level1_item"],
        "level2_item": row["level2_item"],
        "level3_item": row.get("level3_item", "").strip() or None,
        "content_elements": _list(row["content_elements"]),
        "legal_basis": _list(row["legal_basis"]),
        "time_limit": row["time_limit"],
        "responsible_body": row["responsible_body"],
        "channels": _list(row["channels"]),
        "audience": audience,
        "audience_group": group,
        "disclosure_method": _one_of(_METHODS, "disclosure_method", row["disclosure_method"].strip()),
        "levels": [_one_of(_LEVELS, "levels", level) for level in _list(row["levels"])],
        "source": row.get("source_confidence", "").strip() or None,
    }


def _audience(written: str) -> tuple[str, str | None]:
    if written == _EVERYBODY:
        return "all", None
    if (specific := _SPECIFIC.fullmatch(written)) is None:
        raise _bad("audience", f"“{written}”应为“全社会”,或“特定群体:”加群体名称")
    return "specific", specific[1]


def _one_of(known: Mapping[str, str], column: str, written: str) -> str:
    if written not in known:
        raise _bad(column, f"“{written}”只能是 {'、'.join(known)}")
    return known[written]


def _list(written: str) -> list[str]:
    return [part.strip() for part in _SEPARATOR.split(written) if part.strip()]


def _bad(column: str, sentence: str) -> BadRow:
    return BadRow(f"{column} 列:{sentence}")


async def _versions(client: httpx.AsyncClient) -> dict[str, int]:
    """The version of every item that is in the catalog already."""
    versions: dict[str, int] = {}
    query: dict[str, str | int] = {"limit": 100}
    while True:
        answer = await client.get("/catalog/items", params=query)
        if not answer.is_success:
            raise ImportFailed(_reason(answer))
        page = answer.json()
        versions.update((item["code"], item["version"]) for item in page["items"])
        if page["next"] is None:
            return versions
        query["cursor"] = page["next"]


async def _put(client: httpx.AsyncClient, path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> int:
    """PUT, patiently, and return the item's version. Raises BadRow, or ImportFailed for a caller who may not."""
    answer = await _patiently(lambda: client.put(path, json=body, headers=headers))
    if answer.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
        raise ImportFailed(_reason(answer))
    if not answer.is_success:
        raise BadRow(_reason(answer))
    return int(answer.json()["version"])


async def _patiently(call: Callable[[], Awaitable[httpx.Response]]) -> httpx.Response:
    """Call again while the platform is out of reach; an idempotency key must make that safe."""
    for pause in RETRY_SECONDS:
        try:
            answer = await call()
            if answer.status_code != httpx.codes.SERVICE_UNAVAILABLE:
                return answer
        except httpx.TransportError:
            pass
        await asyncio.sleep(pause)
    return await call()


def _reason(answer: httpx.Response) -> str:
    """Why the platform refused, by columns where it says which."""
    if not answer.headers.get("content-type", "").startswith("application/problem+json"):
        return f"平台回答 HTTP {answer.status_code}"
    problem = answer.json()
    found = [
        f"{_column(error['field'])} 列:{error['message']}" for error in problem.get("errors") or [] if error["field"]
    ]
    return ";".join(found) or str(problem["detail"])


def _column(path: str) -> str:
    """The column of a field such as `body.content_elements.0`."""
    name = path.split(".")[1] if path.startswith("body.") else path
    return _COLUMN_OF.get(name, name)
