"""From the lines of a spreadsheet to items, and from items to what an adoption would change."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import ValidationError

from libs.common.complaints import complaints
from services.catalog.rules import cells
from services.catalog.rules.items import ItemContent
from services.catalog.rules.levels import FIRST_RESERVED, is_reserved
from services.catalog.rules.sheets import Finding, Line, Sheet
from services.catalog.rules.traps import traps
from services.catalog.rules.wordings import read

_PUBLISHING = {"level_county": ["county"], "level_town": ["town"], "level_village": ["village"]}
_PUBLISHING["level_town_village"] = ["town", "village"]
_METHODS = {"主动": "proactive", "主动公开": "proactive", "依申请": "on_request", "依申请公开": "on_request"}
_ITEM_TYPES = {"政务服务事项": "service", "非政务服务事项": "other"}
_RULES = {"每项必选": "each", "至少选择其一": "any"}
_CONFIDENCES = {"有出处": "sourced", "高": "high", "中": "medium", "低": "low"}
_CONFIDENCES |= {name: name for name in _CONFIDENCES.values()}
_TEXTS = ("level1_item", "level2_item", "level3_item", "time_limit", "responsible_body", "section")
_OPTIONAL_TEXTS = ("enquiry_phone", "complaint_phone", "link", "source")


@dataclass(frozen=True)
class Known:
    """An item that is in the catalog."""

    code: str
    version: int
    content: ItemContent


@dataclass(frozen=True)
class Row:
    """A line that is an item. `code` is what the catalog says, or what it is given."""

    line: Line
    code: str | None
    content: ItemContent


@dataclass(frozen=True)
class Change:
    """What the adoption of a row would do."""

    kind: Literal["add", "change", "same"]
    code: str
    seen: int | None
    content: ItemContent
    changed: tuple[str, ...] = ()


@dataclass
class Plan:
    """A preview: every finding, and what the file would change."""

    findings: list[Finding] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    absent: list[str] = field(default_factory=list)


Taken = tuple[str, str, str]
"""A code that some item has, with its field and the name of its first level."""


def plan(
    sheets: Iterable[Sheet],
    fields: Mapping[str, str],
    known: Iterable[Known],
    place: str,
    taken: Iterable[Taken] = (),
    *,
    local: bool = False,
) -> Plan:
    """What the sheets say, compared with the catalog. `fields` are its field codes by name, `place` its county.

    `taken` are the codes of the whole installation; new items are `local` ones of a county below a province, or not.
    """
    made = Plan()
    here = {item.code: item for item in known}
    names = {_name(item.content): item.code for item in here.values()}
    fields, seen = dict(fields), dict[str, Line]()
    codes = _Codes([*taken, *((one.code, one.content.field, one.content.level1_item) for one in here.values())], local)
    for sheet in sheets:
        made.findings += sheet.findings
        for line in sheet.lines:
            row = _row(sheet, line, fields, place, made.findings)
            if row is None:
                continue
            code = row.code or names.get(_name(row.content)) or codes.free(row.content)
            if code in seen:
                there = seen[code]
                made.findings.append(
                    line.finding("error", "level2_item", f"与“{there.sheet}”第 {there.number} 行重复。")
                )
                continue
            seen[code] = line
            codes.take(code, row.content.field, row.content.level1_item)
            names.setdefault(_name(row.content), code)
            made.changes.append(_change(here.get(code), code, row.content))
    made.absent = sorted(set(here) - set(seen))
    return made


def _change(there: Known | None, code: str, content: ItemContent) -> Change:
    if there is None:
        return Change("add", code, None, content)
    changed = tuple(name for name in ItemContent.model_fields if getattr(there.content, name) != getattr(content, name))
    return Change("change" if changed else "same", code, there.version, content, changed)


def _name(content: ItemContent) -> tuple[str, str, str, str | None]:
    return content.field, content.level1_item, content.level2_item, content.level3_item


class _Codes:
    """Codes for new items: field, first level and second level by number, as 安徽 codes its items."""

    def __init__(self, known: Iterable[Taken], local: bool) -> None:
        self._least = FIRST_RESERVED if local else 1
        self._firsts: dict[tuple[str, str], str] = {}
        self._taken: set[str] = set()
        self._used: set[tuple[str, str]] = set()
        self._next: dict[str, int] = {}
        for item in known:
            self.take(*item)

    def take(self, code: str, field: str, level1_item: str) -> None:
        """A code that is given: its first level keeps the number that stands in it."""
        self._taken.add(code)
        first = code.removeprefix(field)[:3]
        self._firsts.setdefault((field, level1_item), first)
        self._used.add((field, first))

    def free(self, content: ItemContent) -> str:
        """The next code that nobody has."""
        field = content.field
        free = (number for n in range(self._least, 1000) if (field, number := f"{n:03}") not in self._used)
        first = self._firsts.get((field, content.level1_item)) or next(free, "999")
        least = 1 if is_reserved(field, f"{field}{first}001") else self._least
        for n in range(self._next.get(field + first, least), 100_000):
            if (code := f"{field}{first}{n:03}") not in self._taken:
                self._next[field + first] = n + 1
                return code
        raise AssertionError("no file has as many rows")


def _row(sheet: Sheet, line: Line, fields: dict[str, str], place: str, findings: list[Finding]) -> Row | None:
    """The item of a line; None when it is in error, or of no level that is kept here."""
    said: dict[str, Any] = {key: line.cells.get(key, "").strip() or None for key in (*_TEXTS, *_OPTIONAL_TEXTS)}
    name = line.cells.get("field") or sheet.field
    found = list(_complaints(line, said, name, sheet))
    levels = said.get("levels")
    if not found and not levels:
        findings.append(line.finding("warning", "levels", "该行只由上级公开,不含县、乡、村级,未读取。"))
        return None
    if not found:
        assert name is not None
        code = cells.plain(line.cells.get("code", "")) or None
        said["field"] = fields.setdefault(name, (code or "")[:2] or _free_field(fields))
        said["field_name"] = name
        try:
            content = ItemContent.model_validate(said)
        except ValidationError as error:
            for complaint in complaints(error.errors()):
                key = complaint["field"].split(".")[0]
                found.append(line.finding("error", key, complaint["message"]))
        else:
            findings += traps(line, place)
            findings += _unread(line, content)
            return Row(line, code, content)
    findings += found
    return None


def _unread(line: Line, content: ItemContent) -> Iterator[Finding]:
    if unread := read(content.time_limit).unread:
        yield line.finding("warning", "time_limit", f"时限“{'”“'.join(unread)}”无法计算到期日,按原文保留。")
    if content.confidence is None and (word := line.cells.get("confidence", "").strip()):
        yield line.finding("warning", "confidence", f"不认识的置信度“{word[:20]}”,未读取。")


def _free_field(fields: Mapping[str, str]) -> str:
    return next(f"{n:02}" for n in range(1, 100) if f"{n:02}" not in fields.values())


def _complaints(line: Line, said: dict[str, Any], name: str | None, sheet: Sheet) -> Iterator[Finding]:
    """Fill `said` with what is not plain text; complain of what cannot be told."""
    cell = line.cells.get
    if not name:
        yield line.finding("error", "field", "看不出属于哪个领域:请加“领域”一列,或用领域名称作工作表名。")
    said["content_elements"], said["optional_elements"] = cells.elements(cell("content_elements", ""))
    said["legal_basis"] = cells.legal_basis(cell("legal_basis", ""))
    said["channels"], unticked = cells.channels(cell("channels", ""))
    rule = "each" if sheet.ticks_are_required else _RULES.get(cell("channel_rule", ""))
    said["channel_rule"] = rule or "any"
    said["optional_channels"] = unticked if rule else []  # boxes are printed for all channels where nothing is said
    said["stages"] = cells.stages(cell("stages", ""))
    said["item_type"] = _ITEM_TYPES.get(cells.plain(cell("item_type", "")))
    _confidence(line, said)
    yield from _audience(line, said)
    yield from _method(line, said)
    ticked = [key for key in (*_PUBLISHING, "level_city") if cells.is_ticked(cell(key, ""))]
    said["levels"] = [level for key in ticked for level in _PUBLISHING.get(key, [])] or cells.levels(cell("levels", ""))
    if not said["levels"] and not ticked:
        yield line.finding("error", "levels", "没有勾选公开层级。")


def _confidence(line: Line, said: dict[str, Any]) -> None:
    """A column of its own is what counts; without one, what the source is tagged with."""
    if both := line.cells.get("source_confidence", ""):
        said["source"], said["confidence"] = cells.tagged_source(both)
    if word := cells.plain(line.cells.get("confidence", "")).lower():
        said["confidence"] = _CONFIDENCES.get(word)


def _audience(line: Line, said: dict[str, Any]) -> Iterator[Finding]:
    everybody, group = line.cells.get("audience_all", ""), line.cells.get("audience_specific", "")
    if cells.is_ticked(everybody) and cells.is_empty(group):
        said["audience"] = "all"
    elif not cells.is_empty(group) and cells.is_empty(everybody):
        named = cells.audience(f"特定群体:{group}") if not cells.is_ticked(group) else None
        said["audience"], said["audience_group"] = named or ("specific", None)
        if said["audience_group"] is None:
            yield line.finding("error", "audience_specific", "勾选了特定群体但没有写明是哪一群体。")
    elif found := cells.audience(line.cells.get("audience", "")):
        said["audience"], said["audience_group"] = found
        if found[0] == "specific" and not found[1]:
            yield line.finding("error", "audience", "公开对象为特定群体时应写明是哪一群体。")
    elif cells.is_empty(everybody) and cells.is_empty(group):
        yield line.finding("error", "audience_all", "“全社会”和“特定群体”都没有勾选。")
    else:
        yield line.finding("error", "audience_all", "“全社会”和“特定群体”只能勾选一个。")


def _method(line: Line, said: dict[str, Any]) -> Iterator[Finding]:
    proactive = cells.is_ticked(line.cells.get("method_proactive", ""))
    on_request = cells.is_ticked(line.cells.get("method_on_request", ""))
    if proactive != on_request:
        said["disclosure_method"] = "proactive" if proactive else "on_request"
    elif method := _METHODS.get(cells.plain(line.cells.get("disclosure_method", ""))):
        said["disclosure_method"] = method
    else:
        yield line.finding("error", "method_proactive", "“主动”和“依申请公开”应勾选且只勾选一个。")
