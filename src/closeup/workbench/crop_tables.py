"""The tables of a dataset of crops: what was found in each picture, and the labels that it keeps."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from closeup.core.types import FileName
from closeup.core.whole import write_whole
from closeup.tables.strict_csv import table_bytes
from closeup.workbench.datasets.items import Dataset

Outcome = Literal["found", "not found", "unreadable"]

LABELS_NAME, CROPS_NAME = "labels.csv", "crops.csv"

_POINTS = ("eye1", "eye2", "nose", "mouth1", "mouth2")
_PLACES = ("x0", "y0", "x1", "y1", *(f"{point}_{axis}" for point in _POINTS for axis in "xy"))
_COLUMNS = (
    *("key", "path", "outcome", "reason", "score", "faces", *_PLACES),
    *("width", "height", "bytes_before", "bytes_after"),
)


@dataclass(frozen=True, slots=True)
class CropRow:
    """What became of one picture.

    Attributes:
        key: Its key in the old dataset.
        outcome: Whether its face was found, or it could not even be read.
        path: Of the crop in the new dataset; "" where there is none.
        reason: Why it could not be read.
        box_xyxy: Of the face, pixels of the old picture, four numbers; empty where none was found.
        landmarks_xy: Ten numbers likewise, x and y of each point.
        score: The detector's, 0 to 1.
        faces: How many faces there were.
        width: Of the old picture, pixels; `height` likewise.
        bytes_before: Size of the old picture's file.
        bytes_after: Of the crop's.
    """

    key: FileName
    outcome: Outcome
    path: str = ""
    reason: FileName = ""
    box_xyxy: tuple[float, ...] = ()
    landmarks_xy: tuple[float, ...] = ()
    score: float = 0.0
    faces: int = 0
    width: int = 0
    height: int = 0
    bytes_before: int = 0
    bytes_after: int = 0


def write_tables(folder: Path, dataset: Dataset, rows: tuple[CropRow, ...]) -> None:
    """Write labels.csv, with a line for each crop, and crops.csv, with a line for each picture of the old dataset.

    Raises:
        OutputError: If they cannot be written.
    """
    columns = label_columns(dataset)
    write_whole(folder / LABELS_NAME, table_bytes(columns, _labels(dataset, rows, columns)))
    write_whole(folder / CROPS_NAME, table_bytes(_COLUMNS, map(_crop_line, rows)))


def label_columns(dataset: Dataset) -> tuple[str, ...]:
    """Columns of labels.csv: all of the old dataset's, with ours before and after."""
    given = dict.fromkeys(name for item in dataset.items for name in item.columns)
    split = ("split",) if any(item.split for item in dataset.items) else ()
    source = ("source",) if len(dataset.sources) > 1 else ()
    return tuple(dict.fromkeys(["path", "original_path", *given, *source, *split, "face"]))


def _labels(dataset: Dataset, rows: tuple[CropRow, ...], columns: tuple[str, ...]) -> Iterator[Mapping[str, str]]:
    for item, row in zip(dataset.items, rows, strict=True):
        if row.path:
            own = {"original_path": item.key, "source": item.source, "split": item.split or ""}
            line = {**own, **item.columns, "path": row.path, "face": row.outcome}
            yield {name: line.get(name, "") for name in columns}


def _crop_line(row: CropRow) -> Mapping[str, str]:
    places = (*row.box_xyxy, *row.landmarks_xy) or ("",) * len(_PLACES)
    line = {"key": row.key, "path": row.path, "outcome": row.outcome, "reason": row.reason}
    line |= {"score": f"{row.score:g}" if row.box_xyxy else "", "faces": str(row.faces)}
    line |= {name: f"{place:g}" if place != "" else "" for name, place in zip(_PLACES, places, strict=True)}
    for name in ("width", "height", "bytes_before", "bytes_after"):
        line[name] = str(getattr(row, name))
    return line
