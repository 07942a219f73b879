"""Findings that somebody has looked at and agrees with become lines of a corrections file."""

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.types import FileName
from closeup.documents.form import Form
from closeup.workbench.audit.find import Finding
from closeup.workbench.audit.folder import FINDINGS_FILE, AuditDocument, read_audit
from closeup.workbench.datasets.corrections import append_corrections, apply_corrections, read_corrections
from closeup.workbench.datasets.items import Correction
from closeup.workbench.datasets.reading import open_dataset

CORRECTIONS_FILE = "corrections.csv"
"""In the audit's folder: where accepted findings go when the data has no corrections file of its own."""

_PART = re.compile(r"(\d{1,9})(?:-(\d{1,9})|=(.*))?", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Accepted:
    """Lines that were added to one corrections file.

    Attributes:
        file: The corrections file.
        added: How many lines.
        pictures: How many labels they change.
        before: How many of the findings it had already.
        is_new: Whether the data does not name this file, so that somebody has to; not in the JSON.
    """

    file: FileName
    added: int
    pictures: int
    before: int
    is_new: bool = field(default=False, metadata={"exclude": True})


ACCEPTED = Form(Accepted, "closeup audit: accepted findings")


def accept_findings(
    folder: Path,
    numbers: str,
    *,
    who: str,
    when: date,
    whole_groups: bool = False,
    corrections: Path | None = None,
    progress: ProgressCallback = ignore,
) -> tuple[Accepted, ...]:
    """Add findings to the corrections files of their sources, all of them or none.

    The data is opened again, and every line is tried on it first.

    Args:
        folder: Of the audit.
        numbers: "1,5-9,12=cat": findings as the report numbers them; with "=" a label that is right instead of the
            suggested one, with nothing after it to take the label away.
        who: Who has looked at the pictures.
        when: The day.
        whole_groups: Correct all pictures of a finding's group, not this one alone.
        corrections: The file to add to; None for the data's own, or else one in the audit's folder.

    Raises:
        InputError: If there is no audit, a number or label is none of its, nobody says who, the data cannot be opened,
            or a label is another by now.
        OutputError: If a file cannot be written.
    """
    return accept_labels(
        folder,
        parse_numbers(numbers, read_audit(folder)),
        who=who,
        when=when,
        whole_groups=whole_groups,
        corrections=corrections,
        progress=progress,
    )


def accept_labels(
    folder: Path,
    chosen: Mapping[int, str],
    *,
    who: str,
    when: date,
    whole_groups: bool = False,
    corrections: Path | None = None,
    progress: ProgressCallback = ignore,
) -> tuple[Accepted, ...]:
    """As `accept_findings`, for findings by their numbers with the right label of each, "" for none."""
    if not who.strip():
        raise InputError(
            "It is not said who finds these labels wrong.", "Give a name.", code="option", option="who", example="NAME"
        )
    audit = read_audit(folder)
    findings = audit.by_number
    by_source: dict[str, list[Correction]] = defaultdict(list)
    for number, label in chosen.items():
        if number not in findings:
            raise InputError(f"There is no finding {number}: {_count(audit)}.", f"See {FINDINGS_FILE}.")
        finding = findings[number]
        line = _correction(audit.field, finding, _label(label, finding, audit), who.strip(), when, whole=whole_groups)
        if _said(line) not in map(_said, by_source[finding.source]):
            by_source[finding.source].append(line)
    prepared = [_prepare(folder, audit, name, lines, corrections) for name, lines in by_source.items()]
    for done, (accepted, fresh) in enumerate(prepared, 1):
        if fresh:
            append_corrections(Path(accepted.file), fresh)
        progress(Progress("Writing corrections", done, len(prepared), "files"))
    return tuple(accepted for accepted, _ in prepared)


def parse_numbers(text: str, audit: AuditDocument) -> dict[int, str]:
    """Findings by number, and the right label of each, as `accept_findings` takes them.

    Raises:
        InputError: If it is nothing like that, or names a finding or label that is not there, or a finding twice.
    """
    chosen: dict[int, str] = {}
    findings = audit.by_number
    for part in filter(None, (part.strip() for part in text.split(","))):
        match = _PART.fullmatch(part)
        if match is None:
            raise InputError(
                f"{part!r} names no findings.",
                "Write their numbers: 1,5-9,12=LABEL",
                code="option",
                option="accept",
                example="1,5-9,12=LABEL",
            )
        first, last, label = match.groups()
        if int(last or first) < int(first):
            raise InputError(f"{part!r} ends before it begins.", f"Write {last}-{first}.")
        for number in (int(first), int(last or first)):
            if number not in findings:
                raise InputError(f"There is no finding {number}: {_count(audit)}.", f"See {FINDINGS_FILE}.")
        for number in range(int(first), int(last or first) + 1):
            if number in chosen:
                raise InputError(f"Finding {number} is named twice.")
            chosen[number] = (
                findings[number].suggestion if label is None else _label(label.strip(), findings[number], audit)
            )
    if not chosen:
        raise InputError(
            "No findings are named.", "Write their numbers: 1,5-9", code="option", option="accept", example="1,5-9"
        )
    return chosen


def _count(audit: AuditDocument) -> str:
    return f"the audit has {len(audit.findings)}" if audit.findings else "the audit has none"


def _label(label: str, finding: Finding, audit: AuditDocument) -> str:
    if label and label not in audit.classes:
        raise InputError(
            f"{label!r}, for finding {finding.number}, is no class of {audit.field}.",
            f"One of: {', '.join(audit.classes)}.",
        )
    if label == finding.label:
        raise InputError(f"Finding {finding.number} has the label {label!r} already.", "Leave it out: it is right.")
    return label


def _correction(name: str, finding: Finding, label: str, who: str, when: date, *, whole: bool) -> Correction:
    why = f"closeup's audit: {finding.label} {finding.p_label:.3f}, {finding.suggestion} {finding.p_suggestion:.3f}"
    return Correction(
        "group" if whole else "picture",
        finding.group if whole else finding.path,
        name,
        finding.label,
        label,
        who,
        when.isoformat(),
        why,
        finding.number + 1,  # its line in the table of findings, for complaints
    )


def _prepare(
    folder: Path, audit: AuditDocument, name: str, lines: Sequence[Correction], given: Path | None
) -> tuple[Accepted, tuple[Correction, ...]]:
    """Try the lines on their source as it is, corrected by what its file says already."""
    source = audit.sources.get(name)
    if source is None:
        raise InputError(f"The audit in {folder} does not say where {name} is.", "Make the audit anew.")
    default = CORRECTIONS_FILE if len(audit.sources) == 1 else f"{Path(CORRECTIONS_FILE).stem}-{name}.csv"
    named = given or (Path(source.corrections) if source.corrections else folder / default)
    dataset = open_dataset([source], base=Path())
    earlier = read_corrections(named) if named.exists() else ()
    if named != Path(source.corrections):
        dataset, _ = apply_corrections(dataset, earlier, str(named))
    known = {_said(line) for line in earlier}
    fresh = tuple(line for line in lines if _said(line) not in known)
    _, applied = apply_corrections(dataset, fresh, str(folder / FINDINGS_FILE))
    pictures = len({key for line in applied for key in line.keys})
    accepted = Accepted(str(named), len(fresh), pictures, len(lines) - len(fresh), named != Path(source.corrections))
    return accepted, fresh


def _said(line: Correction) -> tuple[str, ...]:
    return (line.kind, line.which, line.field, line.old, line.new)
