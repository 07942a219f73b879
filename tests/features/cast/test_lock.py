import os
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from closeup.core.errors import OutputError
from closeup.features.cast.lock import lock_folder, lock_path


def dead_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


def test_the_lock_is_there_only_inside(tmp_path: Path) -> None:
    folder = tmp_path / "talk.cast"
    with lock_folder(folder):
        assert lock_path(folder).read_text() == f"{os.getpid()} {socket.gethostname()}\n"
        with lock_folder(tmp_path / "other.cast"):
            pass
    assert list(tmp_path.iterdir()) == []


def test_it_goes_after_an_error_too(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), lock_folder(tmp_path / "talk.cast"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_second_one_is_told_who_and_what_to_do(tmp_path: Path) -> None:
    folder = tmp_path / "talk.cast"
    with lock_folder(folder):
        with (
            pytest.raises(OutputError, match=r"talk\.cast is being changed by another closeup") as caught,
            lock_folder(folder),
        ):
            pass
        assert f"rm {lock_path(folder)}" in caught.value.hint
        assert lock_path(folder).exists()


@pytest.mark.skipif(os.name == "nt", reason="Windows cannot ask after a process without harming it")
def test_the_lock_of_a_dead_process_is_taken_over(tmp_path: Path) -> None:
    folder = tmp_path / "talk.cast"
    lock_path(folder).write_text(f"{dead_process()} {socket.gethostname()}\n")
    with lock_folder(folder):
        assert lock_path(folder).read_text().startswith(f"{os.getpid()} ")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("content", "age_s", "stale"),
    [
        ("1 somewhere-else", 60, False),
        ("1 somewhere-else", 4000, True),
        ("", 1, False),
        ("", 60, True),
        ("99999999999999999999 {host}", 0, True),
    ],
)
def test_locks_that_cannot_be_asked_after_go_by_age(tmp_path: Path, content: str, age_s: float, stale: bool) -> None:
    folder = tmp_path / "talk.cast"
    lock_path(folder).write_text(content.format(host=socket.gethostname()))
    then = time.time() - age_s
    os.utime(lock_path(folder), (then, then))
    if stale:
        with lock_folder(folder):
            pass
    else:
        with pytest.raises(OutputError), lock_folder(folder):
            pass


def test_a_place_that_is_not_there(tmp_path: Path) -> None:
    with (
        pytest.raises(OutputError, match=r"Cannot write .*talk\.cast: No such file"),
        lock_folder(tmp_path / "missing" / "talk.cast"),
    ):
        pass


def test_a_lock_of_an_earlier_process_with_our_number_is_taken_over(tmp_path: Path) -> None:
    folder = tmp_path / "talk.cast"
    lock_path(folder).write_text(f"{os.getpid()} {socket.gethostname()}\n")
    with lock_folder(folder):
        pass
    assert list(tmp_path.iterdir()) == []
