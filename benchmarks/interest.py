"""Does the interest lie where something goes on? Made videos whose lively passages are known, against blind curves."""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench import Bench, BenchError, read_json
from closeup.core.settings import Settings
from closeup.core.types import Cast
from closeup.documents.cast import CAST_JSON
from closeup.features.shorts.evidence import Evidence, gather
from closeup.features.shorts.interest import interest
from closeup.features.shorts.options import WEIGHTS
from lively import LIVELY, PASSAGE_S, Made, made_video
from tables import Cell, Claim, Section, Table

WINDOW_S, WINDOWS = 15.0, 3
"""As many windows are chosen as there are lively passages, of the shortest length that a short has by default."""

SEEN_SHARE = 0.6
"""A window must hold the person for this share of it."""

BLIND_TRIES = 20
EXPRESSION = "faceapi-expression"
HITS_WANTED = 0.9

Curve = NDArray[np.floating]


@dataclass(frozen=True, slots=True)
class Case:
    """A made video and what was gathered of it."""

    seed: int
    made: Made
    cast: Cast
    evidence: Evidence
    took_s: float
    cpu_s: float


@dataclass(frozen=True, slots=True)
class Found:
    """How chosen windows lie: how many more than half in a lively passage, and how much of their time in all."""

    windows: int
    hits: int
    share: float


def measure(bench: Bench) -> Section:
    """Choose windows in every made video by the interest, by parts of it, and blindly."""
    cases = [_case(bench, seed) for seed in range(1 if bench.quick else 5)]
    rows = {"the interest": [_chosen(case, _total(case)) for case in cases]}
    rows["closeup shorts"] = [_planned(bench, case) for case in cases]
    rows["moments shuffled"] = [found for case in cases for found in _shuffled(case)]
    rows["constant"] = [found for case in cases for found in _constant(case)]
    curves = Table(
        "Windows in lively passages", _HEADS, tuple(_row(name, found) for name, found in rows.items()), _NOTE
    )
    hits = _hits(rows["the interest"])
    blind = max(_hits(rows["moments shuffled"]), _hits(rows["constant"]))
    claims = (
        Claim(f"of the windows with the highest interest {hits:.2f} lie in lively passages (wanted: {HITS_WANTED})",
              hits >= HITS_WANTED),
        Claim(f"blind curves reach less than half of that: {blind:.2f}", blind < hits / 2),
    )  # fmt: skip
    return Section("Interest", (curves, _ablation(cases), _kinds(cases), _cost(cases)), claims)


_HEADS = ("chosen by", "windows", "hits", "of them", "time in lively passages")
_NOTE = (
    f"The {WINDOWS} best windows of {WINDOW_S:g} s in each video that do not overlap and show the person for "
    f"{SEEN_SHARE:.0%} of their time. A hit lies by more than half in one of the {WINDOWS} lively passages, of "
    f"{PASSAGE_S:g} s each. Lively means a large face, expression and movement, and loud talk with laughter and "
    "applause. Of the others two have nothing of this, three have one of the three, and three two of them; one has "
    "loud music, and one somebody else being lively. `closeup shorts` has the whole command choose, with its own ends. "
    "`moments shuffled` takes seconds of the interest in another order, `constant` windows anywhere; "
    f"{BLIND_TRIES} times each."
)


def _case(bench: Bench, seed: int) -> Case:
    made = made_video(bench, seed)
    cast = CAST_JSON.read(bench.cast_of(made.video) / "cast.json")
    settings = _with_expression(bench)
    started, cpu_before = time.perf_counter(), time.process_time()
    evidence = gather(made.video, cast, _person(made, cast), settings=settings)
    took_s, cpu_s = time.perf_counter() - started, time.process_time() - cpu_before
    return Case(seed, made, cast, evidence, took_s, cpu_s)


def _with_expression(bench: Bench) -> Settings:
    """Settings of a models folder that has the expression model."""
    if not (bench.models_dir / "faceapi_expression.onnx").exists():
        done = bench.closeup("models", "pull", EXPRESSION)
        if done.code:
            raise BenchError(f"closeup models pull {EXPRESSION} failed:\n{done.errors}")
    return Settings(bench.models_dir, None)


def _person(made: Made, cast: Cast) -> str:
    """Who in the cast is the talker: the one with most faces in their frames."""
    faces: dict[str, int] = {}
    for track in cast.tracks:
        inside = sum(any(a <= face.frame < b for a, b in made.talker_frames) for face in track.faces)
        if track.person is not None:
            faces[track.person] = faces.get(track.person, 0) + inside
    if not faces:
        raise BenchError(f"nobody was found in {made.video.name}")
    return max(faces, key=lambda person: faces[person])


def _total(case: Case, weights: Mapping[str, float] | None = None) -> Curve:
    return interest(case.evidence, weights).total


def _chosen(case: Case, curve: Curve) -> Found:
    """The best windows by a curve (T,)."""
    length = round(WINDOW_S * 10)
    means = np.convolve(curve, np.full(length, 1 / length), mode="valid")
    means = np.where(_seen_share(case) >= SEEN_SHARE, means, -np.inf)
    starts = []
    while len(starts) < WINDOWS and np.isfinite(means).any():
        best = int(np.argmax(means))
        starts.append(best / 10)
        means[max(0, best - length + 1) : best + length] = -np.inf
    return _found(case, _windows(starts))


def _planned(bench: Bench, case: Case) -> Found:
    """By `closeup shorts --plan`, which also minds cuts, pauses and likeness."""
    folder, output = bench.cast_of(case.made.video), bench.out / "lively" / f"lively-{case.seed}.shorts"
    words = ["--count", str(WINDOWS), "--min-length", f"{WINDOW_S:g}", "--max-length", f"{PASSAGE_S:g}", "--plan"]
    who = ["--person", _person(case.made, case.cast), "-o", str(output)]
    done = bench.closeup("shorts", str(folder), *who, *words, "--overwrite", "--quiet")
    if done.code:
        raise BenchError(f"closeup shorts {folder.name} failed:\n{done.errors}")
    plan = read_json(output / "plan.json")
    shorts = [[(piece["start_s"], piece["end_s"]) for piece in short["pieces"]] for short in plan["shorts"]]
    return _found(case, shorts)


def _shuffled(case: Case) -> Iterator[Found]:
    """By seconds of the interest in another order."""
    rng = np.random.default_rng(case.seed)
    total = _total(case)
    blocks = np.array_split(total, len(total) // 10)
    for _ in range(BLIND_TRIES):
        yield _chosen(case, np.concatenate([blocks[i] for i in rng.permutation(len(blocks))]))


def _constant(case: Case) -> Iterator[Found]:
    """By a curve in which all windows are equal: any that show the person are as good as others."""
    rng = np.random.default_rng(case.seed)
    seen = _seen_share(case)
    for _ in range(BLIND_TRIES):
        starts: list[float] = []
        for start in rng.permutation(np.flatnonzero(seen >= SEEN_SHARE)) / 10:
            if len(starts) < WINDOWS and all(abs(start - other) >= WINDOW_S for other in starts):
                starts.append(float(start))
        yield _found(case, _windows(starts))


def _seen_share(case: Case) -> Curve:
    """For each start of a window, how much of it shows the person."""
    length = round(WINDOW_S * 10)
    return np.convolve(case.evidence.parts["presence"] > 0, np.full(length, 1 / length), mode="valid")


def _found(case: Case, shorts: Sequence[Sequence[tuple[float, float]]]) -> Found:
    """How shorts of pieces [start, end) in seconds lie."""
    lively = [(p.start_s, p.end_s) for p in case.made.passages if p.kind == LIVELY]
    shares = []
    for pieces in shorts:
        inside = sum(max(0.0, min(b, d) - max(a, c)) for a, b in pieces for c, d in lively)
        shares.append(inside / sum(b - a for a, b in pieces))
    return Found(len(shorts), sum(share > 0.5 for share in shares), float(np.mean(shares)) if shares else 0.0)


def _windows(starts: Sequence[float]) -> list[list[tuple[float, float]]]:
    return [[(start, start + WINDOW_S)] for start in starts]


def _hits(found: Sequence[Found]) -> float:
    return sum(f.hits for f in found) / max(1, sum(f.windows for f in found))


def _row(name: str, found: Sequence[Found]) -> tuple[Cell, ...]:
    share = float(np.mean([f.share for f in found]))
    return name, sum(f.windows for f in found), sum(f.hits for f in found), round(_hits(found), 2), round(share, 2)


def _ablation(cases: Sequence[Case]) -> Table:
    """Every part alone, and all but it."""
    rows: list[tuple[Cell, ...]] = []
    for part in WEIGHTS:
        alone = {name: float(name == part) for name in WEIGHTS}
        only = [_chosen(case, _total(case, alone)) for case in cases if part in case.evidence.parts]
        without = [_chosen(case, _total(case, {part: 0.0})) for case in cases]
        share, rest = (round(float(np.mean([f.share for f in found])), 2) for found in (only, without))
        rows.append((part, WEIGHTS[part], round(_hits(only), 2), share, round(_hits(without), 2), rest))
    heads = ("part", "weight", "hits, alone", "time, alone", "hits, all but it", "time, all but it")
    note = (
        "Lively passages have a large face with expression, are loud and are cheered; no other part should find them."
    )
    return Table("Each part", heads, tuple(rows), note)


def _kinds(cases: Sequence[Case]) -> Table:
    """Mean of the interest and of every part in each kind of passage."""
    kinds = sorted({p.kind for case in cases for p in case.made.passages}, key=lambda kind: -_mean(cases, kind, None))
    names = [name for name in WEIGHTS if all(name in case.evidence.parts for case in cases)]
    rows = [(kind, _mean(cases, kind, None), *(_mean(cases, kind, name) for name in names)) for kind in kinds]
    note = "The face counts as away, and the expression as unknown, where somebody else is on screen."
    return Table("What each kind of passage is like", ("passage", "interest", *names), tuple(rows), note)


def _mean(cases: Sequence[Case], kind: str, part: str | None) -> float:
    values = []
    for case in cases:
        curve = _total(case) if part is None else case.evidence.parts[part]
        times_s = case.evidence.times_s
        for passage in case.made.passages:
            if passage.kind == kind:
                values.append(curve[(times_s >= passage.start_s) & (times_s < passage.end_s)])
    known = np.concatenate(values)
    known = known[np.isfinite(known)]
    return round(float(known.mean()), 2) if len(known) else 0.0


def _cost(cases: Sequence[Case]) -> Table:
    rows = []
    for case in cases:
        minutes = case.cast.video.duration_s / 60
        rows.append((f"seed {case.seed}", round(60 * minutes), *(round(s, 2) for s in (case.took_s, case.cpu_s))))
        rows[-1] += (round(case.took_s / minutes, 2), round(case.cpu_s / minutes, 2))
    heads = ("video", "length, s", "took, s", "processor, s", "took for a minute", "processor for a minute")
    return Table("What gathering the evidence takes", heads, tuple(rows), "640 x 360 pixels, 25 frames a second.")
