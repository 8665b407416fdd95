"""The platform as tests drive it: real services in one process, stepped instead of waited for."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import httpx
import orjson

from libs.common.app import Resources, build
from libs.common.bus import Bus
from libs.common.db import Database
from libs.common.inbox import Delivery
from libs.common.issuer import DevelopmentIssuer
from libs.common.outbox import sequence_once
from libs.common.permission import Role
from libs.common.regions import parse
from libs.common.runtime import Dsn, resources
from libs.common.service import Service
from libs.common.settings import Settings
from services.registry import ALL

REGIONS = [
    ("990001000000", "阳光县", "county", None),
    ("990001101000", "晨曦镇", "town", "990001000000"),
    ("990001102000", "清泉镇", "town", "990001000000"),
    ("990001101201", "东庄村", "village", "990001101000"),
    ("990001101202", "西庄村", "village", "990001101000"),
    ("990001102201", "南庄村", "village", "990001102000"),
]
ORGANISATIONS = [
    ("990001-zf", "阳光县人民政府", "阳政", "11990001MB00000115", "990001000000", None),
    ("990001-jy", "阳光县教育局", "阳教", "11990001MB0000038W", "990001000000", "990001-zf"),
    ("990001101-zf", "晨曦镇人民政府", "晨政", "11990001MB0000046P", "990001101000", "990001-zf"),
]
ITEMS = [("03001001", "03", "义务教育"), ("08001001", "08", "财政预决算"), ("27001001", "27", "村(居)务公开")]


class Platform:
    """All five services on real databases. `client` speaks HTTP to them, within `new_client`."""

    client: httpx.AsyncClient

    def __init__(self, shared: Resources, bus: Bus) -> None:
        self.resources = shared
        self.bus = bus
        self.app = build(ALL, shared)
        self._issuer = DevelopmentIssuer(shared.settings)

    @classmethod
    @contextlib.asynccontextmanager
    async def open(cls, dsn: Dsn, data_dir: Path, **settings: Any) -> AsyncIterator["Platform"]:
        """Open the platform on the databases that `dsn` names."""
        # The journal bus also where the environment names a Kafka for the tests that want one.
        made = Settings(data_dir=data_dir, port=0, pool_size=4, **{"kafka_bootstrap_servers": None, **settings})
        async with resources(made, ALL, dsn) as shared:
            yield cls(shared, shared.bus)

    @contextlib.asynccontextmanager
    async def new_client(self) -> AsyncIterator[None]:
        """A client of a test's own, without the headers and cookies of another one."""
        transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as self.client:
            yield

    def database(self, service: str) -> Database:
        """The database of one service."""
        return self.resources.databases[service]

    def token(
        self, *roles: str, region: str = "990001", organisation: str | None = None, subject: str | None = None
    ) -> dict[str, str]:
        """Request headers of a member of staff."""
        made = self._issuer.token([Role(r) for r in roles], parse(region), organisation, subject=subject)
        return {"Authorization": f"Bearer {made}"}

    async def drain(self) -> None:
        """Sequence and deliver until nothing is left to do: who heard something may have said something."""
        said = {service.name for service in ALL}
        for name in said:
            await self._sequence(name)
        while said:
            pairs = [(service, source) for service in ALL for source in service.sources & said]
            heard = {service.name for service, source in pairs if await self._deliver(service, source)}
            said = {name for name in heard if await self._sequence(name)}

    async def _sequence(self, name: str) -> int:
        moved = 0
        async with self.database(name).backbone.acquire() as connection:
            while more := await sequence_once(connection):
                moved += more
        return moved

    async def _deliver(self, service: Service, source: str) -> int:
        moved = 0
        async with self.bus.subscribe(source, service.name) as subscription:
            while more := await Delivery(service, self.database(service.name), source).step(subscription):
                moved += more
        return moved

    async def events(self, service: str, kind: str = "") -> list[tuple[str, dict[str, Any]]]:
        """What a service has said, in order, as (type, payload); also what still waits in its outbox."""
        rows = await self.database(service).backbone.fetch(
            "select type, payload::text as payload from (select type, payload, 0 as waits, position as n from journal"
            " union all select type, payload, 1, id from outbox) said order by waits, n"
        )
        return [(r["type"], orjson.loads(r["payload"])) for r in rows if kind in r["type"]]

    async def seed(self) -> None:
        """Put the small county in place through the public API."""
        admin = self.token("administrator")
        for code, name, level, parent in REGIONS:
            await self.put(f"/catalog/regions/{code}", {"name": name, "level": level, "parent": parent}, admin)
        for code, name, prefix, uscc, region, parent in ORGANISATIONS:
            body = {"name": name, "short_name": name, "doc_prefix": prefix, "uscc": uscc, "region": region}
            await self.put(f"/catalog/organisations/{code}", {**body, "parent": parent}, admin)
        for code, field, field_name in ITEMS:
            await self.put(f"/catalog/items/{code}", item(field, field_name), admin)
        await self.drain()

    async def put(self, path: str, body: Mapping[str, Any], headers: Mapping[str, str]) -> httpx.Response:
        """PUT and insist on success."""
        response = await self.client.put(path, json=body, headers=dict(headers))
        assert response.is_success, response.text
        return response


def item(field: str, field_name: str) -> dict[str, Any]:
    """A catalog item's body."""
    return {
        "field": field,
        "field_name": field_name,
        "level1_item": "政策文件",
        "level2_item": "规范性文件",
        "level3_item": None,
        "content_elements": ["文件名称", "文件正文"],
        "legal_basis": ["《政府信息公开条例》"],
        "time_limit": "自该信息形成或者变更之日起20个工作日内",
        "responsible_body": "县级人民政府",
        "channels": ["政府网站"],
        "audience": "all",
        "audience_group": None,
        "disclosure_method": "proactive",
        "levels": ["county", "town", "village"],
        "source": "fixture",
    }
