"""Apache Kafka for tests: the broker of `KAFKA_BOOTSTRAP_SERVERS`, or one that belongs to the run.

Modules that use it say `pytestmark = needs_kafka`: one worker then runs them all, and one broker is enough.
Where there is no Kafka they are left out, and the summary says so; `REQUIRE_KAFKA=1` makes that a failure of the run.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.dev.kafka.broker import Broker, KafkaUnavailable, fetch_jars, find_java

LEFT_OUT = "without Kafka"  # how the reason of a test that was left out begins

needs_kafka = pytest.mark.xdist_group("kafka")


@pytest.fixture(scope="session")
def kafka(request: pytest.FixtureRequest) -> str:
    """The bootstrap servers of a real Kafka. Its topics outlive the test: name your own."""
    given = os.environ.get("KAFKA_BOOTSTRAP_SERVERS")
    if given:
        return given
    broker: Broker = request.getfixturevalue("kafka_broker")
    return broker.bootstrap


@pytest.fixture(scope="session")
def kafka_broker() -> Iterator[Broker]:
    """The broker of this run, to be killed, frozen or wiped. Leave it running."""
    folder = Path(tempfile.mkdtemp(prefix="yangguang-kafka-"))
    broker = Broker(folder)
    try:
        start(broker)
        yield broker
    finally:
        broker.stop()
        shutil.rmtree(folder, ignore_errors=True)


def start(broker: Broker) -> None:
    """Start a broker, or leave the test out where there is no Kafka."""
    require_kafka()
    broker.start()


def require_kafka() -> None:
    """Leave the test out where there is no Kafka to start; with REQUIRE_KAFKA, fail it."""
    try:
        find_java()
        fetch_jars()
    except KafkaUnavailable as missing:
        if os.environ.get("REQUIRE_KAFKA") == "1":
            pytest.fail(f"REQUIRE_KAFKA is set, and: {missing}", pytrace=False)
        pytest.skip(f"{LEFT_OUT}: {missing}")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say in one line how many tests were left out without Kafka, and why."""
    reasons = [
        report.longrepr[2] for report in terminalreporter.stats.get("skipped", []) if LEFT_OUT in report.longrepr[2]
    ]
    if reasons:
        why = reasons[0].partition(": ")[2].partition(": ")[2]
        terminalreporter.write_line(f"KAFKA: {len(reasons)} TESTS WERE LEFT OUT. {why}", red=True, bold=True)
