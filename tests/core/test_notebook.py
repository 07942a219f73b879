"""What results look like in a notebook and at a prompt."""

import pickle
import sys
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import closeup
from closeup.core.errors import DependencyError
from closeup.core.notebook import MOST_CARDS, cards, data_frame, table
from closeup.core.types import Cast, Face, Person, Shot, Track, VideoInfo
from closeup.documents.cast import CAST_JSON
from closeup.features.shorts.plan import Piece, Plan, Short

POINTS = np.zeros((5, 2), np.float32)
FACE = Face(12, 0.48, np.array([33, 40, 153, 190], np.float32), POINTS, 0.934)
TRACK = Track("t1", 0, "p1", 0, 50, 0.0, 2.0, (FACE,))
ABE = Person("p1", "Abe <b>", "people/p1.jpg", 75.0, (0,), ("t1",), 0.9)
VIDEO = VideoInfo("films/a.mp4", "ab" * 32, 120.0, Fraction(30000, 1001), 3596, 1280, 720)
CAST = Cast(VIDEO, {}, {}, (Shot(0, 3596, 0.0, 120.0),), (ABE,), (), (TRACK,))
SHORT = Short("s1", (Piece(0, 250, 0, 10),), 0.71, {}, "Speech & movement.")
PLAN = Plan(VIDEO, "p1", "Abe", (SHORT,), {}, {})


@pytest.mark.parametrize(
    ("result", "line"),
    [
        (FACE, "Face(frame 12 at 0.48 s, 120x150 px, score 0.93)"),
        (TRACK, "Track(t1 of p1: 0.0 to 2.0 s, 1 face)"),
        (ABE, "Person(p1 'Abe <b>': 1:15 in 1 shot)"),
        (replace(ABE, name=None), "Person(p1: 1:15 in 1 shot)"),
        (VIDEO, "VideoInfo(a.mp4: 1280x720, 29.97 fps, 2:00)"),
        (CAST, "Cast(a.mp4: 1 person, 0 in passing, 1 shot, 2:00)"),
        (SHORT, "Short(s1: 10.0 s, interest 0.71 of 1)"),
        (PLAN, "Plan(a.mp4: 1 short of Abe, 0:10)"),
    ],
)
def test_every_result_is_one_line(result: object, line: str) -> None:
    assert repr(result) == line


def test_the_package_lists_its_names_and_nothing_else() -> None:
    assert dir(closeup) == sorted(closeup.__all__)
    assert all(getattr(closeup, name) is not None for name in dir(closeup))


def test_cards_hold_the_portraits_where_the_folder_is_known(tmp_path: Path) -> None:
    (tmp_path / "people").mkdir()
    (tmp_path / "people" / "p1.jpg").write_bytes(b"jpeg")
    bare, kept = CAST._repr_html_(), CAST.kept_in(tmp_path)._repr_html_()
    assert "<img" not in bare
    assert 'src="data:image/jpeg;base64,anBlZw=="' in kept
    for page in (bare, kept):
        assert "Abe &lt;b&gt;" in page
        assert "1:15 in 1 shot" in page
    (tmp_path / "people" / "p1.jpg").unlink()
    assert "<img" not in CAST.kept_in(tmp_path)._repr_html_()


def test_many_cards_are_counted() -> None:
    page = cards("x", [(None, str(number), "") for number in range(MOST_CARDS + 3)])
    assert page.count("inline-block") == MOST_CARDS
    assert "and 3 more" in page


def test_a_plan_is_a_table() -> None:
    page = PLAN._repr_html_()
    assert page.count("<tr>") == 2
    assert "Speech &amp; movement." in page
    assert "0.71 of 1" in page
    assert table("t", ("a",), []).count("<tr>") == 1


def test_the_folder_is_no_part_of_the_result(tmp_path: Path) -> None:
    kept = CAST.kept_in(tmp_path)
    assert kept == CAST
    assert (kept.folder, CAST.folder) == (tmp_path, None)
    assert CAST_JSON.encode(kept) == CAST_JSON.encode(CAST)
    assert b"folder" not in CAST_JSON.encode(kept)
    read = CAST_JSON.decode(CAST_JSON.encode(kept))
    assert read.folder is None
    assert pickle.loads(pickle.dumps(kept)).folder == tmp_path
    assert replace(kept, notes=("a",)).folder is None


def test_a_cast_is_a_data_frame() -> None:
    pandas = pytest.importorskip("pandas")
    found = replace(CAST, hidden=(replace(ABE, id="p2", name=None),)).to_frame()
    assert isinstance(found, pandas.DataFrame)
    assert found["id"].tolist() == ["p1", "p2"]
    assert found["kind"].tolist() == ["person", "hidden"]
    assert found["screen_time_s"].tolist() == [75.0, 75.0]
    assert replace(CAST, people=()).to_frame().empty


def test_without_pandas_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pandas", None)
    with pytest.raises(DependencyError, match="need pandas") as caught:
        data_frame({})
    assert caught.value.hint == "pip install pandas"
