"""How long a county's whole catalog takes from a spreadsheet into the platform, and what memory that needs."""

import io
import time

import httpx
import psutil
import xlsxwriter

from bench.rig import Figure, Rig
from libs.common.permission import Role
from libs.common.ports import free_port

ROWS = 3_000
FIELDS = [
    "重大建设项目",
    "义务教育",
    "社会救助",
    "养老服务",
    "就业",
    "生态环境",
    "涉农补贴",
    "安全生产",
    "救灾",
    "税收管理",
]
HEADER = [
    *("序号", "一级事项", "二级事项", "公开内容(要素)", "公开依据", "公开时限", "公开主体", "公开渠道和载体"),
    *("全社会", "主动", "县级", "乡级"),
]
PREVIEW_SECONDS, ADOPT_SECONDS, MORE_MEGABYTES = 3.0, 5.0, 150


async def spreadsheet(rig: Rig) -> list[Figure]:
    """Preview and adoption of 3,000 rows in ten sheets, into an empty catalog; then the preview of the same again."""
    port, raw = free_port(), _workbook()
    headers = dict([rig.token(Role.ADMINISTRATOR).strip().split(": ", 1)])
    async with rig.process(port, "/readyz", "-m", "services", "api", "catalog") as process:
        memory = psutil.Process(process.pid)
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", headers=headers, timeout=60) as client:
            await client.get("/catalog/items")
            idle, began = memory.memory_info().rss, time.perf_counter()
            found = (await client.post("/catalog/imports", content=raw)).raise_for_status()
            previewed, began = time.perf_counter() - began, time.perf_counter()
            (await client.put("/catalog/items", json={"items": found.json()["items"]})).raise_for_status()
            adopted, began = time.perf_counter() - began, time.perf_counter()
            (await client.post("/catalog/imports", content=raw)).raise_for_status()
            again = time.perf_counter() - began
        more = (memory.memory_info().rss - idle) / 1e6
    slowest = max(previewed, again)
    previews = f"{previewed:.1f} s; of the same again {again:.1f} s"
    return [
        Figure("preview of 3,000 rows", f"≤ {PREVIEW_SECONDS:.0f} s", previews, slowest <= PREVIEW_SECONDS),
        Figure("their adoption", f"≤ {ADOPT_SECONDS:.0f} s", f"{adopted:.1f} s", adopted <= ADOPT_SECONDS),
        Figure("memory above idle", f"≤ {MORE_MEGABYTES} MB", f"{more:.0f} MB", more <= MORE_MEGABYTES),
    ]


def _workbook() -> bytes:
    out = io.BytesIO()
    with xlsxwriter.Workbook(out, {"in_memory": True}) as book:
        for field in FIELDS:
            sheet = book.add_worksheet(field)
            sheet.write_row(0, 0, HEADER)
            for number in range(1, ROWS // len(FIELDS) + 1):
                cells = [f"一级事项{number // 20}", f"{field}事项{number}", "文件名称\n文号\n发文机关\n正文"]
                cells += ["《中华人民共和国政府信息公开条例》\n《关于全面推进基层政务公开标准化规范化工作的指导意见》"]
                cells += [f"信息形成之日起{number % 20 + 1}个工作日内;结果7个工作日内", "县级主管部门"]
                cells += ["■政府网站 □政府公报\n■两微一端 □发布会/听证会\n□广播电视 ■公开查阅点", "√", "√", "√", "√"]
                sheet.write_row(number, 0, [str(number), *cells])
    return out.getvalue()
