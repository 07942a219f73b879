"""Datasets of tiny pictures, made in a moment: each picture has a colour of its own."""

import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

import cv2
import numpy as np

from closeup.core.errors import InputError
from closeup.core.types import Image
from closeup.workbench.datasets.items import Dataset, DatasetSource, Field, Item
from closeup.workbench.recipes.recipe import DataSource


def picture(number: int, size_wh: tuple[int, int] = (12, 8)) -> Image:
    """A plain picture, another colour for every number."""
    colour = (number * 37 % 256, number * 101 % 256, number % 256)
    return np.full((size_wh[1], size_wh[0], 3), colour, dtype=np.uint8)


def png(number: int, size_wh: tuple[int, int] = (12, 8)) -> bytes:
    """`picture` as the bytes of a file."""
    done, encoded = cv2.imencode(".png", picture(number, size_wh)[:, :, ::-1])
    assert done
    return bytes(encoded.tobytes())


def folder(place: Path, names: Iterable[str]) -> Path:
    """A folder with a picture of each name; the n-th is `picture(n)`."""
    for number, name in enumerate(names):
        path = place / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(png(number))
    return place


def zipped(path: Path, names: Iterable[str], more: Mapping[str, bytes] | None = None) -> Path:
    """A zip file with a picture of each name, and `more` files."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for number, name in enumerate(names):
            archive.writestr(name, png(number))
        for name, content in (more or {}).items():
            archive.writestr(name, content)
    return path


def made_up(rows: Sequence[Mapping[str, str | float]], name: str = "made up") -> Dataset:
    """A dataset without files: a row says the labels of an item, and perhaps its group, split and source."""
    special = ("group", "split", "source")
    items = []
    for number, row in enumerate(rows):
        labels = {key: value for key, value in row.items() if key not in special}
        group, split = str(row.get("group", f"{number}.png")), row.get("split")
        columns = {key: str(value) for key, value in labels.items()}
        side = str(split) if split is not None else None
        items.append(Item(f"{number}.png", f"{number}.png", labels, group, side, str(row.get("source", "s")), columns))
    fields = []
    for field in sorted({key for item in items for key in item.labels}):
        found = [item.labels[field] for item in items if field in item.labels]
        if isinstance(found[0], float):
            fields.append(Field(field, "value"))
        else:
            fields.append(Field(field, "classes", tuple(sorted({str(label) for label in found}))))
    sources = []
    for source in dict.fromkeys(item.source for item in items):
        columns = {field.name: field.name for field in fields}
        sources.append(DatasetSource(source, DataSource(path=source), Path(), columns=columns))
    return Dataset(name, tuple(items), tuple(sources), tuple(fields))


def refusal(work: Callable[[], object]) -> str | None:
    """What `work` is refused with, message and hint; None where it goes well."""
    try:
        work()
    except InputError as error:
        return str(error)
    return None
