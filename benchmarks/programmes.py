"""Films whose cast is known exactly, made once and kept, and the score of a cast against them."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import Bench


@dataclass(frozen=True, slots=True)
class Programme:
    """What make_programme.py is asked for: minutes of the seven talking clips, shuffled by a seed."""

    minutes: int
    seed: int

    @property
    def name(self) -> str:
        """Its name in the tables."""
        return f"{self.minutes} min, seed {self.seed}"

    def make(self, bench: Bench, video: Path) -> None:
        """Make it."""
        clips = [str(path) for path in sorted(bench.clips.glob("talk_*.mp4"))]
        bench.tool("make_programme.py", str(video), *clips, "--seed", str(self.seed), "--minutes", str(self.minutes))


@dataclass(frozen=True, slots=True)
class StillsFilm:
    """What make_stills_film.py is asked for: people of LFW by so many photos each, a fifth of the shots of two."""

    people: int
    photos: int
    seed: int

    @property
    def name(self) -> str:
        """Its name in the tables."""
        return f"{self.people} people by {self.photos}, seed {self.seed}"

    def make(self, bench: Bench, video: Path) -> None:
        """Make it."""
        photos = str(bench.shared / "data" / "lfw" / "images")
        asked = {"--people": self.people, "--photos": self.photos, "--seed": self.seed, "--pairs": 0.2}
        bench.tool("make_stills_film.py", str(video), photos, *(str(word) for pair in asked.items() for word in pair))


STANDARD = Programme(2, 7)
LONG = Programme(10, 21)
OTHERS = tuple(Programme(2, seed) for seed in (1, 2, 3, 9, 21))
SEEDS = (1, 2, 3, 4, 5, 6)


def all_programmes(bench: Bench) -> tuple[Programme, ...]:
    """The programmes that quality is measured on."""
    return (STANDARD,) if bench.quick else (STANDARD, LONG, *OTHERS)


def stills_films(bench: Bench) -> tuple[StillsFilm, ...]:
    """The films of photos that quality is measured on."""
    if bench.quick:
        return (StillsFilm(24, 5, 1),)
    return tuple(StillsFilm(people, photos, seed) for people, photos in ((24, 5), (40, 4), (100, 3)) for seed in SEEDS)


def programme_video(bench: Bench, film: Programme | StillsFilm) -> Path:
    """The film's video, made now unless it was made before; its truth lies beside it."""
    folder = bench.out / "programmes"
    folder.mkdir(parents=True, exist_ok=True)
    video = folder / f"{film.name.replace(', ', '-').replace(' ', '')}.mp4"
    if not truth_of(video).exists():
        film.make(bench, video)
    return video


def truth_of(video: Path) -> Path:
    """Where the truth of a programme lies."""
    return video.with_suffix(".truth.json")


def score(bench: Bench, cast_json: Path, truth: Path) -> dict[str, Any]:
    """What score_cast.py says of a cast.json."""
    said = bench.tool("score_cast.py", str(cast_json), str(truth))
    result: dict[str, Any] = json.loads(said)
    return result
