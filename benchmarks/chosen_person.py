"""Is it the right person? Shorts of each talker of the programmes, held against who is known to be in which shot."""

import tempfile
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench import Bench, BenchError, read_json
from long_reel import measure_choice
from programmes import Programme, all_programmes, programme_video, truth_of
from tables import Cell, Claim, Section, Table

LENGTHS = ("5", "20")
"""A programme shows each talker for some 20 s in two minutes, so that shorts of this length are several."""


@dataclass(frozen=True, slots=True)
class Held:
    """The shorts of one listed person.

    Attributes:
        name: The talker whose face most of the person's faces are.
        shorts: How many there are.
        length_s: Of all of them, seconds.
        frames: Frames that they show.
        with_them: Frames of shots that the talker is in.
        strange_shots: Shots without the talker of which a frame is shown.
        shots, of_shots: How many of the talker's shots are shown, and how many there are.
    """

    name: str
    shorts: int
    length_s: float
    frames: int
    with_them: int
    strange_shots: int
    shots: int
    of_shots: int


def measure(bench: Bench) -> Section:
    """Ask for shorts of everybody in each programme."""
    rows: list[tuple[Cell, ...]] = []
    everyone: list[Held] = []
    for programme in all_programmes(bench):
        for person, held in _programme(bench, programme):
            everyone.append(held)
            share = round(held.with_them / max(1, held.frames), 4)
            shots = f"{held.shots} of {held.of_shots}"
            rows.append((programme.name, person, held.name, held.shorts, round(held.length_s, 1), share, shots))
    frames, right = sum(held.frames for held in everyone), sum(held.with_them for held in everyone)
    strange = sum(held.strange_shots for held in everyone)
    claims = (
        Claim(f"everybody has shorts: {sum(held.shorts > 0 for held in everyone)} of {len(everyone)}",
              all(held.shorts for held in everyone)),
        Claim(f"shots shown without the person asked for: {strange}", strange == 0),
        Claim(f"frames with the person on screen, by the truth: {right} of {frames}", right == frames),
    )  # fmt: skip
    heads = ("programme", "person", "is", "shorts", "seconds", "on screen", "shots shown")
    note = (
        f"`closeup shorts --plan --count 3 --min-length {LENGTHS[0]} --max-length {LENGTHS[1]}` for each of them. "
        "`on screen`: share of the frames shown in which the truth has the talker in the picture."
    )
    shown = Table("Whom the shorts show", heads, tuple(rows), note)
    return Section("The chosen person", (shown, measure_choice((3,) if bench.quick else (3, 10))), claims)


def _programme(bench: Bench, programme: Programme) -> list[tuple[str, Held]]:
    video = programme_video(bench, programme)
    folder, truth = bench.cast_of(video), read_json(truth_of(video))
    cast = read_json(folder / "cast.json")
    return [(person["id"], _held(bench, folder, person["id"], cast, truth)) for person in cast["people"]]


def _held(bench: Bench, folder: Path, person: str, cast: Any, truth: Any) -> Held:
    name = owner(cast, person, truth)
    with tempfile.TemporaryDirectory(prefix="closeup-bench-") as place:
        words = ["--count", "3", "--min-length", LENGTHS[0], "--max-length", LENGTHS[1], "--plan", "--quiet"]
        output = Path(place) / "plan"
        done = bench.closeup("shorts", str(folder), "--person", person, *words, "-o", str(output))
        if done.code:
            raise BenchError(f"closeup shorts {folder.name} --person {person} failed:\n{done.errors}")
        shorts = read_json(output / "plan.json")["shorts"]
    shown = [frame for short in shorts for piece in short["pieces"] for frame in _frames(piece, truth["fps"])]
    own = {index for index, shot in enumerate(truth["shots"]) if name in {each["name"] for each in shot["people"]}}
    shots = Counter(_shot_of(frame, truth) for frame in shown)
    return Held(
        name=name,
        shorts=len(shorts),
        length_s=len(shown) / truth["fps"],
        frames=len(shown),
        with_them=sum(count for shot, count in shots.items() if shot in own),
        strange_shots=len(shots.keys() - own),
        shots=len(shots.keys() & own),
        of_shots=len(own),
    )


def _frames(piece: Any, fps: int) -> range:
    return range(round(piece["start_s"] * fps), round(piece["end_s"] * fps))


def _shot_of(frame: int, truth: Any) -> int:
    return next(index for index, shot in enumerate(truth["shots"]) if shot["start"] <= frame < shot["end"])


def owner(cast: Any, person: str, truth: Any) -> str:
    """The talker to whom most faces of a person belong, by the shot and the side of the picture they are in."""
    votes: Counter[str] = Counter()
    middle = cast["video"]["width"] / 2
    for track in cast["tracks"]:
        for face in track["faces"] if track["person"] == person else ():
            side = "left" if (face["box"][0] + face["box"][2]) / 2 < middle else "right"
            people = truth["shots"][_shot_of(face["frame"], truth)]["people"]
            votes.update(each["name"] for each in people if each["side"] in ("full", side))
    return votes.most_common(1)[0][0]
