"""The command as a stranger uses it, with the builtin models and with files that are anything but what it hopes for."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from typer.testing import CliRunner, Result

from closeup.cli.main import app
from closeup.core.types import Image
from closeup.features.demo import programme
from media import damage
from media.odd_video import write_video

WORDS = [sys.executable, "-m", "closeup"]


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, ["cast", "--models", "builtin", *map(str, words)])


def start(*words: str | Path, **more: Any) -> "subprocess.Popen[str]":
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    return subprocess.Popen([*WORDS, *map(str, words)], **pipes, **more)


def names(folder: Path) -> list[str]:
    return sorted(os.fsdecode(path.name) for path in folder.iterdir())


def read(folder: Path) -> dict[str, Any]:
    cast: dict[str, Any] = json.loads((folder / "cast.json").read_text(encoding="utf-8"))
    cast.pop("timings_s")
    return cast


@pytest.fixture(scope="module")
def frames() -> list[Image]:
    """The demo's first shot, Grace Hopper alone, small: every second frame."""
    shot = programme.plan()[0]
    large = programme._shot_frames(shot, {person: programme._still(person) for person in shot.people})
    return [np.asarray(cv2.resize(image, (320, 180), interpolation=cv2.INTER_AREA), np.uint8) for image in large[::2]]


@pytest.fixture(scope="module")
def clip(frames: list[Image], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("clip") / "clip.mkv", frames)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def sound_only(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        for index in range(20):
            frame = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 44100, index * 1024
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


BAD: dict[str, tuple[Callable[[Path], Any], str]] = {
    "missing": (lambda path: None, "does not exist"),
    "empty": (lambda path: path.touch(), "is empty"),
    "folder": (lambda path: path.mkdir(), "There are no photos in v.mp4"),
    "text": (lambda path: path.write_text("Dear diary\n" * 99), "is not a video"),
    "noise": (lambda path: path.write_bytes(random.Random(1).randbytes(50_000)), "is not a video"),
    "sound": (sound_only, "has sound but no video"),
    "cut in the head": (lambda path: path.write_bytes(b"\0\0\0\x20ftypisom\0\0\2\0" + bytes(400)), "is incomplete"),
    "pipe": (lambda path: os.mkfifo(path), "is not a regular file"),
}


@pytest.mark.parametrize("kind", BAD)
def test_bad_input_is_one_error_one_hint_code_2_and_no_folder(kind: str, here: Path) -> None:
    make, words = BAD[kind]
    make(here / "v.mp4")
    before = names(here)
    result = run("v.mp4", "-o", "new/place")
    assert result.exit_code == 2
    assert words in result.stderr
    assert [line.split(":")[0] for line in result.stderr.splitlines()] == ["error", "hint"]
    assert result.stdout == ""
    assert names(here) == before


def test_a_file_that_may_not_be_read_says_so(here: Path, clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened = Path.open

    def refuse(self: Path, *words: Any, **more: Any) -> Any:
        if self.name == "v.mkv":
            raise PermissionError(13, "Permission denied", str(self))
        return opened(self, *words, **more)

    shutil.copy(clip, "v.mkv")
    monkeypatch.setattr(Path, "open", refuse)
    result = run("v.mkv")
    assert (result.exit_code, names(here)) == (2, ["v.mkv"])
    assert "may not be read" in result.stderr


def turned(frames: list[Image], times: int) -> list[Image]:
    return [np.ascontiguousarray(np.rot90(frame, -times)) for frame in frames]


ODD: dict[str, tuple[Callable[[list[Image]], list[Image]], dict[str, Any]]] = {
    "rotated 90": (lambda f: turned(f, 1), {"rotation": 90}),
    "rotated 180": (lambda f: turned(f, 2), {"rotation": 180}),
    "10 bit": (lambda f: f, {"codec": "ffv1", "pix_fmt": "yuv420p10le"}),
    "odd size": (lambda f: [frame[:-1, :-3] for frame in f], {"codec": "ffv1", "pix_fmt": "bgr0"}),
    "grey": (lambda f: f, {"codec": "ffv1", "pix_fmt": "gray"}),
    "vfr": (lambda f: f, {"stamps": tuple(np.cumsum(np.tile([7, 40, 121], 40))[:38].tolist())}),
}


@pytest.mark.parametrize("kind", ODD)
def test_odd_videos_have_their_one_person_upright(kind: str, frames: list[Image], here: Path) -> None:
    change, oddities = ODD[kind]
    name = "v.mp4" if "rotation" in oddities else "v.mkv"
    write_video(here / name, change(frames), **oddities)
    result = run(name, "-o", "r")
    assert result.exit_code == 0, result.stderr
    cast = read(here / "r")
    people = [*cast["people"], *cast["passers_by"]]
    assert len(people) == 1
    assert cast["video"]["width"] in (317, 320)
    x0, y0, x1, y1 = cast["tracks"][0]["faces"][0]["box"]
    assert 100 < (x0 + x1) / 2 < 220  # the face is in the picture's middle, above its lower edge
    assert (y0 + y1) / 2 < 110


NOBODY: dict[str, tuple[tuple[int, int], int]] = {
    "one frame": ((180, 320), 1),
    "1 px high": ((1, 640), 2),
    "1 px wide": ((360, 1), 2),
    "1 pixel": ((1, 1), 2),
    "nobody": ((180, 320), 20),
}


@pytest.mark.parametrize("kind", NOBODY)
def test_nobody_is_a_sentence_a_folder_and_success(kind: str, here: Path) -> None:
    (height, width), count = NOBODY[kind]
    pictures = [np.full((height, width, 3), 9 * index, np.uint8) for index in range(count)]
    write_video(here / "v.avi", pictures, codec="rawvideo", pix_fmt="bgr24")
    result = run("v.avi", "-o", "r")
    assert result.exit_code == 0, result.stderr
    assert "No people were found in v.avi." in result.stdout
    assert read(here / "r")["people"] == []
    assert (here / "r" / "report.html").stat().st_size > 1000


def test_a_video_that_ends_early_is_used_and_said(clip: Path, here: Path) -> None:
    content = clip.read_bytes()
    (here / "v.mkv").write_bytes(content[: len(content) * 3 // 4])
    result = run("v.mkv", "-o", "r", "-q")
    assert result.exit_code == 3, result.stderr
    assert "note: The video ends early" in result.stderr
    assert result.stdout == ""
    cast = read(here / "r")
    assert "ends early" in cast["video"]["notes"][0]
    assert len(cast["tracks"]) == 1
    assert "ends early" in (here / "r" / "report.html").read_text(encoding="utf-8")


def cast_damaged(here: Path, ending: str, places: int) -> set[int]:
    """Cast a clip damaged in so many places, three ways each; gives the exit codes that there were."""
    content, codes = damage.write_whole(here, ending).read_bytes(), set[int]()
    (here / f"whole.{ending}").unlink()
    for how, damaged in damage.damaged(content, places):
        (here / f"v.{ending}").write_bytes(damaged)
        result = run(f"v.{ending}", "-o", "r", "-q")
        codes.add(result.exit_code)
        assert result.exit_code in (0, 2, 3), (how, result.output)
        assert names(here) == ([f"v.{ending}"] if result.exit_code == 2 else ["r", f"v.{ending}"]), how
        assert bool(result.stderr) == (result.exit_code != 0), (how, result.stderr)
        if result.exit_code != 2:
            assert read(here / "r")["video"]["frames"] > 0, how
            assert (here / "r" / "report.html").stat().st_size > 1000, how
            shutil.rmtree(here / "r")
    return codes


@pytest.mark.parametrize("ending", damage.FORMATS)
def test_a_damaged_video_makes_a_whole_folder_or_none(ending: str, here: Path) -> None:
    cast_damaged(here, ending, 2)


def run_damaged(folder: Path, ending: str, places: int) -> "subprocess.CompletedProcess[str]":
    """Cast, shorts and faces of damaged clips of one person, in another process."""
    env = {**os.environ, "PYTHONPATH": os.pathsep.join([str(Path(__file__).parent), *sys.path])}
    words = [sys.executable, "-m", "damaged_commands", str(folder), ending, str(places)]
    return subprocess.run(words, env=env, capture_output=True, text=True, check=False)


def ends_of(done: "subprocess.CompletedProcess[str]") -> set[tuple[str, str]]:
    """What each command ended with; fails where one crashed, hung or left a half result."""
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert done.returncode == 0, f"{lines[-1:]}: {done.returncode}\n{done.stderr[-2000:]}"
    return {(command, code) for _, command, _, _, code in lines}


def test_whole_commands_make_whole_results_of_damaged_videos(tmp_path: Path) -> None:
    assert {("cast", "0"), ("shorts", "0"), ("faces", "0")} <= ends_of(run_damaged(tmp_path, "mp4", 1))


@pytest.mark.slow
@pytest.mark.parametrize("ending", damage.FORMATS)
def test_whole_commands_on_videos_damaged_at_twelve_places(ending: str, tmp_path: Path) -> None:
    """For 200 of each, which takes half an hour of processor time, run `damaged_commands` by itself."""
    assert {("cast", "0"), ("faces", "0")} <= ends_of(run_damaged(tmp_path, ending, 12))


def test_8k_is_looked_at_in_bounded_memory(frames: list[Image], here: Path) -> None:
    large = [np.asarray(cv2.resize(frame, (7680, 4320)), np.uint8) for frame in frames[:3]]
    write_video(here / "v.mkv", large, codec="mjpeg", pix_fmt="yuvj420p", fps=Fraction(5))
    del large
    # A process begins with the peak of the one that starts it: a small one starts it, since this one was large.
    weigh = "import resource, subprocess, sys; subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
    weigh += "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    words = ["cast", "v.mkv", "-o", "r", "-q", "--models", "builtin"]
    done = subprocess.run([sys.executable, "-c", weigh, *WORDS, *words], cwd=here, capture_output=True, check=True)
    assert int(done.stdout) < 1_500_000  # kB
    assert len(read(here / "r")["tracks"]) == 1


NAMES = ["with space.mkv", "ünï 人.mkv", "new\nline.mkv", "-dash.mkv", "a:b%d[x]'\".mkv", "b\x1b[31m.mkv"]
NAMES += ["x" * 240 + ".mkv"]


@pytest.mark.parametrize("name", NAMES)
def test_names_of_every_kind(name: str, here: Path) -> None:
    pictures = [np.zeros((36, 64, 3), np.uint8)] * 3
    write_video(here / "v.mkv", pictures).rename(here / name)
    result = run("--", name)
    assert result.exit_code == 0, result.stderr
    folder = f"{Path(name).stem}.cast"
    assert names(here) == sorted([name, folder])
    assert "\x1b" not in result.output
    assert result.stdout.count("\n") == 4
    assert CliRunner().invoke(app, ["people", "--", folder]).exit_code == 0
    (here / name).write_bytes(b"no")
    failed = run("--overwrite", "--", name)
    assert failed.exit_code == 2
    assert failed.stderr.count("\n") == 2


def test_a_name_that_leaves_no_room_for_the_folder_is_said(here: Path) -> None:
    name = "x" * 251 + ".mkv"
    (here / name).touch()
    result = run(name)
    assert result.exit_code == 2
    assert "The place is chosen with -o." in result.stderr


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system does not bind processes to cores")
def test_one_core_or_all_give_the_same_cast(clip: Path, here: Path) -> None:
    cores = [set(sorted(os.sched_getaffinity(0))[:1]), os.sched_getaffinity(0)]
    for place, allowed in zip(("one", "all"), cores, strict=True):
        process = start(
            "cast", clip, "-o", place, "-q", "--models", "builtin", cwd=here,
            preexec_fn=lambda allowed=allowed: os.sched_setaffinity(0, allowed),
        )  # fmt: skip
        assert process.communicate() == ("", "")
    assert read(here / "one") == read(here / "all")
    assert (here / "one" / "vectors.npz").read_bytes() == (here / "all" / "vectors.npz").read_bytes()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_stop_at_any_moment_leaves_what_was_there(number: int, clip: Path, here: Path) -> None:
    assert run(clip, "-o", "r", "-q").exit_code == 0
    before = read(here / "r")
    rng = random.Random(int(number))
    codes = set()
    for moment in (0.6, 1.0, 1.5):
        process = start("cast", clip, "-o", "r", "--overwrite", "--models", "builtin", cwd=here)
        time.sleep(moment * rng.uniform(0.9, 1.1))
        process.send_signal(number)
        _, err = process.communicate(timeout=20)
        codes.add(process.returncode)
        if process.returncode == 128 + number:  # else it came before closeup had begun, or after it was done
            assert "Traceback" not in err
        assert names(here) == ["r"]
        assert read(here / "r") == before
    assert codes <= {0, -number, 128 + number}


def test_a_kill_does_not_stand_in_the_way_of_the_next_run(clip: Path, here: Path) -> None:
    process = start("cast", clip, "-o", "r", "--models", "builtin", cwd=here)
    assert process.stderr is not None
    for line in process.stderr:
        if "Writing" in line:
            break
    process.kill()
    process.communicate()
    result = run(clip, "-o", "r", "--overwrite")
    assert result.exit_code == 0, result.stderr
    assert names(here) == ["r"]


def test_the_scorer_of_the_project_reads_a_cast(clip: Path, here: Path, shared: Path) -> None:
    assert run(clip, "-o", "r", "-q").exit_code == 0
    truth = {"shots": [{"start": 0, "end": 38, "people": [{"name": "Hopper", "side": "full"}]}]}
    (here / "truth.json").write_text(json.dumps(truth))
    scorer = shared / "tools" / "score_cast.py"
    said = subprocess.run([sys.executable, scorer, "r/cast.json", "truth.json"], capture_output=True, text=True)
    assert json.loads(said.stdout)["shots_covered"] == 1.0
