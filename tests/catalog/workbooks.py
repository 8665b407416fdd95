"""Spreadsheets as counties make them, for the tests of the import."""

import io
from collections.abc import Mapping, Sequence

import xlsxwriter

from services.catalog.rules.reading import Plan, plan
from services.catalog.rules.sheets import read_sheet
from services.catalog.workbook import read_workbook

HEADER = [
    [
        "序号",
        "公开事项",
        "公开事项",
        "公开内容(要素)",
        "公开依据",
        "公开时限",
        "公开主体",
        "公开渠道和载体",
        "公开对象",
        "公开对象",
        "公开方式",
        "公开方式",
        "公开层级",
        "公开层级",
    ],
    [
        "",
        "一级事项",
        "二级事项",
        "",
        "",
        "",
        "",
        "",
        "全社会",
        "特定群体(请写明)",
        "主动",
        "依申请公开",
        "县级",
        "乡、村级",
    ],
]
ROW = {
    "一级事项": "政策文件",
    "二级事项": "规范性文件",
    "公开内容(要素)": "文件名称\n文件正文",
    "公开依据": "《政府信息公开条例》",
    "公开时限": "信息形成之日起20个工作日内",
    "公开主体": "阳光县教育局",
    "公开渠道和载体": "■政府网站 □政府公报\n■两微一端 □发布会/听证会",
    "全社会": "√",
    "主动": "√",
    "县级": "√",
}
COLUMNS = [below or above for above, below in zip(*HEADER, strict=True)]
FIELDS = {"义务教育": "03", "城市综合执法": "17"}


def row(**changes: str) -> list[str]:
    """A row of the table, some cells of it changed."""
    cells = {**ROW, **changes}
    return [cells.get(name, "") for name in COLUMNS]


def workbook(
    rows: Sequence[Sequence[str]], *, merged: Sequence[str] = (), tab: str = "义务教育", title: str = "标准目录"
) -> bytes:
    """An xlsx file of one sheet: a title, the two-row header, the rows from the fourth row on."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet(tab)
        for number, cells in enumerate([[title], *HEADER, *rows]):
            for column, cell in enumerate(cells):
                sheet.write_string(number, column, cell)
        sheet.merge_range("B2:C2", "公开事项")
        for area in merged:
            sheet.merge_range(area, "")
            first = area.split(":")[0]
            column, number = ord(first[0]) - ord("A"), int(first[1:]) - 1
            sheet.write_string(number, column, ([[title], *HEADER, *rows])[number][column])
    return out.getvalue()


def planned(raw: bytes, fields: Mapping[str, str] | None = None) -> Plan:
    """What a file would change in an empty catalog of 阳光县."""
    known = FIELDS if fields is None else fields
    return plan([read_sheet(table, known) for table in read_workbook(raw)], known, [], "阳光县")
