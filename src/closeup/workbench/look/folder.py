"""The folder that holds what was seen of a dataset: a page, report.json, and pictures.csv."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closeup.core.result_folder import ResultFolder
from closeup.tables.strict_csv import table_bytes
from closeup.workbench.look.classes import LabelField, label_text
from closeup.workbench.look.findings import findings
from closeup.workbench.look.look import DatasetProfile
from closeup.workbench.look.measure import MEASURES
from closeup.workbench.look.page import report_page

_MARKS = ("report.json",)


def check_place(out: Path, *, overwrite: bool = False) -> None:
    """Make sure before the work that it can be written to `out`.

    Raises:
        OutputError: If something is there that must stay, or nothing can be written there.
    """
    ResultFolder(out, _MARKS).check(overwrite=overwrite)


def write_look(look: DatasetProfile, out: Path, *, overwrite: bool = False) -> Path:
    """Write what was seen: report.html, report.json, and pictures.csv with a line for each picture.

    Args:
        out: Folder to make.
        overwrite: Replace a folder that is there.

    Raises:
        OutputError: If it is there and `overwrite` is off, or it cannot be written.
    """
    with ResultFolder(out, _MARKS).writing(overwrite=overwrite) as folder:
        (folder / "report.html").write_text(report_page(look), encoding="utf-8")
        (folder / "report.json").write_bytes(report_json(look))
        (folder / "pictures.csv").write_bytes(pictures_table(look))
    return out


QUANTILES = {"min": 0.0, "p5": 0.05, "median": 0.5, "p95": 0.95, "max": 1.0}


def report_json(look: DatasetProfile) -> bytes:
    """Everything but the pictures, as JSON."""
    keys = [item.key for item in look.dataset.items]
    copies = [
        {
            "kind": each.kind,
            "pictures": [keys[index] for index in each.indices],
            "similarity": round(each.similarity, 4),
            "splits": list(each.splits),
            "groups": each.groups,
            "conflicts": list(each.conflicts),
        }
        for each in look.copies
    ]
    document = {
        "dataset": look.dataset.name,
        "pictures": len(keys),
        "unreadable": [{"picture": key, "reason": reason} for key, reason in look.unreadable],
        "notes": list(look.dataset.notes),
        "findings": findings(look),
        "splits": look.side_counts,
        "fields": [_field(each) for each in look.fields],
        "measures": {each.name: summary(look.column(each.name)) for each in MEASURES},
        "copies": copies,
        "giveaways": [
            {
                "field": each.field,
                "class": each.label,
                "measure": each.measure,
                "auc": round(each.auc, 4),
                "larger": each.larger,
            }
            for each in look.leaks
        ],
    }
    return (json.dumps(document, indent=2, ensure_ascii=False) + "\n").encode("utf-8", "replace")


def summary(values: NDArray[np.float64]) -> dict[str, float]:
    """Smallest, 5th percentile, median, 95th percentile and largest of (N,)."""
    found = np.quantile(values, list(QUANTILES.values()))
    return {name: round(float(value), 4) for name, value in zip(QUANTILES, found, strict=True)}


def _field(each: LabelField) -> dict[str, Any]:
    classes = [{"name": one.name, "pictures": one.count, "splits": dict(one.sides)} for one in each.classes]
    found: dict[str, Any] = {"name": each.field.name, "kind": each.field.kind, "unlabelled": each.unlabelled}
    found["imbalance"] = round(each.imbalance, 2) if each.field.kind == "classes" else None
    return found | {"values": dict(each.values), "classes": classes}


def pictures_table(look: DatasetProfile) -> bytes:
    """A line for each picture: key, split, labels, measures, and the copies that it is among."""
    fields = [each.field.name for each in look.fields]
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
