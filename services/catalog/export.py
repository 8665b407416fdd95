"""Writes the catalog as a file that people print and programs read back: xlsx, csv, json; and coverage as a table."""

import csv
import io
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from itertools import groupby
from typing import Any

import orjson
import xlsxwriter

from libs.common import clock
from services.catalog.rules.cells import disarmed

Card = Mapping[str, Any]

_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_TYPES = {"xlsx": _XLSX, "csv": "text/csv; charset=utf-8", "json": "application/json"}
Answers = dict[int | str, dict[str, Any]]


def _files(*kinds: str) -> Answers:
    return {200: {"content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in kinds}}}


FORMATS = _files(_XLSX, "text/csv", "application/json")
TABLES = _files(_XLSX, "text/csv")
_STATES = {"covered": "已公开", "missing": "未公开", "not_applicable": "不涉及"}
_STAGES = {"decision": "决策", "execution": "执行", "management": "管理", "service": "服务", "result": "结果"}
_ITEM_TYPES = {"service": "政务服务事项", "other": "非政务服务事项", None: ""}
_CONFIDENCES = {"sourced": "有出处", "high": "高", "medium": "中", "low": "低", None: ""}
_RULES = {"each": "每项必选", "any": "至少选择其一"}
_A3 = 8
_FORBIDDEN_IN_TAB = str.maketrans("", "", "[]:*?/\\'")


def _tick(test: Callable[[Card], bool]) -> Callable[[Card], str]:
    return lambda card: "√" if test(card) else ""


def _elements(card: Card) -> str:
    optional = set(card["optional_elements"])
    if not optional:
        return "\n".join(card["content_elements"])
    return "\n".join(("〇" if name in optional else "●") + name for name in card["content_elements"])


def _channels(card: Card) -> str:
    ticked = [f"■{name}" for name in card["channels"]]
    return "\n".join([*ticked, *(f"□{name}" for name in card["optional_channels"])])


# Heading, heading below it, width, and what stands in the cell: the national table, then what counties add to it.
_COLUMNS: list[tuple[str, str, int, Callable[[Card], str]]] = [
    ("编码", "", 12, lambda card: card["code"]),
    ("公开事项", "一级事项", 14, lambda card: card["level1_item"]),
    ("公开事项", "二级事项", 18, lambda card: card["level2_item"]),
    ("公开事项", "三级事项", 12, lambda card: card["level3_item"] or ""),
    ("公开内容(要素)", "", 30, _elements),
    ("公开依据", "", 30, lambda card: "\n".join(card["legal_basis"])),
    ("公开时限", "", 20, lambda card: card["time_limit"]),
    ("公开主体", "", 16, lambda card: card["responsible_body"]),
    ("公开渠道和载体", "", 22, _channels),
    ("渠道要求", "", 8, lambda card: _RULES[card["channel_rule"]]),
    ("公开对象", "全社会", 6, _tick(lambda card: card["audience"] == "all")),
    ("公开对象", "特定群体(请写明)", 10, lambda card: card["audience_group"] or ""),
    ("公开方式", "主动", 6, _tick(lambda card: card["disclosure_method"] == "proactive")),
    ("公开方式", "依申请公开", 6, _tick(lambda card: card["disclosure_method"] == "on_request")),
    ("公开层级", "县级", 6, _tick(lambda card: "county" in card["levels"])),
    ("公开层级", "乡级", 6, _tick(lambda card: "town" in card["levels"])),
    ("公开层级", "村级", 6, _tick(lambda card: "village" in card["levels"])),
    ("五公开", "", 8, lambda card: ";".join(_STAGES[stage] for stage in card["stages"])),
    ("事项类型", "", 10, lambda card: _ITEM_TYPES[card["item_type"]]),
    ("责任科室", "", 10, lambda card: card["section"] or ""),
    ("咨询电话", "", 12, lambda card: card["enquiry_phone"] or ""),
    ("监督举报电话", "", 12, lambda card: card["complaint_phone"] or ""),
    ("一键直达", "", 14, lambda card: card["link"] or ""),
    ("来源", "", 14, lambda card: card["source"] or ""),
    ("置信度", "", 7, lambda card: _CONFIDENCES[card["confidence"]]),
]


_Column = tuple[str, int, Callable[[Card], str]]
"""Of a table for people: heading, width, and what stands in the cell."""

_COVERAGE: list[_Column] = [
    ("编码", 12, lambda card: card["code"]),
    ("领域", 16, lambda card: card["field_name"]),
    ("一级事项", 18, lambda card: card["level1_item"]),
    ("二级事项", 28, lambda card: card["level2_item"]),
    ("三级事项", 16, lambda card: card["level3_item"] or ""),
    ("公开情况", 10, lambda card: _STATES[card["state"]]),
    ("网上公开(件)", 12, lambda card: str(card["documents"])),
    ("最近网上公开", 14, lambda card: _day(card["latest_published_at"])),
    ("线下公开(次)", 12, lambda card: str(card["offline_disclosures"])),
    ("最近线下公开", 14, lambda card: card["latest_disclosed_on"] or ""),
    ("不涉及的说明", 40, lambda card: card["not_applicable"] or ""),
]


def write_coverage(format: str, region: str, cards: Sequence[Card]) -> tuple[bytes, str]:
    """The coverage of the region of this name as a file of the format, and its media type."""
    return _write_table(format, f"{region}基层政务公开事项公开情况", _COVERAGE, cards)


def write_sums(
    format: str, title: str, key: str, counts: Mapping[str, str], cards: Sequence[Card]
) -> tuple[bytes, str]:
    """Sums as a file of the format, and its media type: a line for each `key`, a column for each of the counts."""
    columns: list[_Column] = [(f"{key}编码", 16, _text("key")), (key, 28, _text("name"))]
    columns += [(heading, 10, _text(name)) for name, heading in counts.items()]
    return _write_table(format, title, columns, cards)


def _text(name: str) -> Callable[[Card], str]:
    return lambda card: "" if card[name] is None else str(card[name])


def _write_table(format: str, title: str, columns: Sequence[_Column], cards: Sequence[Card]) -> tuple[bytes, str]:
    headings = [heading for heading, *_ in columns]
    rows = [[cell(card) for *_, cell in columns] for card in cards]
    if format == "csv":
        return _csv_table(headings, rows), _TYPES[format]
    out = io.BytesIO()
    with _workbook(out) as book:
        plain, head, large = _looks(book)
        sheet = book.add_worksheet("公开情况")
        sheet.merge_range(0, 0, 0, len(headings) - 1, title, large)
        for column, (heading, width, _) in enumerate(columns):
            sheet.set_column(column, column, width)
            sheet.write_string(1, column, heading, head)
        for number, row in enumerate(rows, 2):
            for column, text in enumerate(row):
                sheet.write_string(number, column, text, plain)
        _for_print(sheet, heading_rows=(1, 1), frozen=(2, 2))
        sheet.autofilter(1, 0, max(len(rows), 1) + 1, len(headings) - 1)
    return out.getvalue(), _TYPES[format]


def _day(moment: str | None) -> str:
    return clock.local_date(datetime.fromisoformat(moment)).isoformat() if moment else ""


def write(format: str, cards: Sequence[Card]) -> tuple[bytes, str]:
    """The items as a file of the format, and its media type."""
    if format == "json":
        return orjson.dumps({"items": cards}), _TYPES[format]
    return (_xlsx(cards) if format == "xlsx" else _csv(cards)), _TYPES[format]


def _csv(cards: Sequence[Card]) -> bytes:
    headings = ["领域", *(below or above for above, below, *_ in _COLUMNS)]
    return _csv_table(headings, ([card["field_name"], *(cell(card) for *_, cell in _COLUMNS)] for card in cards))


def _csv_table(headings: Sequence[str], rows: Iterable[Sequence[str]]) -> bytes:
    out = io.StringIO(newline="")
    writer = csv.writer(out)
    writer.writerow(headings)
    writer.writerows([disarmed(text) for text in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")  # spreadsheets take a file without the mark for GB 18030


def _xlsx(cards: Sequence[Card]) -> bytes:
    out = io.BytesIO()
    with _workbook(out) as book:
        looks = _looks(book)
        for (_, name), rows in groupby(cards, key=lambda card: (card["field"], card["field_name"])):
            _sheet(book, name, list(rows), *looks)
        if not cards:
            book.add_worksheet("目录")
    return out.getvalue()


def _workbook(out: io.BytesIO) -> Any:
    return xlsxwriter.Workbook(out, {"in_memory": True, "strings_to_urls": False, "strings_to_formulas": False})


def _looks(book: Any) -> tuple[Any, Any, Any]:
    """The formats of a cell, of a heading and of the title."""
    look = {"font_name": "宋体", "font_size": 9, "border": 1, "text_wrap": True, "valign": "vcenter"}
    plain, head = book.add_format(look), book.add_format({**look, "bold": True, "align": "center"})
    return plain, head, book.add_format({"font_name": "黑体", "font_size": 16, "align": "center", "valign": "vcenter"})


def _for_print(sheet: Any, heading_rows: tuple[int, int], frozen: tuple[int, int]) -> None:
    """As it comes out of a printer: on A3, as wide as the page, the headings on each."""
    sheet.freeze_panes(*frozen)
    sheet.repeat_rows(*heading_rows)
    sheet.set_landscape()
    sheet.set_paper(_A3)
    sheet.fit_to_pages(1, 0)


def _sheet(book: Any, name: str, cards: list[Card], plain: Any, head: Any, title: Any) -> None:
    sheet = book.add_worksheet(name.translate(_FORBIDDEN_IN_TAB)[:31])
    last = len(_COLUMNS)
    sheet.merge_range(0, 0, 0, last, f"{name}领域基层政务公开标准目录", title)
    sheet.merge_range(1, 0, 2, 0, "序号", head)
    spans = [(above, len(list(group))) for above, group in groupby(_COLUMNS, key=lambda column: column[0])]
    column = 1
    for above, width in spans:
        if width > 1:
            sheet.merge_range(1, column, 1, column + width - 1, above, head)
        else:
            sheet.merge_range(1, column, 2, column, above, head)
        column += width
    sheet.set_column(0, 0, 5)
    for column, (_, below, width, _cell) in enumerate(_COLUMNS, 1):
        sheet.set_column(column, column, width)
        if below:
            sheet.write_string(2, column, below, head)
    for number, card in enumerate(cards, 1):
        sheet.write_number(number + 2, 0, number, plain)
        for column, (*_, cell) in enumerate(_COLUMNS, 1):
            sheet.write_string(number + 2, column, cell(card), plain)
    _for_print(sheet, heading_rows=(1, 2), frozen=(3, 3))
