"""report.html of a comparison, and ranking.html of many: pages that need nothing but the videos beside them."""

import os
from pathlib import Path, PurePath
from typing import Any
from urllib.parse import quote

import numpy as np

from closeup.core.data_uri import data_uri
from closeup.documents.act import ActMoment, ActRanking, ActResult, ActTiming
from closeup.features.act.comparing import ActComparison
from closeup.features.act.moments import MOMENT_S
from closeup.features.act.performing import RATE_HZ, ReadPerformance
from closeup.pages.curves import curve_line
from closeup.pages.page import render_page
from closeup.pages.timeline import exact_time, label, percent, ticks

_PACKAGE = "closeup.features.act"

_BASELINES = {
    "motionless": "A face that does nothing",
    "shuffled": "This attempt, shuffled in time",
    "other_scene": "The original against other moments of itself",
}


def render_report(
    found: ActComparison, sides: tuple[ReadPerformance, ReadPerformance], target: Path, *, movie: str = ""
) -> str:
    """Write the page: HTML with pictures, style and script inside, the same text for the same comparison.

    Args:
        found: The comparison.
        sides: The original and the attempt, as they were read.
        target: What the result folder will be; the videos are played from where they lie, seen from there.
        movie: Name of the MP4 of both in the folder; "" for none.
    """
    result = found.result
    length_s = max(result.original.video.duration_s, 0.001)
    return render_page(
        _PACKAGE,
        "report.html.j2",
        style="report.css",
        script="report.js",
        score="" if result.score is None else f"{result.score:.0f}",
        unscored=result.unscored,
        names=[PurePath(side.video.path).name for side in (result.original, result.attempt)],
        people=[side.person.name or side.person.id for side in (result.original, result.attempt)],
        videos=[_address(side.path, target) for side in sides],
        movie=movie,
        lag_s=f"{found.lag_s:.6f}",
        rate=f"{found.rate:.6f}",
        facts=_facts(result),
        notes=result.notes,
        best=[_moment(each, sides) for each in result.moments if each.kind == "best"],
        worst=[_moment(each, sides) for each in result.moments if each.kind == "worst"],
        curves=_curves(found, length_s),
        ticks=ticks(length_s),
        length_s=f"{length_s:.3f}",
        timing=_timing(result.timing),
        baselines=_baselines(result),
        overlap_words=_overlap(result),
        coverage=[(label(name), percent(value)) for name, value in result.coverage.items()],
        source=result.original.video,
        model=result.model,
    )


def render_ranking(ranking: ActRanking) -> str:
    """Write the leader board: a page that links to the report of each attempt, in folders beside it."""
    rows = [
        {
            "place": str(place) if row.score is not None else "–",  # noqa: RUF001
            "name": PurePath(row.video).name or row.video,
            "report": f"{row.folder}/report.html" if row.folder else "",
            "score": "" if row.score is None else f"{row.score:.0f}",
            "width": f"{row.score or 0:.1f}%",
            "range": "" if row.interval is None else _range(row.interval),
            "why": row.unscored,
        }
        for place, row in enumerate(ranking.attempts, 1)
    ]
    name = PurePath(ranking.original).name or ranking.original
    return render_page(_PACKAGE, "ranking.html.j2", style="report.css", original=name, rows=rows)


def _address(video: Path, target: Path) -> str:
    """Where a page in the folder finds a video; "" where no relative path leads there, as from another drive."""
    try:
        return quote(PurePath(os.path.relpath(os.path.realpath(video), target)).as_posix())
    except ValueError:
        return ""


def _facts(result: ActResult) -> list[tuple[str, str]]:
    """The figures under the headline."""
    facts = [("Both faces in view", percent(result.coverage["both"]))]
    if result.interval is not None and result.agreement is not None:
        facts.insert(0, ("95 % interval", _range(result.interval)))
        facts.append(("Concordance", f"{result.agreement:.2f} of 1"))
    if result.timing is not None:
        facts.append(("As a whole", _late(result.timing.lag_s)))
    return facts


def _range(interval: tuple[float, float]) -> str:
    return f"{interval[0]:.0f} to {interval[1]:.0f}"


def _late(seconds: float) -> str:
    if abs(seconds) < 0.05:
        return "in time"
    return f"{abs(seconds):.1f} s {'late' if seconds > 0 else 'early'}"


def _moment(moment: ActMoment, sides: tuple[ReadPerformance, ReadPerformance]) -> dict[str, Any]:
    """A moment with both faces, as near to its middle as there are pictures."""
    original_s = moment.start_s + MOMENT_S / 2
    attempt_s = moment.attempt_s + MOMENT_S / 2
    return {
        "at": f"{moment.start_s:.3f}",
        "time": exact_time(moment.start_s),
        "words": moment.sentence.partition(": ")[2],
        "expression": label(moment.expression),
        "faces": [_picture(side, time_s) for side, time_s in zip(sides, (original_s, attempt_s), strict=True)],
    }


def _picture(side: ReadPerformance, time_s: float) -> str:
    """The picture of a face nearest to a time; "" where none is within a moment's length."""
    nearest = min(side.pictures, key=lambda each: abs(each - time_s), default=None)
    if nearest is None or abs(nearest - time_s) > MOMENT_S:
        return ""
    return data_uri(side.pictures[nearest])


def _curves(found: ActComparison, length_s: float) -> list[dict[str, Any]]:
    """Both curves of each expression, what the original does most first."""
    times = np.arange(len(found.original)) / RATE_HZ
    rows = sorted(enumerate(found.result.expressions), key=lambda row: -row[1].share)
    return [
        {
            "name": label(each.name),
            "colour": number,
            "share": percent(each.share),
            "concordance": f"{each.concordance:.2f}",
            "original": curve_line(times, found.original[:, number], length_s),
            "attempt": curve_line(times, found.attempt[:, number], length_s),
        }
        for number, each in rows
    ]


def _timing(timing: ActTiming | None) -> list[tuple[str, str]]:
    if timing is None:
        return []
    return [
        ("Lag taken out", _late(timing.lag_s)),
        ("Drift taken out", f"{timing.drift_s_per_min:+.1f} s a minute"),
        ("Lag by the faces alone", _late(timing.expression_lag_s)),
        ("Lag by the sound alone", "no sound" if timing.sound_lag_s is None else _late(timing.sound_lag_s)),
        ("Beside that, late", percent(timing.late)),
        ("Beside that, early", percent(timing.early)),
        ("Spread", f"{timing.spread_s:.2f} s"),
    ]


def _baselines(result: ActResult) -> list[dict[str, str]]:
    """The agreement of the attempt and what chance gives, as bars."""
    if result.agreement is None:
        return []
    known = [(words, result.baselines.get(name)) for name, words in _BASELINES.items()]
    rows = [("The attempt", result.agreement), *known, ("The same video", 1.0)]
    return [
        {
            "name": name,
            "value": "too short to say" if value is None else f"{value:.2f}",
            "width": f"{100 * max(value or 0, 0):.1f}%",
        }
        for name, value in rows
    ]


def _overlap(result: ActResult) -> str:
    """Where the simpler measure misleads, with this original's own figures."""
    attempt, still = result.overlap.get("attempt"), result.overlap.get("motionless")
    if attempt is None or still is None:
        return ""
    return (
        f"The mean difference of the probabilities, which is often taken for a score, gives this attempt "
        f"{100 * attempt:.0f} of 100, and a face that never moves {100 * still:.0f}: most of most scenes is alike, and "
        "that measure counts it. Concordance counts what moves."
    )
