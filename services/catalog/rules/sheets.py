"""Finds the table of a catalog in a sheet: its header, whatever its wording, and its rows, cell by cell.

The columns are those of the national tables (merged two-row header) and the variants that counties print.
"""

import dataclasses
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

DEEPEST_HEADER = 10
"""The header stands in the first rows, under a title at most."""

_NAMES: Mapping[str, tuple[str, ...]] = {
    "number": ("序号",),
    "code": ("编码", "事项编码", "目录编码", "编号", "事项编号", "code"),
    "field": ("领域", "试点领域", "公开领域", "领域名称"),
    "level1_item": ("一级事项", "一级公开事项", "公开事项一级"),
    "level2_item": ("二级事项", "二级公开事项", "公开事项", "事项名称", "公开事项名称"),
    "level3_item": ("三级事项", "三级公开事项"),
    "content_elements": ("公开内容", "公开要素", "公开内容要素", "内容要素"),
    "legal_basis": ("公开依据", "法律依据", "依据"),
    "time_limit": ("公开时限", "时限"),
    "responsible_body": ("公开主体", "责任主体", "公开责任主体", "公开单位"),
    "channels": ("公开渠道和载体", "公开渠道", "公开载体", "公开渠道与载体", "公开渠道及载体", "渠道和载体"),
    "channel_rule": ("渠道要求",),
    "audience": ("公开对象",),
    "audience_all": ("全社会", "社会公众"),
    "audience_specific": ("特定群体", "特定群众", "特定对象", "特定人群"),
    "disclosure_method": ("公开方式",),
    "method_proactive": ("主动", "主动公开"),
    "method_on_request": ("依申请", "依申请公开"),
    "levels": ("公开层级",),
    "level_county": ("县级", "区级", "县区级", "县", "区"),
    "level_town": ("乡级", "镇级", "乡镇级", "镇街级", "街道级", "乡镇街道级"),
    "level_village": ("村级", "社区级", "村社区级"),
    "level_town_village": ("乡、村级", "乡村级", "乡级村级", "镇村级"),
    "level_city": ("市级", "省级", "地市级"),
    "stages": ("五公开", "公开环节"),
    "item_type": ("事项类型",),
    "section": ("责任科室", "责任股室", "承办科室"),
    "enquiry_phone": ("咨询电话", "联系电话"),
    "complaint_phone": ("监督举报电话", "监督电话", "举报电话"),
    "link": ("链接", "网址", "一键直达", "公开链接", "url"),
    "source": ("来源", "出处", "数据来源"),
    "confidence": ("置信度", "可信度", "可信程度", "置信程度"),
    "source_confidence": ("来源及置信度", "来源与置信度", "来源和置信度", "来源及可信度"),
}
_KEYS = {name: key for key, names in _NAMES.items() for name in (*names, key)}
_ENOUGH = 4  # known headings that make a row the header
_NOTE = re.compile(r"^(?:备?注|说明|填表说明|填报单位|填报时间)[::]?")
_SAME = re.compile(r"^(?:同上|同前|〃|″|\")$")
_OPTIONAL_TICKS = re.compile(r"□[^。;]{0,8}可选|可选项[^。;]{0,4}□|■[^。;]{0,8}必选")


@dataclass(frozen=True)
class Table:
    """A sheet: its name, and its rows as text, all of one length."""

    name: str
    rows: list[list[str]]


@dataclass(frozen=True)
class Finding:
    """Something wrong with a cell. An error keeps the file from being adopted, a warning does not."""

    severity: Literal["error", "warning"]
    sheet: str
    cell: str
    message: str


@dataclass(frozen=True)
class Line:
    """One row of a catalog: what its cells say by column key, and where each of them stands."""

    sheet: str
    number: int
    cells: dict[str, str]
    columns: dict[str, int]

    def finding(self, severity: Literal["error", "warning"], key: str, message: str) -> Finding:
        """A finding about the cell of `key`; about the row when it has no such column."""
        where = cell_name(self.number, self.columns[key]) if key in self.columns else f"第 {self.number} 行"
        return Finding(severity, self.sheet, where, message)


@dataclass
class Sheet:
    """What a sheet holds: its title, whether unticked boxes are optional channels, its lines."""

    name: str
    title: str = ""
    field: str | None = None
    ticks_are_required: bool = False
    lines: list[Line] = dataclasses.field(default_factory=list)
    findings: list[Finding] = dataclasses.field(default_factory=list)


def cell_name(row: int, column: int) -> str:
    """`C5`: as a spreadsheet shows it. `row` counts from 1, `column` from 0."""
    letters = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return f"{letters}{row}"


def read_sheet(table: Table, known_fields: Collection[str] = ()) -> Sheet:
    """The lines of a sheet, each `同上` and each first-level item that is left out filled from the line above."""
    sheet = Sheet(table.name)
    found = _header(table)
    if found is None:
        first = cell_name(1, 0)
        sheet.findings.append(Finding("error", table.name, first, "没有找到表头(一级事项、公开内容、公开时限等列)。"))
        return sheet
    top, height, columns = found
    above = [cell for row in table.rows[:top] for cell in row if cell]
    sheet.title = max(above, key=len, default="")
    sheet.field = _field_of(sheet, known_fields)
    everything = "".join(cell for row in table.rows for cell in row if "选" in cell)
    sheet.ticks_are_required = bool(_OPTIONAL_TICKS.search(everything))
    sheet.findings += _unknown(table, top, height, columns)
    last: dict[str, str] = {}
    for number, row in enumerate(table.rows[top + height :], top + height + 1):
        values = {cell for cell in row if cell}
        if not values or _NOTE.match(next(cell for cell in row if cell)) or _header_again(row):
            continue
        line = Line(table.name, number, {key: row[column] for key, column in columns.items()}, columns)
        sheet.findings += _fill(line, last)
        last = line.cells
        sheet.lines.append(line)
    return sheet


def _fill(line: Line, last: Mapping[str, str]) -> Iterator[Finding]:
    for key, cell in line.cells.items():
        if _SAME.match(cell):
            if not last.get(key):
                yield line.finding("error", key, "“同上”之上没有内容。")
            line.cells[key] = last.get(key, "")
        elif not cell and key in ("level1_item", "field") and last.get(key):
            line.cells[key] = last[key]


def _header(table: Table) -> tuple[int, int, dict[str, int]] | None:
    for top, row in enumerate(table.rows[:DEEPEST_HEADER]):
        if len({_KEYS[name] for cell in row if (name := _heading(cell)) in _KEYS}) < _ENOUGH:
            continue
        below = table.rows[top + 1] if top + 1 < len(table.rows) else []
        two_rows = _is_second_header(row, below)
        columns: dict[str, int] = {}
        for column, cell in enumerate(row):
            names = [_heading(below[column])] if two_rows else []
            for name in (*names, _heading(cell)):
                if name in _KEYS:
                    columns.setdefault(_KEYS[name], column)
                    break
        return top, 1 + two_rows, columns
    return None


def _is_second_header(row: list[str], below: list[str]) -> bool:
    """Whether the row below names the parts of headings that span several columns."""
    spanned = [column for column in range(1, len(below)) if row[column] in ("", row[column - 1])]
    return any(_heading(below[column]) in _KEYS and below[column] != row[column] for column in spanned)


def _header_again(row: list[str]) -> bool:
    """Long tables repeat their header on every page."""
    return len({name for cell in row if (name := _heading(cell)) in _KEYS}) >= _ENOUGH


def _unknown(table: Table, top: int, height: int, columns: Mapping[str, int]) -> Iterator[Finding]:
    for column, cell in enumerate(table.rows[top]):
        if cell and column not in columns.values() and any(row[column] for row in table.rows[top + height :]):
            yield Finding("warning", table.name, cell_name(top + 1, column), f"不认识的列“{cell[:20]}”,未读取。")


@lru_cache(maxsize=1024)
def _heading(cell: str) -> str:
    plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", cell))
    return re.sub(r"\([^()]*\)", "", plain).rstrip(":*").lower()


def _field_of(sheet: Sheet, known: Collection[str]) -> str | None:
    """The field that the sheet is about: one that is known, named in the title or on the tab, or else the tab."""
    for text in (sheet.title, sheet.name):
        if named := [name for name in known if name in text]:
            return max(named, key=len)
    tab = re.sub(r"^[\d.、\s]+", "", sheet.name)
    return tab if re.fullmatch(r"[一-龥()、]{2,20}", tab) and "目录" not in tab else None
