from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.core.errors import CloseupError, FormatError, InputError, OutputError
from closeup.workbench.audit.accept import accept_findings
from closeup.workbench.audit.folder import OURS, read_audit
from workbench.audit.planted import CLASSES, WRONG, audit_of, make_data

MIRA: dict[str, Any] = {"who": "Mira", "when": date(2026, 11, 21)}


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return make_data(tmp_path / "pets")


def test_a_written_audit_is_read_again(data, tmp_path):
    audit = audit_of(data, tmp_path / "audit")
    assert {path.name for path in (tmp_path / "audit").iterdir()} == OURS
    assert (audit.field, audit.classes) == ("kind", CLASSES)
    assert sorted(finding.path for finding in audit.findings) == [f"pictures/{n:02}.png" for n in WRONG]
    assert audit.sources["pets"].path == str(data.resolve())
    lines = (tmp_path / "audit" / "audit.csv").read_text().splitlines()
    assert lines[0] == "number,key,path,source,group,label,suggestion,p_label,p_suggestion"
    assert len(lines) == len(WRONG) + 1


def test_only_an_older_audit_is_replaced_and_its_corrections_stay(data, tmp_path):
    audit_of(data, tmp_path / "audit")
    accept_findings(tmp_path / "audit", "1", **MIRA)
    kept = (tmp_path / "audit" / "corrections.csv").read_bytes()
    with pytest.raises(OutputError, match="exists already"):
        audit_of(data, tmp_path / "audit")
    audit_of(data, tmp_path / "audit", overwrite=True)
    assert (tmp_path / "audit" / "corrections.csv").read_bytes() == kept
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("years of work")
    with pytest.raises(OutputError, match="will not replace it"):
        audit_of(data, tmp_path / "mine", overwrite=True)
    assert (tmp_path / "mine" / "thesis.txt").read_text() == "years of work"


def test_a_folder_without_an_audit_is_refused(tmp_path):
    with pytest.raises(InputError, match="not the result of an audit"):
        read_audit(tmp_path)


def test_a_damaged_audit_is_refused_and_never_half_read(data, tmp_path):
    audit_of(data, tmp_path / "audit")
    path = tmp_path / "audit" / "audit.json"
    whole = path.read_text()
    for old, new in [
        ('"number": 2', '"number": 7'),
        ('"p_label": 0', '"p_label": 7'),
        ('"repeat": 1', '"repeat": "x"'),
        ('"schema_version": 1', '"schema_version": 9'),
        ('"field": "kind"', '"field": 3'),
        ('"findings"', '"found"'),
        ("{", ""),
    ]:
        assert old in whole
        path.write_text(whole.replace(old, new, 1))
        with pytest.raises(FormatError):
            read_audit(tmp_path / "audit")


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    """An audit in a folder, and the bytes of its file."""
    place = tmp_path_factory.mktemp("fuzzed")
    audit_of(make_data(place / "pets"), place / "audit")
    return place / "audit", (place / "audit" / "audit.json").read_bytes()


@given(st.data())
def test_any_change_to_the_file_is_read_or_refused(written, draw):
    folder, whole = written
    content = bytearray(whole)
    for _ in range(draw.draw(st.integers(1, 4))):
        content[draw.draw(st.integers(0, len(content) - 1))] = draw.draw(st.integers(0, 255))
    (folder / "audit.json").write_bytes(bytes(content))
    try:
        audit = read_audit(folder)
    except CloseupError:
        return
    assert list(audit.by_number) == list(range(1, len(audit.findings) + 1))
