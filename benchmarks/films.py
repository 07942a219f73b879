"""Real films, TV and crowds with people named by eye: is each main person listed once, and nobody where nobody is?"""

import json
from pathlib import Path

from bench import Bench, read_json
from tables import Cell, Claim, Section, Table

WITH_GALLERY = ("friends_cards_30s", "avengers_15s", "hamilton_10s")
EMPTY = ("cats_no_human_41s", "pyfeat_no_face_4s")
NO_CAST = "No people were found"
COUNTS = ("main", "right", "split", "mixed", "missed", "strange", "exact", "passers_by")


def measure(bench: Bench) -> Section:
    """Score the casts of all clips with named faces by score_films.py; and of those with nobody in them."""
    folder = bench.shared / "data" / "video"
    truths = {"films": folder / "films" / "truth.json", "older clips": folder / "clips_boxes.json"}
    rows: list[tuple[Cell, ...]] = []
    totals: dict[str, int] = dict.fromkeys(COUNTS, 0)
    for title, truth in truths.items():
        names = [name for name in read_json(truth) if not name.startswith("_")][: 1 if bench.quick else None]
        for name in names:
            bench.cast_of(video_of(bench, Path(name).stem))
        scored = _scored(bench, truth, [Path(name).stem for name in names])
        rows += [(clip, *(counts[key] for key in COUNTS)) for clip, counts in scored.items()]
        sums = {key: sum(counts[key] for counts in scored.values()) for key in COUNTS}
        rows.append((f"{title}, {len(scored)} in all", *sums.values()))
        totals = {key: totals[key] + sums[key] for key in COUNTS}
    empty = [(clip, *nobody(bench, clip)) for clip in EMPTY]
    claims = (
        Claim(f"{totals['right']} of {totals['main']} right, at least 92 %", totals["right"] >= 0.92 * totals["main"]),
        Claim(f"{totals['mixed']} mixed, none wanted", totals["mixed"] == 0),
        Claim(f"{totals['strange']} strange, at most one", totals["strange"] <= 1),
        Claim(f"{totals['split']} split, at most two", totals["split"] <= 2),
        Claim(
            f"{totals['exact']} of {len(rows) - len(truths)} clips exact, at least two thirds",
            3 * totals["exact"] >= 2 * (len(rows) - len(truths)),
        ),
        *(Claim(f"{clip}: nobody, said so, exit code 0", held) for clip, _, held in empty),
    )
    tables = (
        Table(
            "People named by eye", ("clip", *COUNTS), tuple(rows), "Counted by score_films.py, whose head defines them."
        ),
        Table("Clips with nobody in them", ("clip", "people"), tuple(row[:2] for row in empty)),
    )
    return Section("Real films", tables, claims)


def video_of(bench: Bench, clip: str) -> Path:
    """The file of a clip or film."""
    films = bench.shared / "data" / "video" / "films"
    return next(path for path in sorted([*bench.clips.iterdir(), *films.glob("*.mp4")]) if path.stem == clip)


def _scored(bench: Bench, truth: Path, clips: list[str]) -> dict[str, dict[str, int]]:
    """What score_films.py counts in the casts of these clips, all others left out."""
    out = bench.out / f"films-{truth.stem}.json"
    bench.tool("score_films.py", str(bench.out / "casts"), str(truth), f"--json={out}")
    rows = read_json(out)["clips"]
    return {clip: rows[clip] for clip in clips}


def nobody(bench: Bench, clip: str) -> tuple[int, bool]:
    """How many people a clip without any is said to have, and whether the command ends as it should."""
    folder = bench.out / "casts" / f"{clip}.cast"
    folder.parent.mkdir(parents=True, exist_ok=True)
    done = bench.closeup("cast", str(video_of(bench, clip)), "-o", str(folder), "--overwrite")
    if done.code:
        return -1, False
    people = json.loads((folder / "cast.json").read_text(encoding="utf-8"))["people"]
    return len(people), not people and NO_CAST in done.output
