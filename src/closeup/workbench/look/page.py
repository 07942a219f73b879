"""What was seen of a dataset as one page that holds all it shows; its rows are plain dicts for the template."""

import random
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closeup.core.data_uri import data_uri
from closeup.core.errors import InputError
from closeup.core.types import Image
from closeup.media.image import decode_image, encode_jpeg, shrunk
from closeup.pages.page import render_page
from closeup.workbench.datasets.items import SIDES, Item
from closeup.workbench.look.classes import LabelClass, LabelField, label_text
from closeup.workbench.look.duplicates import Copies
from closeup.workbench.look.findings import findings
from closeup.workbench.look.leakage import Leak
from closeup.workbench.look.look import EVERYTHING, DatasetProfile
from closeup.workbench.look.measure import MEASURES, Measure

THUMBNAIL_PX = 88
"""Longer side of the pictures on the page."""

SAMPLES = 10
"""Pictures of each class that are shown, drawn at random."""

CLASSES_SHOWN = 40
"""Classes of a field that are shown with pictures, the largest; all of them are counted."""

COPIES_SHOWN = 40
"""Groups of copies that are shown of each sort; report.json has all."""

COPIES_WIDE = 6
"""Pictures of such a group that are shown."""

EXTREMES = 8
"""Pictures at each end of a measure that are shown."""

LEAKS_SHOWN = 12

BINS = 40
"""Bars of a histogram."""

HEIGHT = 100
"""Of a drawing, in its own units; each bar is one wide."""


def report_page(look: DatasetProfile) -> str:
    """The page, as HTML."""
    pictures = _Pictures(look)
    sides = [side for side in SIDES if side in look.side_counts]
    return render_page(
        "closeup.workbench.look",
        "look.html.j2",
        style="look.css",
        look=look,
        findings=findings(look),
        sides=[(side, look.side_counts[side]) for side in sides],
        fields=[_field(look, each, sides, pictures) for each in look.fields],
        copies=list(_copies_parts(look, pictures)),
        measures=[_measure(look, each, pictures) for each in MEASURES],
        leaks=[_leak(each) for each in look.leaks[:LEAKS_SHOWN]],
        mean=_uri(look.means[EVERYTHING]),
        total_bytes=value_words(float(look.column("bytes").sum()), "bytes"),
    )


class _Pictures:
    """Reads the pictures that the page shows, each once."""

    def __init__(self, look: DatasetProfile) -> None:
        self._look = look
        self._read: dict[int, str | None] = {}

    def show(self, index: int, caption: str = "") -> dict[str, str | None]:
        """The picture at an index as a data: URI, None where it cannot be read, and what is said of it."""
        if index not in self._read:
            self._read[index] = self._picture(self._look.dataset.items[index])
        return {
            "picture": self._read[index],
            "caption": caption,
            "title": self._look.dataset.items[index].key,
        }

    def _picture(self, item: Item) -> str | None:
        try:
            image = decode_image(self._look.dataset.read_bytes(item), item.path)
        except InputError:  # it was there a minute ago
            return None
        return _uri(shrunk(image, THUMBNAIL_PX))


def _uri(image: Image) -> str:
    return data_uri(encode_jpeg(image, 80))


def _field(look: DatasetProfile, field: LabelField, sides: Sequence[str], pictures: _Pictures) -> dict[str, Any]:
    name = field.name
    shown = sorted(field.classes, key=lambda each: -each.count)[:CLASSES_SHOWN]
    if field.kind == "value" or len(shown) == len(field.classes):
        shown = list(field.classes)[:CLASSES_SHOWN]
    largest = max((each.count for each in field.classes), default=1)
    labelled = sum(each.count for each in field.classes)

    def row(each: LabelClass) -> dict[str, Any]:
        mean = look.means.get((name, each.name))
        return {
            "name": each.name,
            "count": each.count,
            "percent": 100 * each.count / labelled,
            "share": 100 * each.count / largest,  # of the largest class
            "sides": [each.sides.get(side, 0) for side in sides],
            "mean": None if mean is None else _uri(mean),
            "samples": [pictures.show(index) for index in _sample(each.indices, f"{name}/{each.name}")],
        }

    rows = [row(each) for each in shown]
    return {"name": name, "summary": _summary(field), "rows": rows, "left_out": len(field.classes) - len(shown)}


def _summary(field: LabelField) -> str:
    if field.values:
        ends = {name: f"{value:.4g}" for name, value in field.values.items()}
        return f"A number from {ends['min']} to {ends['max']}, mean {ends['mean']}, median {ends['median']}."
    if len(field.classes) < 2:
        return "One class." if field.classes else "No labels."
    words = (
        f"{len(field.classes)} classes; the largest has {field.imbalance:.3g} times as many pictures as the smallest."
    )
    return f"{words} {field.unlabelled:,} pictures have no label." if field.unlabelled else words


def _sample(indices: NDArray[np.int64], seed: str) -> list[int]:
    """Some of (K,) indices, drawn at random, the same for the same data."""
    return random.Random(seed).sample(indices.tolist(), min(SAMPLES, len(indices)))


def _copies_parts(look: DatasetProfile, pictures: _Pictures) -> Iterable[dict[str, Any]]:
    """Sorts of copies, the gravest first; a group is shown once, in the first sort that it belongs to."""
    sorts: list[tuple[str, str, Callable[[Copies], bool]]] = [
        (
            "Exact copies whose labels differ",
            "The same picture, pixel by pixel: at least one of the labels is wrong.",
            lambda each: each.kind == "same" and bool(each.conflicts),
        ),
        (
            "Across the split",
            "A picture on one side has a copy, or nearly one, on another.",
            lambda each: len(each.splits) > 1,
        ),
        (
            "Nearly the same, and the labels differ",
            "One of the labels may be wrong, or these are frames between two states.",
            lambda each: bool(each.conflicts),
        ),
        ("Exact copies", "The same picture, pixel by pixel.", lambda each: each.kind == "same"),
        ("Nearly the same", "Saved again, shrunk, brightened, cut a little, or the next frame.", lambda _: True),
    ]
    left = list(look.copies)
    for title, remark, belongs in sorts:
        chosen = [each for each in left if belongs(each)]
        left = [each for each in left if not belongs(each)]
        if chosen:
            groups = [_group(look, each, pictures) for each in chosen[:COPIES_SHOWN]]
            yield {"title": title, "remark": remark, "total": len(chosen), "groups": groups}


def _group(look: DatasetProfile, copies: Copies, pictures: _Pictures) -> tuple[str, list[Any], int]:
    """What is said of a group of copies, its pictures, and how many more there are."""
    remark = "equal" if copies.kind == "same" else f"similarity {copies.similarity:.3f}"
    names = copies.conflicts or tuple(each.name for each in look.fields[:1])

    def caption(index: int) -> str:
        item = look.dataset.items[index]
        words = [label_text(item.labels.get(name)) or "no label" for name in names]
        return ", ".join([*words, *filter(None, [look.sides[index]])])

    shown = [pictures.show(index, caption(index)) for index in copies.indices[:COPIES_WIDE]]
    return remark, shown, len(copies.indices) - len(shown)


def _measure(look: DatasetProfile, measure: Measure, pictures: _Pictures) -> dict[str, Any]:
    values = look.column(measure.name)
    order = np.argsort(values, kind="stable")
    ends = []
    if values.max() > values.min():
        for word, chosen in ((measure.low, order[:EXTREMES]), (measure.high, order[::-1][:EXTREMES])):
            if word:
                shown = [pictures.show(int(index), value_words(values[index], measure.unit)) for index in chosen]
                ends.append((f"The {word}", shown))
    low, high = (0.0, 1.0) if not measure.unit else (float(values.min()), float(values.max()))
    return {
        "name": measure.name,
        "median": value_words(float(np.median(values)), measure.unit),
        "low": value_words(low, measure.unit),
        "high": value_words(high, measure.unit),
        "bars": _bars(values, low, high),
        "ends": ends,
    }


def _bars(values: NDArray[np.float64], low: float, high: float) -> tuple[tuple[int, float], ...]:
    """A histogram of (N,): place and height of each bar that is not empty; of roots, so that few are seen too."""
    counts, _ = np.histogram(np.clip(values, low, high), BINS, (low, high) if high > low else (low - 0.5, low + 0.5))
    heights = np.sqrt(counts / counts.max()) * HEIGHT
    return tuple((place, round(float(height), 2)) for place, height in enumerate(heights) if height > 0)


def value_words(value: float, unit: str) -> str:
    """A value for people: "112 px", "1.5 kB", "0.43"."""
    if unit == "bytes":
        for word, size in (("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
            if value >= size:
                return f"{value / size:.1f} {word}"
        return f"{value:.0f} bytes"
    return f"{value:,.0f} {unit}" if unit else f"{value:.2f}"


def _leak(each: Leak) -> tuple[str, str, str, str, float]:
    """Field and class, what tells it, in words; and how far the bar goes, in percent."""
    way = "larger" if each.larger else "smaller"
    return each.field, each.label, f"{way} {each.measure}", f"{each.auc:.3f}", round(200 * (each.auc - 0.5), 1)
