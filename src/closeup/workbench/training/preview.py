"""A picture of what each augmentation of a recipe does, drawn by the code that does it in training."""

from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from closeup.core.errors import InputError
from closeup.core.progress import ProgressCallback, ignore
from closeup.core.types import Image
from closeup.learning.pytorch import torch
from closeup.workbench.datasets.items import Dataset
from closeup.workbench.datasets.pictures import load_pictures
from closeup.workbench.datasets.reading import open_dataset
from closeup.workbench.recipes.recipe import AugmentRecipe, Recipe
from closeup.workbench.training.augment import Augmenter
from closeup.workbench.training.prepare import largest_px, last_px

PICTURES = 8
"""Pictures in a row."""

TOGETHER = 4
"""Rows of everything together, as training has it."""

CHANCES = ("horizontal_flip", "vertical_flip", "grey", "blur", "sharpen", "resolution", "jpeg", "erasing")
"""Augmentations whose number is how likely they are: in rows of their own they happen to every picture."""

SMALLEST_PX = 96
"""Pictures smaller than this are shown twice, three times... as large, pixel by pixel."""

_MARGIN, _WORDS_PX = 8, 200
_INK, _PALE = (24, 24, 27), (113, 113, 122)
_NEUTRAL = AugmentRecipe()
_SETTINGS = ("crop_centre",)
"""Keys that say how, not whether."""


def used(recipe: AugmentRecipe) -> tuple[str, ...]:
    """Names of the augmentations that a recipe uses, in the order of its keys."""
    names = (field.name for field in fields(AugmentRecipe) if field.name not in _SETTINGS)
    return tuple(name for name in names if getattr(recipe, name) != getattr(_NEUTRAL, name))


def alone(recipe: AugmentRecipe, name: str) -> AugmentRecipe:
    """A recipe with only this augmentation, happening to every picture."""
    value = 1.0 if name in CHANCES else getattr(recipe, name)
    return replace(_NEUTRAL, crop_centre=recipe.crop_centre, **{name: value})


def preview_of(recipe: Recipe, base: Path, progress: ProgressCallback = ignore) -> Image:
    """Draw the augmentations of a recipe on pictures of its own data.

    Args:
        recipe: With its data.
        base: What its relative paths start from.

    Returns:
        uint8 (H, W, 3).

    Raises:
        InputError: If the data cannot be read.
    """
    dataset = open_dataset(recipe.data, base=base, heads=recipe.heads)
    label_field = recipe.heads[0].field or recipe.heads[0].name
    chosen = dataset.select(_spread(dataset, label_field, PICTURES, recipe.training.seed))
    pictures = load_pictures(chosen, largest_px(recipe), grey=recipe.model.grey, progress=progress)
    return preview(recipe, pictures.pixels)


def _spread(dataset: Dataset, label_field: str, count: int, seed: int) -> list[int]:
    """Indices of a few items, of as many classes as there are."""
    order = np.random.default_rng(seed).permutation(len(dataset))
    labels = dataset.labels(label_field)
    seen: dict[object, int] = {}
    turns = []
    for index in order:
        label = labels[index]
        seen[label] = seen.get(label, 0) + 1
        turns.append((seen[label], int(index)))
    return [index for _, index in sorted(turns, key=lambda turn: turn[0])[:count]]


def preview(recipe: Recipe, pixels: NDArray[np.uint8]) -> Image:
    """Draw what a recipe's augmentations do: first the pictures as they are, then a row for each, then all together.

    A row of its own shows its augmentation on every picture, by as much as chance has it, also where the recipe does
    it to a few only. The last rows are what the network is given.

    Args:
        recipe: Its augmentations, input size, and whether all is grey.
        pixels: Pictures (N, S, S, 3) uint8.

    Returns:
        uint8 (H, W, 3).

    Raises:
        InputError: If there is no picture.
    """
    if len(pixels) == 0:
        raise InputError("There is no picture to show augmentations on.", "Look at the data.", code="data.look")
    stored = torch.from_numpy(np.ascontiguousarray(pixels[:PICTURES]))
    rows = [_row(*row) for row in _rows(recipe, stored)]
    return _framed(np.concatenate(rows))


def _rows(recipe: Recipe, stored: torch.Tensor) -> Iterator[tuple[str, str, Image]]:
    """Title, remark and pictures (N, P, P, 3) of each row."""
    px = last_px(recipe)
    yield "as they are", f"{px} px", _shown(_NEUTRAL, recipe, stored, 0)
    for place, name in enumerate(used(recipe.augment)):
        value = f"{getattr(recipe.augment, name):g}"
        if name == "crop":
            value += f", {recipe.augment.crop_centre}"
        yield name, value, _shown(alone(recipe.augment, name), recipe, stored, place + 1)
    for turn in range(TOGETHER if used(recipe.augment) else 0):
        yield "all together", "as the network sees it", _shown(recipe.augment, recipe, stored, 1000 + turn)


def _shown(augment: AugmentRecipe, recipe: Recipe, stored: torch.Tensor, turn: int) -> Image:
    """What an augmentation makes of stored pictures, as pictures (N, P, P, 3) again."""
    mean, std = recipe.model.mean, recipe.model.std
    augmenter = Augmenter(augment, mean, std, grey=recipe.model.grey)
    generator = torch.Generator().manual_seed(recipe.training.seed + turn)
    batch = augmenter(stored, last_px(recipe), generator)
    if augmenter.mixes:
        # A batch shares one mix; every column shows another one.
        batch = torch.stack([augmenter.mix(batch, generator).pictures[column] for column in range(len(batch))])
    values = batch.permute(0, 2, 3, 1).numpy() * np.array(std) + np.array(mean)
    return np.asarray(np.clip(np.round(values), 0, 255), np.uint8)


def _row(title: str, remark: str, pictures: Image) -> Image:
    """One row: words, then pictures (N, P, P, 3) side by side: (H, W, 3)."""
    larger = -(-SMALLEST_PX // pictures.shape[1])
    tiles = pictures.repeat(larger, axis=1).repeat(larger, axis=2)
    edged = np.pad(tiles, ((0, 0), (0, _MARGIN), (0, _MARGIN), (0, 0)), constant_values=255)
    words = np.full((edged.shape[1], _WORDS_PX, 3), 255, np.uint8)
    cv2.putText(words, title, (0, 28), cv2.FONT_HERSHEY_SIMPLEX, 0.55, _INK, 1, cv2.LINE_AA)
    cv2.putText(words, remark, (0, 52), cv2.FONT_HERSHEY_SIMPLEX, 0.45, _PALE, 1, cv2.LINE_AA)
    return np.concatenate([words, *edged], axis=1)


def _framed(drawing: Image) -> Image:
    edges = ((_MARGIN, 0), (_MARGIN, 0), (0, 0))
    return np.pad(drawing, edges, constant_values=255)
