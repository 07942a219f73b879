"""The worst mistakes of a run, as pictures: where the model is wrong, or the label."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from closeup.core.data_uri import data_uri
from closeup.core.errors import CloseupError
from closeup.core.types import Image
from closeup.learning.runs.metrics import HeadMetrics
from closeup.learning.runs.predictions import HeadPredictions
from closeup.learning.runs.reading import Run
from closeup.media.image import encode_jpeg
from closeup.pages.page import render_page

MOST = 60
"""Mistakes of each head that are shown."""

PICTURE_PX = 128


@dataclass(frozen=True, slots=True)
class Mistake:
    """One picture that was predicted wrongly.

    Attributes:
        key: Of the picture.
        label: What the data says, in words.
        prediction: What the run says, in words.
        sure: How sure it was, "93%"; for a number how far off, "+21".
        picture: A data: URI, or None where it cannot be read any more.
    """

    key: str
    label: str
    prediction: str
    sure: str
    picture: str | None


def worst_indices(predictions: HeadPredictions, most: int = MOST) -> list[int]:
    """Which predictions are furthest from their labels, worst first, the right ones left out.

    For classes: by how much likelier the prediction seemed than the label. For numbers: by the error.
    """
    if predictions.classes:
        labels = predictions.label_indices()
        given = predictions.probabilities.argmax(axis=1)
        rows = np.arange(len(labels))
        worse = predictions.probabilities[rows, given] - predictions.probabilities[rows, labels]
        wrong = given != labels
    else:
        worse = np.abs(predictions.values - predictions.label_numbers())
        wrong = worse > 0
    order = np.argsort(-worse, kind="stable")
    return [int(index) for index in order if wrong[index]][:most]


def mistakes(
    predictions: HeadPredictions, pixels_of: Callable[[str], Image] | None, most: int = MOST
) -> tuple[Mistake, ...]:
    """The worst mistakes of a head with their pictures.

    Args:
        predictions: Of the head on the side to look at, where there are labels.
        pixels_of: The picture of a key, RGB (H, W, 3); None where the pictures are not at hand.
        most: How many.
    """
    return tuple(_mistake(predictions, index, pixels_of) for index in worst_indices(predictions, most))


def mistakes_page(run: Run, heads: Sequence[tuple[HeadMetrics, Sequence[Mistake]]]) -> str:
    """mistakes.html: HTML with all pictures inside.

    Args:
        heads: Each head with its mistakes, worst first.
    """
    return render_page(
        "closeup.learning.runs",
        "mistakes.html.j2",
        style="runs.css",
        run=run,
        heads=heads,
        units=run.units,
        has_pictures=True,
    )


def _mistake(predictions: HeadPredictions, index: int, pixels_of: Callable[[str], Image] | None) -> Mistake:
    key, label = predictions.keys[index], predictions.labels[index]
    picture = None if pixels_of is None else _picture(key, pixels_of)
    if predictions.classes:
        given = int(predictions.probabilities[index].argmax())
        sure = f"{predictions.probabilities[index, given]:.0%}"
        return Mistake(key, str(label), predictions.classes[given], sure, picture)
    truth, value = float(label or 0.0), float(predictions.values[index])
    off = f"{'+' if value >= truth else '-'}{_short(abs(value - truth))}"
    return Mistake(key, _short(truth), _short(value), off, picture)


def _short(value: float) -> str:
    """A number with one decimal where it needs one: "31", "4.5"."""
    return f"{value:.1f}".removesuffix(".0")


def _picture(key: str, pixels_of: Callable[[str], Image]) -> str | None:
    """A small copy of a picture as a data: URI; None where it cannot be read, which the page says."""
    try:
        image = pixels_of(key)
    except CloseupError:
        return None
    factor = PICTURE_PX / max(image.shape[:2])
    if factor < 1:
        size_wh = max(1, round(image.shape[1] * factor)), max(1, round(image.shape[0] * factor))
        image = np.asarray(cv2.resize(image, size_wh, interpolation=cv2.INTER_AREA), np.uint8)
    return data_uri(encode_jpeg(np.ascontiguousarray(image), 82))
