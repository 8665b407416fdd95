"""A content template as a county would put it for its subsidies, and content that fits."""

from typing import Any

import httpx

from tests.platform import Platform

Json = dict[str, Any]

PAYMENTS: Json = {
    "fields": [
        {"name": "batch", "title": "发放批次", "type": "text", "required": True, "max_length": 20},
        {"name": "paid_on", "title": "发放日期", "type": "date"},
        {"name": "households", "title": "户数", "type": "integer", "unit": "户", "minimum": 1},
        {"name": "enquiries", "title": "咨询电话", "type": "phone"},
        {"name": "policy", "title": "政策网址", "type": "link"},
        {
            "name": "payments",
            "title": "发放明细",
            "type": "table",
            "columns": [
                {"name": "household", "title": "户主", "type": "text", "required": True},
                {"name": "area", "title": "补贴面积", "type": "number", "unit": "亩", "minimum": 0},
                {"name": "amount", "title": "金额", "type": "money", "required": True, "minimum": 0},
                {"name": "state", "title": "状态", "type": "choice", "choices": ["已发放", "未发放"]},
            ],
        },
    ]
}

FITTING: Json = {
    "batch": "2026年第一批",
    "paid_on": "2026-05-06",
    "households": 2,
    "enquiries": "0990-6100001",
    "policy": "https://example.org/policy",
    "payments": [
        {"household": "王*", "area": 12.07, "amount": "1448.40", "state": "已发放"},
        {"household": "李*", "amount": "0.00"},
    ],
}


async def put_template(
    platform: Platform, body: Json = PAYMENTS, seen: int | None = None, item: str = "03001001"
) -> httpx.Response:
    """Put the template of an item, as the county's administrator; everybody has heard of it."""
    headers = platform.token("administrator") | ({"If-Match": f'"v{seen}"'} if seen else {})
    response = await platform.client.put(f"/catalog/items/{item}/template", json=body, headers=headers)
    await platform.drain()
    return response
