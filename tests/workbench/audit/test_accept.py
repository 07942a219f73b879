from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.core.errors import InputError
from closeup.learning.runs.predictions import predictions_table
from closeup.workbench.audit.accept import accept_findings, parse_numbers
from closeup.workbench.audit.find import Finding, find_label_errors
from closeup.workbench.audit.folder import AUDIT, AuditDocument, read_audit, write_audit
from closeup.workbench.audit.predictions import predictions_from_table
from closeup.workbench.datasets.corrections import read_corrections
from closeup.workbench.datasets.reading import open_dataset, open_one
from closeup.workbench.recipes.recipe import DataSource
from workbench.audit.planted import CLASSES, COUNT, WRONG, audit_of, document, label, make_data, probabilities, shown

MIRA: dict[str, Any] = {"who": "Mira", "when": date(2026, 11, 21)}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return make_data(tmp_path / "pets")


def test_accepted_findings_correct_the_labels_and_nothing_else(data, tmp_path):
    audit_of(data, tmp_path / "audit")
    (done,) = accept_findings(tmp_path / "audit", "1-9", **MIRA)
    assert (Path(done.file), done.added, done.pictures, done.before) == (tmp_path / "audit/corrections.csv", 9, 9, 0)
    assert done.is_new
    after = open_one(data, corrections=done.file)
    assert after.labels("kind") == [shown(n) for n in range(COUNT)]
    assert open_one(data).labels("kind") == [label(n) for n in range(COUNT)]
    line = read_corrections(Path(done.file))[0]
    assert (line.who, line.when) == ("Mira", "2026-11-21")
    assert line.why.startswith(f"closeup's audit: {line.old} 0.0")


def test_another_label_or_none_may_be_right(data, tmp_path):
    audit = audit_of(data, tmp_path / "audit")
    other = next(c for c in CLASSES if c not in (audit.by_number[2].label, audit.by_number[2].suggestion))
    (done,) = accept_findings(tmp_path / "audit", f"2={other}, 5=", **MIRA)
    corrected = open_one(data, corrections=done.file)
    after = {item.path: item.labels.get("kind") for item in corrected.items}
    assert after[audit.by_number[2].path] == other
    assert after[audit.by_number[5].path] is None


def test_what_was_accepted_before_is_not_said_twice(data, tmp_path):
    audit_of(data, tmp_path / "audit")
    accept_findings(tmp_path / "audit", "1-3", **MIRA)
    (done,) = accept_findings(tmp_path / "audit", "2-5", **MIRA)
    assert (done.added, done.before) == (2, 2)
    assert len(read_corrections(Path(done.file))) == 5


def test_the_datas_own_corrections_file_is_added_to(data, tmp_path):
    own = tmp_path / "own.csv"
    own.write_text("kind,which,field,old,new,who,when,why\n# mine\npicture,pictures/04.png,kind,eel,dog,,,\n")
    audit = audit_of(data, tmp_path / "audit", corrections=str(own))
    assert len(audit.findings) == len(WRONG) - 1
    (done,) = accept_findings(tmp_path / "audit", "1", **MIRA)
    assert (done.file, done.is_new) == (str(own), False)
    assert "# mine" in own.read_text()
    assert len(read_corrections(own)) == 2


def test_a_whole_group_is_corrected_by_one_line(data, tmp_path):
    lines = [f"pets/pictures/{n:02}.png,{'eel' if n > 3 else 'dog'},{'Rex' if n < 4 else n}" for n in range(12)]
    (tmp_path / "few.csv").write_text("path,kind,group\n" + "\n".join(lines) + "\n")
    findings = [Finding(n, "", f"pets/pictures/{n:02}.png", "few", "Rex", "dog", "cat", 0.1, 0.8) for n in (1, 2)]
    found = AUDIT.encode(document(findings, few=DataSource(str(tmp_path / "few.csv"))))
    (tmp_path / "audit.json").write_bytes(found)
    (done,) = accept_findings(tmp_path, "1,2", **MIRA, whole_groups=True)
    lines = read_corrections(Path(done.file))
    assert [(line.kind, line.which, line.old, line.new) for line in lines] == [("group", "Rex", "dog", "cat")]
    assert done.pictures == 4


def test_a_group_of_other_labels_too_is_refused(data, tmp_path):
    audit_of(data, tmp_path / "audit")  # every group has cats, dogs and eels
    with pytest.raises(InputError, match=r"audit\.csv, line 2"):
        accept_findings(tmp_path / "audit", "1", **MIRA, whole_groups=True)
    assert not (tmp_path / "audit" / "corrections.csv").exists()


def test_every_source_gets_its_own_lines(tmp_path):
    sources = [DataSource(str(make_data(tmp_path / name)), name=name) for name in ("one", "two")]
    dataset = open_dataset(sources, base=Path())
    keys = [item.key for item in dataset.items]
    (tmp_path / "p.csv").write_bytes(
        predictions_table(keys, np.zeros(2 * COUNT, np.int64), np.vstack([probabilities(), probabilities(1)]), CLASSES)
    )
    found = find_label_errors(dataset, predictions_from_table(dataset, "kind", tmp_path / "p.csv"))
    write_audit(tmp_path / "audit", found, dataset, base=Path())
    audit = read_audit(tmp_path / "audit")
    done = accept_findings(tmp_path / "audit", f"1-{len(audit.findings)}", **MIRA)
    assert sorted(Path(each.file).name for each in done) == ["corrections-one.csv", "corrections-two.csv"]
    assert [each.pictures for each in done] == [len(WRONG)] * 2


def test_labels_that_changed_since_are_refused(data, tmp_path):
    audit = audit_of(data, tmp_path / "audit")
    path = audit.by_number[3].path
    data.write_text(
        data.read_text().replace(f"{path},{audit.by_number[3].label}", f"{path},{audit.by_number[3].suggestion}")
    )
    with pytest.raises(InputError, match=r"audit\.csv, line 4: .* already"):
        accept_findings(tmp_path / "audit", "1-5", **MIRA)
    assert not (tmp_path / "audit" / "corrections.csv").exists()


def test_who_accepts_has_to_be_said(data, tmp_path):
    audit_of(data, tmp_path / "audit")
    with pytest.raises(InputError, match="It is not said who"):
        accept_findings(tmp_path / "audit", "1", **MIRA | {"who": " "})


def saved(count: int = 9) -> AuditDocument:
    findings = [Finding(n, f"{n}", f"{n}", "s", "g", "cat", "dog", 0.1, 0.8) for n in range(1, count + 1)]
    return document(findings, s=DataSource("pets"))


def test_numbers_ranges_and_labels_are_read():
    chosen = parse_numbers(" 1, 3-5,7=eel ,9=", saved())
    assert chosen == {1: "dog", 3: "dog", 4: "dog", 5: "dog", 7: "eel", 9: ""}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "No findings"),
        (" , ", "No findings"),
        ("0", "no finding 0: the audit has 9"),
        ("10", "no finding 10"),
        ("1-999999999", "no finding 999999999"),
        ("5-3", "ends before it begins"),
        ("1,1", "named twice"),
        ("2-4,3", "named twice"),
        ("one", "names no findings"),
        ("1-3=dog", "names no findings"),
        ("1=fox", "no class of kind"),
        ("1=cat", "has the label 'cat' already"),
    ],
)
def test_other_numbers_are_refused(text, words):
    with pytest.raises(InputError, match=words):
        parse_numbers(text, saved())


@given(st.text(alphabet="0123456789,-= catdogeelx", max_size=30))
def test_whatever_is_typed_names_findings_or_is_refused(text):
    try:
        chosen = parse_numbers(text, saved())
    except InputError:
        return
    assert chosen
    assert set(chosen) <= set(range(1, 10))
    assert set(chosen.values()) <= {"dog", "eel", ""}
