"""Processes that change one file take turns, and no change is lost."""

import subprocess
import sys
from pathlib import Path

import pytest

from closeup.core import file_lock
from closeup.core.errors import InputError, OutputError
from closeup.core.file_lock import is_locked, one_at_a_time, take

ADD = """
import sys
from pathlib import Path
from closeup.core.file_lock import one_at_a_time
from closeup.core.whole import write_whole
path = Path(sys.argv[1])
for _ in range(20):
    with one_at_a_time(path):
        write_whole(path, path.read_bytes() + sys.argv[2].encode())
"""


def test_no_change_is_lost(tmp_path: Path) -> None:
    path = tmp_path / "letters.txt"
    path.write_bytes(b"")
    writers = [subprocess.Popen([sys.executable, "-c", ADD, str(path), letter]) for letter in "abc"]
    assert [writer.wait() for writer in writers] == [0, 0, 0]
    assert sorted(path.read_text()) == sorted("abc" * 20)


def test_who_waits_too_long_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(file_lock, "_PATIENCE_S", 0.0)
    path = tmp_path / "a.csv"
    with one_at_a_time(path), pytest.raises(InputError, match="Another process is changing"), one_at_a_time(path):
        pass
    with one_at_a_time(path):
        pass
    assert not path.exists()


def test_a_folder_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="Cannot write"), one_at_a_time(tmp_path / "nowhere" / "a.csv"):
        pass


HOLD = """
import sys
from pathlib import Path
from closeup.core.errors import InputError
from closeup.core.file_lock import take
kept = take(Path(sys.argv[1]), InputError("busy"))
print("held", flush=True)
sys.stdin.read()
"""
BUSY = InputError("Another process has it.")


def test_one_holds_it_at_a_time(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    assert not is_locked(path)
    release = take(path, BUSY, 0.0)
    assert is_locked(path)
    with pytest.raises(InputError, match="Another process has it"):
        take(path, BUSY, 0.0)
    release()
    release()
    assert not is_locked(path)
    take(path, BUSY, 0.0)()


def test_it_ends_with_its_process_even_when_that_is_killed(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        assert is_locked(path)
        process.kill()
    assert not is_locked(path)
    take(path, BUSY, 0.0)()


def test_a_disk_without_locks_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> bool:
        raise OSError(37, "No locks available")

    monkeypatch.setattr("filelock.FileLock.acquire", refuse)
    (tmp_path / ".lock").touch()
    with pytest.raises(OutputError, match="No locks available"):
        take(tmp_path / ".lock", BUSY)
    assert is_locked(tmp_path / ".lock")
