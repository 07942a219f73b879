"""Pictures with boxes and classes, as COCO (one JSON file) and Pascal VOC (an XML file a picture) write them."""

import xml.etree.ElementTree as ET
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closeup.core.errors import FormatError, InputError
from closeup.core.types import FloatArray
from closeup.documents.form import ascii_json, file_bytes, parse_json

FOLDERS = ("images", "JPEGImages")
"""Where pictures lie beside a COCO file, or beside VOC's Annotations, unless they lie in the same folder."""


@dataclass(frozen=True, slots=True, eq=False)
class BoxedPicture:
    """A picture and what is on it.

    Attributes:
        file: Of the picture.
        boxes_xyxy: Pixels (M, 4).
        classes: What each is (M,), places in the names.
        crowds: How many areas of COCO's are of many things at once, and left out.
    """

    file: Path
    boxes_xyxy: FloatArray
    classes: NDArray[np.int64]
    crowds: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class BoxedPictures:
    """Pictures with boxes, in the order of their file.

    Attributes:
        names: Of the classes.
        pictures: Those without a box too.
    """

    names: tuple[str, ...]
    pictures: tuple[BoxedPicture, ...]


def read_boxes(path: Path) -> BoxedPictures:
    """Read a COCO file, or a folder in Pascal VOC's form (XML files there, or in Annotations/).

    Raises:
        InputError: It is neither; says what is wrong where.
    """
    return _read_voc(path) if path.is_dir() else _read_coco(path)


def _read_coco(coco: Path) -> BoxedPictures:
    try:
        table = parse_json(file_bytes(coco))
    except FormatError as error:
        raise error.within(coco) from error
    try:
        numbers = {each["id"]: number for number, each in enumerate(table["categories"])}
        names = tuple(str(each["name"]) for each in table["categories"])
        files = [(each["id"], each["file_name"]) for each in table["images"]]
        every = table["annotations"]
        wrong = [each for each in every if each["category_id"] not in numbers or not _is_box(each["bbox"])]
        things: dict[Any, list[Mapping[str, Any]]] = {}
        for each in every:
            things.setdefault(each["image_id"], []).append(each)
    except (KeyError, TypeError) as error:
        raise InputError(f"{coco} is not in COCO's form: {error} is missing or no object.") from error
    if wrong:
        raise InputError(f"{coco} has an annotation of an unknown category, or without a box: {wrong[0].get('id')}.")
    folder, found = _pictures_beside(coco.parent), []
    for key, file in files:
        on_it = things.get(key, [])
        here = [each for each in on_it if not each.get("iscrowd")]
        sides = np.array([each["bbox"] for each in here], np.float32).reshape(-1, 4)
        boxes = np.concatenate([sides[:, :2], sides[:, :2] + sides[:, 2:]], 1)
        classes = np.array([numbers[each["category_id"]] for each in here], np.int64)
        found.append(BoxedPicture(folder / file, boxes, classes, len(on_it) - len(here)))
    return BoxedPictures(names, tuple(found))


def _is_box(sides: object) -> bool:
    return isinstance(sides, list) and len(sides) == 4 and all(isinstance(each, int | float) for each in sides)


def _pictures_beside(folder: Path) -> Path:
    return next((folder / name for name in FOLDERS if (folder / name).is_dir()), folder)


def _read_voc(folder: Path) -> BoxedPictures:
    home = folder / "Annotations" if (folder / "Annotations").is_dir() else folder
    files = sorted(home.glob("*.xml"))
    if not files:
        raise InputError(f"{folder} has no annotations in Pascal VOC's form: no XML files, there or in Annotations/.")
    pictures, read = _pictures_beside(folder), []
    for file in files:
        try:
            tree = ET.fromstring(file_bytes(file))
            named = [(_text(each, "name"), _corners(each)) for each in tree.iter("object")]
            read.append((pictures / _text(tree, "filename"), named))
        except (ET.ParseError, ValueError) as error:
            raise InputError(f"{file} is not in Pascal VOC's form: {error}.") from error
    names = tuple(sorted({name for _, named in read for name, _ in named}))
    place = {name: number for number, name in enumerate(names)}
    return BoxedPictures(
        names,
        tuple(
            BoxedPicture(
                file,
                np.array([box for _, box in named], np.float32).reshape(-1, 4),
                np.array([place[name] for name, _ in named], np.int64),
            )
            for file, named in read
        ),
    )


def _text(element: ET.Element, name: str) -> str:
    found = element.findtext(name)
    if found is None or not found.strip():
        raise ValueError(f"{element.tag} has no {name}")
    return found.strip()


def _corners(element: ET.Element) -> list[float]:
    """VOC counts pixels from 1, and the last one belongs to the box."""
    box = element.find("bndbox")
    if box is None:
        raise ValueError("object has no bndbox")
    left, top, right, bottom = (float(_text(box, name)) for name in ("xmin", "ymin", "xmax", "ymax"))
    return [left - 1, top - 1, right, bottom]


def coco_bytes(boxed: BoxedPictures, sizes_wh: Sequence[tuple[int, int]]) -> bytes:
    """Pictures with boxes as a COCO file; sizes in the order of the pictures."""
    images, annotations = [], list[dict[str, Any]]()
    for number, (each, (width, height)) in enumerate(zip(boxed.pictures, sizes_wh, strict=True), 1):
        images.append({"id": number, "file_name": each.file.name, "width": width, "height": height})
        for box, kind in zip(each.boxes_xyxy.tolist(), each.classes.tolist(), strict=True):
            left, top, right, bottom = box
            sides = [left, top, right - left, bottom - top]
            annotations.append(
                {
                    "id": len(annotations) + 1,
                    "image_id": number,
                    "category_id": kind + 1,
                    "bbox": sides,
                    "area": sides[2] * sides[3],
                    "iscrowd": 0,
                }
            )
    categories = [{"id": number, "name": name} for number, name in enumerate(boxed.names, 1)]
    return ascii_json({"images": images, "annotations": annotations, "categories": categories}).encode()


def voc_bytes(picture: BoxedPicture, names: Sequence[str], size_wh: tuple[int, int]) -> bytes:
    """One picture with its boxes as Pascal VOC's XML; corners become whole pixels, and a box holds one at least."""
    root = ET.Element("annotation")
    ET.SubElement(root, "filename").text = picture.file.name
    size = ET.SubElement(root, "size")
    for name, value in zip(("width", "height", "depth"), (*size_wh, 3), strict=True):
        ET.SubElement(size, name).text = str(value)
    for box, kind in zip(picture.boxes_xyxy.tolist(), picture.classes.tolist(), strict=True):
        thing = ET.SubElement(root, "object")
        ET.SubElement(thing, "name").text = names[kind]
        corners = ET.SubElement(thing, "bndbox")
        left, top, right, bottom = (round(each) for each in box)
        right, bottom = max(right, left + 1), max(bottom, top + 1)
        for name, value in zip(("xmin", "ymin", "xmax", "ymax"), (left + 1, top + 1, right, bottom), strict=True):
            ET.SubElement(corners, name).text = str(value)
    ET.indent(root)
    return bytes(ET.tostring(root, encoding="utf-8"))
