"""The heads of a recipe, settled against the data: their classes, their weights, and their targets as numbers."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from closeup.core.errors import InputError
from closeup.core.types import FloatArray
from closeup.workbench.recipes.recipe import HeadRecipe

Targets = NDArray[np.float32]
"""(N,) for each picture: index of the class, or the number; NaN where the picture has no label."""

MOST_STEPS = 101
"""A head of kind "value" with loss "distribution" answers by at most so many steps between low and high."""


@dataclass(frozen=True, slots=True)
class ResolvedHead:
    """A head whose classes are known.

    Attributes:
        recipe: What the recipe says of it.
        classes: Names in order; empty for a value.
        steps: The values whose probabilities a "distribution" head learns, rising; empty for other heads.
        weights: Of each class in the loss, mean 1 over the training pictures; empty for equal ones.
    """

    recipe: HeadRecipe
    classes: tuple[str, ...]
    steps: tuple[float, ...] = ()
    weights: tuple[float, ...] = ()

    @property
    def name(self) -> str:
        """The answer's name."""
        return self.recipe.name

    @property
    def label_field(self) -> str:
        """The label field that it learns."""
        return self.recipe.field or self.recipe.name

    @property
    def is_value(self) -> bool:
        """Whether it answers a number instead of classes."""
        return self.recipe.kind == "value"

    @property
    def outputs(self) -> int:
        """How many numbers the network gives for it."""
        if self.is_value:
            return len(self.steps) or 1
        return len(self.classes)


def resolve_head(recipe: HeadRecipe, labels: Sequence[str | float | None]) -> ResolvedHead:
    """Settle one head.

    Args:
        labels: The field's label of every training picture, None where it has none.

    Raises:
        InputError: If no picture has the label, a class has none or one picture, or a label is none of the classes.
    """
    given = [label for label in labels if label is not None]
    if not given:
        raise InputError(
            f"No training picture has a label for the head {recipe.name!r} (field {recipe.field or recipe.name!r}).",
            "Name the column that holds it: fields = { " + (recipe.field or recipe.name) + ' = "COLUMN" } in [[data]].',
        )
    if recipe.kind == "value":
        _numbers(recipe, given)
        return ResolvedHead(recipe, (), _steps(recipe))
    names = _bin_names(recipe) if recipe.kind == "bins" else recipe.classes or tuple(sorted({str(g) for g in given}))
    if len(names) < 2:
        raise InputError(
            f"All training pictures have one label in the field of the head {recipe.name!r}: {names[0]!r}.",
            "A head tells two classes or more apart: add pictures of another, or leave the head out.",
        )
    head = ResolvedHead(recipe, names)
    counts = Counter(int(t) for t in targets(head, given))
    for index, name in enumerate(names):
        if counts[index] < 2:
            many = "no training picture" if not counts[index] else "a single training picture"
            raise InputError(
                f"The class {name!r} of the head {recipe.name!r} has {many}; a class cannot be learnt from that.",
                "Add pictures of it, or leave it out: name the other classes in `classes`, and the rows in `where`.",
            )
    return ResolvedHead(recipe, names, (), _class_weights(recipe, [counts[i] for i in range(len(names))]))


def settled_head(recipe: HeadRecipe) -> ResolvedHead:
    """The head of a run's resolved recipe, in which the classes are written out; without weights for its loss."""
    if recipe.kind == "value":
        return ResolvedHead(recipe, (), _steps(recipe))
    return ResolvedHead(recipe, _bin_names(recipe) if recipe.kind == "bins" else recipe.classes)


def targets(head: ResolvedHead, labels: Sequence[str | float | None]) -> Targets:
    """Labels (N,) as numbers: index of the class, or the value within its bounds; NaN where there is none.

    Raises:
        InputError: If a label is none of the classes, or no number where one is wanted.
    """
    if head.recipe.kind == "classes":
        index = {name: at for at, name in enumerate(head.classes)}
        unknown = sorted({str(label) for label in labels if label is not None and str(label) not in index})
        if unknown:
            raise InputError(
                f"The label {unknown[0]!r} is none of the classes of the head {head.name!r}: "
                f"{', '.join(head.classes)}.",
                f"Rename it in [data.rename.{head.label_field}], or correct it in the data.",
            )
        return np.array([np.nan if label is None else index[str(label)] for label in labels], np.float32)
    numbers = _numbers(head.recipe, labels)
    if head.recipe.kind == "bins":
        bins = np.digitize(numbers, np.array(head.recipe.edges, np.float64)).astype(np.float32)
        return np.where(np.isnan(numbers), np.float32(np.nan), bins).astype(np.float32)
    return np.clip(numbers, head.recipe.low, head.recipe.high).astype(np.float32)


def _numbers(recipe: HeadRecipe, labels: Sequence[str | float | None]) -> FloatArray:
    values = np.full(len(labels), np.nan, np.float32)
    for at, label in enumerate(labels):
        if label is None:
            continue
        try:
            values[at] = float(label)
        except ValueError:
            values[at] = np.inf
        if not np.isfinite(values[at]):
            raise InputError(
                f"The head {recipe.name!r} learns a number, and the label {label!r} is none.",
                f'Give it a field of numbers, or make it kind = "classes": {recipe.field or recipe.name}.',
            )
    return values


def _bin_names(recipe: HeadRecipe) -> tuple[str, ...]:
    """The names given, or "0-30", "30-60", "60+" for edges 30 and 60."""
    if recipe.classes:
        return recipe.classes
    marks = [f"{edge:g}" for edge in recipe.edges]
    first, last = f"under {marks[0]}", f"{marks[-1]} and over"
    return (first, *(f"{low} to {high}" for low, high in pairwise(marks)), last)


def _steps(recipe: HeadRecipe) -> tuple[float, ...]:
    if recipe.loss != "distribution":
        return ()
    count = min(MOST_STEPS, int(recipe.high - recipe.low) + 1)
    return tuple(float(value) for value in np.linspace(recipe.low, recipe.high, max(count, 2)))


def _class_weights(recipe: HeadRecipe, counts: Sequence[int]) -> tuple[float, ...]:
    if recipe.class_weights == "none":
        return ()
    rarity = 1 / np.array(counts, np.float64)
    weights = rarity if recipe.class_weights == "balanced" else np.sqrt(rarity)
    weights *= sum(counts) / float(np.dot(weights, counts))
    return tuple(float(weight) for weight in weights)
