"""The import of a standard catalog, through the API."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn

from libs.common.app import build
from services.catalog.importer import (
    BadRow,
    ImportFailed,
    Report,
    Row,
    catalog_import,
    import_items,
    item_of,
    read_rows,
)
from services.registry import ALL
from tests.platform import Platform

CATALOG = Path(__file__).parents[2] / "demo" / "items.csv"


def demo_rows(count: int | None = None) -> list[dict[str, str]]:
    """The first rows of the demo catalog."""
    return [dict(row) for row in read_rows(CATALOG.read_bytes())[:count]]


async def bring(platform: Platform, rows: Sequence[Row], *roles: str) -> Report:
    """Import `rows` as the county's administrator, or in other roles."""
    platform.client.headers.update(platform.token(*(roles or ("administrator",))))
    return await import_items(platform.client, rows)


@asynccontextmanager
async def served(platform: Platform) -> AsyncIterator[str]:
    """The address of a server that answers for the platform."""
    app = build(ALL, platform.resources)
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", ws="none", log_config=None))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    server.should_exit = True
    await serving


async def test_the_demo_catalog_is_imported_whole(platform: Platform) -> None:
    report = await bring(platform, demo_rows())
    assert (report.created, report.changed, report.unchanged, report.refused) == (243, 0, 0, [])
    fields = (await platform.client.get("/catalog/fields")).json()["items"]
    assert len(fields) == 27
    assert sum(field["items"] for field in fields) == 243
    read = (await platform.client.get("/catalog/items/01001002")).json()
    assert (read["field_name"], read["level2_item"]) == ("重大建设项目", "办理过程信息")
    assert (read["audience"], read["audience_group"]) == ("specific", "项目单位")
    assert (read["levels"], read["content_elements"]) == (["county"], ["事项名称", "事项办理部门", "办理进展"])


async def test_a_second_import_tells_what_changed(platform: Platform) -> None:
    rows = demo_rows(4)
    await bring(platform, rows)
    rows[1]["time_limit"] = "7个工作日内"
    report = await bring(platform, [*rows, *demo_rows(5)[4:]])
    assert (report.created, report.changed, report.unchanged, report.refused) == (1, 1, 3, [])
    assert len(await platform.events("catalog")) == 6


async def test_bad_rows_are_named_and_the_others_go_on(platform: Platform) -> None:
    rows = demo_rows(7)
    rows[0]["levels"] = "县级;省级"
    rows[1]["code"] = "1"
    rows[2]["level1_item"] = " "
    rows[3]["code"] = rows[4]["code"]
    rows[5]["field"] = "别的领域"
    report = await bring(platform, rows)
    assert report.created == 2
    assert [(row.number, row.reason) for row in report.refused] == [
        (2, "levels 列:“省级”只能是 县级、乡级、村级"),
        (3, "code 列:编码应以两位领域编号开头,由数字、字母、“-”“_”组成,例如 03001002"),
        (4, "level1_item 列:不能为空"),
        (6, "code 列:编码与第 5 行重复"),
        (7, "field 列:该领域已命名为“重大建设项目”。"),
    ]


async def test_a_caller_who_may_not_is_told_at_once(platform: Platform) -> None:
    with pytest.raises(ImportFailed, match="岗位"):
        await bring(platform, demo_rows(), "editor")


@pytest.mark.parametrize(
    ("column", "value", "sentence"),
    [
        ("audience", "村民", "audience 列:“村民”应为“全社会”,或“特定群体:”加群体名称"),
        ("audience", "特定群体:", "audience 列"),
        ("disclosure_method", "", "disclosure_method 列:“”只能是 主动、"),
        ("levels", "county", "levels 列"),
        ("code", "03/001", "code 列"),
        ("", "many", "列数多于表头"),
    ],
)
def test_a_row_that_cannot_be_told_is_refused(column: str, value: str, sentence: str) -> None:
    with pytest.raises(BadRow, match=sentence):
        item_of({**demo_rows(1)[0], column: value})


def test_both_colons_and_semicolons_are_read() -> None:
    row = {
        **demo_rows(1)[0],
        "audience": "特定群体\uff1a申请人",
        "levels": "县级\uff1b乡级;",
        "channels": "网站; 公告栏",
    }
    told = item_of(row)
    assert (told["audience"], told["audience_group"]) == ("specific", "申请人")
    assert (told["levels"], told["channels"]) == (["county", "town"], ["网站", "公告栏"])


def test_spreadsheet_encodings_are_read() -> None:
    text = CATALOG.read_text(encoding="utf-8")
    assert read_rows(text.encode("gb18030")) == read_rows(text.encode("utf-8-sig")) == demo_rows()


@pytest.mark.parametrize(
    ("raw", "sentence"),
    [
        (b"", "表头缺少列"),
        (b"code,field\n", "表头缺少列:level1_item、"),
        (b"\xff\xff\xff", "编码无法识别"),
    ],
)
def test_other_files_are_refused(raw: bytes, sentence: str) -> None:
    with pytest.raises(ImportFailed, match=sentence):
        read_rows(raw)


def test_unknown_columns_and_open_quotes_are_refused() -> None:
    header = ",".join(demo_rows(1)[0])
    with pytest.raises(ImportFailed, match="不认识的列:备注"):
        read_rows(f"{header},备注\n".encode())
    with pytest.raises(ImportFailed, match="引号不配对"):
        read_rows(f'{header}\n"01001001,\n'.encode())


async def test_the_command_reports(platform: Platform, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    good, bad = tmp_path / "good.csv", tmp_path / "bad.csv"
    lines = CATALOG.read_text(encoding="utf-8").splitlines(keepends=True)
    good.write_text("".join(lines[:3]), encoding="utf-8")
    bad.write_text("".join(lines[:3]).replace("县级", "国家级"), encoding="utf-8")
    token = platform.token("administrator")["Authorization"].removeprefix("Bearer ")
    async with served(platform) as url:
        assert await asyncio.to_thread(catalog_import, good, url, token) == 0
        assert "新建 2 项,修改 0 项,未变 0 项,拒绝 0 行" in capsys.readouterr().err
        assert await asyncio.to_thread(catalog_import, bad, url, token) == 1
        assert "第 2 行(01001001)levels 列:“国家级”只能是 县级、乡级、村级" in capsys.readouterr().err
        assert await asyncio.to_thread(catalog_import, good, url, "forged") == 1
        assert "导入失败:请先登录" in capsys.readouterr().err


def test_the_command_fails_with_a_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert catalog_import(tmp_path / "none.csv", "http://127.0.0.1:9", "token") == 1
    assert "无法读取" in capsys.readouterr().err
    assert catalog_import(CATALOG, "http://127.0.0.1:9", "token") == 1
    assert "无法访问 http://127.0.0.1:9(ConnectError)" in capsys.readouterr().err
