"""From a recipe to everything that the loop needs: data read, split, turned into tensors; heads settled."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from closeup.core.errors import InputError
from closeup.core.progress import ProgressCallback
from closeup.core.types import FloatArray
from closeup.learning.pytorch import torch
from closeup.learning.trainer import Indices
from closeup.tables.strict_csv import parse_table
from closeup.workbench.datasets.items import Dataset
from closeup.workbench.datasets.pictures import Pictures, load_pictures
from closeup.workbench.datasets.reading import open_dataset
from closeup.workbench.datasets.splits import Split, make_split, parts
from closeup.workbench.recipes.heads import ResolvedHead, resolve_head, targets
from closeup.workbench.recipes.recipe import HeadRecipe, Recipe
from closeup.workbench.training.losses import soft_targets
from closeup.workbench.training.pictures import Examples

SIDES = ("train", "val", "test")


@dataclass(frozen=True)
class Prepared:
    """What a run is made of.

    Attributes:
        dataset: The pictures that could be read, corrections applied, in the order of the examples.
        split: Who is on which side.
        heads: Settled against the training pictures.
        examples: Tensors, in the order of the dataset.
        parts: For each stage, indices of its training pictures.
        unreadable: Keys of the pictures that could not be read, with the reason.
    """

    dataset: Dataset
    split: Split
    heads: tuple[ResolvedHead, ...]
    examples: Examples
    parts: tuple[Indices, ...]
    unreadable: tuple[tuple[str, str], ...]


def prepare(recipe: Recipe, base: Path, progress: ProgressCallback) -> Prepared:
    """Read the data of a recipe.

    Args:
        base: What its relative paths start from.

    Raises:
        InputError: If data is missing or does not fit the heads, or a side of the split is empty.
    """
    everything = open_dataset(recipe.data, base=base, heads=recipe.heads)
    pictures = load_pictures(everything, largest_px(recipe), grey=recipe.model.grey, progress=progress)
    dataset = everything.select(pictures.kept.tolist())
    split = make_split(dataset, recipe.split, _label_field(recipe.heads[0]), base=base)
    sides = _sides(dataset, split)
    heads = tuple(_head(head, dataset, sides[0]) for head in recipe.heads)
    examples = Examples(
        inputs=_tensor(pictures),
        targets={head.name: torch.from_numpy(targets(head, dataset.labels(head.label_field))) for head in heads},
        soft=_soft(heads, dataset, base),
        repeat=_repeat(recipe, dataset),
        train=sides[0],
        val=sides[1],
        test=sides[2],
    )
    seed = recipe.training.seed
    drawn = tuple(
        examples.train
        if stage.part == "all"
        else parts(dataset, examples.train, stage.part, seed=seed, field=_label_field(recipe.heads[0]))
        for stage in recipe.stages
    )
    return Prepared(dataset, split, heads, examples, drawn, tuple(pictures.unreadable))


def largest_px(recipe: Recipe) -> int:
    """Side at which pictures are kept in memory: the largest that any stage looks at."""
    return max(stage.input_px or recipe.model.input_px for stage in recipe.stages)


def last_px(recipe: Recipe) -> int:
    """Side of the finished network's input: the last stage's."""
    return recipe.stages[-1].input_px or recipe.model.input_px


def _tensor(pictures: Pictures) -> torch.Tensor:
    return torch.from_numpy(pictures.pixels)


def _label_field(head: HeadRecipe) -> str:
    return head.field or head.name


def _sides(dataset: Dataset, split: Split) -> list[Indices]:
    """Indices of train, val and test."""
    found = [split.indices(dataset, side) for side in SIDES]
    for side, indices in zip(SIDES[:2], found, strict=False):
        if len(indices) == 0:
            raise InputError(
                f"There is no picture to {'learn from' if side == 'train' else 'choose by'}: the side {side} of the "
                "split is empty.",
                "Give it a share, split.val, or name a column that says the side, split_column.",
                code="recipe.set",
                setting="split.val=0.15",
            )
    return found


def _head(recipe: HeadRecipe, dataset: Dataset, train: Indices) -> ResolvedHead:
    labels = dataset.labels(_label_field(recipe))
    return resolve_head(recipe, [labels[index] for index in train])


def _repeat(recipe: Recipe, dataset: Dataset) -> Indices:
    often = {source.name: wanted.repeat for source, wanted in zip(dataset.sources, recipe.data, strict=True)}
    return np.array([often.get(item.source, 1) for item in dataset.items], np.intp)


def _soft(heads: Sequence[ResolvedHead], dataset: Dataset, base: Path) -> dict[str, torch.Tensor]:
    keys = [item.key for item in dataset.items]
    return {
        head.name: torch.from_numpy(soft_targets(head, read_soft(base / head.recipe.soft_labels, head), keys))
        for head in heads
        if head.recipe.soft_labels
    }


def read_soft(path: Path, head: ResolvedHead) -> dict[str, FloatArray]:
    """A teacher's probabilities (K,) by key, from a CSV with the columns key and p_CLASS for every class.

    Raises:
        InputError: If the file is missing, a column is, or a row holds no probabilities.
    """
    columns = [f"p_{name}" for name in head.classes]
    try:
        table = parse_table(path.read_bytes(), str(path))
    except OSError as error:
        raise InputError(
            f"Cannot read the soft labels {path}: {error.strerror}.", "See soft_labels in the recipe."
        ) from error
    for name in ("key", *columns):
        table.need(name, f"It needs key, {', '.join(columns)}.")
    try:
        given = {row["key"]: [float(row[name] or "nan") for name in columns] for _, row in table.rows}
    except ValueError as error:
        raise InputError(f"The table {path} holds something that is no number: {error}.") from error
    for key, values in given.items():
        if not math.isclose(sum(values), 1, abs_tol=0.01) or min(values) < 0:
            raise InputError(f"The probabilities of {key!r} in {path} do not sum to 1.")
    return {key: np.array(values, np.float32) for key, values in given.items()}


def with_classes(recipe: Recipe, heads: Sequence[ResolvedHead]) -> Recipe:
    """The recipe with the classes written out, so that it means the same on data that lacks one of them."""
    settled = tuple(
        replace(head.recipe, classes=head.classes) if head.recipe.kind == "classes" else head.recipe for head in heads
    )
    return replace(recipe, heads=settled)
