"""Fixtures of the backbone's tests."""

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import asyncpg
import pytest

from libs.common.db import Database
from tests.common.hearing import SOURCE, Ear
from tests.platform import Platform

Connect = Callable[[], Awaitable[asyncpg.Connection]]
_EFFECT = "create table effect (n bigint generated always as identity, key text, version bigint, title text)"


@pytest.fixture
async def ears(platform: Platform) -> AsyncIterator[tuple[Ear, Ear]]:
    """Two listener groups in two databases; both hear what `source` says."""
    made = Ear(platform.database("catalog"), "ear"), Ear(platform.database("policy_interpretation"), "other-ear")
    for ear in made:
        await ear.database.backbone.execute("drop table if exists effect")
        await ear.database.backbone.execute(_EFFECT)
    yield made
    for ear in made:
        await ear.database.backbone.execute("drop table effect")


@pytest.fixture
def ear(ears: tuple[Ear, Ear]) -> Ear:
    """One listener group."""
    return ears[0]


@pytest.fixture
def source(platform: Platform) -> Database:
    """The database of the service that says the events."""
    return platform.database(SOURCE)


@pytest.fixture
async def connect(source: Database) -> AsyncIterator[Connect]:
    """Opens connections of a test's own to the source's database."""
    async with contextlib.AsyncExitStack() as stack:

        async def made() -> asyncpg.Connection:
            connection = await asyncpg.connect(source.dsn)
            stack.callback(connection.terminate)
            return connection

        yield made
