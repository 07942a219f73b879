"""`closeup worker`, as a process."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from closeup.storage.jobs import JobStore
from closeup.storage.server import open_server

STAND_IN = Path(__file__).parent.parent / "jobs" / "stand_in"


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
@pytest.mark.parametrize("how", ["SIGTERM", "the end of its parent"])
def test_it_does_jobs_until_it_is_stopped(tmp_path: Path, how: str) -> None:
    database = open_server(tmp_path)
    store = JobStore(database)
    job = store.submit("count", {"log": str(tmp_path / "log"), "name": "a", "to": 2}, folder=str(tmp_path / "out"))
    command = [sys.executable, "-m", "closeup", "worker", "--data", str(tmp_path)]
    with_parent = ["--with-parent"] if how != "SIGTERM" else []
    process = subprocess.Popen(
        [*command, *with_parent], env={**os.environ, "PYTHONPATH": str(STAND_IN)}, stdin=subprocess.PIPE
    )
    assert process.stdin is not None
    until_s = time.monotonic() + 60
    while (found := store.find(job.id)) is None or found.state != "done":
        assert time.monotonic() < until_s
        time.sleep(0.1)
    if with_parent:
        process.stdin.close()
    else:
        process.send_signal(signal.SIGTERM)
    assert process.wait(20) == 0
    database.engine.dispose()
