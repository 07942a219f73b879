"""The result folder of an audit: findings as tables, as a page of pictures, and what is needed to accept them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any

from closeup.core.errors import InputError
from closeup.core.progress import ProgressCallback, ignore
from closeup.core.result_folder import ResultFolder
from closeup.core.strict_json import Node, check_version, parse
from closeup.media.files import unreadable
from closeup.tables.strict_csv import table_bytes
from closeup.workbench.audit.find import Audit, Finding
from closeup.workbench.audit.report import render_report
from closeup.workbench.datasets.items import Dataset
from closeup.workbench.recipe import DataSource

AUDIT_FILE = "audit.json"
FINDINGS_FILE = "audit.csv"
PROBABILITIES_FILE = "probabilities.csv"
REPORT_FILE = "report.html"
OURS = frozenset({AUDIT_FILE, FINDINGS_FILE, PROBABILITIES_FILE, REPORT_FILE})

_SCHEMA_VERSION = 1
_COLUMNS = tuple(field.name for field in fields(Finding))


@dataclass(frozen=True, slots=True)
class SavedAudit:
    """What accepting findings needs of an audit.

    Attributes:
        folder: Where it lies.
        field: The label field.
        classes: Names of the classes.
        sources: The data by name of the source; paths are absolute.
        findings: By number.
    """

    folder: Path
    field: str
    classes: tuple[str, ...]
    sources: Mapping[str, DataSource]
    findings: Mapping[int, Finding]


def check_replaceable(folder: Path, *, overwrite: bool) -> None:
    """Make sure that an audit may be written to `folder`, before any work: only an older audit is ever replaced.

    Raises:
        OutputError: If something is there that must stay.
    """
    ResultFolder(folder, (AUDIT_FILE,)).check(overwrite=overwrite)


def write_audit(
    folder: Path,
    audit: Audit,
    dataset: Dataset,
    *,
    base: Path,
    overwrite: bool = False,
    progress: ProgressCallback = ignore,
) -> None:
    """Write an audit, whole or not at all; corrections and other files of an older one in its place are kept.

    Args:
        folder: To make.
        audit: What was found.
        dataset: In what.
        base: What the paths of the dataset's sources are relative to.
        overwrite: Replace an older audit.
        progress: Told how many pictures of the page are done.

    Raises:
        OutputError: If it is there and may not be replaced, or cannot be written.
    """
    document = json.dumps(_document(audit, dataset, base), ensure_ascii=False, indent=1) + "\n"
    page = render_report(audit, dataset, folder, progress)
    with ResultFolder(folder, (AUDIT_FILE,)).writing(overwrite=overwrite, replaced=OURS.__contains__) as part:
        (part / AUDIT_FILE).write_text(document, "utf-8")
        (part / FINDINGS_FILE).write_bytes(table_bytes(_COLUMNS, _rows(audit)))
        (part / PROBABILITIES_FILE).write_bytes(audit.predictions.table(dataset))
        (part / REPORT_FILE).write_text(page, "utf-8")


def _rows(audit: Audit) -> Iterator[dict[str, Any]]:
    for finding in audit.findings:
        row = asdict(finding)
        yield row | {name: f"{row[name]:.4f}" for name in ("p_label", "p_suggestion")}


def _document(audit: Audit, dataset: Dataset, base: Path) -> dict[str, Any]:
    predictions = audit.predictions
    return {
        "schema_version": _SCHEMA_VERSION,
        "data": audit.data,
        "field": predictions.field,
        "classes": predictions.classes,
        "sources": {source.name: asdict(_absolute(source.recipe, source.columns, base)) for source in dataset.sources},
        "how": predictions.how,
        "method": audit.method,
        "judged": len(predictions.kept),
        "expected_errors": round(audit.expected_errors, 1),
        "joint": [[round(float(count), 2) for count in row] for row in audit.joint],
        "findings": [asdict(finding) for finding in audit.findings],
        "groups": [asdict(group) for group in audit.groups],
        "unreadable": [list(pair) for pair in predictions.unreadable],
        "notes": audit.notes,
    }


def _absolute(recipe: DataSource, columns: Mapping[str, str], base: Path) -> DataSource:
    """The source as anybody can open it again: paths absolute, the columns that were read named."""
    corrections = str((base / recipe.corrections).expanduser().resolve()) if recipe.corrections else ""
    path = str((base / Path(recipe.path).expanduser()).resolve())
    return replace(recipe, path=path, corrections=corrections, fields=dict(columns))


def read_audit(folder: Path) -> SavedAudit:
    """Read what `write_audit` wrote, as far as accepting findings needs it.

    Raises:
        InputError: If there is no audit in the folder, or it may not be read.
        FormatError: If audit.json is damaged, or of a later closeup.
    """
    path = folder / AUDIT_FILE
    try:
        content = path.read_bytes()
    except (FileNotFoundError, NotADirectoryError) as error:
        raise InputError(
            f"{folder} is not the result of an audit: it has no {AUDIT_FILE}.",
            code="audit.absent",
        ) from error
    except OSError as error:
        raise unreadable(path, error) from error
    document = parse(content, str(path))
    check_version(document, _SCHEMA_VERSION)
    members = document.members()
    wanted = document.fields(("field", "classes", "sources", "findings"), members)
    findings = [_finding(node, number) for number, node in enumerate(wanted["findings"].items(), 1)]
    return SavedAudit(
        folder,
        wanted["field"].text(),
        tuple(node.text() for node in wanted["classes"].items()),
        {name: _source(node) for name, node in wanted["sources"].members().items()},
        {finding.number: finding for finding in findings},
    )


def _finding(node: Node, number: int) -> Finding:
    told = node.fields(_COLUMNS)
    return Finding(
        told["number"].integer(number, number),
        told["key"].text(),
        told["path"].text(),
        told["source"].text(),
        told["group"].text(),
        told["label"].text(),
        told["suggestion"].text(),
        told["p_label"].number(0, 1),
        told["p_suggestion"].number(0, 1),
    )


def _source(node: Node) -> DataSource:
    told = node.fields([field.name for field in fields(DataSource)])
    return DataSource(
        told["path"].text(),
        told["name"].text(),
        told["path_column"].text(),
        fields=_texts(told["fields"]),
        rename={name: _texts(inner) for name, inner in told["rename"].members().items()},
        constant=_texts(told["constant"]),
        group_column=told["group_column"].text(),
        split_column=told["split_column"].text(),
        where=_texts(told["where"]),
        corrections=told["corrections"].text(),
        repeat=told["repeat"].integer(0),
        only=told["only"].text(),
    )


def _texts(node: Node) -> dict[str, str]:
    return {name: inner.text() for name, inner in node.members().items()}
