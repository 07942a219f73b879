"""Programmes whose cast is known exactly, made once and kept, and the score of a cast against them."""

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import Bench, BenchError


@dataclass(frozen=True, slots=True)
class Programme:
    """What make_programme.py is asked for: minutes of the seven talking clips, shuffled by a seed."""

    minutes: int
    seed: int

    @property
    def name(self) -> str:
        """Its name in the tables."""
        return f"{self.minutes} min, seed {self.seed}"


STANDARD = Programme(2, 7)
LONG = Programme(10, 21)
OTHERS = (Programme(2, 1), Programme(2, 2), Programme(2, 3))


def all_programmes(bench: Bench) -> tuple[Programme, ...]:
    """The programmes that quality is measured on."""
    return (STANDARD,) if bench.quick else (STANDARD, LONG, *OTHERS)


def programme_video(bench: Bench, programme: Programme) -> Path:
    """The programme's video, made now unless it was made before; its truth lies beside it."""
    folder = bench.out / "programmes"
    folder.mkdir(parents=True, exist_ok=True)
    video = folder / f"{programme.minutes}min-seed{programme.seed}.mp4"
    if not truth_of(video).exists():
        tool = bench.shared / "tools" / "make_programme.py"
        options = ["--seed", str(programme.seed), "--minutes", str(programme.minutes)]
        clips = [str(path) for path in sorted(bench.clips.glob("talk_*.mp4"))]
        _run([sys.executable, str(tool), str(video), *clips, *options])
    return video


def truth_of(video: Path) -> Path:
    """Where the truth of a programme lies."""
    return video.with_suffix(".truth.json")


def score(bench: Bench, cast_json: Path, truth: Path, clip: str | None = None) -> dict[str, Any]:
    """What score_cast.py says of a cast.json."""
    tool = bench.shared / "tools" / "score_cast.py"
    said = _run([sys.executable, str(tool), str(cast_json), str(truth), *(["--clip", clip] if clip else [])])
    result: dict[str, Any] = json.loads(said)
    return result


def _run(command: list[str]) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"{Path(command[1]).name} failed:\n{done.stderr}")
    return done.stdout
