"""The Kafka of development and tests: what is written survives a kill, nothing survives a wipe, nobody is left behind."""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from deploy.dev.kafka import broker as module
from deploy.dev.kafka.broker import Broker, KafkaFailed, KafkaUnavailable, answers, find_running
from tests.kafka import needs_kafka, start

pytestmark = needs_kafka

# A program that holds a broker and is then killed.
HOLDER = """
import sys
from pathlib import Path
from deploy.dev.kafka.broker import Broker
broker = Broker(Path(sys.argv[1]))
broker.start()
print(broker.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    made = Broker(tmp_path_factory.mktemp("broker") / "kafka")
    yield made
    made.stop()


@pytest.fixture
def broker(made: Broker) -> Broker:
    """One that runs, of this file's own."""
    if not answers(_port(made)):
        start(made)
    return made


def _port(broker: Broker) -> int:
    return int(broker.bootstrap.partition(":")[2])


async def _topics(broker: Broker, create: str | None = None) -> list[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
    await admin.start()
    try:
        if create:
            await admin.create_topics([NewTopic(create, num_partitions=12, replication_factor=1)])
        names: list[str] = await admin.list_topics()
        return names
    finally:
        await admin.close()


@pytest.mark.long
def test_a_topic_survives_a_kill_and_not_a_wipe(broker: Broker) -> None:
    assert "said" in asyncio.run(_topics(broker, create="said"))
    first = broker.pid
    broker.kill()
    with pytest.raises(KafkaFailed, match="not running"):
        broker.freeze()
    broker.start()
    assert broker.pid != first
    assert "said" in asyncio.run(_topics(broker))
    broker.wipe()
    broker.start()
    assert asyncio.run(_topics(broker)) == []


def test_a_frozen_broker_answers_nobody_until_it_thaws(broker: Broker) -> None:
    port = _port(broker)
    broker.freeze()
    assert not answers(port)
    broker.thaw()
    assert answers(port)
    broker.freeze()
    broker.stop()
    assert not answers(port)


def test_a_broker_dies_with_the_program_that_held_it(tmp_path: Path, kafka_broker: Broker) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as holder:
        assert holder.stdout is not None
        process = psutil.Process(int(holder.stdout.readline()))
        assert find_running(tmp_path) == process
        holder.kill()
    process.wait(20)
    assert find_running(tmp_path) is None


def test_a_missing_maven_is_said_in_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(module, "CHECKOUT", tmp_path)  # where no jars have been fetched
    with pytest.raises(
        KafkaUnavailable, match=r"^Kafka's jars are fetched with Maven \(mvn\), and it was not found\.$"
    ):
        module.fetch_jars()
