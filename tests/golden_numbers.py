"""Golden numbers of every network that pip brings, and of comparing performances, that a browser's tests read too.

A file tells one network's whole way for a picture that any language can draw by whole numbers: the card's figures, the
crop as uint8 RGB, the network's input, and its first answers. `python tests/golden_numbers.py` writes them anew; look
at what has changed before you commit it.
"""

import json
from pathlib import Path

import numpy as np

from closeup.algorithms.performance.agreement import agreement, concordance, shares
from closeup.algorithms.performance.alignment import BAND_S, at_lag, find_lag, sampled_at, warped, warping_path
from closeup.core.settings import read_settings
from closeup.core.types import Image
from closeup.features.act.comparing import centred_curves
from closeup.features.act.performing import LONGEST_MISS_S, RATE_HZ
from closeup.perception.classifier import shipped, shipped_names
from closeup.perception.matte import CARD_NAME as MATTE
from closeup.perception.matte import PersonMatte
from closeup.perception.preprocessing import preprocess
from closeup.perception.registry import DETECTOR, EMBEDDER, load_embedder
from closeup.weights.cards import card
from closeup.weights.network_card import NetworkCard
from closeup.weights.session import open_session
from closeup.weights.store import require

HERE = Path(__file__).resolve().parent / "golden"
EVERY, FIRST = 8, 8
"""Which pixels of a crop and which of a network's answers are kept."""

SIZE_WH = (160, 128)
WAVES = ((7, 2, 0), (3, 5, 90), (1, 9, 200))
"""The picture: channel c at (x, y) is 255 - |((a * x + b * y + c) mod 510) - 255|, which has no sharp edges."""

LANDMARKS = ((58.0, 50.5), (96.25, 44.0), (79.5, 69.0), (66.0, 91.75), (98.5, 86.25))
"""A face turned by some ten degrees, in pixels from the picture's corner."""

PERFORMANCES = "performances"
"""Name of the file of a comparison."""

CARD_FIELDS = ("input_px", "input_multiple", "mean", "std", "colour", "grey", "fit", "alignment", "cut_larger")


def picture() -> Image:
    """Draw the picture (128, 160, 3)."""
    y, x = np.mgrid[: SIZE_WH[1], : SIZE_WH[0]]
    return np.stack([255 - np.abs((a * x + b * y + c) % 510 - 255) for a, b, c in WAVES], axis=2).astype(np.uint8)


def golden(name: str) -> dict[str, object]:
    """What the network `name` makes of the picture, step by step."""
    points = np.array(LANDMARKS, np.float32)
    network: NetworkCard = card(name)
    if name == DETECTOR:
        crop = picture()
        inputs = preprocess(network, crop[None])
        answers = open_session(require(card(name), read_settings())).run_all(inputs)
        outputs = {str(place): answer for place, answer in enumerate(answers)}
    elif name == EMBEDDER:
        embedder = load_embedder(card(name), read_settings())
        crop = embedder.crop(picture(), points)
        inputs = preprocess(network, crop[None])
        outputs = {"vector": embedder.embed(crop[None])}
    elif name == MATTE:
        crop = PersonMatte().shown(picture())
        inputs = preprocess(network, crop[None])
        outputs = {"alpha": PersonMatte().alpha(picture())[::EVERY, ::EVERY]}
    else:
        classifier = shipped(name)
        network, crop = classifier.card, classifier.crop(picture(), points)
        inputs = preprocess(network, crop[None])
        outputs = classifier.answers(crop[None])
    return {
        "model": name,
        "card": {field: getattr(network, field) for field in CARD_FIELDS},
        "picture": {"size_wh": SIZE_WH, "waves": WAVES},
        "landmarks_xy": LANDMARKS,
        "crop": {"size_wh": crop.shape[1::-1], "every_px": EVERY, "rgb": crop[::EVERY, ::EVERY].tolist()},
        "input": {"shape": inputs.shape, "first_row": numbers(inputs[0, :, 0, :FIRST])},
        "outputs": {key: numbers(answer.ravel()[:FIRST]) for key, answer in outputs.items()},
    }


def golden_performances() -> dict[str, object]:
    """How an attempt of 12 s, 0.7 s late, with a second in which no face is seen, compares with what it plays."""
    rng, length, columns = np.random.default_rng(14), 120, 3
    clock = np.arange(length) / RATE_HZ
    middles, heights = rng.uniform(1, 11, (6, columns)), rng.uniform(0.2, 0.9, (6, columns))
    bumps = heights * np.exp(-(((clock[:, None, None] - middles) / 0.6) ** 2))
    original = np.round(np.clip(bumps.sum(axis=1), 0, 1), 3)
    times = np.round(np.cumsum(rng.uniform(0.07, 0.13, length)), 3)
    times = times[(times < clock[-1]) & ((times < 5) | (times > 6))]
    played = [np.interp(times - 0.7 + 0.1 * np.sin(times), clock, curve) for curve in original.T]
    values = np.round(np.clip(0.8 * np.stack(played, axis=1) + rng.normal(0, 0.03, (len(times), columns)), 0, 1), 3)
    attempt = sampled_at(times, values, clock, LONGEST_MISS_S)
    x, y = centred_curves(original), centred_curves(attempt)
    lag_s, _ = find_lag([(x, y)], RATE_HZ, rates=False)
    moved = at_lag(y, length, RATE_HZ, lag_s)
    aligned = warped(moved, warping_path(x, moved, round(BAND_S * RATE_HZ)))[0]
    return {
        "original": original.tolist(),
        "times_s": times.tolist(),
        "values": values.tolist(),
        "attempt": _rows(attempt),
        "centred": _rows(y),
        "lag_s": lag_s,
        "aligned": _rows(aligned),
        "shares": numbers(shares(x)),
        "concordance": numbers(concordance(x, aligned)),
        "agreement": round(agreement(x, aligned), 5),
    }


def _rows(curves: np.ndarray) -> list[object]:
    """Curves (T, K) as rows, None where nothing is known."""
    return [None if np.isnan(row).any() else numbers(row) for row in curves]


def numbers(values: np.ndarray) -> list[object]:
    """Numbers to five digits behind the point, as JSON has them."""
    rounded: list[object] = np.round(np.asarray(values, np.float64), 5).tolist()
    return rounded


def names() -> list[str]:
    """Every network that has a golden file."""
    return [DETECTOR, EMBEDDER, MATTE, *shipped_names()]


if __name__ == "__main__":
    for each, content in [*((name, golden(name)) for name in names()), (PERFORMANCES, golden_performances())]:
        (HERE / f"{each}.json").write_text(json.dumps(content, separators=(",", ":")) + "\n", encoding="utf-8")
