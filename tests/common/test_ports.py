"""A port that was given away stays given away, even before anybody listens on it."""

import socket
import subprocess
import sys

import pytest

from libs.common import ports


def test_a_port_is_given_to_one_program_only() -> None:
    mine = set(ports.free_ports(40))
    span = f"range({min(mine)}, {min(mine) + 400})"
    program = f"from libs.common import ports; ports._RANGE = {span}; print(*ports.free_ports(100))"
    theirs = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert len(set(map(int, theirs.split()))) == 100
    assert not mine & set(map(int, theirs.split()))


def test_a_port_that_somebody_listens_on_is_not_given(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        taken = server.getsockname()[1]
        assert ports.is_taken("127.0.0.1", taken)
        monkeypatch.setattr(ports, "_RANGE", range(taken, taken + 1))
        with pytest.raises(OSError, match="no 1 free ports"):
            ports.free_port()
