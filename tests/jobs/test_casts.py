import hashlib
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from closeup.cli.hints import hint
from closeup.core.errors import FormatError, InputError
from closeup.core.types import Cast
from closeup.documents.cast import CAST_JSON
from closeup.jobs.casts import find_person, find_video, open_cast
from features.shorts.planned_cast import planned_cast

HERE = Path("film.cast")


@pytest.fixture
def cast() -> Cast:
    seen = {"p1": [(0, 30)], "p2": [(30, 50)], "p3": [(50, 60)], "p4": [(50, 60)], "p5": [(50, 60)]}
    whole = planned_cast([30, 20, 10], seen, {"p1": "Zoë Ng", "p3": "Ann", "p4": "ann", "p5": "Bo"})
    return replace(whole, people=whole.people[:4], hidden=whole.people[4:])


@pytest.mark.parametrize("words", ["p1", "P1", " p1 ", "Zoë Ng", "zoë ng", "Zoe\u0308 Ng"])
def test_a_person_is_found_by_id_and_by_name(words: str, cast: Cast) -> None:
    assert find_person(cast, words, HERE).id == "p1"


def test_a_passer_by_can_be_asked_for(cast: Cast) -> None:
    assert find_person(replace(cast, people=(), passers_by=cast.people), "p2", HERE).id == "p2"


def test_nobody_of_that_name_lists_who_is_there(cast: Cast) -> None:
    with pytest.raises(InputError, match="nobody called 'Jo'") as caught:
        find_person(cast, "Jo", HERE)
    assert caught.value.hint == "There are: p1 (Zoë Ng), p2, p3 (Ann), p4 (ann)."
    with pytest.raises(InputError) as caught:
        find_person(replace(cast, people=()), "Jo", HERE)
    assert "The cast is empty" in caught.value.hint


def test_many_people_are_not_all_listed() -> None:
    many = planned_cast([30], {f"p{number}": [(0, 30)] for number in range(1, 40)})
    with pytest.raises(InputError) as caught:
        find_person(many, "Jo", HERE)
    assert caught.value.hint.endswith("p20 and 19 more.")


def test_two_of_one_name_must_be_told_apart(cast: Cast) -> None:
    with pytest.raises(InputError, match="2 people in the cast are called 'ANN': p3, p4"):
        find_person(cast, "ANN", HERE)


@pytest.mark.parametrize("words", ["p5", "bo"])
def test_a_hidden_person_says_how_to_unhide(words: str, cast: Cast) -> None:
    with pytest.raises(InputError, match=r"p5 \(Bo\) is hidden") as caught:
        find_person(cast, words, Path("my film.cast"))
    assert caught.value.facts == {"folder": Path("my film.cast"), "person": "p5"}


def test_a_cast_is_read_from_its_folder(cast: Cast, tmp_path: Path) -> None:
    (tmp_path / "cast.json").write_bytes(CAST_JSON.encode(cast))
    assert open_cast(tmp_path).people[0].name == "Zoë Ng"
    (tmp_path / "cast.json").write_text("{}")
    with pytest.raises(FormatError):
        open_cast(tmp_path)


def test_what_is_no_cast_folder_says_so(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a cast folder") as caught:
        open_cast(tmp_path)
    assert caught.value.code == "cast.absent"
    with pytest.raises(InputError, match="There is no folder"):
        open_cast(tmp_path / "no")


@pytest.fixture
def filmed(cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Cast:
    """The cast of "videos/film.mp4", as seen from the folder that holds videos/ and casts/."""
    for name in ("videos", "casts", "casts/film.cast"):
        (tmp_path / name).mkdir()
    (tmp_path / "videos/film.mp4").write_bytes(b"moving pictures")
    monkeypatch.chdir(tmp_path)
    sha256 = hashlib.sha256(b"moving pictures").hexdigest()
    return replace(cast, video=replace(cast.video, path="videos/film.mp4", sha256=sha256))


FOLDER = Path("casts/film.cast")


def test_the_video_is_where_it_was(filmed: Cast) -> None:
    assert find_video(filmed, FOLDER) == Path("videos/film.mp4")


def test_the_video_is_found_beside_the_cast_from_anywhere(filmed: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.move("videos/film.mp4", "casts/film.mp4")
    assert find_video(filmed, FOLDER).name == "film.mp4"
    monkeypatch.chdir("casts/film.cast")
    assert find_video(filmed, Path()).read_bytes() == b"moving pictures"


def test_another_file_in_its_place_does_not_hide_the_right_one(filmed: Cast) -> None:
    shutil.copy("videos/film.mp4", "casts/film.mp4")
    Path("videos/film.mp4").write_bytes(b"another film")
    assert find_video(filmed, FOLDER).parent.name == "casts"


def test_a_video_that_moved_says_how_to_tell_where(filmed: Cast) -> None:
    shutil.move("videos/film.mp4", "videos/new.mp4")
    with pytest.raises(InputError, match=r"videos/film\.mp4, is not there any more") as caught:
        find_video(filmed, FOLDER)
    assert hint(caught.value).endswith("closeup shorts casts/film.cast --video FILE")
    assert find_video(filmed, FOLDER, Path("videos/new.mp4")) == Path("videos/new.mp4")


def test_a_video_that_changed_says_so(filmed: Cast) -> None:
    Path("videos/film.mp4").write_bytes(b"a new edit")
    with pytest.raises(InputError, match="has changed since this cast was made") as caught:
        find_video(filmed, FOLDER)
    assert "closeup cast videos/film.mp4 -o casts/film.cast --overwrite" in hint(caught.value)
    assert "--video FILE" in hint(caught.value)


def test_a_video_that_is_named_must_be_the_right_one(filmed: Cast) -> None:
    Path("other.mp4").write_bytes(b"another film")
    with pytest.raises(InputError, match=r"other\.mp4 is not the video that this cast was made from"):
        find_video(filmed, FOLDER, Path("other.mp4"))
    with pytest.raises(InputError, match="does not exist"):
        find_video(filmed, FOLDER, Path("no.mp4"))
