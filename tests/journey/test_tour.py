"""The tour of the README, pasted as a newcomer pastes it: into bash, beside a platform with the demo county."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from libs.common.ports import free_port
from tests.kafka import needs_kafka, require_kafka

ROOT = Path(__file__).parents[2]
LOAD_SECONDS = 240
TOUR_SECONDS = 120
STOP_SECONDS = 60

# What the reader is promised to see.
SHOWN = (
    "阳政办发〔2026〕31号",  # the brackets of the document number are normalised
    '"state": "live"',
    '"name": "coverage"',
    '"name": "interpretation_duty"',
    '"name": "response_record"',
    '"name": "county_listing"',
    '"name": "town_listing"',
    '"name": "village_listing"',
    '"due_on": "20',
    "冬季取暖救助怎么申请",
    '"state": "discharged"',
    "租房的低保家庭可以申请吗?",
    '"key": "village"',
    '"state": "missing"',
    "'overdue': ",
    "not in publication/listings/990001101201",
    "not in village-affairs/villages/990001101201/listing",
    '"withdrawal": "notice"',
)


def blocks(readme: str, heading: str) -> list[str]:
    """The bash blocks of one section."""
    text = (ROOT / readme).read_text(encoding="utf-8")
    section = text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    return re.findall(r"^```bash\n(.*?)^```$", section, re.DOTALL | re.MULTILINE)


def test_both_readmes_give_the_same_tour() -> None:
    tour = blocks("README.md", "A five-minute tour")
    assert len(tour) >= 8
    assert blocks("README.zh.md", "五分钟导览") == tour


@pytest.fixture
def data_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="yg-tour-"))  # short: a socket's path has a limit
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


@pytest.mark.skipif(not (shutil.which("bash") and shutil.which("curl")), reason="the tour needs bash and curl")
@pytest.mark.parametrize("role", ["all", pytest.param("cluster", marks=[pytest.mark.long, needs_kafka])])
def test_the_tour_works_line_by_line(data_dir: Path, tmp_path: Path, role: str) -> None:
    if role == "cluster":
        require_kafka()
    port = free_port()
    environment = {**os.environ, "DATA_DIR": str(data_dir), "PORT": str(port), "DEMO": "true", "NO_PROXY": "127.0.0.1"}
    environment.pop("KAFKA_BOOTSTRAP_SERVERS", None)  # a Kafka of its own, or none
    log = tmp_path / "log"
    with log.open("wb") as out:
        command = [sys.executable, "-m", "services", role]
        platform = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=out, stderr=out)
    try:
        _await_demo_county(platform, data_dir, log)
        postmaster = int((data_dir / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0])
        script = "\n".join(blocks("README.md", "A five-minute tour"))
        tour = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=ROOT,
            env={**environment, "BASE": f"http://127.0.0.1:{port}", "PY": sys.executable},
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=TOUR_SECONDS,
            check=False,
        )
        assert tour.returncode == 0, tour.stdout + tour.stderr
        assert [words for words in SHOWN if words not in tour.stdout] == [], tour.stdout
        assert '"state": "pending"' not in tour.stdout
        assert "still in" not in tour.stdout
        platform.send_signal(signal.SIGINT)
        assert platform.wait(STOP_SECONDS) == 0, log.read_text(encoding="utf-8")
        assert not psutil.pid_exists(postmaster)
        assert not (data_dir / "postgres" / "postmaster.pid").exists()
    finally:
        _end(platform)


def _await_demo_county(platform: subprocess.Popen[bytes], data_dir: Path, log: Path) -> None:
    deadline = time.monotonic() + LOAD_SECONDS
    while not (data_dir / "demo-loaded").exists():
        assert platform.poll() is None, log.read_text(encoding="utf-8")
        assert time.monotonic() < deadline, log.read_text(encoding="utf-8")[-4000:]
        time.sleep(0.1)


def _end(platform: subprocess.Popen[bytes]) -> None:
    """Leave nothing running when an assertion failed; SIGINT takes PostgreSQL along."""
    if platform.poll() is None:
        platform.send_signal(signal.SIGINT)
        try:
            platform.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            platform.kill()
            platform.wait()
