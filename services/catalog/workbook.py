"""Reads a spreadsheet (xlsx, xls, csv) into plain tables of text, merged cells filled.

It comes from outside: what is too large, packed to explode, computed, or not a table is refused with sheet and cell.
"""

import csv
import io
import re
import struct
import zipfile
from collections.abc import Iterator

import olefile
from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetVisibleEnum, ZipError

from libs.common.errors import Malformed
from services.catalog.rules.cells import as_written
from services.catalog.rules.sheets import Table, cell_name

MOST_ROWS = 10_000
MOST_COLUMNS = 100
MOST_SHEETS = 100
MOST_UNPACKED = 100_000_000
LONGEST_CELL = 5_000

_FORMULA = re.compile(rb"<c [^>]*?\br=\"([A-Z]{1,3}[0-9]{1,7})\"[^>]*>\s*<f[\s>/]")
_ANCHOR = re.compile(rb"<xdr:from>\s*<xdr:col>(\d+)</xdr:col>.*?<xdr:row>(\d+)</xdr:row>", re.DOTALL)
_PIECE = 1 << 20

# Records of a workbook of Excel 97 ([MS-XLS] 2.3): the begin of a substream and its kind, cells that are computed.
_BEGIN, _OF_A_SHEET, _COMPUTED = 0x0809, 0x0010, frozenset({0x0006, 0x0206, 0x0406})


def read_workbook(raw: bytes) -> list[Table]:
    """The sheets of a file that hold anything. Raises Malformed, which says where."""
    if raw[:4] == b"PK\x03\x04":
        _inspect(raw)
        tables = _sheets(raw)
    elif raw[:4] == b"\xd0\xcf\x11\xe0":
        _inspect_old(raw)
        tables = _sheets(raw)
    elif raw[:4] in (b"\x89PNG", b"GIF8", b"%PDF") or raw[:3] == b"\xff\xd8\xff":
        raise _bad("文件是图片或 PDF,不是表格。请上传 xlsx、xls 或 csv 文件。")
    else:
        tables = [_csv(raw)]
    filled = [table for table in tables if any(any(row) for row in table.rows)]
    if not filled:
        raise _bad("文件中没有内容。")
    return filled


def _bad(sentence: str) -> Malformed:
    return Malformed(sentence, field="body")


def _inspect(raw: bytes) -> None:
    """Refuse what must not be opened: archives that unpack without end, macros, formulas, pictures of text."""
    try:
        with zipfile.ZipFile(io.BytesIO(raw)) as archive:
            left = MOST_UNPACKED
            for entry in archive.infolist():
                if entry.filename.endswith("vbaProject.bin"):
                    raise _bad("文件带有宏。请另存为不带宏的 xlsx 文件。")
                content = bytearray()
                with archive.open(entry) as packed:
                    while piece := packed.read(_PIECE):  # the size that the archive tells may be a lie
                        left -= len(piece)
                        if left < 0:
                            raise _bad("文件解压后过大,可能已损坏或是恶意文件。")
                        if _looked_at(entry.filename):
                            content += piece
                _inspect_part(entry.filename, bytes(content))
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise _bad("文件已损坏或已加密,无法打开。") from error


def _looked_at(name: str) -> bool:
    return name.startswith(("xl/worksheets/sheet", "xl/drawings/drawing"))


def _inspect_part(name: str, content: bytes) -> None:
    number = "".join(re.findall(r"\d+", name.rpartition("/")[2]))
    if name.startswith("xl/worksheets/sheet") and (formula := _FORMULA.search(content)):
        raise _bad(f"第 {number} 张工作表的 {formula[1].decode()} 单元格是公式。请将公式粘贴为数值后再上传。")
    if name.startswith("xl/drawings/drawing") and (anchor := _ANCHOR.search(content)) and b"<xdr:pic" in content:
        where = cell_name(int(anchor[2]) + 1, int(anchor[1]))
        raise _bad(f"图 {number} 在 {where} 处:单元格中是图片而不是文字。请录入文字后再上传。")


def _inspect_old(raw: bytes) -> None:
    """The same of a file in the format of Excel 97, whose records tell what they are."""
    try:
        with olefile.OleFileIO(io.BytesIO(raw)) as archive:
            if archive.exists("_VBA_PROJECT_CUR") or archive.exists("Macros"):
                raise _bad("文件带有宏。请另存为不带宏的 xlsx 文件。")
            book: bytes = archive.openstream("Workbook").read()
    except (OSError, ValueError, IndexError, struct.error) as error:
        raise _bad("文件已损坏或已加密,无法打开。") from error
    at, sheet = 0, 0
    while at + 8 <= len(book):
        kind, length, first, second = struct.unpack_from("<4H", book, at)
        if kind == _BEGIN and second == _OF_A_SHEET:
            sheet += 1
        if kind in _COMPUTED:
            where = cell_name(first + 1, second)
            raise _bad(f"第 {sheet} 张工作表的 {where} 单元格是公式。请将公式粘贴为数值后再上传。")
        at += 4 + length


def _sheets(raw: bytes) -> list[Table]:
    try:
        with CalamineWorkbook.from_filelike(io.BytesIO(raw)) as book:
            shown = [s.name for s in book.sheets_metadata if s.visible == SheetVisibleEnum.Visible]
            if len(shown) > MOST_SHEETS:
                raise _bad(f"工作表超过 {MOST_SHEETS} 张。")
            return [_table(book.get_sheet_by_name(name)) for name in shown]
    except (CalamineError, ZipError, ValueError, OSError) as error:
        raise _bad("文件已损坏或已加密,无法打开。") from error


def _table(sheet: CalamineSheet) -> Table:
    _check_size(sheet.name, sheet.total_height, sheet.total_width)
    first_row, first_column = sheet.start or (0, 0)
    rows: list[list[str]] = [[] for _ in range(first_row)]
    rows += [[*[""] * first_column, *map(_text, row)] for row in sheet.to_python(skip_empty_area=True)]
    width = max(map(len, rows), default=0)
    rows = [row + [""] * (width - len(row)) for row in rows]
    for (top, left), (bottom, right) in sheet.merged_cell_ranges or []:
        for row in rows[top : bottom + 1]:
            row[left : right + 1] = [rows[top][left]] * (min(right + 1, width) - left)
    for number, row in enumerate(rows, 1):
        _check_cells(sheet.name, number, row)
    return Table(sheet.name, rows)


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _csv(raw: bytes) -> Table:
    reader = csv.reader(_lines(raw), strict=True)
    rows: list[list[str]] = []
    try:
        for row in reader:
            rows.append([as_written(cell.strip()) for cell in row])
            _check_size("csv", len(rows), len(row))
            _check_cells("csv", len(rows), rows[-1])
    except csv.Error:
        raise _bad(f"第 {reader.line_num} 行附近的引号不配对,无法按 CSV 读取。") from None
    return Table("csv", rows)


def _lines(raw: bytes) -> Iterator[str]:
    """The lines of a CSV file in UTF-8, or in GB 18030 as spreadsheets save it in China."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return iter(io.StringIO(raw.decode(encoding), newline=""))
        except UnicodeDecodeError:
            continue
    raise _bad("文件编码无法识别。请另存为 xlsx,或 UTF-8 编码的 CSV。")


def _check_size(sheet: str, rows: int, columns: int) -> None:
    if rows > MOST_ROWS:
        raise _bad(f"工作表“{sheet}”第 {MOST_ROWS + 1} 行起超出上限:一张表最多 {MOST_ROWS} 行。")
    if columns > MOST_COLUMNS:
        raise _bad(f"工作表“{sheet}”列数超出上限:最多 {MOST_COLUMNS} 列。")


def _check_cells(sheet: str, number: int, row: list[str]) -> None:
    for column, cell in enumerate(row):
        if len(cell) > LONGEST_CELL or "\x00" in cell:
            where = cell_name(number, column)
            raise _bad(f"工作表“{sheet}”{where} 单元格过长(最多 {LONGEST_CELL} 字)或含有非法字符。")
