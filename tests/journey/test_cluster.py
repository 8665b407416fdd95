"""The cluster around its processes: what it says when it cannot start, and that nobody is left when it is killed."""

import os
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from libs.common.embedded import EmbeddedPostgres
from libs.common.ports import free_port
from libs.common.settings import Settings
from services.cluster import Cluster, NotReady

START_SECONDS = 120


@pytest.fixture
def data_dir() -> Iterator[Path]:
    folder = Path(tempfile.mkdtemp(prefix="yg-cluster-"))  # short: a socket's path has a limit
    folder.chmod(0o755)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


async def test_a_port_that_is_in_use_is_said_before_anything_starts(data_dir: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(NotReady, match=f"Port {port} is in use"):
            await Cluster(Settings(data_dir=data_dir, port=port)).start()
    assert list(data_dir.iterdir()) == []


@pytest.mark.long
def test_a_killed_supervisor_leaves_no_process_and_a_database_to_take_over(data_dir: Path, tmp_path: Path) -> None:
    environment = {**os.environ, "DATA_DIR": str(data_dir), "PORT": str(free_port()), "DEMO": "false"}
    command = [sys.executable, "-m", "services", "cluster", "--bus", "journal"]
    with (tmp_path / "log").open("wb") as out:
        supervisor = psutil.Popen(command, env=environment, stdout=out, stderr=out)
    deadline = time.monotonic() + START_SECONDS
    while not (data_dir / "cluster" / "proxy.pid").exists():
        assert supervisor.poll() is None, (tmp_path / "log").read_text()
        assert time.monotonic() < deadline
        time.sleep(0.1)
    processes = [psutil.Process(int(file.read_text())) for file in (data_dir / "cluster").glob("*.pid")]
    supervisor.kill()
    supervisor.wait()
    assert len(processes) == 12
    assert psutil.wait_procs(processes, timeout=60)[1] == []
    with EmbeddedPostgres(data_dir):
        pass  # taken over, and stopped
    assert not (data_dir / "postgres" / "postmaster.pid").exists()
