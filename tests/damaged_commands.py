"""Whole commands on damaged videos, in a process of its own: what crashes or hangs does not take the tests along.

As a program: `python -m damaged_commands FOLDER ENDING PLACES` casts a clip of one person, damaged at so many places
one way each, makes shorts of the cast, and looks at the faces; it prints a line for each command.
"""

import contextlib
import faulthandler
import json
import os
import shutil
import sys
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from typer.testing import CliRunner

from closeup.cli.main import app
from closeup.core.types import Image
from closeup.features.demo import programme
from media.damage import FORMATS, damaged, say

LONGEST_S = 30
"""Seconds that one command may take before it counts as hanging."""
SIZE_WH = (192, 108)
FRAMES, FPS = 26, 20
SILENT = ("webm", "flv")
_CASTS = ("cast", "--models", "builtin", "-q", "-o", "c.cast")
_SHORTS = ("shorts", "c.cast", "-q", "--height", "160", "--count", "1", "--min-length", "1", "--max-length", "2")
_LOOKS = ("faces", "--models", "builtin", "-q", "-o", "looks")


def pictures() -> list[Image]:
    """The demo's first shot, Grace Hopper alone, small and short."""
    shot = programme.plan()[0]
    large = programme._shot_frames(shot, {who: programme._still(who) for who in shot.people})[:FRAMES]
    return [np.asarray(cv2.resize(image, SIZE_WH, interpolation=cv2.INTER_AREA), np.uint8) for image in large]


def write_clip(path: Path) -> Path:
    """A clip of one person in the format that the name's ending says, with sound where that costs no other encoder."""
    kind, codec = FORMATS[path.suffix[1:]]
    with av.open(str(path), "w", format=kind) as container:
        video = container.add_stream(codec, rate=FPS)
        video.width, video.height, video.pix_fmt = *SIZE_WH, "yuv420p"
        video.options = (
            {"preset": "ultrafast", "g": "10"} if codec == "libx264" else {"g": "10", "deadline": "realtime"}
        )
        sound: av.AudioStream | None = None
        if kind not in SILENT:
            sound = container.add_stream("mp2" if kind in ("mpeg", "avi") else "aac", rate=44_100, layout="mono")
        for number, image in enumerate(pictures()):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, FPS)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        if sound is not None:
            for at in range(0, 44_100 * FRAMES // FPS, 1152):
                wave = 0.3 * np.sin(2 * np.pi * 300 * np.arange(at, at + 1152) / 44_100)
                block = av.AudioFrame.from_ndarray(wave[None].astype(np.float32), format="fltp", layout="mono")
                block.sample_rate, block.pts, block.time_base = 44_100, at, Fraction(1, 44_100)
                container.mux(sound.encode(block))
            container.mux(sound.encode(None))
    return path


def commands(clip: Path) -> Iterator[tuple[str, ...]]:
    """The commands to run of one clip, one after another; the shorts are those of a cast that came to be."""
    yield (*_CASTS, clip.name)
    if Path("c.cast").exists() and (people := json.loads(Path("c.cast/cast.json").read_text())["people"]):
        yield (*_SHORTS, "--person", people[0]["id"])
    yield (*_LOOKS, clip.name)


def run(words: tuple[str, ...]) -> int:
    """Run one command and look at what it left; gives its exit code."""
    before = {path.name for path in Path().iterdir()}
    faulthandler.dump_traceback_later(LONGEST_S, exit=True)
    result = CliRunner().invoke(app, list(words))
    faulthandler.cancel_dump_traceback_later()
    new = sorted({path.name for path in Path().iterdir()} - before)
    assert result.exit_code in (0, 2, 3), f"{result.exit_code}: {result.output}"
    assert bool(result.stderr) == (result.exit_code != 0), result.output
    assert "Traceback" not in result.output
    if result.exit_code == 2:
        assert not new, f"{new} are left of what could not be done"
        return 2
    assert len(new) == 1, new
    look_at_result(words[0], Path(new[0]))
    return int(result.exit_code)


def look_at_result(command: str, folder: Path) -> None:
    """Check that a result is whole: documents that parse, and videos that decode."""
    assert not [path for path in folder.iterdir() if path.name.startswith(".")]
    movies = sorted(folder.glob("*.mp4"))
    for path in movies:
        with av.open(str(path)) as container:
            assert sum(1 for _ in container.decode(video=0)), path
    if command == "cast":
        assert json.loads((folder / "cast.json").read_text())["video"]["frames"] > 0
        assert (folder / "report.html").stat().st_size > 1000
    elif command == "shorts":
        assert len(json.loads((folder / "shorts.json").read_text())["shorts"]) == len(movies)
    else:
        assert len(movies) == 1
        assert all(json.loads(line) for line in next(folder.glob("*.jsonl")).read_text().splitlines())


def clear() -> None:
    """Take away what the commands of one clip made."""
    for path in Path().iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()


def main(folder: Path, ending: str, places: int, first: int = 0) -> None:
    """Print, for each command, how its clip is damaged, and then the seconds it took and its exit code."""
    os.chdir(folder)
    content = write_clip(Path(f"whole.{ending}")).read_bytes()
    clear()
    ways = list(damaged(content, places))
    for number in range(first, places):
        how, harmed = ways[3 * number + number // 3 % 3]  # every third place is in the header, for each way alike
        clip = Path(f"v.{ending}")
        clip.write_bytes(harmed)
        for words in commands(clip):
            say(f"{number}\t{words[0]}\t{how}\t")
            started = time.process_time()
            code = run(words)
            say(f"{time.process_time() - started:.2f}\t{code}\n")
        clear()


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        main(Path(sys.argv[1]), sys.argv[2], *map(int, sys.argv[3:]))
