"""The folder that holds what was seen of a dataset: a page, report.json, and pictures.csv."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import numpy as np
from numpy.typing import NDArray

from closeup.core.fields import Rounded
from closeup.core.progress import ProgressCallback, ignore
from closeup.core.result_folder import ResultFolder
from closeup.core.types import FileName
from closeup.documents.form import Form
from closeup.tables.strict_csv import table_bytes
from closeup.workbench.datasets.reading import open_dataset
from closeup.workbench.datasets.splits import load_split
from closeup.workbench.look.classes import LabelField, label_text
from closeup.workbench.look.duplicates import Copies
from closeup.workbench.look.findings import findings
from closeup.workbench.look.leakage import Leak
from closeup.workbench.look.look import DatasetProfile, look_at
from closeup.workbench.look.measure import MEASURES
from closeup.workbench.look.page import report_page
from closeup.workbench.recipes.recipe import DataSource

_MARKS = ("report.json",)


@dataclass(frozen=True, slots=True)
class UnreadablePicture:
    """A picture that cannot be read, and why."""

    picture: FileName
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LookReport:
    """What was seen of a dataset, and report.json.

    Attributes:
        dataset: What it is called.
        pictures: How many could be read.
        unreadable: Those that could not.
        notes: What is odd about how it is stored, one sentence each.
        findings: What stands out, one sentence each, the gravest first.
        splits: Pictures on each side of the split; empty where there is none.
        fields: The labels.
        measures: Of each measure the smallest, 5th percentile, median, 95th percentile and largest.
        copies: What is there twice.
        leaks: How well measures tell classes, best first.
    """

    dataset: str
    pictures: int
    unreadable: tuple[UnreadablePicture, ...]
    notes: tuple[str, ...]
    findings: tuple[str, ...]
    splits: Mapping[str, int]
    fields: tuple[LabelField, ...]
    measures: Mapping[str, Mapping[str, Annotated[float, Rounded(4)]]]
    copies: tuple[Copies, ...]
    leaks: tuple[Leak, ...] = field(metadata={"alias": "giveaways"})


REPORT = Form(LookReport, "report.json")


def look_at_data(
    source: DataSource,
    out: Path,
    *,
    split: Path | None = None,
    overwrite: bool = False,
    progress: ProgressCallback = ignore,
) -> LookReport:
    """Look at a dataset, and write report.html, report.json, and pictures.csv with a line for each picture.

    Args:
        out: Folder to make.
        split: A split saved before, instead of the data's own.
        overwrite: Replace a folder that is there.

    Raises:
        InputError: If the data cannot be read, or no picture in it.
        OutputError: If the folder is there and `overwrite` is off, or it cannot be written.
    """
    place = ResultFolder(out, _MARKS)
    place.check(overwrite=overwrite)
    dataset = open_dataset([source], base=Path())
    look = look_at(dataset, None if split is None else load_split(split).sides, progress=progress)
    return write_look(look, out, overwrite=overwrite)


def write_look(look: DatasetProfile, out: Path, *, overwrite: bool = False) -> LookReport:
    """Write what was seen; as `look_at_data`."""
    report = look_report(look)
    with ResultFolder(out, _MARKS).writing(overwrite=overwrite) as folder:
        (folder / "report.html").write_text(report_page(look), encoding="utf-8")
        (folder / "report.json").write_bytes(REPORT.encode(report))
        (folder / "pictures.csv").write_bytes(pictures_table(look))
    return report


QUANTILES = {"min": 0.0, "p5": 0.05, "median": 0.5, "p95": 0.95, "max": 1.0}


def look_report(look: DatasetProfile) -> LookReport:
    """What was seen, without the pictures."""
    return LookReport(
        dataset=look.dataset.name,
        pictures=len(look.dataset),
        unreadable=tuple(UnreadablePicture(*each) for each in look.unreadable),
        notes=look.dataset.notes,
        findings=tuple(findings(look)),
        splits=look.side_counts,
        fields=look.fields,
        measures={each.name: summary(look.column(each.name)) for each in MEASURES},
        copies=look.copies,
        leaks=look.leaks,
    )


def summary(values: NDArray[np.float64]) -> dict[str, float]:
    """Smallest, 5th percentile, median, 95th percentile and largest of (N,)."""
    found = np.quantile(values, list(QUANTILES.values()))
    return dict(zip(QUANTILES, found.tolist(), strict=True))


def pictures_table(look: DatasetProfile) -> bytes:
    """A line for each picture: key, split, labels, measures, and the copies that it is among."""
    fields = [each.name for each in look.fields]
    names = [each.name for each in MEASURES]
    columns = ("key", "split", *(f"label_{name}" for name in fields), *names, "same_as", "near")
    return table_bytes(columns, _lines(look, fields, names))


def _lines(look: DatasetProfile, fields: list[str], names: list[str]) -> Iterator[Mapping[str, str]]:
    among: dict[str, dict[int, int]] = {"same": {}, "near": {}}
    for number, each in enumerate(look.copies, start=1):
        among[each.kind] |= dict.fromkeys(each.indices, number)
    for index, (item, side) in enumerate(zip(look.dataset.items, look.sides, strict=True)):
        line = {"key": item.key, "split": side or ""}
        line |= {f"label_{name}": label_text(item.labels.get(name)) for name in fields}
        line |= {name: f"{value:.6g}" for name, value in zip(names, look.values[index], strict=True)}
        line |= {"same_as": str(among["same"].get(index, "")), "near": str(among["near"].get(index, ""))}
        yield line
