from datetime import date
from pathlib import Path

import pytest

from closeup.core.errors import InputError
from closeup.media.image import decode_image
from closeup.workbench.audit.review import (
    Decision,
    audit_folders,
    audit_in_short,
    audit_view,
    decide,
    picture_of,
    read_review,
    write_accepted,
)
from closeup.workbench.datasets.corrections import read_corrections
from closeup.workbench.datasets.reading import open_one
from workbench.audit.planted import audit_of, make_data

DAY = date(2026, 11, 30)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    audit_of(make_data(tmp_path / "pets"), tmp_path / "runs" / "pets")
    return tmp_path / "runs" / "pets"


def test_only_what_was_accepted_is_written_and_that_once(folder: Path) -> None:
    findings = audit_view(folder).findings
    decide(folder, [Decision(1, findings[0].suggestion), Decision(2, None), Decision(3, "")])
    (done,) = write_accepted(folder, "Mira", DAY)
    lines = read_corrections(Path(done.file))
    assert [(line.which, line.new, line.who) for line in lines] == [
        (findings[0].path, findings[0].suggestion, "Mira"),
        (findings[2].path, "", "Mira"),
    ]
    assert [each.written for each in read_review(folder).decisions] == [True, False, True]
    with pytest.raises(InputError):
        write_accepted(folder, "Mira", DAY)
    decide(folder, [Decision(1, None), Decision(4, None)])
    assert [(each.number, each.label is None) for each in read_review(folder).decisions] == [
        (1, False),
        (3, False),
        (4, True),
    ]


def test_what_was_decided_of_an_older_audit_counts_no_more(folder: Path) -> None:
    decide(folder, [Decision(1, None)])
    assert audit_in_short(folder).decided == 1
    audit_of(folder.parents[1] / "pets" / "labels.csv", folder, overwrite=True)
    assert audit_in_short(folder).decided == 1  # the very same audit
    (folder / "audit.json").write_text((folder / "audit.json").read_text("utf-8") + "\n", "utf-8")
    assert audit_in_short(folder).decided == 0


@pytest.mark.parametrize("decision", [Decision(999, None), Decision(1, "owl")])
def test_what_cannot_be_is_refused_and_the_rest_stays(folder: Path, decision: Decision) -> None:
    decide(folder, [Decision(2, None)])
    with pytest.raises(InputError):
        decide(folder, [decision])
    with pytest.raises(InputError):
        decide(folder, [Decision(1, audit_view(folder).findings[0].label)])
    with pytest.raises(InputError):
        decide(folder, [Decision(1, None), Decision(1, "")])
    assert [each.number for each in read_review(folder).decisions] == [2]


def test_audits_are_found_and_their_pictures_read(folder: Path) -> None:
    (folder.parent / "no audit").mkdir()
    assert audit_folders(folder.parent) == [folder]
    assert audit_folders(folder / "nothing") == []
    data = open_one(folder.parents[1] / "pets" / "labels.csv")
    assert decode_image(picture_of(data, audit_view(folder).findings[0]), "x").ndim == 3
