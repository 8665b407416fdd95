"""The import of a standard catalog over HTTP and on the command line: a preview, then all of it or nothing."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from libs.common.app import build
from services.catalog.importer import catalog_import
from services.catalog.workbook import read_workbook
from services.registry import ALL
from tests.catalog.workbooks import row, workbook
from tests.platform import Platform

CATALOG = Path(__file__).parents[2] / "demo" / "items.csv"


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


async def preview(platform: Platform, raw: bytes, *roles: str) -> httpx.Response:
    """Send a file to be looked at, as the county's administrator or in other roles."""
    headers = platform.token(*(roles or ("administrator",)))
    return await platform.client.post("/catalog/imports", content=raw, headers=headers)


async def adopt(platform: Platform, items: list[dict[str, Any]]) -> httpx.Response:
    """Put the items of a preview in place."""
    headers = platform.token("administrator")
    return await platform.client.put("/catalog/items", json={"items": items}, headers=headers)


async def test_the_demo_catalog_is_previewed_adopted_and_exported(platform: Platform) -> None:
    found = (await preview(platform, CATALOG.read_bytes())).json()
    assert {change["kind"] for change in found["changes"]} == {"add"}
    assert await platform.events("catalog") == []
    answer = await adopt(platform, found["items"])
    assert answer.json() == {"created": 243, "changed": 0, "unchanged": 0}
    fields = (await platform.client.get("/catalog/fields")).json()["items"]
    assert (len(fields), sum(field["items"] for field in fields)) == (27, 243)
    read = (await platform.client.get("/catalog/items/01001002")).json()
    assert (read["audience"], read["audience_group"], read["levels"]) == ("specific", "项目单位", ["county"])
    events = await platform.events("catalog")
    assert len({said["code"] for _, said in events}) == len(events) == 243
    for kind in ("xlsx", "csv"):
        exported = await platform.client.get(f"/catalog/exports/{kind}")
        again = (await preview(platform, exported.content)).json()
        assert {change["kind"] for change in again["changes"]} == {"same"}
        assert (await adopt(platform, again["items"])).json() == {"created": 0, "changed": 0, "unchanged": 243}
    assert len(await platform.events("catalog")) == 243


async def test_an_export_has_a_sheet_for_each_field_and_is_filtered(platform: Platform) -> None:
    await adopt(platform, (await preview(platform, CATALOG.read_bytes())).json()["items"])
    exported = await platform.client.get("/catalog/exports/xlsx")
    assert exported.headers["content-disposition"] == 'attachment; filename="catalog.xlsx"'
    tables = read_workbook(exported.content)
    assert len(tables) == 27
    assert tables[0].rows[0][0] == "重大建设项目领域基层政务公开标准目录"
    towns = (await platform.client.get("/catalog/exports/json", params={"field": "05", "level": "town"})).json()
    assert {item["field"] for item in towns["items"]} == {"05"}
    assert all("town" in item["levels"] for item in towns["items"])


async def test_a_change_names_what_differs_and_the_version_that_was_seen(platform: Platform) -> None:
    await adopt(platform, (await preview(platform, workbook([row()]))).json()["items"])
    found = (await preview(platform, workbook([row(公开时限="及时公开"), row(二级事项="其他文件")]))).json()
    assert [(c["kind"], c["changed"]) for c in found["changes"]] == [("change", ["time_limit"]), ("add", [])]
    assert [item["version"] for item in found["items"]] == [1, None]
    assert (await adopt(platform, found["items"])).json() == {"created": 1, "changed": 1, "unchanged": 0}
    late = await adopt(platform, found["items"])  # the catalog is no longer the one that was compared with
    assert (late.status_code, late.json()["code"]) == (412, "stale_version")
    assert late.json()["errors"][0]["field"] == "body.items.0.version"


async def test_every_item_of_a_renamed_field_says_so(platform: Platform) -> None:
    found = (await preview(platform, workbook([row(), row(二级事项="其他文件")]))).json()
    await adopt(platform, found["items"])
    renamed = [{**item, "field_name": "教育", "version": 1} for item in found["items"]]
    assert (await adopt(platform, renamed)).json() == {"created": 0, "changed": 2, "unchanged": 0}
    assert [said["field_name"] for _, said in await platform.events("catalog")][2:] == ["教育", "教育"]


async def test_one_bad_item_and_nothing_is_adopted(platform: Platform) -> None:
    found = (await preview(platform, workbook([row(), row(二级事项="其他文件")]))).json()
    found["items"][1]["audience_group"] = "村民"
    answer = await adopt(platform, found["items"])
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "body.items.1.audience_group")
    assert (await platform.client.get("/catalog/items")).json()["items"] == []
    twice = await adopt(platform, [found["items"][0]] * 2)
    assert (twice.status_code, twice.json()["errors"][0]["field"]) == (422, "body.items.1.code")


async def test_errors_name_sheet_and_cell(platform: Platform) -> None:
    found = (await preview(platform, workbook([row(全社会=""), row(二级事项="其他文件")]))).json()
    assert [(f["severity"], f["sheet"], f["cell"]) for f in found["findings"]] == [("error", "义务教育", "I4")]
    assert len(found["items"]) == 1


async def test_a_file_that_is_no_table_is_refused(platform: Platform) -> None:
    answer = await preview(platform, b"\x89PNG\r\n")
    assert (answer.status_code, answer.json()["code"]) == (422, "malformed")
    assert "图片" in answer.json()["errors"][0]["message"]


async def test_only_who_keeps_the_catalog_may_preview(platform: Platform) -> None:
    assert (await platform.client.post("/catalog/imports", content=b"")).status_code == 401
    assert (await preview(platform, workbook([row()]), "editor")).status_code == 403


async def test_the_command_previews_and_imports(
    platform: Platform, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = tmp_path / "good.xlsx", tmp_path / "bad.csv"
    good.write_bytes(workbook([row(), row(二级事项="其他文件", 公开时限="择机公开")]))
    lines = CATALOG.read_text(encoding="utf-8").splitlines(keepends=True)
    bad.write_text("".join(lines[:3]).replace("县级", "国家级"), encoding="utf-8")
    token = platform.token("administrator")["Authorization"].removeprefix("Bearer ")
    async with served(platform) as url:
        assert await asyncio.to_thread(catalog_import, good, url, token, preview=True) == 0
        said = capsys.readouterr().err
        assert "提醒 义务教育 F5:时限“择机公开”无法计算到期日,按原文保留。" in said
        assert "预览:将新建 2 项,修改 0 项,未变 0 项" in said
        assert (await platform.client.get("/catalog/items")).json()["items"] == []
        assert await asyncio.to_thread(catalog_import, good, url, token) == 0
        assert "新建 2 项,修改 0 项,未变 0 项" in capsys.readouterr().err
        assert await asyncio.to_thread(catalog_import, bad, url, token) == 1
        assert "错误 csv L2:没有勾选公开层级。" in capsys.readouterr().err
        assert await asyncio.to_thread(catalog_import, good, url, "forged") == 1
        assert "导入失败:请先登录" in capsys.readouterr().err
    assert len((await platform.client.get("/catalog/items")).json()["items"]) == 2


def test_the_command_fails_with_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.catalog.importer.RETRY_SECONDS", (0.01,))
    assert catalog_import(tmp_path / "none.csv", "http://127.0.0.1:9", "token") == 1
    assert "无法读取" in capsys.readouterr().err
    assert catalog_import(CATALOG, "http://127.0.0.1:9", "token") == 1
    assert "无法访问 http://127.0.0.1:9(ConnectError)" in capsys.readouterr().err


def test_spreadsheet_encodings_are_read() -> None:
    text = CATALOG.read_text(encoding="utf-8")
    [ours], [theirs] = read_workbook(text.encode("gb18030")), read_workbook(text.encode("utf-8-sig"))
    assert ours == theirs
    assert io.StringIO(text).readline().strip().split(",") == ours.rows[0]
