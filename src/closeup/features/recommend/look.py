"""What is in a table of events: who takes how much, how few items most of it goes to, and what stands out."""

from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.ranking.factors import Floats
from closeup.core.progress import ProgressCallback, ignore
from closeup.core.result_folder import ResultFolder
from closeup.core.words import counted
from closeup.documents.form import indented
from closeup.features.recommend.events import Events, read_events, read_names
from closeup.pages.page import render_page

MARKS = ("report.json",)
TOP = 24
"""Items that are shown by name."""

BINS = 40
POINTS = 120
"""Of a curve."""

QUANTILES = {"min": 0.0, "p25": 0.25, "median": 0.5, "p75": 0.75, "p95": 0.95, "max": 1.0}


def look_at_events(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    names: str | Path | None = None,
    progress: ProgressCallback = ignore,
) -> dict[str, Any]:
    """Look at a table of events: plain values, as report.json has them.

    Args:
        path: CSV with a header, as for a fit.
        columns: As for a fit.
        names: CSV of items' ids and names.
        progress: Is called as it goes.

    Raises:
        InputError: If it cannot be used.
    """
    named = read_names(Path(names)) if names else {}
    return profile(read_events(Path(path), columns, catalogue=tuple(named), progress=progress), named)


def profile(events: Events, names: Mapping[str, str]) -> dict[str, Any]:
    """What is in events, as plain values; `names` are those of items by id."""
    pairs = events.pairs
    rows = np.repeat(np.arange(len(events.users)), pairs.counts)
    by_user = np.bincount(rows, pairs.weights, len(events.users))
    users = np.bincount(pairs.columns, minlength=pairs.width)
    weights = np.bincount(pairs.columns, pairs.weights, pairs.width)
    order = np.lexsort((-weights, -users))[:TOP].tolist()
    total = float(pairs.weights.sum())
    seen = int((users > 0).sum())
    found: dict[str, Any] = {
        "name": events.name,
        "sha256": events.sha256,
        "rows": events.rows,
        "users": len(events.users),
        "items": len(events.items),
        "items_taken": seen,
        "pairs": len(pairs.columns),
        "weight": total,
        "density": len(pairs.columns) / (len(events.users) * max(len(events.items), 1)),
        "one_play_share": float((pairs.weights <= 1).mean()),
        "one_user_share": float((users == 1).sum() / max(seen, 1)),
        "one_item_users": int((pairs.counts == 1).sum()),
        "items_a_user": _summary(pairs.counts),
        "weight_a_user": _summary(by_user),
        "users_an_item": _summary(users[users > 0]),
        "weight_a_pair": _summary(pairs.weights),
        "half_of_weight": _holders(weights, 0.5),
        "half_of_pairs": _holders(users, 0.5),
        "top_items": [
            {
                "item": events.items[k],
                "name": names.get(events.items[k], ""),
                "users": int(users[k]),
                "weight": float(weights[k]),
            }
            for k in order
        ],
        "first": _day(events.times, 0),
        "last": _day(events.times, -1),
        "notes": list(events.notes),
    }
    found["curves"] = {
        "items_by_users": _share_curve(users),
        "items_by_weight": _share_curve(weights),
        "items_a_user": _histogram(pairs.counts),
        "weight_a_user": _histogram(by_user),
        "users_an_item": _histogram(users[users > 0]),
    }
    return {**found, "findings": findings(found)}


def findings(found: Mapping[str, Any]) -> list[str]:
    """What stands out, in sentences."""
    words = [
        f"Half of all weight goes to {counted(found['half_of_weight'], 'item')} of {found['items_taken']:,}, and half "
        f"of all pairs to {found['half_of_pairs']:,}: recommending what is popular is easy, and reaches few of them."
    ]
    if found["one_user_share"] >= 0.2:
        words.append(
            f"{found['one_user_share']:.0%} of the items were taken by one user only: nothing but that user says what "
            "they are like."
        )
    if found["one_play_share"] == 1:
        words.append("Every pair was seen once: weights say nothing here, and all pairs count the same.")
    elif found["one_play_share"] >= 0.01:
        words.append(
            f"{found['one_play_share']:.1%} of the pairs have a weight of 1 or less, which may be an accident."
        )
    largest, median = found["weight_a_pair"]["max"], found["weight_a_pair"]["median"]
    if largest > 100 * median:
        words.append(
            f"The largest weight is {largest:,.0f} and the median {median:,.0f}: taken as they are, a few pairs would "
            "decide everything. Weigh pairs alike, or by the logarithm."
        )
    if found["items"] > found["items_taken"]:
        words.append(f"Nobody took {counted(found['items'] - found['items_taken'], 'item')} of the names.")
    if found["one_item_users"]:
        words.append(f"{counted(found['one_item_users'], 'user')} took a single item: little is known of them.")
    if found["items_a_user"]["p75"] == found["items_a_user"]["max"] > 1 and found["users"] > 10:
        words.append(
            f"At least a quarter of the users have exactly {found['items_a_user']['max']:,.0f} items, the most that "
            "anyone has: the table was cut there, and what they took beyond it is not known."
        )
    return words


def write_look(found: Mapping[str, Any], out: Path, *, overwrite: bool = False) -> Path:
    """Write what was seen as report.html and report.json into a folder.

    Raises:
        OutputError: If it is there and `overwrite` is off, or it cannot be written.
    """
    with ResultFolder(out, MARKS).writing(overwrite=overwrite) as folder:
        (folder / "report.html").write_text(look_page(found), encoding="utf-8")
        (folder / "report.json").write_bytes(indented(found).encode("utf-8", "replace"))
    return out


def look_page(found: Mapping[str, Any]) -> str:
    """The page, as HTML."""
    most = max((each["users"] for each in found["top_items"]), default=1)
    tiles = [{**each, "share": 100 * each["users"] / most} for each in found["top_items"]]
    lines = [
        (title, _line(found["curves"][name]), number)
        for number, (title, name) in enumerate((("pairs", "items_by_users"), ("weight", "items_by_weight")))
    ]
    histograms = [
        ("Items a user took", found["curves"]["items_a_user"], found["items_a_user"]),
        ("Weight a user has", found["curves"]["weight_a_user"], found["weight_a_user"]),
        ("Users an item has", found["curves"]["users_an_item"], found["users_an_item"]),
    ]
    return render_page(
        "closeup.features.recommend",
        "look.html.j2",
        style="look.css",
        look=found,
        tiles=tiles,
        lines=lines,
        histograms=[{"title": title, "bars": _bars(curve), "figures": each} for title, curve, each in histograms],
    )


def _summary(values: NDArray[Any]) -> dict[str, float]:
    found = np.quantile(values, list(QUANTILES.values()))
    return {"mean": round(float(np.mean(values)), 3)} | {
        name: round(float(value), 3) for name, value in zip(QUANTILES, found, strict=True)
    }


def _holders(amounts: NDArray[Any], share: float) -> int:
    """How many of (N,) amounts, the largest first, hold that share of their sum."""
    running = np.cumsum(np.sort(amounts.astype(np.float64))[::-1])
    return int(np.searchsorted(running, share * running[-1]) + 1)


def _share_curve(amounts: NDArray[Any]) -> list[tuple[float, float]]:
    """Share of the items, the most taken first, and the share of all that they hold; by the logarithm of their rank."""
    ordered = np.sort(amounts[amounts > 0].astype(np.float64))[::-1]
    running = np.cumsum(ordered) / ordered.sum()
    ranks = np.unique(np.rint(np.geomspace(1, len(ordered), POINTS)).astype(np.int64))
    return [(int(rank), round(float(running[rank - 1]), 5)) for rank in ranks]


def _histogram(values: NDArray[Any]) -> dict[str, Any]:
    """Counts in bins of equal ratio, since a few values are far larger than the rest."""
    low, high = max(float(values.min()), 1e-9), float(values.max())
    if high <= low:
        return {"edges": [low, high], "counts": [len(values)]}
    whole = bool((values == np.rint(values)).all())
    edges = np.geomspace(low, high, BINS + 1)
    if whole:
        edges = np.unique(np.rint(edges))
        edges[-1] += 1  # of whole numbers, a bin ends before its upper edge
    counts, _ = np.histogram(values, edges)
    return {"edges": [round(float(edge), 3) for edge in edges], "counts": counts.tolist()}


def _bars(curve: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Places and heights in percent, by the logarithm of the edges, and what each bar says."""
    edges = np.log(np.maximum(np.array(curve["edges"], np.float64), 1e-9))
    span = float(edges[-1] - edges[0]) or 1.0
    heights = np.array(curve["counts"], np.float64)
    top = max(float(heights.max()), 1.0)
    return [
        {
            "x": round(100 * float(edges[k] - edges[0]) / span, 2),
            "width": round(max(100 * float(edges[k + 1] - edges[k]) / span - 0.3, 0.4), 2),
            "height": round(100 * float(height) / top, 2),
            "title": f"{curve['edges'][k]:,.0f} to {curve['edges'][k + 1]:,.0f}: {int(height):,}",
        }
        for k, height in enumerate(heights)
        if height
    ]


def _line(curve: list[tuple[float, float]]) -> str:
    """A curve as an SVG path in a frame of 100 by 100."""
    last = np.log(max(curve[-1][0], 2))
    points = [f"{100 * np.log(rank) / last:.2f} {100 - 100 * share:.2f}" for rank, share in curve]
    return "M" + "L".join(points)


def _day(times: Floats | None, place: int) -> str:
    """The first (0) or last (-1) day of the events; "" where that is not known."""
    known = np.zeros(0) if times is None else np.sort(times[np.isfinite(times)])
    return f"{datetime.fromtimestamp(float(known[place]), UTC):%Y-%m-%d}" if len(known) else ""
