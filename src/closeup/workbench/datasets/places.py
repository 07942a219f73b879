"""What was named as data: a table, a folder or a zip file; and the pictures in it with all that is said of them."""

import posixpath
import random
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from closeup.core.errors import InputError
from closeup.core.words import counted
from closeup.media.archive import open_archive
from closeup.media.files import files_below, is_picture, require_file, unreadable
from closeup.tables.strict_csv import Table, parse_table
from closeup.workbench.datasets.items import INSIDE
from closeup.workbench.datasets.layout import CLASS_COLUMN, SPLIT_NAMES, Row, read_layout
from closeup.workbench.recipes.recipe import DataSource

TABLE_NAME = "labels.csv"
"""Of the table in a folder that has several."""

PATH_COLUMNS = ("path", "file", "filename", "file_name", "image", "image_path", "img", "img_path", "picture")
"""Names that people give to the column of paths, tried in this order where the recipe says nothing else."""

_DEFAULT_PATH = DataSource.__dataclass_fields__["path_column"].default
_LOOKED_AT = 20
"""So many rows say where a table's pictures lie."""


@dataclass(frozen=True, slots=True)
class Place:
    """A source's pictures.

    Attributes:
        name: What complaints call it: the path that was given, or that of the table.
        folder: Paths are relative to it, unless there is an archive.
        archive: The zip file that the pictures lie in, or None.
        inside: The folder in the archive that paths are relative to, "" or ending with "/".
        columns: Names of the table's columns but the paths'; of a folder of classes the one column "class".
        rows: The pictures.
        taken: Those of the columns that say group and side.
        notes: What is odd.
    """

    name: str
    folder: Path
    archive: Path | None
    inside: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    taken: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_place(path: Path, recipe: DataSource) -> Place:
    """Read what lies at `path`: a CSV file, a folder or zip file with one in it, or a folder or zip of classes.

    Raises:
        InputError: If it is none of these, cannot be read, or a row of the table cannot be used.
    """
    try:
        if path.is_dir():
            return _read_folder(path, recipe)
    except OSError as error:  # a folder that may not be looked into, or a name that is too long
        raise unreadable(path, error) from error
    require_file(path, "a dataset")
    if path.suffix.casefold() == ".zip":
        return _read_zip(path, recipe)
    if path.suffix.casefold() in (".csv", ".tsv", ".txt"):
        return _read_table(path, recipe)
    raise InputError(
        f"{path} is no dataset by its name.",
        "A dataset is a folder with a folder for each class, a CSV file of paths and labels, or a zip of either.",
    )


def _read_folder(path: Path, recipe: DataSource) -> Place:
    tables = sorted(p.name for p in path.iterdir() if p.suffix.casefold() == ".csv" and not p.name.startswith("."))
    chosen = _choose_table(tables)
    if chosen is not None and _is_table_of_pictures(chosen, _bytes(path / chosen), recipe):
        return _read_table(path / chosen, recipe)
    names, notes = files_below(path)
    place = _classes(names, str(path), recipe)
    return replace(place, folder=path, notes=(*place.notes, *notes))


def _read_zip(path: Path, recipe: DataSource) -> Place:
    archive = open_archive(path)
    for depth in (0, 1):  # the table lies on top, or one folder down
        tables = sorted(n for n in archive.members if n.count("/") == depth and n.casefold().endswith(".csv"))
        chosen = _choose_table(tables)
        content = archive.read(chosen) if chosen is not None else b""
        if chosen is not None and _is_table_of_pictures(chosen, content, recipe):
            inside = chosen[: chosen.rfind("/") + 1]
            table = parse_table(content, f"{path}{INSIDE}{chosen}")
            place = _with_rows(Place(table.name, path.parent, path, inside, (), ()), table, recipe)
            rows = tuple(_as_stored(row, place) for row in place.rows)
            return replace(place, rows=rows, notes=(*archive.notes, *place.notes))
    place = _classes(list(archive.members), str(path), recipe)
    return replace(place, folder=path.parent, archive=path, notes=(*archive.notes, *place.notes))


def _choose_table(names: Sequence[str]) -> str | None:
    named = [name for name in names if PurePosixPath(name).name.casefold() == TABLE_NAME]
    if len(named) == 1:
        return named[0]
    return names[0] if len(names) == 1 else None


def _is_table_of_pictures(name: str, content: bytes, recipe: DataSource) -> bool:
    """Whether it is meant: by its name, by what the recipe asks of it, or by a column of paths in its header.

    A table of something else may lie beside folders of classes.
    """
    if PurePosixPath(name).name.casefold() == TABLE_NAME or recipe.path_column != _DEFAULT_PATH:
        return True
    header = content[: 1 << 16].split(b"\n", 1)[0].decode("utf-8-sig", "replace")
    columns = {column.strip().strip('"') for mark in ",;\t" for column in header.split(mark)}
    return not columns.isdisjoint(PATH_COLUMNS)


def _classes(names: Sequence[str], where: str, recipe: DataSource) -> Place:
    for setting in ("group_column", "split_column"):
        if column := getattr(recipe, setting):
            raise InputError(
                f"{where} is no table, so it has no column {column!r}.",
                f"Remove {setting}, or give a CSV file with the columns path and {column}.",
            )
    found, notes = read_layout(names, where)
    return Place(where, Path(), None, "", (CLASS_COLUMN,), tuple(found), notes=tuple(notes))


def _read_table(path: Path, recipe: DataSource) -> Place:
    table = parse_table(_bytes(path), str(path))
    place = _with_rows(Place(str(path), path.parent, None, "", (), ()), table, recipe)
    place = _respelt(_at_home(place))
    folder = _folder_beside(place)
    if folder is not None:
        note = f"The pictures of {path.name} lie in the folder {folder.name}."
        place = replace(place, folder=folder, notes=(*place.notes, note))
    archive = _archive_beside(place)
    if archive is not None:
        note = f"The pictures of {path.name} lie in {archive[0].name}."
        notes = (*place.notes, note, *open_archive(archive[0]).notes)
        place = replace(place, archive=archive[0], inside=archive[1], notes=notes)
    return replace(place, rows=tuple(_as_stored(row, place) for row in place.rows))


def _with_rows(place: Place, table: Table, recipe: DataSource) -> Place:
    path = _path_column(table, recipe)
    for named in (recipe.group_column, recipe.split_column):
        if named:
            table.need(named)
    group = recipe.group_column or ("group" if "group" in table.columns else "")
    split = recipe.split_column or _split_by_name(table)
    notes = [
        f"The column {found!r} says {what}."
        for found, asked, what in (
            (path, recipe.path_column, "where the pictures are"),
            (group, recipe.group_column, "which of them belong together"),
            (split, recipe.split_column, "which side they are on"),
        )
        if found != asked
    ]
    rows = tuple(_row(values, line, (path, group, split), table.name) for line, values in table.rows)
    if not rows:
        raise InputError(f"{table.name} has a header and no rows.", "Put one line for each picture in it.")
    columns = tuple(name for name in table.columns if name != path)
    taken = tuple(name for name in (group, split) if name)
    return replace(place, columns=columns, taken=taken, rows=rows, notes=(*table.notes, *notes))


def _path_column(table: Table, recipe: DataSource) -> str:
    if recipe.path_column not in table.columns and recipe.path_column == _DEFAULT_PATH:
        spelt = {name.casefold(): name for name in reversed(table.columns)}
        found = next((spelt[name] for name in PATH_COLUMNS if name in spelt), None)
        if found is not None:
            return found
        if any(is_picture(name.replace("\\", "/")) for name in table.columns):
            raise InputError(
                f"{table.name} has no header: its first line names a picture.",
                "Name the columns in a line before it: path,label",
            )
    table.need(
        recipe.path_column,
        f'Say which column names the pictures: path_column = "...". There are: {", ".join(table.columns)}.',
    )
    return recipe.path_column


def _split_by_name(table: Table) -> str:
    """The column "split", where it says sides at all: one odd word in it is a fault, which its line is named for."""
    column = next((name for name in table.columns if name.casefold() == "split"), "")
    said = {row[column].casefold() for _, row in table.rows} - {""} if column else set()
    return column if said & SPLIT_NAMES.keys() else ""


def _row(values: Mapping[str, str], line: int, named: tuple[str, str, str], table: str) -> Row:
    path_column, group_column, split_column = named
    path = _plain(values[path_column])
    if not path:
        raise InputError(f"{table}, line {line}, names no picture: {path_column!r} is empty.", "Remove the line.")
    columns = {name: value for name, value in values.items() if name != path_column}
    said = values.get(split_column, "")
    split = SPLIT_NAMES.get(said.casefold())
    if said and split is None:
        raise InputError(
            f"{table}, line {line}: {split_column!r} says {said!r}.", "Write train, val or test, or nothing."
        )
    return Row(path, columns, values.get(group_column, ""), split, line)


def _plain(path: str) -> str:
    """A path with "/" and without detours, so that one picture has one name: "a//b" and "a/x/../b" are "a/b"."""
    path = path.replace("\\", "/")
    if not path or "://" in path:
        return path
    outer, mark, inner = path.partition(INSIDE)
    return posixpath.normpath(outer) + mark + inner


def _spellings(path: str) -> tuple[str, ...]:
    """Unicode writes accents, and all of Korean, in two ways; macOS and zip files made on it use the other one."""
    return (path,) if path.isascii() else (path, *(unicodedata.normalize(form, path) for form in ("NFC", "NFD")))


def _as_stored(row: Row, place: Place) -> Row:
    """The row with its path as the disk spells it."""
    if row.path.isascii():
        return row
    spellings = _spellings(row.path)
    if place.archive is not None:
        members = open_archive(place.archive).members
        there = (spelling for spelling in spellings if place.inside + spelling in members)
    else:
        there = (spelling for spelling in spellings if _is_file(place.folder / spelling))
    return replace(row, path=next(there, row.path))


def _at_home(place: Place) -> Place:
    """The table with its paths below its folder, where they are another machine's, or absolute and in that folder."""
    absolute = [row.path for row in place.rows if row.path.startswith("/") or row.path[1:3] == ":/"]
    if not absolute:
        return place
    home = place.folder.resolve().as_posix() + "/"
    away = [path for path in absolute[:: max(1, len(absolute) // _LOOKED_AT)] if not path.startswith(home)]
    starts = {home} | ({start} if (start := _foreign_start(place.folder, away)) else set())

    def below(path: str) -> str:
        return next((path.removeprefix(start) for start in starts if path.startswith(start)), path)

    moved = sum(below(path) != path and not path.startswith(home) for path in absolute)
    note = f"{counted(moved, 'path')} of another machine: what follows {start} is looked for in {place.folder}."
    rows = tuple(replace(row, path=below(row.path)) for row in place.rows)
    return replace(place, rows=rows, notes=(*place.notes, note) if moved else place.notes)


def _foreign_start(folder: Path, paths: Sequence[str]) -> str:
    """The start of absolute paths without which one of them at least is a file in `folder`; "" where there is none."""
    for path in paths:
        parts = path.split("/")
        for depth in range(1, len(parts)):
            if _is_file(folder / "/".join(parts[depth:])):
                return "/".join(parts[:depth]) + "/"
    return ""


def _respelt(place: Place) -> Place:
    """The table with paths as the disk spells them where large and small letters are all that differs."""
    listed: dict[Path, dict[str, str]] = {}

    def spelt(path: str) -> str:
        whole = place.folder / path
        if INSIDE in path or "://" in path or _is_file(whole):
            return path
        if whole.parent not in listed:
            try:
                names = [entry.name for entry in whole.parent.iterdir()]
            except OSError:
                names = []
            listed[whole.parent] = {name.casefold(): name for name in names}
        name = listed[whole.parent].get(whole.name.casefold())
        return path if name is None else path[: len(path) - len(whole.name)] + name

    rows = tuple(replace(row, path=spelt(row.path)) for row in place.rows)
    other = sum(row.path != before.path for row, before in zip(rows, place.rows, strict=True))
    name = Path(place.name).name
    note = f"{counted(other, 'path')} of {name} taken for files whose large and small letters differ."
    return replace(place, rows=rows, notes=(*place.notes, note) if other else place.notes)


def _folder_beside(place: Place) -> Path | None:
    """The one folder beside a table that its pictures lie in; None where they lie as it says, or in several."""
    spelt = [spelling for path in _some_paths(place) for spelling in _spellings(path)]
    if any(INSIDE in path or _is_file(place.folder / path) for path in spelt):
        return None
    folders = sorted(entry for entry in place.folder.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    found = [folder for folder in folders if any(_is_file(folder / path) for path in spelt)]
    return found[0] if len(found) == 1 else None


def _some_paths(place: Place) -> list[str]:
    """Some from all over the table: not each eighth, of which every second may be gone."""
    return [row.path for row in random.Random(0).sample(place.rows, min(_LOOKED_AT, len(place.rows)))]


def _archive_beside(place: Place) -> tuple[Path, str] | None:
    """The zip file beside a table that its pictures lie in, and the folder in it; None where they are plain files.

    Raises:
        InputError: If the first pictures are neither files nor in one of the zip files, or are in several.
    """
    paths = _some_paths(place)
    spelt = [spelling for path in paths for spelling in _spellings(path)]
    if any(INSIDE in path or _is_file(place.folder / path) for path in spelt):
        return None
    found = []
    for beside in sorted(p for p in place.folder.iterdir() if p.suffix.casefold() == ".zip" and p.is_file()):
        members = open_archive(beside).members
        tops = {"", *(name[: name.index("/") + 1] for name in members if "/" in name)}
        found += [(beside, top) for top in sorted(tops) if any(top + path in members for path in spelt)]
    if len(found) == 1:
        return found[0]
    if found:
        raise InputError(
            f"The pictures of {place.name} lie in several zip files: {', '.join(z.name + '/' + t for z, t in found)}.",
            f"Write the zip file before the name in the table: {found[0][0].name}{INSIDE}{paths[0]}",
        )
    if "://" in paths[0]:
        raise InputError(
            f"{place.name} names addresses, {paths[0]}, and nothing is fetched from a network.",
            "Download the pictures, and name the files.",
        )
    raise InputError(
        f"The first pictures that {place.name} names are not there: {place.folder / paths[0]}.",
        "Paths are relative to the CSV file. Put it where its pictures are.",
    )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):
        return False


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise unreadable(path, error) from error
