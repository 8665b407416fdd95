"""Catalogs in spreadsheets: read as counties write them, refused where they must be, written and read back."""

import io
import zipfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.common.errors import Malformed
from services.catalog.export import write
from services.catalog.rules.cells import as_written, disarmed
from services.catalog.rules.items import ItemContent, check_item
from services.catalog.rules.reading import Known, plan
from services.catalog.rules.sheets import read_sheet
from services.catalog.rules.wordings import read
from services.catalog.workbook import MOST_ROWS, read_workbook
from tests.catalog.workbooks import FIELDS, ROW, planned, row, workbook
from tests.platform import item

DEMO = Path(__file__).parents[2] / "demo" / "items.csv"
FILES = Path(__file__).parent / "files"
"""As a program of those years writes them: the twin of a workbook of two rows, and a formula."""


def found(raw: bytes) -> list[tuple[str, str]]:
    """Severity and cell of what is wrong with a file."""
    return [(finding.severity, finding.cell) for finding in planned(raw).findings]


def test_a_table_as_the_ministries_print_it() -> None:
    made = planned(workbook([row()]))
    assert made.findings == []
    [change] = made.changes
    assert (change.kind, change.code) == ("add", "03001001")
    content = change.content
    assert (content.field, content.field_name) == ("03", "义务教育")
    assert content.content_elements == ["文件名称", "文件正文"]
    assert (content.channels, content.channel_rule, content.optional_channels) == (["政府网站", "两微一端"], "any", [])
    assert (content.audience, content.disclosure_method, content.levels) == ("all", "proactive", ["county"])


# The ten traps of real catalogs.


def test_trap_1_merged_cells_and_same_as_above() -> None:
    rows = [
        row(),
        row(一级事项="", 二级事项="其他文件", 公开依据="同上"),
        row(一级事项="", 二级事项="政策解读", 公开依据="同上"),
    ]
    for made in (planned(workbook(rows, merged=["B4:B6"])), planned(workbook(rows))):
        assert made.findings == []
        assert {change.content.level1_item for change in made.changes} == {"政策文件"}
        assert {tuple(change.content.legal_basis) for change in made.changes} == {("《政府信息公开条例》",)}
    assert found(workbook([row(公开依据="同上")])) == [("error", "E4")]


@pytest.mark.parametrize("basis", ["《中华人民共和国收养法》", "《政府信息公开条例》(国务院令第492号)"])
def test_trap_2_repealed_law(basis: str) -> None:
    assert found(workbook([row(公开依据=basis)])) == [("warning", "E4")]


def test_trap_2_a_body_that_is_no_more() -> None:
    assert found(workbook([row(公开主体="县扶贫办")])) == [("warning", "G4")]


def test_trap_3_the_same_second_level_under_two_first_levels() -> None:
    made = planned(workbook([row(), row(一级事项="招生管理"), row()]))
    assert [change.code for change in made.changes] == ["03001001", "03002001"]
    assert [(finding.severity, finding.cell) for finding in made.findings] == [
        ("error", "C6")
    ]  # the third is the first


def test_traps_4_and_5_two_limits_and_a_missing_word() -> None:
    made = planned(workbook([row(公开时限="指南20工作日内;结果7个工作日内")]))
    assert made.findings == []
    assert [limit.subject for limit in read(made.changes[0].content.time_limit).limits] == ["指南", "结果"]


def test_a_limit_that_cannot_be_read_is_kept_and_said() -> None:
    made = planned(workbook([row(公开时限="择机公开")]))
    assert [(finding.severity, finding.cell) for finding in made.findings] == [("warning", "F4")]
    assert made.changes[0].content.time_limit == "择机公开"


def test_trap_6_the_name_of_another_county() -> None:
    assert found(workbook([row(公开主体="凤阳县教育局")])) == [("warning", "G4")]
    assert found(workbook([row(公开主体="县级教育部门;各区教育局")])) == []


def test_trap_7_a_law_of_another_matter() -> None:
    assert found(workbook([row(二级事项="道路挖掘审批", 公开依据="《城镇燃气管理条例》")])) == [("warning", "E4")]


@pytest.mark.parametrize("mark", "■▄▲R£tþ◆√✓☑")
@pytest.mark.parametrize("empty", ["□", "口", "○"])
def test_trap_8_boxes_broken_by_fonts(mark: str, empty: str) -> None:
    channels = f"{mark}政府网站 {empty}政府公报\n{mark}两微一端"
    made = planned(workbook([row(公开渠道和载体=channels, 全社会=mark, 县级=mark, 主动=mark, 依申请公开=empty)]))
    assert made.findings == []
    assert made.changes[0].content.channels == ["政府网站", "两微一端"]


def test_trap_9_a_tick_is_missing() -> None:
    assert found(workbook([row(全社会="")])) == [("error", "I4")]
    assert found(workbook([row(全社会="", **{"特定群体(请写明)": "√"})])) == [("error", "J4")]
    made = planned(workbook([row(全社会="", **{"特定群体(请写明)": "被征收人"})]))
    assert made.changes[0].content.audience_group == "被征收人"


def test_trap_10_a_level_that_publishes_nothing_here() -> None:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        sheet = book.add_worksheet("义务教育")
        header = [
            *[
                "一级事项",
                "二级事项",
                "公开内容",
                "公开依据",
                "公开时限",
                "公开主体",
                "公开渠道和载体",
                "全社会",
                "主动",
                "市级",
                "县级",
            ]
        ]
        cells = ["政策文件", "规范性文件", "正文", "《条例》", "及时公开", "市教育局", "政府网站", "√", "√", "√", ""]
        sheet.write_row(0, 0, header)
        sheet.write_row(1, 0, cells)
    made = planned(out.getvalue())
    assert (made.changes, [finding.severity for finding in made.findings]) == ([], ["warning"])


def test_a_file_of_excel_97_reads_as_its_twin() -> None:
    rows = [row(), row(二级事项="其他文件")]
    (old,), (new,) = (
        read_workbook((FILES / "catalog.xls").read_bytes()),
        read_workbook(workbook(rows, merged=["B4:B5"])),
    )
    assert old == new
    assert [change.content.level2_item for change in planned((FILES / "catalog.xls").read_bytes()).changes] == [
        "规范性文件",
        "其他文件",
    ]


@pytest.mark.parametrize("cut", [600, 2_000, 5_000])
def test_a_damaged_file_of_excel_97_is_refused(cut: int) -> None:
    with pytest.raises(Malformed, match="文件已损坏"):
        read_workbook((FILES / "catalog.xls").read_bytes()[:cut])


def test_a_formula_in_a_file_of_excel_97_is_refused() -> None:
    with pytest.raises(Malformed, match="第 1 张工作表的 B1 单元格是公式"):
        read_workbook((FILES / "formula.xls").read_bytes())


def test_two_meanings_of_a_box() -> None:
    note = ["注:“■”为必选项,“□”为可选项"]
    content = planned(workbook([row(), note])).changes[0].content
    assert (content.channel_rule, content.optional_channels) == ("each", ["政府公报", "发布会/听证会"])


def test_required_and_optional_elements() -> None:
    content = planned(workbook([row(**{"公开内容(要素)": "●文件名称\n〇解读材料"})])).changes[0].content
    assert (content.content_elements, content.optional_elements) == (["文件名称", "解读材料"], ["解读材料"])


def test_the_field_is_told_by_tab_or_title() -> None:
    titled = workbook([row()], tab="Sheet1", title="阳光县城市综合执法领域基层政务公开标准目录")
    assert planned(titled).changes[0].code == "17001001"
    assert found(workbook([row()], tab="Sheet1")) == [("error", "第 4 行")]
    assert planned(workbook([row()], tab="养老服务")).changes[0].content.field == "01"  # the first number that is free


def test_a_second_import_of_the_same_finds_nothing_to_do() -> None:
    raw = workbook([row(), row(二级事项="其他文件")])
    first = planned(raw)
    known = [Known(change.code, 1, change.content) for change in first.changes]
    sheets = [read_sheet(table, FIELDS) for table in read_workbook(raw)]
    assert [change.kind for change in plan(sheets, FIELDS, known, "阳光县").changes] == ["same", "same"]
    changed = [read_sheet(table, FIELDS) for table in read_workbook(workbook([row(公开时限="及时公开")]))]
    made = plan(changed, FIELDS, known, "阳光县")
    assert [(change.kind, change.changed) for change in made.changes] == [("change", ("time_limit",))]
    assert made.absent == ["03001002"]


def _xlsx(fill: Callable[[Any, Any], None]) -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        fill(book, book.add_worksheet("义务教育"))
    return out.getvalue()


def _zip(**entries: bytes) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in entries.items():
            archive.writestr(name.replace("__", "/"), content)
    return out.getvalue()


_PIXEL = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108060000001f15c4890000000d49444154789c6360606060000000050001a5f6"
    "45400000000049454e44ae426082"
)

BAD = {
    "formula": (_xlsx(lambda _, sheet: sheet.write_formula("C5", "=A1+1")), "C5"),
    "picture": (_xlsx(lambda _, sheet: sheet.insert_image("B7", "p.png", {"image_data": io.BytesIO(_PIXEL)})), "B7"),
    "macro": (_zip(xl__vbaProject_bin=b"x").replace(b"vbaProject_bin", b"vbaProject.bin"), "宏"),
    "rows": (("a,b\n" * (MOST_ROWS + 1)).encode(), str(MOST_ROWS + 1)),
    "bomb": (_zip(xl__worksheets__sheet1=b"\0" * 120_000_000), "过大"),
    "broken": (b"PK\x03\x04" + b"\0" * 100, "损坏"),
    "picture alone": (_PIXEL, "图片"),
    "encoding": (b"\xff\xff\x80\x81", "编码"),
    "quotes": ('"一级事项,\n'.encode(), "引号"),
    "empty": (b"", "没有内容"),
    "cell": (("一" * 6000).encode(), "A1"),
}


@pytest.mark.parametrize("kind", BAD)
def test_a_file_that_cannot_be_taken_is_refused_with_its_place(kind: str) -> None:
    raw, says = BAD[kind]
    with pytest.raises(Malformed, match=says):
        read_workbook(raw)


def test_a_sheet_that_is_no_catalog_is_an_error_of_that_sheet() -> None:
    assert found("甲,乙\n1,2\n".encode()) == [("error", "A1")]


_WORDS = st.text("政策文件公开目录标准《》()、,a1-", min_size=1, max_size=12).map(str.strip).filter(bool)


@st.composite
def _contents(draw: st.DrawFn) -> ItemContent:
    elements = draw(st.lists(_WORDS, min_size=1, max_size=4, unique=True))
    channels = draw(st.lists(_WORDS, min_size=1, max_size=5, unique=True))
    cut = draw(st.integers(1, len(channels)))
    group = draw(st.none() | _WORDS.filter(lambda word: not word.isdigit() and len(word) > 1))
    return ItemContent.model_validate(
        {
            "field": "03",
            "field_name": "义务教育",
            "level1_item": draw(_WORDS),
            "level2_item": draw(_WORDS),
            "level3_item": draw(st.none() | _WORDS),
            "content_elements": elements,
            "optional_elements": [name for name in elements if draw(st.booleans())],
            "legal_basis": draw(st.lists(_WORDS, max_size=3, unique=True)),
            "time_limit": draw(_WORDS),
            "responsible_body": draw(_WORDS),
            "channels": channels[:cut],
            "optional_channels": channels[cut:],
            "channel_rule": draw(st.sampled_from(["each", "any"])),
            "audience": "specific" if group else "all",
            "audience_group": group,
            "disclosure_method": draw(st.sampled_from(["proactive", "on_request"])),
            "levels": draw(st.lists(st.sampled_from(["county", "town", "village"]), min_size=1, max_size=3)),
            "stages": draw(st.lists(st.sampled_from(["decision", "execution", "result"]), unique=True)),
            "item_type": draw(st.sampled_from([None, "service", "other"])),
            "section": draw(st.none() | _WORDS),
            "enquiry_phone": draw(st.sampled_from([None, "0990-6100001", "12345"])),
            "link": draw(st.sampled_from([None, "https://www.example.gov.cn/a?b=c"])),
            "source": draw(st.none() | _WORDS | st.sampled_from(["[S: 县级标准目录] 节选", "[M-high]"])),
            "confidence": draw(st.sampled_from([None, "sourced", "high", "medium", "low"])),
        }
    )


def _fits(content: ItemContent) -> bool:
    try:
        check_item(content)
    except Malformed:
        return False
    return True


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
@settings(max_examples=25, deadline=None, derandomize=True)
@given(contents=st.lists(_contents().filter(_fits), min_size=1, max_size=4, unique_by=lambda c: c.level2_item))
def test_what_is_written_is_read_back(kind: str, contents: list[ItemContent]) -> None:
    known = [Known(f"03001{n:03}", 1, content) for n, content in enumerate(contents, 1)]
    raw, _ = write(kind, [{**item.content.model_dump(), "code": item.code} for item in known])
    made = plan([read_sheet(table, FIELDS) for table in read_workbook(raw)], FIELDS, known, "阳光县")
    assert [finding for finding in made.findings if finding.severity == "error"] == []
    assert [(change.kind, change.code, change.changed) for change in made.changes] == [
        ("same", item.code, ()) for item in known
    ]


@pytest.mark.parametrize("text", ["=1+1", "+86", "-1", "@SUM(A1)", "'=1+1", "'", "''", "规范性文件", "5-10"])
def test_no_cell_of_a_csv_is_computed_and_each_is_read_back(text: str) -> None:
    cell = disarmed(text)
    assert cell[:1] not in ("=", "+", "-", "@")
    assert as_written(cell) == text


def test_a_formula_in_a_title_is_exported_as_text() -> None:
    content = ItemContent.model_validate({**item("03", "义务教育"), "level2_item": '=HYPERLINK("x")'})
    raw, _ = write("csv", [{**content.model_dump(), "code": "03001001"}])
    assert "\"'=HYPERLINK(" in raw.decode("utf-8-sig")
    made = plan(
        [read_sheet(table, FIELDS) for table in read_workbook(raw)], FIELDS, [Known("03001001", 1, content)], ""
    )
    assert [change.kind for change in made.changes] == ["same"]


def table(**more: str) -> bytes:
    """One row as csv, with more columns."""
    cells = {"领域": "义务教育", **ROW, **more}
    return "\n".join(",".join(f'"{cell}"' for cell in line) for line in (cells, cells.values())).encode()


@pytest.mark.parametrize(
    ("columns", "source", "confidence"),
    [
        (
            {"source_confidence": "[S: https://www.example.gov.cn/a] 要素为推断"},
            "https://www.example.gov.cn/a 要素为推断",
            "sourced",
        ),
        ({"来源及置信度": "[S:《预算法》]"}, "《预算法》", "sourced"),
        ({"source_confidence": "[M-medium]"}, None, "medium"),
        ({"source_confidence": "[M-low] (名称引自 [S: 省级目录])"}, "(名称引自 [S: 省级目录])", "low"),
        ({"source_confidence": "县级标准目录"}, "县级标准目录", None),
        ({"source_confidence": "[M-low]", "置信度": "高"}, None, "high"),
        ({"来源": "省级目录", "可信度": "中"}, "省级目录", "medium"),
        ({"来源": "[S: 省级目录]", "置信度": ""}, "[S: 省级目录]", None),
        ({"出处": "省级目录", "confidence": "Sourced"}, "省级目录", "sourced"),
        ({"可信程度": "有出处"}, None, "sourced"),
    ],
)
def test_source_and_confidence_in_one_column_or_two(
    columns: dict[str, str], source: str | None, confidence: str | None
) -> None:
    made = planned(table(**columns))
    assert made.findings == []
    assert (made.changes[0].content.source, made.changes[0].content.confidence) == (source, confidence)


def test_a_confidence_that_is_not_known_is_said() -> None:
    made = planned(table(置信度="大概"))
    assert [(finding.severity, "大概" in finding.message) for finding in made.findings] == [("warning", True)]
    assert made.changes[0].content.confidence is None


def test_the_demo_catalog_is_read_whole_and_survives_its_export() -> None:
    made = planned(DEMO.read_bytes(), {})
    assert len(made.changes) == 243
    found = Counter(change.content.confidence for change in made.changes)
    assert found == {"sourced": 219, "medium": 16, "high": 8}
    assert not [change.code for change in made.changes if (change.content.source or "").startswith("[")]
    assert {finding.severity for finding in made.findings} == {"warning"}
    known = [Known(change.code, 1, change.content) for change in made.changes]
    fields = {item.content.field_name: item.content.field for item in known}
    for kind in ("xlsx", "csv"):
        raw, _ = write(kind, [{**item.content.model_dump(), "code": item.code} for item in known])
        again = plan([read_sheet(table, fields) for table in read_workbook(raw)], fields, known, "阳光县")
        assert {change.kind for change in again.changes} == {"same"}
        assert again.absent == []
