"""The topics: created by the worker of the service that says the events, when an operator has not done so."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import TopicAlreadyExistsError, for_code

from libs.common.partition import PARTITIONS

REQUEST_MS = 5_000
_HOUR_MS = 3_600_000


class WrongTopic(ConnectionError):
    """A topic with another number of partitions: keys would be scattered, and order per thing lost."""


@dataclass(frozen=True)
class Brokers:
    """Where Kafka is, how many copies it keeps of what we create there, and what our topics are called."""

    bootstrap: str
    replication: int = 1
    prefix: str = "yangguang"

    def topic(self, service: str) -> str:
        """The topic of what a service says."""
        return f"{self.prefix}.{service}"

    def progress_topic(self, service: str) -> str:
        """The topic in which the groups that hear `service` tell it how far they are."""
        return f"{self.prefix}.{service}.progress"

    @contextlib.asynccontextmanager
    async def admin(self) -> AsyncIterator[AIOKafkaAdminClient]:
        """A client for questions about topics. Raises KafkaConnectionError when no broker answers."""
        client = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap, request_timeout_ms=REQUEST_MS)
        try:
            await client.start()
            yield client
        finally:
            await client.close()

    async def has(self, service: str) -> bool:
        """Whether the topic of what `service` says is there. Raises WrongTopic when it has other partitions."""
        topic = self.topic(service)
        async with self.admin() as admin:
            if topic not in await admin.list_topics():
                return False
            [found] = await admin.describe_topics([topic])
        if len(found["partitions"]) != PARTITIONS:
            raise WrongTopic(f"{topic} has {len(found['partitions'])} partitions instead of {PARTITIONS}")
        return True

    async def create(self, service: str) -> None:
        """Create the two topics of `service` where they are missing."""
        safe = {"min.insync.replicas": "2"} if self.replication > 2 else {}
        # As the journal, a topic is never cut by itself: a group that is away for long, or new, misses nothing.
        said = {"cleanup.policy": "delete", "retention.ms": "-1", "message.timestamp.type": "CreateTime", **safe}
        told = {"cleanup.policy": "delete", "retention.ms": str(_HOUR_MS)}
        wanted = [
            NewTopic(self.topic(service), PARTITIONS, self.replication, topic_configs=said),
            NewTopic(self.progress_topic(service), 1, self.replication, topic_configs=told),
        ]
        async with self.admin() as admin:
            for topic in wanted:
                answer = await admin.create_topics([topic])
                for _name, code, *_message in answer.topic_errors:
                    if code not in (0, TopicAlreadyExistsError.errno):
                        raise for_code(code)(topic.name)

    async def state(self) -> str:
        """`reachable` or `unreachable`, as `/readyz` reports it; nothing depends on it."""
        for address in self.bootstrap.split(","):
            host, _, port = address.strip().rpartition(":")
            with contextlib.suppress(OSError, TimeoutError, ValueError):
                async with asyncio.timeout(1):
                    _reader, writer = await asyncio.open_connection(host.strip("[]"), int(port))
                writer.close()
                return "reachable"
        return "unreachable"
