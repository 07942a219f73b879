"""What closeup decides by computing, on made-up inputs, as JSON: tests/test_processors.py compares several processors.

Inputs are random and fixed by seeds; some are equal, or differ in the last bit of float32, as pictures of one scene do.
"""

import json
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest.mock import patch

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.clustering.agglomerative import cluster
from closeup.algorithms.clustering.merging import MergeItems, MergeThresholds, merge
from closeup.algorithms.clustering.near_duplicates import near_pairs
from closeup.algorithms.clustering.nearest import nearest_rows
from closeup.algorithms.frames.alignment import similarity_transform
from closeup.algorithms.labels.confident_learning import expected_errors, flag_errors
from closeup.algorithms.labels.linear_probe import out_of_fold
from closeup.algorithms.metrics.classification import fit_temperature
from closeup.algorithms.metrics.verification import best_threshold, equal_error_rate
from closeup.features.appraise import boosting, tuning
from closeup.features.appraise.fit import fit_appraiser
from closeup.features.appraise.model import explain_row, predict_table
from closeup.features.cast.grouping import confusable
from closeup.features.gallery.scoring import fellows
from closeup.features.headline.model import Pair, fit
from closeup.features.recommend.fit import fit_recommender
from closeup.features.recommend.options import RecommendOptions
from closeup.features.shorts.choice import least_likeness
from closeup.text.ranking import best_first
from closeup.text.reading import read_text
from features.appraise.houses import house_rows, write_rows
from features.recommend import plays


def faces(people: int, each: int, width: int = 128, spread: float = 0.9, seed: int = 0) -> NDArray[np.float32]:
    """Unit vectors (people * each, width) of people, with a copy and a near copy of some."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(people, width))
    rows = np.repeat(centres, each, axis=0) + spread * rng.normal(size=(people * each, width))
    rows[1::7] = rows[0::7][: len(rows[1::7])]
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
    rows[2::11] = np.nextafter(rows[0::11][: len(rows[2::11])], np.float32(1))
    return rows


def probe(examples: int, width: int, classes: int, seed: int) -> dict[str, Any]:
    """The audit's way from features to the labels that are called wrong; every twelfth is."""
    rng = np.random.default_rng(seed)
    shown = rng.integers(classes, size=examples)
    features = np.maximum(rng.normal(size=(classes, width))[shown] + 1.2 * rng.normal(size=(examples, width)), 0)
    features[1::9] = features[0::9][: len(features[1::9])]
    labels = np.where(np.arange(examples) % 12 == 0, (shown + 1) % classes, shown)
    found = out_of_fold(features.astype(np.float32), labels, np.arange(examples) // 4 % 5, classes)
    flagged = np.flatnonzero(flag_errors(found, labels)).tolist()
    return {"flagged": flagged, "expected": expected_errors(found, labels), "probabilities": found[::7].tolist()}


def grouped() -> dict[str, Any]:
    """Clusters of tracks, and the persons that they merge to."""
    rows, clothes = faces(12, 9), faces(12, 9, 64, 0.3, seed=1)
    together = np.array([(i, i + 9) for i in range(0, 90, 5)])
    labels = cluster(rows, 0.42, together, 1.0 + np.arange(len(rows)) % 5)
    limits = MergeThresholds(0.3, 0.1, 0.6, 0.2, 0.7)
    merged = merge(MergeItems(rows, clothes, None, together), limits)
    return {
        "clusters": labels.tolist(),
        "persons": merged.labels.tolist(),
        "steps": [(step.a, step.b, step.rule) for step in merged.steps],
        "confusable": confusable(rows, together, 0.45).tolist(),
    }


def searched() -> dict[str, Any]:
    """Nearest templates, near duplicates, which templates of an identity count, which windows are alike."""
    rows = faces(40, 12)
    best, similarity = nearest_rows(rows, rows[::5], 15)
    near, _ = near_pairs(np.concatenate([rows, rows, rows]), 0.95)
    return {
        "best": best.tolist(),
        "similarity": similarity.tolist(),
        "pairs": near.tolist(),
        "fellows": fellows(rows[:60], 0.5).tolist(),
        "least": least_likeness(rows).tolist(),
    }


def measured() -> dict[str, Any]:
    """Thresholds, error rates, temperatures, and how a face is turned upright."""
    rng = np.random.default_rng(4)
    same = np.arange(3000) % 3 == 0
    similarities = rng.normal(0.2 + 0.4 * same, 0.2)
    logits = 4 * rng.normal(size=(500, 4))
    points = rng.normal(size=(5, 2)) * 40 + 100
    return {
        "threshold": best_threshold(similarities, same),
        "error": equal_error_rate(similarities, same),
        "temperature": fit_temperature(logits, rng.integers(4, size=500)),
        "upright": similarity_transform(points, points @ [[0.6, -0.8], [0.8, 0.6]] + rng.normal(size=(5, 2))).tolist(),
    }


def recommended() -> dict[str, Any]:
    """Lists of recommendations and of similar items, and what they are explained by."""
    with tempfile.TemporaryDirectory() as folder:
        model = fit_recommender(
            plays.write(Path(folder) / "plays.csv", plays.rows(120, 90, 15)), options=RecommendOptions(factors=24)
        )
    best, scores = model.recommended(model.history, 20)
    explained = model.explain("u00", model.for_user("u00", 1)[0]["item"])
    return {
        "best": best.tolist(),
        "scores": scores.tolist(),
        "similar": [each["item"] for each in model.similar("i10")],
        "because": [each["item"] for each in explained["because"]],
    }


def priced() -> dict[str, Any]:
    """What houses are worth, between what and what, and what that goes by."""
    few = {kind: {**each, "rounds": 160} for kind, each in boosting.PUBLISHED.items()}
    with tempfile.TemporaryDirectory() as folder, patch.object(tuning, "PUBLISHED", few):
        model = Path(folder) / "m"
        fit_appraiser(write_rows(Path(folder) / "t.csv", house_rows(240)), "price", model)
        asked = write_rows(Path(folder) / "n.csv", house_rows(30, seed=5))
        return {
            "prices": predict_table(model, asked)["rows"],
            "because": [part["feature"] for part in explain_row(model, asked, 3)["parts"]],
        }


def headlined() -> dict[str, Any]:
    """What texts are called by a model that learnt it from pairs, and which sentences sum them up."""
    towns, things = ("Exeter", "Leeds", "Bath", "York", "Derby"), ("bridge", "school", "harbour", "library", "market")
    pairs = [
        Pair(
            f"The council of {town} voted on Monday to close its old {thing}, officials said. Repairs would cost nine "
            f"million pounds. Traders in {town} fear for their custom. The {thing} was built in 1778.",
            f"{town} council closes old {thing}",
            f"The council of {town} voted on Monday to close its old {thing}, officials said.",
        )
        for town in towns
        for thing in things
    ]
    model = fit(pairs)
    readings = [read_text(pair.text.replace("voted", "decided")) for pair in pairs[::6]]
    return {
        "headlines": [model.shortened(reading, 0, 8) for reading in readings],
        "sentences": [best_first(model.scores(reading.tokens)) for reading in readings],
    }


PARTS: dict[str, Callable[[], dict[str, Any]]] = {
    "probe of two classes": lambda: probe(400, 40, 2, 1),
    "probe of more features than examples": lambda: probe(200, 320, 3, 2),
    "probe of six classes": lambda: probe(480, 60, 6, 3),
    "grouping": grouped,
    "search": searched,
    "measures": measured,
    "recommendations": recommended,
    "prices": priced,
    "headlines": headlined,
}

if __name__ == "__main__":
    json.dump({name: part() for name, part in PARTS.items()}, sys.stdout)
