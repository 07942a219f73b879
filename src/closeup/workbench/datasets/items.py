"""Pictures with labels, wherever they lie: what every part of the workbench is given."""

import hashlib
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.documents.form import ascii_json
from closeup.media.archive import MAX_MEMBER_BYTES, open_archive
from closeup.media.files import require_file, unreadable
from closeup.workbench.recipes.recipe import DataSource

Label = str | float
"""The name of a class, or a number."""

SIDES = ("train", "val", "test")
"""To learn from, to choose by, and to report on."""

INSIDE = "!"
"""Between a zip file and the name of a file in it: "train_images.zip!00005.jpg"."""

_HASHES: dict[tuple[str, str, int, int], str] = {}
"""Hashes of files by place, size and time of change: a picture is read for its hash once in a process."""


@dataclass(frozen=True, slots=True)
class Field:
    """One thing that pictures are labelled with.

    Attributes:
        name: "expression", "age".
        kind: Classes by name, or a number.
        classes: Names that occur, sorted; empty for numbers.
    """

    name: str
    kind: Literal["classes", "value"] = "classes"
    classes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Item:
    """One picture.

    Attributes:
        key: Its name in the whole dataset: the path, with "SOURCE/" before it where there are several sources.
        path: Where it lies in its source, with "/" between folders.
        labels: By field; a field that is not there is not labelled.
        group: Pictures of one group never lie on two sides of a split; the key where nothing is known.
        split: The side that the data itself says, or None.
        source: Name of the source.
        columns: What the table says of it, as text, corrections applied; a folder of classes has one column, "class".
    """

    key: str
    path: str
    labels: Mapping[str, Label]
    group: str
    split: str | None
    source: str
    columns: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class DatasetSource:
    """Where pictures come from.

    Attributes:
        name: What reports call it.
        recipe: What the recipe says of it.
        folder: Paths are relative to it, unless there is an archive.
        archive: The zip file that the pictures lie in, or None.
        inside: The folder in the archive that paths are relative to, "" or ending with "/".
        columns: By field: the column that it was read from; fields that are the same for all pictures are not here.
    """

    name: str
    recipe: DataSource
    folder: Path
    archive: Path | None = None
    inside: str = ""
    columns: Mapping[str, str] = field(default_factory=dict)

    def place(self, path: str) -> tuple[Path, str]:
        """The file that holds the picture `path`, and the picture's name in it where that is a zip file."""
        if self.archive is not None:
            return self.archive, self.inside + path
        archive, mark, name = path.partition(INSIDE)
        if mark and archive.casefold().endswith(".zip"):
            return self.folder / archive, name
        return self.folder / path, ""

    def read_bytes(self, path: str) -> bytes:
        """The bytes of the picture `path`; may be called from many threads.

        Raises:
            InputError: If it is missing, empty, damaged, or may not be read.
        """
        file, name = self.place(path)
        if name:
            return open_archive(file).read(name)
        try:
            if file.stat().st_size > MAX_MEMBER_BYTES:
                raise InputError(f"{file} is larger than {MAX_MEMBER_BYTES // 2**20} MB.")
            return file.read_bytes()
        except OSError as error:
            require_file(file, "a picture")
            raise unreadable(file, error) from error
        except ValueError as error:  # a zero character in the name
            raise InputError(f"{path!r} is no name that a file can have.") from error

    def hash(self, path: str) -> str:
        """SHA-256 of the picture's bytes, in hexadecimal; remembered as long as the file does not change.

        Raises:
            InputError: As `read_bytes`.
        """
        file, name = self.place(path)
        try:
            state = file.stat()
        except (OSError, ValueError):
            return hashlib.sha256(self.read_bytes(path)).hexdigest()  # says what is wrong
        at = (str(file), name, state.st_size, state.st_mtime_ns)
        if at not in _HASHES:
            _HASHES[at] = hashlib.sha256(self.read_bytes(path)).hexdigest()
        return _HASHES[at]


@dataclass(frozen=True, slots=True)
class Correction:
    """One line of a corrections file (docs/concepts/corrections.md).

    Attributes:
        kind: "picture" (one picture), "group" (every picture of one group), or "swap" (every picture of one group
            that has one of two labels gets the other).
        which: The picture's path or "sha256:" and its hash; for the other kinds the group.
        field: The label field, or the table's column.
        old: The label that is there now; "" where there is none.
        new: The right one; "" to take the label away.
        who: Who says so.
        when: Date or date and time, as ISO 8601 writes them.
        why: How they know.
        line: Number of the line in its file, from 1 (the header); 0 for one that is in no file yet.
    """

    kind: Literal["picture", "group", "swap"]
    which: str
    field: str
    old: str
    new: str
    who: str = ""
    when: str = ""
    why: str = ""
    line: int = 0


@dataclass(frozen=True, slots=True)
class AppliedCorrection:
    """A correction, and what it changed.

    Attributes:
        correction: The line.
        source: Name of the source whose file it is in.
        keys: The pictures whose labels it changed.
    """

    correction: Correction
    source: str
    keys: tuple[str, ...]


@dataclass(frozen=True)
class Dataset:
    """Pictures with labels, from one source or several.

    Attributes:
        name: What reports call it.
        items: In a fixed order: as the sources are named, and in each as its table says or by path.
        sources: Where they come from.
        fields: What they are labelled with.
        notes: What is odd, one sentence each.
        corrections: The corrections that were applied, for the run's own copy.
    """

    name: str
    items: tuple[Item, ...]
    sources: tuple[DatasetSource, ...]
    fields: tuple[Field, ...] = ()
    notes: tuple[str, ...] = ()
    corrections: tuple[AppliedCorrection, ...] = ()

    def __len__(self) -> int:
        """How many pictures there are."""
        return len(self.items)

    def source(self, name: str) -> DatasetSource:
        """The source of that name."""
        return next(source for source in self.sources if source.name == name)

    def field(self, name: str) -> Field:
        """The field of that name.

        Raises:
            InputError: If no source has it.
        """
        for known in self.fields:
            if known.name == name:
                return known
        names = ", ".join(known.name for known in self.fields)
        raise InputError(
            f"{self.name} has no labels called {name!r}.",
            f"It has: {names}." if names else "It has no labels at all.",
        )

    def read_bytes(self, item: Item) -> bytes:
        """The bytes of one picture; may be called from many threads.

        Raises:
            InputError: If it is missing, damaged, or may not be read.
        """
        return self.source(item.source).read_bytes(item.path)

    def labels(self, name: str) -> list[Label | None]:
        """Every picture's label in one field, None where it has none."""
        return [item.labels.get(name) for item in self.items]

    def select(self, indices: Sequence[int]) -> "Dataset":
        """The dataset with only these items, in this order."""
        return replace(self, items=tuple(self.items[int(index)] for index in indices))

    def hashes(self, progress: ProgressCallback = ignore) -> list[str]:
        """SHA-256 of every picture; "" where it cannot be read."""
        with ThreadPoolExecutor(max_workers=2) as pool:
            found: list[str] = []
            for digest in pool.map(self._hash, self.items, chunksize=64):
                found.append(digest)
                if len(found) % 256 == 0 or len(found) == len(self.items):
                    progress(Progress("Reading", len(found), len(self.items), "pictures"))
        return found

    def fingerprint(self, progress: ProgressCallback = ignore) -> str:
        """SHA-256 over keys, labels, groups, sides and the pictures themselves: the same data, the same fingerprint.

        It does not depend on where the data lies or on the order of its items.
        """
        lines = sorted(
            ascii_json([item.key, sorted(item.labels.items()), item.group, item.split, digest])
            for item, digest in zip(self.items, self.hashes(progress), strict=True)
        )
        whole = hashlib.sha256()
        for line in lines:
            whole.update(line.encode("utf-8") + b"\n")
        return whole.hexdigest()

    def _hash(self, item: Item) -> str:
        try:
            return self.source(item.source).hash(item.path)
        except InputError:
            return ""
