"""The reverse proxy: what passes is unchanged, who is away is waited for, what was sent is never sent again."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from libs.common import proxy as module
from libs.common.ports import free_port
from libs.common.proxy import Proxy

BODY = bytes(range(256)) * 20_000  # larger than any buffer on the way


class Upstream:
    """A service behind the proxy, which says what it was asked."""

    def __init__(self) -> None:
        self.port = free_port()
        self.seen = 0

    async def echo(self, request: Request) -> Response:
        self.seen += 1
        said = {
            "method": request.method,
            "target": request.scope["raw_path"].decode() + "?" + request.scope["query_string"].decode(),
            "headers": [[k.decode(), v.decode()] for k, v in request.scope["headers"]],
            "length": len(await request.body()),
        }
        return JSONResponse(said, 201, {"ETag": '"a"', "Link": '</x?cursor=1>; rel="next"'})

    async def not_modified(self, _request: Request) -> Response:
        return Response(status_code=304, headers={"ETag": '"a"'})

    async def large(self, _request: Request) -> Response:
        return StreamingResponse(iter([BODY, BODY]), media_type="application/octet-stream")

    async def cut(self, request: Request) -> Response:
        """Begin an answer that claims to be longer than it is, as a process does that is killed meanwhile."""
        self.seen += 1
        return StreamingResponse(iter([b"half"]), headers={"Content-Length": "8"})

    async def ready(self, _request: Request) -> Response:
        return JSONResponse({"status": "ready", "databases": {"some_service": "ready"}, "broker": "journal"})

    async def metrics(self, _request: Request) -> Response:
        return Response('# HELP acts_total Acts.\n# TYPE acts_total counter\nacts_total{kind="a"} 3.0\n')

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        methods = ["GET", "POST"]
        routes = [
            Route("/some-service/cut", self.cut, methods=methods),
            Route("/some-service/large", self.large),
            Route("/some-service/not-modified", self.not_modified),
            Route("/some-service/{rest:path}", self.echo, methods=methods),
            Route("/readyz", self.ready),
            Route("/metrics", self.metrics),
        ]
        config = uvicorn.Config(Starlette(routes=routes), port=self.port, log_config=None, lifespan="off")
        server = uvicorn.Server(config)
        task = asyncio.create_task(server._serve())
        while not server.started:
            await asyncio.sleep(0.01)
        try:
            yield
        finally:
            server.should_exit = True
            await task


@pytest.fixture
def upstream() -> Upstream:
    return Upstream()


@pytest.fixture
async def client(upstream: Upstream) -> AsyncIterator[httpx.AsyncClient]:
    proxy = Proxy({"api:some-service": f"http://127.0.0.1:{upstream.port}"})
    transport = httpx.ASGITransport(proxy)
    async with httpx.AsyncClient(transport=transport, base_url="http://county.example") as client:
        yield client
    await proxy.close()


async def test_a_request_and_its_answer_pass_unchanged(client: httpx.AsyncClient, upstream: Upstream) -> None:
    headers = {"If-None-Match": '"a"', "Connection": "keep-alive, X-Hop", "X-Hop": "1", "Accept-Encoding": "identity"}
    async with upstream.running():
        answer = await client.post("/some-service/a%2Fb?q=%E9%98%B3&q=2", content=BODY, headers=headers)
    assert answer.status_code == 201
    assert answer.headers["etag"] == '"a"'
    assert answer.headers["link"] == '</x?cursor=1>; rel="next"'
    told: dict[str, Any] = answer.json()
    assert (told["method"], told["target"], told["length"]) == (
        "POST",
        "/some-service/a%2Fb?q=%E9%98%B3&q=2",
        len(BODY),
    )
    heard = dict(told["headers"])
    assert heard["host"] == heard["x-forwarded-host"] == "county.example"
    assert heard["x-forwarded-proto"] == "http"
    assert heard["if-none-match"] == '"a"'
    assert "x-hop" not in heard


async def test_a_body_of_unknown_length_streams(client: httpx.AsyncClient, upstream: Upstream) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield BODY

    async with upstream.running():
        sent = await client.post("/some-service/x", content=pieces())
        got = await client.get("/some-service/large")
    assert sent.json()["length"] == 3 * len(BODY)
    assert got.content == BODY + BODY


async def test_not_modified_stays_so(client: httpx.AsyncClient, upstream: Upstream) -> None:
    async with upstream.running():
        answer = await client.get("/some-service/not-modified")
    assert (answer.status_code, answer.headers["etag"], answer.content) == (304, '"a"', b"")


async def test_a_service_that_is_away_is_waited_for(client: httpx.AsyncClient, upstream: Upstream) -> None:
    waiting = asyncio.create_task(client.post("/some-service/x", content=b"1"))
    await asyncio.sleep(0)
    async with upstream.running():
        assert (await waiting).status_code == 201


async def test_a_service_that_stays_away_is_a_problem(
    client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "AWAY_SECONDS", 0)
    answer = await client.get("/some-service/x")
    assert answer.status_code == 503
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["retry-after"] == "2"
    assert answer.json()["code"] == "unavailable"
    assert answer.json()["request_id"] == answer.headers["x-request-id"]
    ready = await client.get("/readyz")
    assert ready.status_code == 503
    assert ready.json()["databases"] == {"some_service": "unreachable"}


async def test_an_answer_that_breaks_off_breaks_off_for_the_caller(
    client: httpx.AsyncClient, upstream: Upstream
) -> None:
    async with upstream.running():
        with pytest.raises(Exception, match="peer closed connection"):
            await client.post("/some-service/cut")
    assert upstream.seen == 1


async def test_the_proxy_answers_for_all(client: httpx.AsyncClient, upstream: Upstream) -> None:
    async with upstream.running():
        ready = (await client.get("/readyz")).json()
        metrics = (await client.get("/metrics")).text
    assert ready == {"status": "ready", "databases": {"some_service": "ready"}, "broker": "journal"}
    assert 'acts_total{kind="a",process="api:some-service"} 3.0' in metrics
    assert 'http_requests_total{method="GET",process="proxy",service="root",status="200"}' in metrics
    assert (await client.get("/")).json()["services"].keys() == {"some-service"}
    assert (await client.get("/nowhere/x")).json()["code"] == "not_found"
