"""A dataset that a tiny network learns in seconds: light and dark squares, with their brightness as a number."""

import csv
from pathlib import Path

import cv2
import numpy as np

from closeup.workbench.recipes.recipe import (
    AugmentRecipe,
    DataSource,
    HeadRecipe,
    ModelRecipe,
    Recipe,
    SplitRecipe,
    StageRecipe,
    TrainingRecipe,
)

TINY = "test_efficientnet"
"""timm's own network for tests."""


def write_shades(folder: Path, count: int = 48) -> Path:
    """Write pictures and a table: path, shade (light or dark), level (a number), who (a group of two)."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = np.random.default_rng(5)
    with (folder / "labels.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(["path", "shade", "level", "who"])
        for index in range(count):
            level = 60 if index % 2 else 190
            noise = chance.normal(level, 25, (20, 20, 3)).clip(0, 255).astype(np.uint8)
            cv2.imwrite(str(folder / f"{index:03}.png"), noise)
            rows.writerow([f"{index:03}.png", "dark" if index % 2 else "light", level, f"w{index // 2}"])
    return folder / "labels.csv"


def shades_recipe(table: Path, **changes: object) -> Recipe:
    """A recipe for it with everything that has a state: dropout, augmentation, momentum, an average of weights."""
    whole: dict[str, object] = {
        "name": "shades",
        "data": (DataSource(str(table), group_column="who"),),
        "heads": (
            HeadRecipe("shade", label_smoothing=0.05),
            HeadRecipe("level", kind="value", high=255.0, loss="smooth_l1"),
        ),
        "split": SplitRecipe(val=0.25),
        "model": ModelRecipe(TINY, input_px=16, drop_rate=0.2),
        "augment": AugmentRecipe(horizontal_flip=0.5, brightness=0.1, erasing=0.2, mixup=0.2),
        "stages": (
            StageRecipe(epochs=2, batch=8, learning_rate=2e-3),
            StageRecipe(part="1/2", epochs=1, batch=4, learning_rate=1e-3, optimizer="sgd"),
        ),
        "training": TrainingRecipe(ema=0.9, clip_norm=1.0, threads=1, checkpoint_s=1e-6),
    }
    return Recipe(**{**whole, **changes})  # type: ignore[arg-type]
