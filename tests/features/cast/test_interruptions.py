"""Ctrl-C at every line of what writes and changes a result folder."""

import json
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import pytest

from closeup.core import file_lock, result_folder, whole
from closeup.features.cast import folder, operations
from closeup.features.cast.folder import CastFolder, write_cast_folder
from features.cast.fake_cast import fake_result

FILES = {module.__file__ for module in (whole, result_folder, file_lock, folder)}
TIDYING = {"finally:", "if part is not None:", "with held_back():"}
"""Lines on the way out of a block, before the tidying up is protected: an interrupt there may leave its part."""


class Pressed:
    """Presses Ctrl-C at the n-th line that runs in `FILES`; `line` is that line's text afterwards."""

    def __init__(self, moment: int) -> None:
        self.left, self.line = moment, ""

    def __call__(self, frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_filename not in FILES:
            return None
        if event == "line":
            self.left -= 1
            if self.left == 0:
                text = Path(frame.f_code.co_filename).read_text(encoding="utf-8").splitlines()
                self.line = text[frame.f_lineno - 1].strip()
                signal.raise_signal(signal.SIGINT)
        return self


def pressed(moment: int, work: Callable[[], Any]) -> tuple[bool, str]:
    """Run `work` with Ctrl-C at a moment: whether it was interrupted, and at which line ("": it ended before)."""
    trace, before = Pressed(moment), sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    except KeyboardInterrupt:
        return True, trace.line
    finally:
        sys.settrace(before)
    return False, trace.line


def state(place: Path) -> str:
    """The cast of the folder, which must be whole; "" where there is none."""
    if not place.exists():
        return ""
    cast = CastFolder(place).cast()
    CastFolder(place).vectors(cast)
    CastFolder(place).baseline(cast)
    assert set(CastFolder(place).pictures(cast)) == {track.id for track in cast.tracks}
    return json.dumps([person.name for person in cast.people])


def rename(place: Path) -> None:
    def wish(scene: operations.Scene) -> operations.Change:
        old = next(person.name for person in scene.cast.people if person.id == "p1")
        return operations.name_person(scene, "p1", "Abe" if old != "Abe" else "Eve")

    CastFolder(place).edit(wish)


@pytest.mark.parametrize("kind", ["new", "overwrite", "edit"])
def test_a_folder_is_old_or_new_and_nothing_lies_beside_it(kind: str, tmp_path: Path) -> None:
    place, result = tmp_path / "talk.cast", fake_result()
    works = {
        "new": lambda: write_cast_folder(place, result, overwrite=True),
        "overwrite": lambda: write_cast_folder(place, result, overwrite=True),
        "edit": lambda: rename(place),
    }
    if kind != "new":
        write_cast_folder(place, result, overwrite=False)
    moment, interrupted = 1, 0
    while True:
        if kind == "new" and place.exists():
            for path in sorted(place.rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()
            place.rmdir()
        stopped, line = pressed(moment, works[kind])
        if not line:
            break
        interrupted += stopped
        beside = {path.name for path in tmp_path.iterdir()} - {place.name}
        beside.discard(".talk.cast.lock")  # an empty file that nobody holds: see the next run
        assert not beside or line in TIDYING, f"{beside} after an interrupt at: {line}"
        state(place)
        moment += 1 if moment < 40 else 5
    assert interrupted > 20
