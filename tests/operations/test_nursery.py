"""A forked process does not outlive the program that started it."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil

_PROGRAM = """
import os, sys, time
from pathlib import Path
from libs.common.ports import free_port
from services.nursery import fork

child = fork(["services", "proxy", "api:catalog=9"], {**os.environ, "PORT": str(free_port())}, Path(sys.argv[1]))
print(child.pid, flush=True)
time.sleep(600)
"""


def test_a_killed_program_leaves_no_process(tmp_path: Path) -> None:
    command = [sys.executable, "-c", _PROGRAM, str(tmp_path / "log")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, "PYTHONPATH": os.getcwd()}) as program:
        assert program.stdout is not None
        child = psutil.Process(int(program.stdout.readline()))
        assert child.is_running()
        program.send_signal(signal.SIGKILL)
    assert psutil.wait_procs([child], timeout=20)[1] == []
