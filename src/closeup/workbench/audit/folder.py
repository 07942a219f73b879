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
from closeup.media.files import unreadable
from closeup.tables.strict_csv import table_bytes
from closeup.workbench.audit.find import Audit, Finding, GroupFinding
from closeup.workbench.audit.report import render_report
from closeup.workbench.datasets.items import Dataset
from closeup.workbench.recipes.recipe import DataSource

AUDIT_FILE = "audit.json"
FINDINGS_FILE = "audit.csv"
PROBABILITIES_FILE = "probabilities.csv"
REPORT_FILE = "report.html"
OURS = frozenset({AUDIT_FILE, FINDINGS_FILE, PROBABILITIES_FILE, REPORT_FILE})

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
    saved = AUDIT.decode(content, str(path))
    return SavedAudit(
        folder, saved.field, saved.classes, saved.sources, {finding.number: finding for finding in saved.findings}
    )
