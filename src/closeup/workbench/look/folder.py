"""The folder that holds what was seen of a dataset."""

from pathlib import Path

from closeup.core.result_folder import ResultFolder
from closeup.workbench.look.look import DatasetProfile
from closeup.workbench.look.page import report_page
from closeup.workbench.look.tables import pictures_table, report_json

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
