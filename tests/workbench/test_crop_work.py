import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.core.errors import OutputError
from closeup.workbench.crop_tables import CropRow
from closeup.workbench.crop_work import CropSettings, CropWork

ROWS = [CropRow(f"{n}.png", "found", box_xyxy=(1.0, 2.0, 3.5, 4.0), score=0.5) for n in range(4)]
SETTINGS = CropSettings(detector="d", frame="f", alignment=(), size_px=32, keep_missed=False, jpeg_quality=93)
KEYS = [row.key for row in ROWS]


def test_what_was_noted_is_there_again(tmp_path: Path) -> None:
    with CropWork(tmp_path / "out", SETTINGS, KEYS) as work:
        work.note(ROWS[:3])
    with CropWork(tmp_path / "out", SETTINGS, KEYS) as work:
        assert list(work.done.values()) == ROWS[:3]
        work.note(ROWS[3:])
        work.finish()
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["crops.json"]


@settings(max_examples=30)
@given(cut=st.integers(0, 2000))
def test_a_journal_that_was_cut_anywhere_is_read_up_to_there(
    tmp_path_factory: pytest.TempPathFactory, cut: int
) -> None:
    out = tmp_path_factory.mktemp("work") / "out"
    with CropWork(out, SETTINGS, KEYS) as work:
        work.note(ROWS)
    journal = work.folder / "journal.jsonl"
    content = journal.read_bytes()[:cut]
    journal.write_bytes(content)
    with CropWork(out, SETTINGS, KEYS) as work:
        whole = content.count(b"\n")
        assert list(work.done.values()) == ROWS[:whole]
        work.note(ROWS[whole:])
    assert [json.loads(line)["key"] for line in journal.read_bytes().splitlines()] == KEYS


def test_a_crop_that_has_gone_is_not_done(tmp_path: Path) -> None:
    with CropWork(tmp_path / "out", SETTINGS, KEYS) as work:
        work.note([CropRow("0.png", "found", path="pictures/0.jpg"), CropRow("1.png", "not found")])
    with CropWork(tmp_path / "out", SETTINGS, KEYS) as work:
        assert list(work.done) == ["1.png"]


@pytest.mark.parametrize(("recipe", "keys"), [(replace(SETTINGS, size_px=64), KEYS), (SETTINGS, KEYS[:2])])
def test_other_work_begins_anew(tmp_path: Path, recipe: CropSettings, keys: list[str]) -> None:
    with CropWork(tmp_path / "out", SETTINGS, KEYS) as work:
        work.note(ROWS)
        (work.folder / "pictures").mkdir()
    with CropWork(tmp_path / "out", recipe, keys) as work:
        assert work.done == {}
        assert not (work.folder / "pictures").exists()


def test_two_at_once_are_refused(tmp_path: Path) -> None:
    with CropWork(tmp_path / "out", SETTINGS, KEYS), pytest.raises(OutputError, match="another closeup"):
        CropWork(tmp_path / "out", SETTINGS, KEYS).__enter__()
    with CropWork(tmp_path / "out", SETTINGS, KEYS) as work:
        assert work.done == {}


def test_what_came_to_lie_there_meanwhile_stays(tmp_path: Path) -> None:
    with CropWork(tmp_path / "out", SETTINGS, KEYS) as work:
        (tmp_path / "out").mkdir()
        with pytest.raises(OutputError, match="exists already"):
            work.finish()
    assert work.folder.is_dir()


def test_a_damaged_recipe_begins_anew(tmp_path: Path) -> None:
    with CropWork(tmp_path / "out", SETTINGS, KEYS) as work:
        work.note(ROWS)
    (work.folder / "crops.json").write_text("{")
    with CropWork(tmp_path / "out", SETTINGS, KEYS) as work:
        assert work.done == {}
