"""From what a recipe, or a command, names as data to one dataset: labelled, corrected, and chosen from."""

import unicodedata
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import replace
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from closeup.core.errors import InputError
from closeup.core.words import about, counted, listed
from closeup.workbench.datasets.corrections import apply_corrections, read_corrections
from closeup.workbench.datasets.items import SIDES, Dataset, DatasetSource, Field, Item, Label
from closeup.workbench.datasets.labels import composed, label_of, number_of
from closeup.workbench.datasets.layout import CLASS_COLUMN, Row
from closeup.workbench.datasets.places import TABLE_NAME, Place, read_place
from closeup.workbench.recipes.recipe import DataSource, HeadRecipe

MOST_CLASSES = 100
"""A column with more different texts is no label field, unless it is named as one."""

FEW_NUMBERS = 20
"""A column with more different numbers is a value, unless a head says otherwise."""


def open_dataset(sources: Sequence[DataSource], *, base: Path, heads: Sequence[HeadRecipe] = ()) -> Dataset:
    """Open the data of a recipe; no picture is read yet.

    Args:
        sources: The `[[data]]` tables.
        base: What their paths are relative to: the recipe's folder.
        heads: What is to be learnt, which says the label fields and which of them are numbers. Without heads, and
            where a source names no fields, every column with few different values is one.

    Raises:
        InputError: If a source cannot be read, is empty, or says what cannot be; or a correction does not fit.
    """
    if not sources:
        raise InputError("There is no data.", 'Name some: [[data]] with path = "...".')
    wanted = _wanted(heads)
    names = _names(sources, base)
    opened = [_open_source(source, name, base, wanted) for source, name in zip(sources, names, strict=True)]
    return opened[0] if len(opened) == 1 else _joined(opened)


def open_one(path: Path, **fields: Any) -> Dataset:
    """Open one folder, CSV file or zip file.

    Args:
        path: Where it is.
        fields: Values of `DataSource`; its corrections are relative to the working folder.

    Raises:
        InputError: As `open_dataset`.
    """
    return open_dataset([DataSource(path=str(path), **fields)], base=Path())


def _wanted(heads: Sequence[HeadRecipe]) -> dict[str, Field]:
    wanted: dict[str, Field] = {}
    for head in heads:
        known = Field(head.field or head.name, "classes" if head.kind == "classes" else "value")
        if wanted.get(known.name, known) != known:
            raise InputError(
                f"Two heads learn the field {known.name!r}, one as classes and one as a number.",
                "Give it under two names: fields = { NAME = COLUMN, OTHER = COLUMN } in [[data]].",
            )
        wanted[known.name] = known
    return wanted


def _names(sources: Sequence[DataSource], base: Path) -> list[str]:
    """A name for each source: its own, that of its file, or that of the folder around a file with a plain name."""
    places = [(base / Path(source.path).expanduser()).resolve() for source in sources]
    names = [source.name or place.stem for source, place in zip(sources, places, strict=True)]
    for index, source in enumerate(sources):
        if not source.name and (names[index] == Path(TABLE_NAME).stem or names.count(names[index]) > 1):
            names[index] = places[index].parent.name or names[index]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"Two sources are called {name!r}.", 'Give each a name in [[data]]: name = "..."')
    return names


def _joined(opened: Sequence[Dataset]) -> Dataset:
    items: list[Item] = []
    for dataset in opened:
        for item in dataset.items:
            key = f"{item.source}/{item.key}"
            items.append(replace(item, key=key, group=key if item.group == item.key else item.group))
    fields = _joined_fields(opened)
    names = {known.name for known in fields if known.kind == "classes"}
    joined = Dataset(
        name=" + ".join(dataset.name for dataset in opened),
        items=tuple(_with_names(item, names) for item in items),
        sources=tuple(source for dataset in opened for source in dataset.sources),
        fields=fields,
        notes=tuple(about(dataset.name, note) for dataset in opened for note in dataset.notes),
        corrections=tuple(
            replace(done, keys=tuple(f"{dataset.name}/{key}" for key in done.keys))
            for dataset in opened
            for done in dataset.corrections
        ),
    )
    return _with_classes(joined)


def _joined_fields(opened: Sequence[Dataset]) -> tuple[Field, ...]:
    """The fields of all sources; what is a number in one and a name in another is a name."""
    joined: dict[str, Field] = {}
    for known in (known for dataset in opened for known in dataset.fields):
        before = joined.get(known.name, known)
        kind = known.kind if before.kind == known.kind else "classes"
        joined[known.name] = Field(known.name, kind)
    return tuple(joined.values())


def _with_names(item: Item, names: Set[str]) -> Item:
    """The item with its labels in the fields `names` as text."""
    if not any(isinstance(label, float) and name in names for name, label in item.labels.items()):
        return item
    text = {n: f"{v:g}" if n in names and isinstance(v, float) else v for n, v in item.labels.items()}
    return replace(item, labels=text)


def _open_source(recipe: DataSource, name: str, base: Path, wanted: Mapping[str, Field]) -> Dataset:
    place = read_place(base / Path(recipe.path).expanduser(), recipe)
    known, columns, notes = _fields(place, recipe, wanted)
    source = DatasetSource(name, recipe, place.folder, place.archive, place.inside, columns)
    items = tuple(_item(row, source, known, place.name) for row in place.rows)
    dataset = _with_classes(Dataset(name, items, (source,), known, (*place.notes, *notes)))
    if recipe.corrections:
        file = base / Path(recipe.corrections).expanduser()
        dataset, _ = apply_corrections(dataset, read_corrections(file), str(file))
    dataset = _chosen(dataset, recipe, place)
    _check_twins(dataset, place)
    return _with_classes(dataset)


def _item(row: Row, source: DatasetSource, known: Sequence[Field], where: str) -> Item:
    recipe = source.recipe
    labels: dict[str, Label] = {}
    for field in known:
        text = row.columns[source.columns[field.name]] if field.name in source.columns else recipe.constant[field.name]
        rename = recipe.rename.get(field.name, {}) if field.name in source.columns else {}
        try:
            label = label_of(text, is_value=field.kind == "value", rename=rename)
        except InputError as error:
            at = f"{where}, line {row.line}" if row.line else f"{where}, {row.path}"
            message = f"{at}: the field {field.name!r} is a number, and {error.message}"
            raise error.reworded(message) from error
        if label is not None:
            labels[field.name] = label
    key = composed(row.path)
    return Item(key, row.path, labels, row.group or key, row.split, source.name, row.columns)


def _with_classes(dataset: Dataset) -> Dataset:
    found: dict[str, set[str]] = {known.name: set() for known in dataset.fields}
    for item in dataset.items:
        for name, label in item.labels.items():
            found[name].add(str(label))
    fields = (
        known if known.kind == "value" else replace(known, classes=tuple(sorted(found[known.name])))
        for known in dataset.fields
    )
    return replace(dataset, fields=tuple(fields))


# Which fields there are


def _fields(
    place: Place, recipe: DataSource, wanted: Mapping[str, Field]
) -> tuple[tuple[Field, ...], Mapping[str, str], tuple[str, ...]]:
    """Settle the fields of a source: those it names, those that heads ask for, or those that look like labels.

    Returns:
        The fields, by name the columns that they are read from, and notes.

    Raises:
        InputError: If it names a column that is not there, or says something of a field twice or of none.
    """
    for column in (*recipe.fields.values(), *recipe.where):
        _need(place, column)
    notes: tuple[str, ...] = ()
    columns = dict(recipe.fields)
    if not columns:
        if wanted:
            columns = {name: name for name in wanted if name in place.columns and name not in recipe.constant}
            free = [name for name in wanted if name not in recipe.constant]
            if not columns and place.columns == (CLASS_COLUMN,) and len(free) == 1:
                columns = {free[0]: CLASS_COLUMN}
        else:
            columns, notes = _guess(place, recipe)
    both = sorted(columns.keys() & recipe.constant.keys())
    if both:
        raise InputError(
            f"{recipe.path}: the field {both[0]!r} is read from a column and said to be constant.",
            "Remove one of them.",
        )
    names = list(dict.fromkeys((*columns, *recipe.constant)))
    for name in recipe.rename:
        if name not in columns:
            near = get_close_matches(name, columns, n=1)
            meant = f" Did you mean {near[0]!r}?" if near else ""
            raise InputError(f"{recipe.path}: rename speaks of {name!r}, which is no field of this data.{meant}")
    known = tuple(wanted.get(name) or _look(name, place, columns, recipe) for name in names)
    return known, columns, (*notes, *_odd_labels(columns, known, place, wanted))


def _need(place: Place, column: str) -> None:
    if column not in place.columns:
        near = get_close_matches(column, place.columns, n=1)
        meant = f" Did you mean {near[0]!r}?" if near else ""
        raise InputError(
            f"{place.name} has no column {column!r}.{meant}", f"Its columns are: {', '.join(place.columns)}."
        )


def _guess(place: Place, recipe: DataSource) -> tuple[dict[str, str], tuple[str, ...]]:
    """Every column but group and split that has few different values, or nothing but numbers."""
    columns: dict[str, str] = {}
    notes = []
    for column in place.columns:
        if column in (*place.taken, *recipe.constant):
            continue
        texts = {row.columns[column] for row in place.rows} - {""}
        numbers = bool(texts) and all(number_of(text) is not None for text in texts)
        if len(texts) > MOST_CLASSES and not numbers:
            notes.append(f"The column {column!r} has {len(texts)} different texts and is not taken for a label.")
        elif texts:
            columns[column] = column
    return columns, tuple(notes)


def _look(name: str, place: Place, columns: Mapping[str, str], recipe: DataSource) -> Field:
    """What kind of field it is by what stands in it: more than a few different numbers are a value."""
    if name not in columns:
        return Field(name)
    rename = recipe.rename.get(name, {})
    texts = {rename.get(row.columns[columns[name]], row.columns[columns[name]]) for row in place.rows} - {""}
    numbers = all(number_of(text) is not None and not _is_code(text) for text in texts)
    is_value = len(texts) > FEW_NUMBERS and numbers
    return Field(name, "value" if is_value else "classes")


def _is_code(text: str) -> bool:
    """Whether digits are a name and not a number: "007"."""
    return len(text) > 1 and text[0] == "0" and text[1] not in ".,eE"


def _odd_labels(
    columns: Mapping[str, str], known: Sequence[Field], place: Place, wanted: Mapping[str, Field]
) -> Iterator[str]:
    """Notes on labels that a reader would take for others than they are."""
    by_column = {columns[field.name]: field for field in known if field.name in columns}
    for column, field in by_column.items():
        texts = sorted({row.columns[column] for row in place.rows} - {""})
        if field.kind == "value":
            if field.name not in wanted:
                yield f"The column {column!r} has {len(texts)} different numbers and is taken for a number."
            continue
        for alike in _alike(texts):
            spelt = ", ".join(repr(text) for text in alike)
            yield f"In {column!r}, {spelt} are {len(alike)} classes and differ in letter case, spaces or hidden marks."
    binary = [column for column in by_column if {row.columns[column] for row in place.rows} == {"0", "1"}]
    if len(binary) > 1 and all(sum(row.columns[column] == "1" for column in binary) == 1 for row in place.rows):
        yield (
            f"The columns {listed(binary)} are one label with a column for each class (one-hot): here each is a label "
            "of its own. One column with the names of the classes says the same."
        )


def _alike(texts: Sequence[str]) -> list[list[str]]:
    """Texts that differ in what is hardly seen, a list of each."""
    found: dict[str, list[str]] = {}
    for text in texts:
        seen = "".join(letter for letter in text.casefold() if unicodedata.category(letter) not in ("Cf", "Zs"))
        found.setdefault(seen, []).append(text)
    return [alike for alike in found.values() if len(alike) > 1]


# Which pictures there are


def _chosen(dataset: Dataset, recipe: DataSource, place: Place) -> Dataset:
    items = [i for i in dataset.items if all(i.columns.get(column) == value for column, value in recipe.where.items())]
    notes = list(dataset.notes)
    if not items:
        asked = " and ".join(f"{column} = {value!r}" for column, value in recipe.where.items())
        raise InputError(f"No row of {place.name} has {asked}.", "Look at `where` in [[data]].")
    if recipe.only:
        if recipe.only not in SIDES:
            raise InputError(f"{recipe.path}: only = {recipe.only!r} is no side of a split.", f"One of {SIDES}.")
        before = len(items)
        items = [replace(item, split=recipe.only) for item in items if item.split in (None, recipe.only)]
        if not items:
            raise InputError(f"{place.name} has no pictures for {recipe.only!r}: all belong to other sides.")
        if len(items) < before:
            notes.append(f"Left out: {counted(before - len(items), 'picture')} of other sides than {recipe.only}.")
    return replace(dataset, items=tuple(items), notes=tuple(notes))


def _check_twins(dataset: Dataset, place: Place) -> None:
    counts = Counter(item.path for item in dataset.items)
    twice = next((path for path, count in counts.items() if count > 1), None)
    if twice is not None:
        lines = [row.line for row in place.rows if row.path == twice]
        raise InputError(
            f"{place.name} names {twice} in the lines {lines[0]} and {lines[1]}.",
            "Remove one, or choose among them: where = { COLUMN = VALUE } in [[data]].",
        )
