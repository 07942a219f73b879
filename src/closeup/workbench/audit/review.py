"""What somebody says of an audit's findings, one by one: kept beside it until it is written as corrections."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Annotated

from closeup.core.errors import InputError
from closeup.core.fields import Text, Within
from closeup.core.types import Count, Line
from closeup.core.whole import write_whole
from closeup.documents.form import Form
from closeup.media.image import decode_image, encode_jpeg, shrunk
from closeup.workbench.audit.accept import Accepted, accept_labels
from closeup.workbench.audit.find import Finding, GroupFinding
from closeup.workbench.audit.folder import AUDIT_FILE, read_audit
from closeup.workbench.datasets.items import Dataset

REVIEW_FILE = "review.json"
PICTURE_PX = 640
"""So large a side the picture of a finding has at most, when it is looked at alone."""


@dataclass(frozen=True, slots=True)
class Decision:
    """What somebody says of one finding.

    Attributes:
        number: Of the finding.
        label: That is right instead, "" for none; None where the label that is there is right.
        written: Whether it is among the corrections.
    """

    number: Annotated[int, Within(1)]
    label: Annotated[str, Text(r"[^\x00-\x1f\x7f]{0,200}", "one line of up to 200 characters")] | None
    written: bool = False


@dataclass(frozen=True, slots=True)
class AuditReview:
    """review.json: decisions, and the SHA-256 of the audit.json that they are about."""

    audit: str
    decisions: tuple[Decision, ...] = ()


@dataclass(frozen=True, slots=True)
class Decisions:
    """All that was decided and is not written yet."""

    decisions: tuple[Decision, ...]


@dataclass(frozen=True, slots=True)
class CorrectionsBy:
    """Who has looked at the pictures."""

    who: Line


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditInShort:
    """An audit in a list: its folder's name, and how many of its findings were decided."""

    id: str
    data: str
    field: str
    findings: Count
    decided: Count


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditView:
    """An audit without the paths of the disk that its data lies on; see `AuditDocument`.

    Attributes:
        unreadable: How many pictures could not be read.
    """

    id: str
    data: str
    field: str
    classes: tuple[str, ...]
    how: str
    judged: int
    expected_errors: float
    accuracy: float | None
    chance: float | None
    findings: tuple[Finding, ...]
    groups: tuple[GroupFinding, ...]
    unreadable: int
    notes: tuple[str, ...]
    decisions: tuple[Decision, ...]


REVIEW = Form(AuditReview, f"closeup {REVIEW_FILE}", version=1)
DECISIONS = Form(Decisions, "closeup server: decisions on findings")
CORRECTIONS_BY = Form(CorrectionsBy, "closeup server: who corrects labels")
AUDIT_IN_SHORT = Form(AuditInShort, "closeup server: an audit in a list")
AUDIT_VIEW = Form(AuditView, "closeup server: an audit")


def audit_folders(within: Path) -> list[Path]:
    """The audits in a folder, by name; none where there is no such folder."""
    entries = sorted(within.iterdir()) if within.is_dir() else []
    return [each for each in entries if not each.name.startswith(".") and (each / AUDIT_FILE).is_file()]


def audit_in_short(folder: Path) -> AuditInShort:
    """An audit for a list.

    Raises:
        FormatError: If it is damaged.
    """
    audit, decided = read_audit(folder), read_review(folder).decisions
    return AuditInShort(
        id=folder.name, data=audit.data, field=audit.field, findings=len(audit.findings), decided=len(decided)
    )


def audit_view(folder: Path) -> AuditView:
    """An audit with what was decided.

    Raises:
        FormatError: If it is damaged.
    """
    audit = read_audit(folder)
    same = set(AuditView.__dataclass_fields__) - {"id", "unreadable", "decisions"}
    return AuditView(
        id=folder.name,
        unreadable=len(audit.unreadable),
        decisions=read_review(folder).decisions,
        **{name: getattr(audit, name) for name in same},
    )


def read_review(folder: Path) -> AuditReview:
    """What was decided of the audit that is in the folder now; nothing that was decided of an older one counts.

    Raises:
        FormatError: If review.json is damaged.
    """
    stamp = hashlib.sha256((folder / AUDIT_FILE).read_bytes()).hexdigest()
    path = folder / REVIEW_FILE
    review = REVIEW.read(path) if path.is_file() else AuditReview(stamp)
    return review if review.audit == stamp else AuditReview(stamp)


def decide(folder: Path, decisions: Sequence[Decision]) -> AuditReview:
    """Keep what was decided, in place of all that is not written; what is written stays as it was.

    Raises:
        InputError: If a finding is none of the audit's, or a label none of its classes.
        OutputError: If it cannot be kept.
    """
    audit, review = read_audit(folder), read_review(folder)
    written = tuple(each for each in review.decisions if each.written)
    fresh = [replace(each, written=False) for each in decisions if each.number not in {it.number for it in written}]
    for each in fresh:
        finding = audit.by_number.get(each.number)
        if finding is None or (each.label and each.label not in audit.classes) or each.label == finding.label:
            raise InputError(f"Finding {each.number} cannot be decided so: see its label and the classes.")
    if len({each.number for each in fresh}) < len(fresh):
        raise InputError("A finding is decided twice.")
    return _kept(folder, replace(review, decisions=(*written, *fresh)))


def write_accepted(folder: Path, who: str, when: date) -> tuple[Accepted, ...]:
    """Write what was decided and gives another label into the corrections files, as `accept_labels` does.

    Raises:
        InputError: If nothing is to be written, or as `accept_labels`.
        OutputError: If a file cannot be written.
    """
    review = read_review(folder)
    chosen = {each.number: each.label for each in review.decisions if each.label is not None and not each.written}
    if not chosen:
        raise InputError("No finding is accepted that is not written yet.")
    accepted = accept_labels(folder, chosen, who=who, when=when)
    done = tuple(replace(each, written=each.written or each.number in chosen) for each in review.decisions)
    _kept(folder, replace(review, decisions=done))
    return accepted


def picture_of(dataset: Dataset, finding: Finding) -> bytes:
    """The picture of a finding as JPEG, at most `PICTURE_PX` a side.

    Raises:
        InputError: If the data has it no more, or it cannot be read.
    """
    item = next((each for each in dataset.items if each.key == finding.key), None)
    if item is None:
        raise InputError(f"The data has no picture {finding.key} any more.")
    image = decode_image(dataset.read_bytes(item), item.path)
    return encode_jpeg(shrunk(image, PICTURE_PX))


def _kept(folder: Path, review: AuditReview) -> AuditReview:
    write_whole(folder / REVIEW_FILE, REVIEW.encode(review))
    return review
