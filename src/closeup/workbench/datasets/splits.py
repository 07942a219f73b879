"""Which pictures one learns from, chooses by and reports on: whole groups, stratified, drawn with a seed, saved."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from closeup.core.errors import InputError, OutputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.result_folder import made_folder
from closeup.core.types import FileName
from closeup.core.whole import write_whole
from closeup.core.words import counted
from closeup.documents.form import Form
from closeup.media.files import unreadable
from closeup.tables.strict_csv import parse_table, table_bytes
from closeup.workbench.datasets.items import SIDES, Dataset, Item
from closeup.workbench.datasets.reading import open_dataset
from closeup.workbench.datasets.sharing import group_codes, share_out, strata_codes
from closeup.workbench.recipes.recipe import DataSource, SplitRecipe

COLUMNS = ("key", "group", "split", "origin")
"""Of a split file; `Split.origins` says what the origin is."""

Indices = NDArray[np.int64]


@dataclass(frozen=True)
class Split:
    """The side of every picture of a dataset.

    Attributes:
        sides: "train", "val" or "test" by key.
        groups: The group of each picture by key.
        origins: By key, why it is on its side: "data" (its folder or column says so), "only" (its source does),
            "file" (a split saved before does), "group" (the others of its group are there), "seed N" (it was drawn), or
            "rest" (nothing was to be drawn).
        seed: Of the draw.
        notes: What is odd, one sentence each.
    """

    sides: Mapping[str, str]
    groups: Mapping[str, str]
    origins: Mapping[str, str]
    seed: int
    notes: tuple[str, ...] = ()

    def indices(self, dataset: Dataset, side: str) -> Indices:
        """(M,) int64: which items of `dataset` are on that side, rising."""
        found = [index for index, item in enumerate(dataset.items) if self.sides.get(item.key) == side]
        return np.array(found, dtype=np.int64)

    def counts(self) -> dict[str, int]:
        """How many pictures each side has."""
        found = Counter(self.sides.values())
        return {side: found[side] for side in SIDES}


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitSummary:
    """A dataset, shared out.

    Attributes:
        data: What the dataset is called.
        file: The table of the split.
        seed: Of the draw.
        sides: Pictures on each side.
        groups: Groups on each.
        field: The label whose shares every side keeps; "" for none.
        labels: By side, how many pictures have each label, "" for none; empty for numbers and without a field.
        notes: What is odd, one sentence each.
    """

    data: str
    file: FileName
    seed: int
    sides: Mapping[str, int]
    groups: Mapping[str, int]
    field: str
    labels: Mapping[str, Mapping[str, int]]
    notes: tuple[str, ...]


SPLIT_SUMMARY = Form(SplitSummary, "split in short")


def split_data(
    source: DataSource,
    recipe: SplitRecipe,
    output: Path,
    *,
    overwrite: bool = False,
    progress: ProgressCallback = ignore,
) -> SplitSummary:
    """Share out a dataset among train, val and test, and save who is where.

    Args:
        recipe: As `make_split` takes it; without `stratify` the only label field counts.
        output: The table to write.
        overwrite: Replace one that is there.

    Raises:
        InputError: As `open_dataset` and `make_split`.
        OutputError: If the table is there and must stay, or cannot be written.
    """
    if output.exists() and not overwrite:
        raise OutputError(f"{output} exists already.", code="result.exists")
    dataset = open_dataset([source], base=Path())
    only = dataset.fields[0].name if len(dataset.fields) == 1 else ""
    recipe = replace(recipe, stratify=recipe.stratify or only)
    split = make_split(dataset, recipe)
    with made_folder(output.parent):
        save_split(output, split)
    progress(Progress("Splitting", len(dataset), len(dataset), "pictures"))
    groups = Counter(side for side, _ in {(split.sides[key], group) for key, group in split.groups.items()})
    return SplitSummary(
        data=dataset.name,
        file=str(output),
        seed=split.seed,
        sides=split.counts(),
        groups={side: groups[side] for side in SIDES},
        field=recipe.stratify,
        labels=_label_counts(dataset, split, recipe.stratify),
        notes=(*dataset.notes, *split.notes),
    )


def _label_counts(dataset: Dataset, split: Split, field: str) -> dict[str, dict[str, int]]:
    counts: dict[str, Counter[str]] = {side: Counter() for side in SIDES}
    if field and dataset.field(field).kind == "classes":
        for item in dataset.items:
            counts[split.sides[item.key]][str(item.labels.get(field, ""))] += 1
    return {side: dict(found) for side, found in counts.items()}


def make_split(dataset: Dataset, recipe: SplitRecipe, field: str = "", *, base: Path = Path()) -> Split:
    """Give every picture its side.

    What the data says of itself holds. Where nothing in it is said to be val (or test), a val (test) of the asked
    share is drawn from what is not said to be anything, and from its train; pictures of one group stay together, and
    the shares of the labels, and of the sources, are kept.

    With a split saved before, its pictures are where they were, so that metrics stay comparable; new ones go where
    their group is, or to train.

    Args:
        field: The label field to stratify by where the recipe names none; "" for the sources alone.
        base: What the recipe's `file` is relative to.

    Raises:
        InputError: If a group lies on two sides in the data itself, a side stays empty that was asked for, or the
            file is none or of other data.
    """
    field = recipe.stratify or field
    if field:
        dataset.field(field)
    if not 0 <= recipe.val < 1 or not 0 <= recipe.test < 1 or recipe.val + recipe.test >= 1:
        raise InputError(
            f"The shares of val, {recipe.val:g}, and test, {recipe.test:g}, leave nothing to learn from.",
            "Both are 0 or more, and less than 1 together: val = 0.15 in [split].",
        )
    notes: list[str] = []
    said = [_said(dataset, item) for item in dataset.items]
    if recipe.file:
        said = _from_file(dataset, load_split(base / Path(recipe.file).expanduser()), said, notes)
    _check_leaks(dataset.items, said)
    there = {place[0] for place in said if place is not None}
    made = {side for side in SIDES[1:] if getattr(recipe, side) > 0 and side not in there and not recipe.file}
    if made:
        said = [None if place == ("train", "data") else place for place in said]
    shares = {side: getattr(recipe, side) for side in made}
    drawn = _draw(dataset.items, said, shares, field=field, seed=recipe.seed)
    split = Split(
        {item.key: side for item, (side, _) in zip(dataset.items, drawn, strict=True)},
        {item.key: item.group for item in dataset.items},
        {item.key: origin for item, (_, origin) in zip(dataset.items, drawn, strict=True)},
        recipe.seed,
    )
    _check_empty(split, recipe, dataset)
    notes += _absent_classes(split, dataset, field)
    return Split(split.sides, split.groups, split.origins, split.seed, tuple(notes))


Said = tuple[str, str] | None
"""A side and why; None where nothing is said."""


def _said(dataset: Dataset, item: Item) -> Said:
    if item.split is None:
        return None
    return item.split, "only" if dataset.source(item.source).recipe.only else "data"


def _from_file(dataset: Dataset, old: Split, said: Sequence[Said], notes: list[str]) -> list[Said]:
    """Sides as a saved split has them; new pictures of known groups go where their group is."""
    known = sum(item.key in old.sides for item in dataset.items)
    if not known:
        raise InputError(
            "None of the pictures is in the split file: it is of other data.",
            "Look at `file` in [split], and at the names of the sources: keys begin with them.",
        )
    by_group = {group: old.sides[key] for key, group in old.groups.items()}
    sides: list[Said] = []
    for item, before in zip(dataset.items, said, strict=True):
        side = old.sides.get(item.key) or by_group.get(item.group)
        sides.append((side, "file") if side else before)
    if known < len(dataset.items):
        new = len(dataset.items) - known
        notes.append(f"Not in the split file: {counted(new, 'picture')}; each goes where its group is, or to train.")
    gone = len(old.sides) - known
    if gone:
        notes.append(f"No longer in the data: {counted(gone, 'picture')} of the split file.")
    return sides


def _check_leaks(items: Sequence[Item], said: Sequence[Said]) -> None:
    sides: dict[str, set[str]] = {}
    for item, place in zip(items, said, strict=True):
        if place is not None:
            sides.setdefault(item.group, set()).add(place[0])
    torn = sorted(group for group, found in sides.items() if len(found) > 1)
    if torn:
        where = " and ".join(side for side in SIDES if side in sides[torn[0]])
        raise InputError(
            f"{len(torn)} groups lie on several sides in the data itself; {torn[0]!r} is in {where}.",
            "Leave out split_column to have a split made, or choose what goes where by `where` and `only` in [[data]].",
        )


def _draw(
    items: Sequence[Item], said: Sequence[Said], shares: Mapping[str, float], *, field: str, seed: int
) -> list[tuple[str, str]]:
    """The side of every item, stratified by a field."""
    by_group = {item.group: place[0] for item, place in zip(items, said, strict=True) if place is not None}
    sides = [
        place or ((by_group[item.group], "group") if item.group in by_group else None)
        for item, place in zip(items, said, strict=True)
    ]
    free = [index for index, place in enumerate(sides) if place is None]
    names = ("train", *(side for side in SIDES[1:] if side in shares))
    chosen = [items[index] for index in free]
    drawn = _by_share(chosen, [1 - sum(shares.values()), *(shares[side] for side in names[1:])], field, seed)
    for index, side in zip(free, drawn, strict=True):
        sides[index] = (names[side], f"seed {seed}" if shares else "rest")
    return [place for place in sides if place is not None]


def _by_share(items: Sequence[Item], shares: Sequence[float], field: str, seed: int) -> Indices:
    if not items:
        return np.zeros(0, dtype=np.int64)
    strata = strata_codes(items, field)
    targets = np.outer(np.array(shares), np.bincount(strata)).astype(np.float64)
    return share_out(group_codes(items), strata, targets, seed)


def _check_empty(split: Split, recipe: SplitRecipe, dataset: Dataset) -> None:
    counts = split.counts()
    groups = len(set(split.groups.values()))
    for side in SIDES:
        asked = side == "train" or (getattr(recipe, side) > 0 and not recipe.file)
        if asked and not counts[side]:
            raise InputError(
                f"No picture of {dataset.name} is left for {side}: there are {len(dataset)} in {groups} groups.",
                "Change the shares in [split], give more groups, or check `only` and the folders of the data.",
            )


def _absent_classes(split: Split, dataset: Dataset, field: str) -> list[str]:
    if not field or dataset.field(field).kind == "value":
        return []
    there: dict[str, set[str]] = {side: set() for side in SIDES}
    for item in dataset.items:
        if field in item.labels:
            there[split.sides[item.key]].add(str(item.labels[field]))
    notes = []
    for side in SIDES:
        absent = sorted(set(dataset.field(field).classes) - there[side])
        if absent and there[side]:
            notes.append(f"{side} has no picture of {', '.join(absent)}.")
    return notes


def folds(dataset: Dataset, k: int, seed: int = 0, field: str = "") -> Indices:
    """Cut a dataset into `k` folds of about equal size, groups whole, labels and sources in the same shares.

    Returns:
        (N,) int64: the fold of each item, 0 to k - 1.

    Raises:
        InputError: If there are fewer groups than folds.
    """
    if field:
        dataset.field(field)
    groups = len({item.group for item in dataset.items})
    if k < 2 or groups < k:
        raise InputError(
            f"{dataset.name} has {groups} groups, too few for {k} folds.",
            "Choose 2 folds or more, and not more than that.",
        )
    return _by_share(dataset.items, [1 / k] * k, field, seed)


def parts(dataset: Dataset, indices: Sequence[int] | Indices, part: str, seed: int = 0, field: str = "") -> Indices:
    """The items of one part of several of about equal size, groups whole, labels in the same shares.

    Parts of one number and seed are disjoint, and together they are everything.

    Args:
        indices: Which of them are cut into parts.
        part: "all", or "2/4" for the second of four.
        seed: Of the choice.
        field: The label field whose shares are kept; "" for the sources' alone.

    Returns:
        (M,) int64: which items are in the part, in the order of `indices`.

    Raises:
        InputError: If `part` is nothing like that, or the part stays empty.
    """
    whole = np.asarray(indices, dtype=np.int64)
    if part == "all":
        return whole
    number, _, count = part.partition("/")
    if not (number.isdecimal() and count.isdecimal() and 1 <= int(number) <= int(count)):
        raise InputError(f"{part!r} is no part of the data.", 'Write "all", or "2/4" for the second of four parts.')
    chosen = [dataset.items[index] for index in whole]
    sides = _by_share(chosen, [1 / int(count)] * int(count), field, seed)
    found: Indices = whole[sides == int(number) - 1]
    if not len(found):
        raise InputError(
            f"The part {part} of {len(whole)} pictures is empty.", "Cut the data into fewer parts, or give more groups."
        )
    return found


def save_split(path: Path, split: Split) -> None:
    """Write a split as CSV (`COLUMNS`), whole or not at all.

    Raises:
        OutputError: If it cannot be written.
    """
    rows = (
        {"key": key, "group": split.groups[key], "split": side, "origin": split.origins[key]}
        for key, side in split.sides.items()
    )
    write_whole(path, table_bytes(COLUMNS, rows))


def load_split(path: Path) -> Split:
    """Read a split that `save_split` wrote, or a CSV with the columns key and split.

    Raises:
        InputError: If it is none; the message has the number of the line.
    """
    try:
        table = parse_table(path.read_bytes(), str(path))
    except FileNotFoundError as error:
        raise InputError(f"{path} does not exist.", "Check the spelling and the folder that you are in.") from error
    except OSError as error:
        raise unreadable(path, error) from error
    for column in ("key", "split"):
        table.need(column, f"A split file begins with: {','.join(COLUMNS)}")
    sides: dict[str, str] = {}
    groups: dict[str, str] = {}
    origins: dict[str, str] = {}
    by_group: dict[str, str] = {}
    for line, row in table.rows:
        key, side, group = row["key"], row["split"], row.get("group") or row["key"]
        if not key or side not in SIDES:
            raise InputError(f"{path}, line {line}: a line says a key and train, val or test.")
        if key in sides:
            raise InputError(f"{path}, line {line}: {key} is there twice.", "Remove one of the two lines.")
        if by_group.setdefault(group, side) != side:
            raise InputError(f"{path}, line {line}: the group {group!r} is on two sides.", "Bring it to one of them.")
        sides[key], groups[key], origins[key] = side, group, row.get("origin", "")
    drawn = next((origin for origin in origins.values() if origin.startswith("seed ")), "")
    seed = drawn.removeprefix("seed ")
    return Split(sides, groups, origins, int(seed) if seed.isdecimal() else 0)
