"""Cuts found against cuts known: exact ones in the programmes, those seen by eye in the clips."""

from pathlib import Path

from bench import Bench, read_json
from films import WITH_GALLERY, video_of
from owners import truth_for
from programmes import all_programmes, programme_video
from tables import Cell, Section, Table

NEAR_FRAMES = 2
"""A cut that is found this many frames from a known one is the same."""


def measure(bench: Bench) -> Section:
    """Compare the shots of each cast with the truth."""
    videos = {programme.name: programme_video(bench, programme) for programme in all_programmes(bench)}
    clips = ("avengers_15s",) if bench.quick else (*WITH_GALLERY, "sweden_60s")
    videos |= {clip: video_of(bench, clip) for clip in clips}
    rows: list[tuple[Cell, ...]] = [(name, *_counts(bench, video)) for name, video in videos.items()]
    totals = (sum(int(row[column] or 0) for row in rows) for column in (1, 2, 3))
    rows.append(("all", *totals))
    note = (
        f"`found`: known cuts with a found one within {NEAR_FRAMES} frames; `false`: found ones with none near. "
        "A false cut splits a track, which costs little; a missed one may join two people."
    )
    return Section("Cuts", (Table("Cuts", ("video", "known", "found", "false"), tuple(rows), note),))


def _counts(bench: Bench, video: Path) -> tuple[int, int, int]:
    cast = read_json(bench.cast_of(video) / "cast.json")
    truth = truth_for(bench, video)
    assert truth is not None
    known = [shot["start"] for shot in truth["shots"]][1:]
    seen = [shot["start_frame"] for shot in cast["shots"]][1:]
    found = sum(any(abs(cut - other) <= NEAR_FRAMES for other in seen) for cut in known)
    false = sum(not any(abs(cut - other) <= NEAR_FRAMES for other in known) for cut in seen)
    return len(known), found, false
