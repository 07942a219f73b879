"""A video in shards gives what one pass gives, bit for bit, and what is finished is not done again."""

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from closeup.core.errors import InputError, OutputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.features.cast import shards as module
from closeup.features.cast.find import make_cast_folder
from closeup.features.cast.options import CastOptions
from closeup.features.cast.scan import Scan, scan_video
from closeup.features.cast.shards import remove_shards
from closeup.jobs.spread import HERE, InProcess
from features.cast.stand_in_video import BLUE, GREEN, RED, Drawn, DrawnShot, regrouped, stand_in_analyzer, write_video
from features.cast.test_scan import same

SHOTS = (
    DrawnShot(30, 1, (Drawn(RED, 60, 90),)),
    DrawnShot(26, 2, (Drawn(BLUE, 200, 170),)),
    DrawnShot(20, 3),
    DrawnShot(70, 4, (Drawn(RED, 40, 60), Drawn(BLUE, 220, 200))),
    DrawnShot(26, 5, (Drawn(GREEN, 130, 130),)),
    DrawnShot(28, 1, (Drawn(RED, 60, 90),)),
)
OPEN = "open-gop=1:bframes=4:b-pyramid=normal:keyint=12:min-keyint=12:scenecut=0"


class Counting(InProcess):
    """Counts the calls, and stops the work after some of them, as a crash does."""

    def __init__(self, crash_after: int = 1000) -> None:
        self.done, self._crash_after = 0, crash_after

    def run(self, name: str, calls: Sequence[Mapping[str, Any]], progress: ProgressCallback = ignore) -> Any:
        for answer in super().run(name, calls, progress):
            self.done += 1
            yield answer
            if self.done == self._crash_after:
                raise KeyboardInterrupt


@pytest.fixture(autouse=True)
def short_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SHARD_S", 1.0)
    analyzer = stand_in_analyzer()
    monkeypatch.setattr(module, "_analyzer", lambda models: analyzer)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("drawn") / "drawn.mp4", SHOTS)


def scanned(path: Path, sharing: Any = None, detect_fps: float = 5.0, told: ProgressCallback = ignore) -> Scan:
    return scan_video(path, stand_in_analyzer(), CastOptions(detect_fps=detect_fps), told, sharing)


@pytest.mark.parametrize("ending", ["mp4", "mkv", "ts"])
@pytest.mark.parametrize("detect_fps", [5, 12.5, 25])
def test_shards_give_what_one_pass_gives(drawn: Path, tmp_path: Path, ending: str, detect_fps: float) -> None:
    path = regrouped(tmp_path / f"open.{ending}", drawn, OPEN)
    spread = Counting()
    assert same(scanned(path, (spread, tmp_path / "a.cast"), detect_fps), scanned(path, detect_fps=detect_fps))
    assert spread.done >= 5


def test_progress_goes_up_to_the_end(drawn: Path, tmp_path: Path) -> None:
    told: list[Progress] = []
    scanned(regrouped(tmp_path / "a.mp4", drawn, OPEN), (HERE, tmp_path / "a.cast"), told=told.append)
    done = [each.done for each in told]
    assert done == sorted(done)
    assert done[0] < 2
    assert len([each for each in done if 1 < each < 7]) >= 4
    assert done[-1] == 8
    assert {each.total for each in told} == {8.0}


def test_what_was_finished_before_a_crash_is_not_done_again(drawn: Path, tmp_path: Path) -> None:
    path = regrouped(tmp_path / "a.mp4", drawn, OPEN)
    with pytest.raises(KeyboardInterrupt):
        scanned(path, (Counting(crash_after=3), tmp_path / "a.cast"))
    again = Counting()
    scan = scanned(path, (again, tmp_path / "a.cast"))
    whole = Counting()
    assert same(scanned(path, (whole, tmp_path / "b.cast")), scan)
    assert again.done == whole.done - 3
    none = Counting()
    assert same(scanned(path, (none, tmp_path / "b.cast")), scan)
    assert none.done == 0
    remove_shards(tmp_path / "a.cast")
    remove_shards(tmp_path / "b.cast")
    assert [each.name for each in tmp_path.iterdir()] == ["a.mp4"]


def test_a_finished_shard_that_a_disk_has_damaged_is_done_again(drawn: Path, tmp_path: Path) -> None:
    path = regrouped(tmp_path / "a.mp4", drawn, OPEN)
    scan = scanned(path, (HERE, tmp_path / "a.cast"))
    (place,) = tmp_path.glob(".a.cast.*.steps")
    shard = sorted(place.glob("*-*.npz"))[1]
    shard.write_bytes(shard.read_bytes()[:-100])
    spread = Counting()
    assert same(scanned(path, (spread, tmp_path / "a.cast")), scan)
    assert spread.done == 1


def test_shards_of_other_options_are_not_taken(drawn: Path, tmp_path: Path) -> None:
    path = regrouped(tmp_path / "a.mp4", drawn, OPEN)
    scanned(path, (HERE, tmp_path / "a.cast"))
    spread = Counting()
    assert same(scanned(path, (spread, tmp_path / "a.cast"), 12.5), scanned(path, detect_fps=12.5))
    assert spread.done >= 5


@pytest.mark.parametrize("x264", ["keyint=1000:scenecut=0", "keyint=40:scenecut=0:intra-refresh=1", "keyint=12:tff=1"])
def test_videos_that_cannot_be_cut_are_read_in_one_pass(drawn: Path, tmp_path: Path, x264: str) -> None:
    path = regrouped(tmp_path / "a.mp4", drawn, x264, **({"flags": "+ildct+ilme"} if "tff" in x264 else {}))
    assert same(scanned(path, (HERE, tmp_path / "a.cast")), scanned(path))


def test_a_damaged_video_is_read_in_one_pass(drawn: Path, tmp_path: Path) -> None:
    path = regrouped(tmp_path / "a.ts", drawn, OPEN)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 3000] = np.random.default_rng(1).bytes(3000)
    path.write_bytes(bytes(content))
    assert same(scanned(path, (HERE, tmp_path / "a.cast")), scanned(path))


def test_a_video_that_decodes_otherwise_from_its_key_frames_is_read_in_one_pass(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = regrouped(tmp_path / "a.mp4", drawn, OPEN)
    expected = scanned(path)
    sums = iter(range(1000))
    monkeypatch.setattr(module, "crc32", lambda _: next(sums))
    spread = Counting()
    assert same(scanned(path, (spread, tmp_path / "a.cast")), expected)
    assert spread.done == 2


def test_another_file_in_the_place_of_the_video_is_noticed(drawn: Path, tmp_path: Path) -> None:
    path = regrouped(tmp_path / "a.mp4", drawn, OPEN)

    class Swapping(Counting):
        def run(self, *given: Any) -> Any:
            path.write_bytes(drawn.read_bytes())
            yield from super().run(*given)

    with pytest.raises((InputError, OutputError), match="not the file that was planned"):
        scanned(path, (Swapping(), tmp_path / "a.cast"))


def test_shards_are_planned_by_the_exact_clock(drawn: Path, tmp_path: Path) -> None:
    path = regrouped(tmp_path / "a.mp4", drawn, OPEN)
    found = module.steady_times(path, None)
    assert found is not None
    times, keys = found
    assert (times.count, times.end) == (200, Fraction(8))
    assert keys == tuple(range(0, 200, 12))


@pytest.mark.shared
@pytest.mark.parametrize("name", ["films/wednesday_12s.mp4", "clips/hamilton_10s.mp4"])
def test_real_clips_in_shards_are_the_same_byte_for_byte(
    shared: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.undo()
    monkeypatch.setattr(module, "SHARD_S", 2.0)
    video, spread = shared / "data" / "video" / name, Counting()
    make_cast_folder(video, tmp_path / "one" / "a.cast", CastOptions("builtin"))
    make_cast_folder(video, tmp_path / "many" / "a.cast", CastOptions("builtin"), spread=spread)
    assert spread.done >= 3
    assert contents(tmp_path / "one") == contents(tmp_path / "many")


def contents(folder: Path) -> dict[str, bytes]:
    """All files of a folder, but for the times that the work took."""
    files = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
    assert len(files) > 8
    return {
        name: re.sub(rb'"timings_s": \{[^}]*\}', b"", content) if name.endswith("cast.json") else content
        for name, content in files.items()
    }
