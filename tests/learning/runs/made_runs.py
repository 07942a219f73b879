"""Runs that nobody trained, made in a moment: two heads, a few epochs, predictions that are right as often as asked."""

from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from closeup.core.types import Image
from closeup.learning.runs.folder import RunWriter, create_run
from closeup.learning.runs.metrics import measure
from closeup.learning.runs.reading import Run, read_run
from closeup.workbench.recipes.recipe import DataSource, HeadRecipe, Recipe, StageRecipe
from closeup.workbench.recipes.recipe_file import recipe_to_toml

MOODS = ("happy", "sad", "neutral")
HEADS = (
    HeadRecipe("mood", classes=MOODS),
    HeadRecipe("age", kind="value", unit="years", low=0, high=100, loss="smooth_l1"),
)
CORRECTIONS = """source,pictures,kind,which,field,old,new,who,when,why,line
faces,1,picture,a/3.jpg,mood,sad,happy,Anna,2026-11-01,she laughs,2
"""


def recipe(name: str = "faces", **changes: Any) -> Recipe:
    """A recipe of two heads and two stages."""
    given: dict[str, Any] = {"summary": "Mood and age of a face.", "licence": "MIT"} | changes
    stages = (StageRecipe("heads", epochs=2), StageRecipe("all", epochs=2, learning_rate=1e-4))
    return Recipe(name, (DataSource("faces", "faces"),), HEADS, stages=stages, **given)


def facts(base: Path | None = None) -> dict[str, Any]:
    """What a trainer notes."""
    data = {
        "fingerprint": "ab" * 32,
        "pictures": {"train": 400, "val": 60, "test": 60},
        "sources": ["faces"],
        "unreadable": [{"key": "a/broken.jpg", "reason": "It is cut off."}],
    }
    environment = {"closeup": "0.1.0", "python": "3.11.7", "torch": "2.13.0"}
    return {"base": str(base or "/nowhere"), "start": "imagenet", "environment": environment, "data": data}


def begun(runs_dir: Path, given: Recipe | None = None, epochs: int = 4, steps: int = 5) -> RunWriter:
    """A run that has trained for some epochs and is still open."""
    given = given or recipe()
    writer = create_run(runs_dir, given.name, recipe_to_toml(given), facts())
    for step in range(1, epochs * steps + 1):
        epoch = (step - 1) // steps + 1
        rate = 1e-3 * 0.9**step
        row = {"step": step, "stage": 1 + (epoch > 2), "epoch": epoch, "loss": 2 / step, "learning_rate": rate}
        writer.step(row | {"images_per_s": 200.0})
        if step % steps == 0:
            losses = {"train_loss": 2 / epoch, "val_loss": 2.1 / epoch}
            figures = {"mood_accuracy": 0.5 + epoch / 20, "mood_macro_f1": 0.4 + epoch / 20, "age_mae": 9.0 - epoch}
            place = {"epoch": epoch, "stage": 1 + (epoch > 2), "stage_name": "heads" if epoch < 3 else "all"}
            writer.epoch(place | losses | figures | {"seconds": 30.0, "kept": epoch in (1, 3)})
    return writer


def keys(count: int) -> list[str]:
    return [f"a/{number}.jpg" for number in range(count)]


def answer(
    writer: RunWriter, count: int = 60, right: float = 0.8, seed: int = 0, sides: tuple[str, ...] = ("val", "test")
) -> None:
    """Write predictions of both heads; the labels do not depend on `right` or `seed`."""
    chance = np.random.default_rng(seed)
    labels = np.arange(count) % len(MOODS)
    ages = 20.0 + np.arange(count) % 50
    for side in sides:
        given = np.where(chance.random(count) < right, labels, (labels + 1) % len(MOODS))
        probabilities = np.full((count, len(MOODS)), 0.1)
        probabilities[np.arange(count), given] = 0.8
        writer.predictions(side, "mood", keys(count), labels, probabilities, MOODS)
        writer.predictions(side, "age", keys(count), ages, ages + 10 * (1 - right) + chance.normal(0, 3, count))


def metrics(run: Run) -> dict[str, Any]:
    """The figures as the trainer writes them."""
    found: dict[str, Any] = {}
    for one in measure(run, resamples=50):
        figures = {name: asdict(it) for name, it in one.metrics.items()}
        found.setdefault(one.side, {})[one.head] = figures | {"count": one.count}
    return found


def split_table(count: int, pictures_in_group: int) -> str:
    """split.csv with groups of so many pictures each."""
    rows = "".join(f"{key},g{n // pictures_in_group},test,seed 0\n" for n, key in enumerate(keys(count)))
    return f"key,group,split,origin\n{rows}"


def finished(runs_dir: Path, given: Recipe | None = None, *, right: float = 0.8, seed: int = 0) -> Run:
    """A run that came to its end."""
    writer = begun(runs_dir, given)
    answer(writer, right=right, seed=seed)
    (writer.path / "split.csv").write_text(split_table(60, 2))
    writer.finish(metrics(read_run(writer.path)))
    return read_run(writer.path)


def picture(key: str) -> Image:
    """A plain picture, another grey for every key."""
    return np.full((40, 30, 3), sum(key.encode()) % 256, np.uint8)
