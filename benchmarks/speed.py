"""Speed, side by side in one run: closeup, and the way of the face_recognition package.

Both start as processes of their own, load their models, read the same programme and write what they found;
closeup also writes pictures and report. They take turns, so that a busy moment of the machine hits them alike.
"""

import os
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median

from bench import Bench, BenchError, Finished, run_process
from programmes import STANDARD, programme_video, score, truth_of
from tables import Cell, Claim, Section, Table, spread

PEER = "face_recognition's way"
OURS = "closeup"
WANTED = 3.0
"""How many times as fast as the peer closeup has to be."""

COLUMNS = (
    *("way", "seconds", "min to max", "x real time", "processor s", "peak MB", "BCubed F1", "people", "true"),
    "x peer",
)


def measure(bench: Bench) -> Section:
    """Time the two on the 2-minute programme."""
    video = programme_video(bench, STANDARD)
    repeats = 1 if bench.quick else 3
    free, loads = race(bench, video, repeats, None)
    scores = race_scores(bench, video)
    table = race_table(f"On {os.cpu_count()} cores, {repeats} run(s) each", free, scores)
    times = _median(free[PEER]) / _median(free[OURS])
    better = scores[OURS]["bcubed_f1"] >= scores[PEER]["bcubed_f1"]
    text = f"closeup is {times:.1f} times as fast as the peer (at least {WANTED:g}), at no lower F1"
    remark = f"Load average (1 minute) before each run: {spread(loads, 2)}. The runs themselves are part of it."
    return Section("Speed", (table,), (Claim(text, times >= WANTED and better),), remarks=(remark,))


def race(bench: Bench, video: Path, repeats: int, cores: int | None) -> tuple[dict[str, list[Finished]], list[float]]:
    """Run each way `repeats` times, each time beginning with another one; and the load before each run."""
    ways = [PEER, OURS]
    runs: dict[str, list[Finished]] = defaultdict(list)
    loads = []
    for repeat in range(repeats):
        for place in range(len(ways)):
            way = ways[(place + repeat) % len(ways)]
            loads.append(os.getloadavg()[0])
            runs[way].append(_run(bench, video, way, cores))
            print(f"{way}: {runs[way][-1].wall_s:.1f} s, load {loads[-1]:.2f}", file=sys.stderr, flush=True)
    return {way: runs[way] for way in ways}, loads


def _run(bench: Bench, video: Path, way: str, cores: int | None) -> Finished:
    target = _cast_json(bench, way)
    target.parent.mkdir(parents=True, exist_ok=True)
    if way == PEER:
        script = Path(__file__).with_name("peer_face_recognition.py")
        done = run_process([sys.executable, str(script), str(video), str(target)], bench.environment(), cores=cores)
    else:
        words = ("cast", str(video), "-o", str(target.parent), "--overwrite", "--quiet")
        done = bench.closeup(*words, cores=cores)
    if done.code:
        raise BenchError(f"{way} failed:\n{done.errors}")
    return done


def race_scores(bench: Bench, video: Path) -> dict[str, dict[str, float]]:
    """What score_cast.py says of what each way found in its last run."""
    return {way: score(bench, _cast_json(bench, way), truth_of(video)) for way in (PEER, OURS)}


def _cast_json(bench: Bench, way: str) -> Path:
    name = "peer" if way == PEER else f"{way}.cast"
    return bench.out / "speed" / name / "cast.json"


def race_table(title: str, runs: dict[str, list[Finished]], scores: dict[str, dict[str, float]]) -> Table:
    """The runs as a table, with what each way is in times the peer's speed."""
    rows: list[tuple[Cell, ...]] = []
    for way, finished in runs.items():
        seconds = [done.wall_s for done in finished]
        rows.append(
            (
                way,
                round(median(seconds), 2),
                spread(seconds, 2),
                round(STANDARD.minutes * 60 / median(seconds), 2),
                round(median(done.cpu_s for done in finished), 1),
                round(max(done.peak_mb for done in finished)),
                scores[way]["bcubed_f1"],
                int(scores[way]["people_found"]),
                int(scores[way]["people_true"]),
                round(_median(runs[PEER]) / median(seconds), 1),
            )
        )
    note = (
        f"Programme: {STANDARD.name}. Seconds are medians from start to end of the process, models and report included."
    )
    return Table(title, COLUMNS, tuple(rows), note)


def _median(finished: list[Finished]) -> float:
    return median(done.wall_s for done in finished)
