"""The secret of page cursors is one for all processes of a data folder."""

import subprocess
import sys
from pathlib import Path

from libs.common.runtime import cursor_secret
from libs.common.settings import Settings

_ASK = "from libs.common.runtime import cursor_secret; from libs.common.settings import Settings;"
_ASK += "print(cursor_secret(Settings()).decode())"


def test_processes_that_start_together_get_the_same_secret(tmp_path: Path) -> None:
    environment = {"DATA_DIR": str(tmp_path)}
    command = [sys.executable, "-c", _ASK]
    started = [subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = {process.communicate()[0].strip() for process in started}
    assert told == {cursor_secret(Settings(data_dir=tmp_path)).decode()}
    assert [path.name for path in tmp_path.iterdir()] == ["cursor-secret"]
    assert (tmp_path / "cursor-secret").stat().st_mode & 0o077 == 0
