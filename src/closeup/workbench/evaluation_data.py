"""What a model is evaluated on: the labels that its heads ask for, and the side of a split."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from closeup.core.errors import InputError
from closeup.weights.network_card import NetworkCard
from closeup.workbench.datasets.items import SIDES, Dataset, Label
from closeup.workbench.datasets.reading import open_dataset
from closeup.workbench.datasets.splits import load_split
from closeup.workbench.models import ResolvedModel
from closeup.workbench.options import EvaluateOptions
from closeup.workbench.recipes.heads import settled_head, targets
from closeup.workbench.recipes.recipe import DataSource, HeadRecipe, Recipe
from closeup.workbench.recipes.recipe_file import recipe_from_toml

Targets = NDArray[np.float64]
"""(N,): place of the label's class, or the number; NaN where there is no label."""


@dataclass(frozen=True)
class EvaluationData:
    """Pictures, and what should be answered for them.

    Attributes:
        dataset: Pictures with a label for one of the heads.
        targets: By head, in the order of the model's card: (N,).
        unlabelled: How many pictures were left out for having no label.
        notes: What is odd, one sentence each.
    """

    dataset: Dataset
    targets: Mapping[str, Targets]
    unlabelled: int
    notes: tuple[str, ...]


def open_evaluation_data(model: ResolvedModel, path: Path, options: EvaluateOptions) -> EvaluationData:
    """Open data to evaluate a model on; no picture is read yet.

    Args:
        model: Its card says the heads and their classes, and how names were changed in training.
        path: A folder with a folder for each class, a CSV file, or a zip file of either.
        options: How the labels are read.

    Raises:
        InputError: If the data cannot be read, has no label for a head that is wanted, or has one that is none of the
            model's classes; or no picture is on the side that is asked for.
        ModelError: If a head is wanted that the model does not have.
    """
    recipe = _recipe_of(model.card)
    heads = _heads(model.card, recipe, (*options.heads, *options.fields, *options.rename))
    if options.heads or options.fields:
        heads = tuple(head for head in heads if head.name in (options.heads or options.fields))
    dataset = open_dataset([_source(path, heads, options)], base=Path(), heads=heads)
    notes = list(dataset.notes)
    dataset = _side(dataset, model, options, notes)
    renames = {head.name: _inherited(recipe, head) for head in heads}
    answers = {head.name: _targets(dataset, head, renames[head.name], notes) for head in heads}
    found = {name: column for name, column in answers.items() if not np.isnan(column).all()}
    _check_found(dataset, heads, found, options)
    labelled = np.flatnonzero(~np.all([np.isnan(column) for column in found.values()], axis=0))
    return EvaluationData(
        dataset.select(list(labelled)),
        {name: column[labelled] for name, column in found.items()},
        len(dataset) - len(labelled),
        tuple(notes),
    )


def _recipe_of(card: NetworkCard) -> Recipe | None:
    return recipe_from_toml(card.recipe) if card.recipe else None


def _heads(card: NetworkCard, recipe: Recipe | None, named: Sequence[str]) -> tuple[HeadRecipe, ...]:
    """The heads as they were trained: with the field, and the edges where a number was cut into classes."""
    for name in named:
        card.head(name)
    trained = {head.name: head for head in recipe.heads} if recipe else {}
    return tuple(
        replace(trained.get(head.name, HeadRecipe(head.name, kind=head.kind, unit=head.unit)), classes=head.classes)
        for head in card.heads
    )


def _field(head: HeadRecipe) -> str:
    return head.field or head.name


def _source(path: Path, heads: Sequence[HeadRecipe], options: EvaluateOptions) -> DataSource:
    fields = {_field(head): options.fields[head.name] for head in heads if head.name in options.fields}
    rename = {_field(head): options.rename[head.name] for head in heads if head.name in options.rename}
    return DataSource(str(path), fields=fields, rename=rename, where=options.where, group_column=options.group_column)


def _inherited(recipe: Recipe | None, head: HeadRecipe) -> dict[str, str]:
    """How the recipe's sources renamed labels of a head's field, where they agree."""
    said: dict[str, set[str]] = {}
    for source in recipe.data if recipe else ():
        for old, new in source.rename.get(_field(head), {}).items():
            said.setdefault(old, set()).add(new)
    return {old: next(iter(new)) for old, new in said.items() if len(new) == 1}


def _targets(dataset: Dataset, head: HeadRecipe, renames: Mapping[str, str], notes: list[str]) -> Targets:
    labels = dataset.labels(_field(head))
    if head.kind == "value":
        return np.array([np.nan if label is None else float(label) for label in labels], np.float64)
    if head.kind == "bins":
        return targets(settled_head(head), labels).astype(np.float64)
    places = {name: place for place, name in enumerate(head.classes)}
    renamed = Counter(str(label) for label in labels if label is not None and label not in places and label in renames)
    if renamed:
        words = ", ".join(f"{old!r} for {renames[old]!r}" for old in sorted(renamed))
        notes.append(f"As in training, {head.name} takes {words}.")
    labels = [renames[str(label)] or None if str(label) in renamed else label for label in labels]
    _check_known(dataset, head, labels)
    return np.array([np.nan if label is None else places[str(label)] for label in labels], np.float64)


def _check_known(dataset: Dataset, head: HeadRecipe, labels: Sequence[Label | None]) -> None:
    unknown = Counter(str(label) for label in labels if label is not None and str(label) not in head.classes)
    if unknown:
        first, count = unknown.most_common(1)[0]
        near = get_close_matches(first, head.classes, n=1)
        raise InputError(
            f"{dataset.name} has {count} pictures labelled {first!r}, which is none of the classes of {head.name}: "
            f"{', '.join(head.classes)}.",
            f"Say which class is meant{f', {near[0]!r} perhaps' if near else ''}, or leave them out.",
            code="evaluation.label",
            label=f"{head.name}:{first}",
            near=near[0] if near else "CLASS",
        )


def _check_found(
    dataset: Dataset, heads: Sequence[HeadRecipe], found: Mapping[str, Targets], options: EvaluateOptions
) -> None:
    absent = [name for name in options.heads or options.fields if name not in found]
    if found and not absent:
        return
    columns = list(dict.fromkeys(name for item in dataset.items for name in item.columns))
    wanted = absent or [head.name for head in heads]
    raise InputError(
        f"{dataset.name} has no labels for {' or '.join(wanted)}.",
        f"Say which column holds them; it has: {', '.join(columns) or 'no columns'}.",
        code="evaluation.column",
        head=wanted[0],
    )


# The side of a split


def _side(dataset: Dataset, model: ResolvedModel, options: EvaluateOptions, notes: list[str]) -> Dataset:
    if options.split and options.split not in SIDES:
        raise InputError(f"There is no side {options.split!r} of a split.", f"One of: {', '.join(SIDES)}.")
    file = options.split_file or model.split_file
    sides = _sides_by_file(dataset, file) if file else None
    if sides is None and options.split_file:
        raise InputError(
            f"None of the pictures of {dataset.name} is in {options.split_file}.",
            "Its keys are paths in the data, with the name of the source before them.",
        )
    if not options.split:
        learnt = sum(side == "train" for side in sides or ())
        if learnt:
            notes.append(
                f"The model has learnt from {learnt} of the {len(dataset)} pictures, which flatters it: "
                "the split that was kept for choosing, val, holds those that it has not."
            )
        return dataset
    if sides is None:
        sides = [item.split for item in dataset.items]
    chosen = [index for index, side in enumerate(sides) if side == options.split]
    if not chosen:
        raise InputError(
            f"No picture of {dataset.name} is on the side {options.split!r}.",
            "Take all of them, or name the file of the split.",
            code="evaluation.side",
        )
    return dataset.select(chosen)


def _sides_by_file(dataset: Dataset, file: Path) -> list[str | None] | None:
    """The side of each picture by a saved split; None where it knows none of them.

    A run over several sources has their names before its keys, and a source may be called something else here: where
    no key is known as it is, keys are compared without the first part.
    """
    sides = load_split(file).sides
    found = [sides.get(item.key) or sides.get(f"{item.source}/{item.path}") for item in dataset.items]
    if not any(found):
        short: dict[str, set[str]] = {}
        for key, side in sides.items():
            short.setdefault(key.partition("/")[2], set()).add(side)
        clear = {key: next(iter(of)) for key, of in short.items() if len(of) == 1}
        found = [clear.get(item.path) for item in dataset.items]
    return found if any(found) else None
