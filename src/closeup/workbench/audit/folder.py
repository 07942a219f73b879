"""The result folder of an audit: findings as tables, as a page of pictures, and what is needed to accept them."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Annotated, Any

from closeup.algorithms.labels.confident_learning import Method
from closeup.core.errors import InputError
from closeup.core.fields import Rounded, Within
from closeup.core.progress import ProgressCallback, ignore
from closeup.core.result_folder import ResultFolder
from closeup.documents.form import Form, must_be
from closeup.tables.strict_csv import table_bytes
from closeup.workbench.audit import predictions
from closeup.workbench.audit.find import Audit, Finding, GroupFinding, find_label_errors
from closeup.workbench.audit.report import render_report
from closeup.workbench.datasets.items import Dataset
from closeup.workbench.datasets.reading import open_dataset
from closeup.workbench.models import resolve_model
from closeup.workbench.options import ProbeOptions
from closeup.workbench.recipes.recipe import DataSource

AUDIT_FILE = "audit.json"
FINDINGS_FILE = "audit.csv"
PROBABILITIES_FILE = "probabilities.csv"
REPORT_FILE = "report.html"
OURS = frozenset({AUDIT_FILE, FINDINGS_FILE, PROBABILITIES_FILE, REPORT_FILE})

_COLUMNS = tuple(field.name for field in fields(Finding))


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditDocument:
    """What audit.json holds.

    Attributes:
        data: What the dataset is called.
        field: The label field.
        classes: Names of the classes.
        sources: The data by name of the source; paths are absolute.
        how: Where the probabilities are from.
        method: How findings were chosen.
        judged: How many labels were checked.
        accuracy: How often the classifier says the label that is there, of pictures it has not learnt from; None in
            files of older closeups.
        chance: How often always saying the commonest class would.
        expected_errors: How many are wrong in all, by the joint.
        joint: Estimated number of pictures by label (row) and true class (column).
        findings: The clearest first, numbered from 1.
        groups: Groups that look wrong as a whole.
        unreadable: Pictures that cannot be read, each with the reason.
        notes: What is odd, one sentence each.
    """

    data: str
    field: str
    classes: tuple[str, ...]
    sources: Mapping[str, DataSource]
    how: str
    method: Method
    judged: Annotated[int, Within(0)]
    expected_errors: Annotated[float, Rounded(1)]
    joint: tuple[tuple[Annotated[float, Rounded(2)], ...], ...]
    findings: tuple[Finding, ...]
    groups: tuple[GroupFinding, ...]
    unreadable: tuple[tuple[str, str], ...]
    notes: tuple[str, ...]
    accuracy: Annotated[float, Rounded(4)] | None = None
    chance: Annotated[float, Rounded(4)] | None = None

    @property
    def by_number(self) -> dict[int, Finding]:
        """The findings by their numbers."""
        return {finding.number: finding for finding in self.findings}


def _check(document: AuditDocument) -> None:
    for number, finding in enumerate(document.findings, 1):
        if finding.number != number:
            raise must_be(("findings", number - 1, "number"), str(number), finding.number)


AUDIT = Form(AuditDocument, "closeup audit.json", version=1, check=_check)


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditSummary:
    """An audit in short, for other programs; see `AuditDocument`.

    Attributes:
        unreadable: How many pictures cannot be read.
        knows_something: Whether the classifier is better than chance; if not, the findings say nothing.
        folder: Where the audit lies.
    """

    data: str
    field: str
    judged: int
    expected_errors: Annotated[float, Rounded(1)]
    findings: tuple[Finding, ...]
    unreadable: int
    accuracy: Annotated[float, Rounded(4)]
    chance: Annotated[float, Rounded(4)]
    knows_something: bool
    folder: str


SUMMARY = Form(AuditSummary, "closeup audit in short")


def audit_summary(audit: Audit, folder: Path) -> AuditSummary:
    """An audit in short; `folder` is where it was written to."""
    return AuditSummary(
        data=audit.data,
        field=audit.predictions.field,
        judged=len(audit.predictions.kept),
        expected_errors=audit.expected_errors,
        findings=audit.findings,
        unreadable=len(audit.predictions.unreadable),
        accuracy=audit.accuracy,
        chance=audit.chance,
        knows_something=audit.knows_something,
        folder=str(folder),
    )


def audit_data(
    source: DataSource,
    folder: Path,
    *,
    field: str = "",
    probabilities: Path | None = None,
    model: str = "",
    method: Method = "both",
    options: ProbeOptions | None = None,
    overwrite: bool = False,
    progress: ProgressCallback = ignore,
) -> Audit:
    """Find labels of a dataset that are probably wrong, and write them into a folder.

    Args:
        folder: To make: a page to look at, tables, and what is needed to accept findings.
        field: The label field; "" for the only one that has classes.
        probabilities: A table that says how likely each class is, out of fold; None to find out.
        model: Which is asked, as `resolve_model` takes it; "" to learn from the data itself.
        method: As `find_label_errors` has it.
        options: How it is learnt, where neither a table nor a model is given.
        overwrite: Replace an older audit.

    Raises:
        InputError: If the data cannot be read, has no such field, or no picture that can be checked.
        OutputError: If the folder is there and may not be replaced, or cannot be written.
    """
    ResultFolder(folder, (AUDIT_FILE,)).check(overwrite=overwrite)
    dataset = open_dataset([source], base=Path())
    field = field or _only_field(dataset)
    if probabilities is not None:
        found = predictions.predictions_from_table(dataset, field, probabilities)
    elif model:
        found = predictions.predictions_from_model(dataset, field, resolve_model(model), progress)
    else:
        found = predictions.predictions_from_pictures(dataset, field, options or ProbeOptions(), progress)
    audit = find_label_errors(dataset, found, method)
    audit = replace(audit, notes=(*dataset.notes, *audit.notes))
    write_audit(folder, audit, dataset, base=Path(), overwrite=overwrite, progress=progress)
    return audit


def _only_field(dataset: Dataset) -> str:
    names = [known.name for known in dataset.fields if known.kind == "classes" and len(known.classes) > 1]
    if len(names) != 1:
        what = f"several label fields: {', '.join(names)}" if names else "no label field with classes"
        raise InputError(
            f"{dataset.name} has {what}.",
            "Name the one to audit.",
            code="option",
            option="field",
            example=names[0] if names else "NAME",
        )
    return names[0]


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
        dataset: In what.
        base: What the paths of the dataset's sources are relative to.
        overwrite: Replace an older audit.

    Raises:
        OutputError: If it is there and may not be replaced, or cannot be written.
    """
    document = AUDIT.encode(_document(audit, dataset, base))
    page = render_report(audit, dataset, folder, progress)
    with ResultFolder(folder, (AUDIT_FILE,)).writing(overwrite=overwrite, replaced=OURS.__contains__) as part:
        (part / AUDIT_FILE).write_bytes(document)
        (part / FINDINGS_FILE).write_bytes(table_bytes(_COLUMNS, _rows(audit)))
        (part / PROBABILITIES_FILE).write_bytes(audit.predictions.table(dataset))
        (part / REPORT_FILE).write_text(page, "utf-8")


def _rows(audit: Audit) -> Iterator[dict[str, Any]]:
    for finding in audit.findings:
        row = asdict(finding)
        yield row | {name: f"{row[name]:.4f}" for name in ("p_label", "p_suggestion")}


def _document(audit: Audit, dataset: Dataset, base: Path) -> AuditDocument:
    predictions = audit.predictions
    return AuditDocument(
        data=audit.data,
        field=predictions.field,
        classes=predictions.classes,
        sources={source.name: _absolute(source.recipe, source.columns, base) for source in dataset.sources},
        how=predictions.how,
        method=audit.method,
        judged=len(predictions.kept),
        expected_errors=audit.expected_errors,
        joint=tuple(map(tuple, audit.joint.tolist())),
        findings=audit.findings,
        groups=audit.groups,
        unreadable=predictions.unreadable,
        notes=audit.notes,
        accuracy=audit.accuracy,
        chance=audit.chance,
    )


def _absolute(recipe: DataSource, columns: Mapping[str, str], base: Path) -> DataSource:
    """The source as anybody can open it again: paths absolute, the columns that were read named."""
    corrections = str((base / recipe.corrections).expanduser().resolve()) if recipe.corrections else ""
    path = str((base / Path(recipe.path).expanduser()).resolve())
    return replace(recipe, path=path, corrections=corrections, fields=dict(columns))


def read_audit(folder: Path) -> AuditDocument:
    """Read audit.json of an audit's folder.

    Raises:
        InputError: If there is no audit in the folder, or it may not be read.
        FormatError: If audit.json is damaged, or of a later closeup.
    """
    path = folder / AUDIT_FILE
    if not path.is_file():
        raise InputError(f"{folder} is not the result of an audit: it has no {AUDIT_FILE}.", code="audit.absent")
    return AUDIT.read(path)
