"""What lies in a folder or a zip file: which files are pictures, and what their folders say of them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from closeup.core.errors import InputError
from closeup.media.files import is_picture, passed_by
from closeup.workbench.datasets.labels import composed

SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "dev": "val",
    "test": "test",
    "testing": "test",
}
"""What people call the sides of a split."""

CLASS_COLUMN = "class"
"""The one column of a folder with a folder for each class."""

_DEEPEST = 3
"""How many folders may lie around everything, as zip files are often made."""


@dataclass(frozen=True, slots=True)
class Row:
    """One picture of a source, before its labels are read.

    Attributes:
        path: Where it lies in its source, with "/".
        columns: What the table says of it; a folder has one column, the class, "" where it lies in none.
        group: The group that the table says; "" where it says none.
        split: The side that the data says, or None.
        line: Of the table; 0 where there is none.
    """

    path: str
    columns: Mapping[str, str]
    group: str = ""
    split: str | None = None
    line: int = 0


def read_layout(names: Sequence[str], where: str) -> tuple[list[Row], list[str]]:
    """Tell classes and sides of a split from the folders that pictures lie in.

    train, val and test folders on top are sides; then a folder for each class; what lies deeper belongs to the class.
    Folders around everything are passed by.

    Args:
        names: Paths of all files, with "/".
        where: What to call the folder or zip file in a complaint.

    Returns:
        The pictures in the order of their paths, and notes on what is odd.

    Raises:
        InputError: If there are no pictures, or sides of a split beside other folders.
    """
    paths = sorted(name for name in names if is_picture(name))
    if not paths:
        raise InputError(
            f"There are no pictures in {where}.",
            "A dataset is a folder with a folder for each class, a CSV file of paths and labels, or a zip of either.",
        )
    notes = passed_by(name for name in names if not is_picture(name))
    parts = [PurePosixPath(path).parts for path in paths]
    depth = _around(parts)
    has_sides = _has_sides({p[depth] for p in parts if len(p) > depth + 1}, where)
    found = []
    for path, names_above in zip(paths, parts, strict=True):
        rest = names_above[depth:-1]
        split = SPLIT_NAMES[rest[0].casefold()] if has_sides and rest else None
        rest = rest[1:] if split else rest
        found.append(Row(path, {CLASS_COLUMN: composed(rest[0] if rest else "")}, split=split))
    bare = sum(not row.columns[CLASS_COLUMN] for row in found)
    if bare:
        notes.append(f"{bare} of {len(found)} pictures in {where} lie in no class folder, so they have no label.")
    return found, notes


def _around(parts: Sequence[tuple[str, ...]]) -> int:
    """How many folders lie around everything: a single one with further folders in it says no class."""
    for depth in range(_DEEPEST):
        tops = {p[depth] for p in parts if len(p) > depth + 1}
        single = len(tops) == 1 and not any(len(p) <= depth + 1 for p in parts)
        if not single or next(iter(tops)).casefold() in SPLIT_NAMES or all(len(p) == depth + 2 for p in parts):
            return depth
    return _DEEPEST


def _has_sides(tops: Iterable[str], where: str) -> bool:
    sides = {top for top in tops if top.casefold() in SPLIT_NAMES}
    others = sorted(set(tops) - sides)
    if not sides:
        return False
    if not others:
        return True
    if len({SPLIT_NAMES[side.casefold()] for side in sides}) < 2:
        return False  # a class may well be called "test"
    raise InputError(
        f"{where} has the folders {' and '.join(sorted(sides))} of a split, and beside them {others[0]!r}.",
        "Move the other folders away: they would become classes, or be left out.",
    )
