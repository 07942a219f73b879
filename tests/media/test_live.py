import os
import time
from fractions import Fraction
from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import InputError
from closeup.media import live
from closeup.media.image import encode_png
from closeup.media.live import live_pictures
from numbered_video import Numbered, constant, write


def put(folder: Path, name: str, grey: int, at: int) -> None:
    (folder / name).write_bytes(encode_png(np.full((40, 60, 3), grey, np.uint8)))
    os.utime(folder / name, (at, at))


def test_a_folders_newest_picture_is_what_is_seen(tmp_path: Path) -> None:
    put(tmp_path, "b.png", 10, 100)
    (tmp_path / "notes.txt").write_text("no picture")
    pictures = live_pictures(str(tmp_path), 100)
    assert [int(next(pictures).mean()) for _ in range(2)] == [10, 10]
    put(tmp_path, "a.png", 90, 200)
    assert int(next(pictures).mean()) == 90
    (tmp_path / "c.png").write_bytes(b"half of one")
    assert int(next(pictures).mean()) == 90
    for path in tmp_path.iterdir():
        path.unlink()
    with pytest.raises(InputError, match="no picture"):
        next(pictures)


def test_a_folder_without_one_and_one_that_is_gone_are_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no picture"):
        next(live_pictures(str(tmp_path), 10))
    (tmp_path / "x.png").write_bytes(b"no picture")
    with pytest.raises(InputError):
        next(live_pictures(str(tmp_path), 10))
    with pytest.raises(InputError):
        next(live_pictures(str(tmp_path / "absent"), 10))


def test_a_video_comes_at_its_own_pace(tmp_path: Path) -> None:
    film = write(tmp_path / "film.mp4", Numbered(constant(30, Fraction(10))))
    begun = time.monotonic()
    taken = list(islice(live_pictures(str(film), 5), 3))
    assert time.monotonic() - begun >= 0.35
    assert len(taken) == 3


def test_a_number_is_a_camera_that_is_asked_for_a_size(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    class Plugged:
        def isOpened(self) -> bool:
            return False

        def release(self) -> None:
            asked.append("released")

    def capture(index: int, size_wh: tuple[int, int] | None) -> Plugged:
        asked.append((index, size_wh))
        return Plugged()

    monkeypatch.setattr("closeup.media.webcam._quiet_capture", capture)
    with pytest.raises(InputError, match="There is no camera 3"):
        next(live.live_pictures("3", 10, (1280, 720)))
    assert asked == [(3, (1280, 720)), "released"]
