"""Kafka clients that can always be closed: started whole or not at all, and given up when they do not stop in time."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Sequence
from typing import Protocol

import structlog
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.errors import KafkaError

from libs.common.kafka.topics import REQUEST_MS, Brokers

log = structlog.get_logger()
STOP_SECONDS = 2.0
TOPIC_SECONDS = 0.5


class _Client(Protocol):
    async def start(self) -> None: ...
    async def stop(self) -> None: ...


@contextlib.asynccontextmanager
async def consuming(brokers: Brokers, name: str, *, begin: str) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer without a group; `begin` (`earliest`, `latest`) is where it goes when it has no place to read from."""
    client = AIOKafkaConsumer(
        bootstrap_servers=brokers.bootstrap,
        client_id=name,
        enable_auto_commit=False,
        auto_offset_reset=begin,
        request_timeout_ms=REQUEST_MS,
        max_partition_fetch_bytes=512 * 1024,
        fetch_max_bytes=2 * 1024 * 1024,
    )
    async with _open(client, client._client):
        yield client


async def assign(consumer: AIOKafkaConsumer, topic: str, partitions: int) -> Sequence[TopicPartition]:
    """Have `consumer` read all partitions of a topic, as soon as the worker of its service has created it."""
    waiting = False
    while topic not in await consumer.topics():
        if not waiting:
            log.info("kafka.waits_for_topic", topic=topic)
        waiting = True
        await asyncio.sleep(TOPIC_SECONDS)
    parts = [TopicPartition(topic, part) for part in range(partitions)]
    consumer.assign(parts)
    return parts


@contextlib.asynccontextmanager
async def producing(
    brokers: Brokers, name: str, *, acks: int | str, deadline: float, linger_ms: int = 0
) -> AsyncIterator[AIOKafkaProducer]:
    """A producer whose records get their answer, or none, within `deadline` seconds.

    It waits `linger_ms` for more records that may travel together.
    """
    client = AIOKafkaProducer(
        bootstrap_servers=brokers.bootstrap,
        client_id=name,
        acks=acks,
        # Off on purpose: with it on, batches never expire, and a frozen broker hangs both `send` and `stop`.
        enable_idempotence=False,
        request_timeout_ms=int(deadline * 1000),
        linger_ms=linger_ms,
        max_batch_size=512 * 1024,
        max_request_size=1_000_000,
    )
    async with _open(client, client.client):
        yield client


@contextlib.asynccontextmanager
async def _open(client: _Client, network: "_Network") -> AsyncIterator[None]:
    starting = asyncio.ensure_future(client.start())
    try:
        # Not cancelled in the middle: the library would leave a connection open.
        await asyncio.shield(starting)
        yield
    finally:
        await asyncio.wait([starting], timeout=REQUEST_MS / 1000)
        stopping = asyncio.ensure_future(client.stop())
        done, _ = await asyncio.wait([stopping], timeout=STOP_SECONDS)
        if not done:
            log.warning("kafka.client_abandoned", client=str(client))
            stopping.cancel()
            await network.close()
        with contextlib.suppress(KafkaError, asyncio.CancelledError):
            await stopping


class _Network(Protocol):
    async def close(self) -> None: ...
