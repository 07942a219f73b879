import subprocess
import sys
from pathlib import Path

import pytest

from closeup.core.errors import InputError, OutputError
from closeup.learning.runs import lock
from closeup.learning.runs.lock import RunLock, is_held

HOLD = """
import sys
from pathlib import Path
from closeup.learning.runs.lock import RunLock
kept = RunLock(Path(sys.argv[1]))
print("held", flush=True)
sys.stdin.read()
"""


def test_one_holds_it_at_a_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "_PATIENCE_S", 0.0)
    assert not is_held(tmp_path)
    first = RunLock(tmp_path)
    assert is_held(tmp_path)
    with pytest.raises(InputError, match="Another process is writing the run"):
        RunLock(tmp_path)
    first.release()
    first.release()
    assert not is_held(tmp_path)
    RunLock(tmp_path).release()


def test_it_ends_with_its_process_even_when_that_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        assert is_held(tmp_path)
        process.kill()
    assert not is_held(tmp_path)
    RunLock(tmp_path).release()


def test_a_folder_that_is_not_there_cannot_be_locked(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="Cannot write"):
        RunLock(tmp_path / "nowhere")
    assert not is_held(tmp_path / "nowhere")


def test_a_file_system_without_locks_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> bool:
        raise OSError(37, "No locks available")

    monkeypatch.setattr(lock, "take", refuse)
    with pytest.raises(OutputError, match="No locks available") as caught:
        RunLock(tmp_path)
    assert "--runs" in caught.value.hint
