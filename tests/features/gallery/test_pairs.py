"""LFW's lists of pairs: read to the letter, and refused with the line that is wrong."""

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from closeup.core.errors import InputError
from closeup.features.gallery.evaluate import Photo, PhotoPair, find_photos, photos_of, read_pairs

LIST = "2\t1\nAda\t1\t4\nAda\t2\tBo Li\t1\nBo Li\t1\t2\nÉva\t3\tAda\t1\n"


def written(folder: Path, text: str) -> Path:
    path = folder / "pairs.txt"
    path.write_bytes(text.encode())
    return path


def with_photos(folder: Path, *photos: Photo, suffix: str = ".jpg") -> Path:
    for photo in photos:
        (folder / photo.person).mkdir(parents=True, exist_ok=True)
        (folder / photo.person / f"{photo.person}_{photo.number:04d}{suffix}").write_bytes(b"x")
    return folder


def test_a_list_is_read_fold_by_fold(tmp_path: Path) -> None:
    pairs = read_pairs(written(tmp_path, LIST))
    assert pairs == (
        PhotoPair(Photo("Ada", 1), Photo("Ada", 4), 0),
        PhotoPair(Photo("Ada", 2), Photo("Bo Li", 1), 0),
        PhotoPair(Photo("Bo Li", 1), Photo("Bo Li", 2), 1),
        PhotoPair(Photo("Éva", 3), Photo("Ada", 1), 1),
    )
    assert [pair.same for pair in pairs] == [True, False, True, False]
    assert photos_of(pairs)[:2] == (Photo("Ada", 1), Photo("Ada", 2))
    assert len(photos_of(pairs)) == 6


@pytest.mark.parametrize("text", [LIST.replace("\n", "\r\n"), "\ufeff" + LIST, LIST + "\n\n"])
def test_line_ends_marks_and_blank_lines_do_not_matter(tmp_path: Path, text: str) -> None:
    assert read_pairs(written(tmp_path, text)) == read_pairs(written(tmp_path, LIST))


def test_one_number_is_one_fold_and_blanks_do_where_there_are_no_tabs(tmp_path: Path) -> None:
    pairs = read_pairs(written(tmp_path, "1\nAda 1 4\nAda 2 Bo 1\n"))
    assert [(pair.fold, pair.same) for pair in pairs] == [(0, True), (0, False)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "is empty"),
        ("\n \n", "first line"),
        ("Ada\t1\t4\n", "first line"),
        ("0\t3\n", "first line"),
        ("2\t1\nAda\t1\t4\n", "has 1 pairs, and its first line says 2 x 2 x 1 = 4"),
        (LIST.replace("Ada\t1\t4", "Ada\t1"), "Line 2"),
        (LIST.replace("Bo Li\t1\t2", "Bo Li\t1\t0"), "Line 4"),
        (LIST.replace("Bo Li\t1\t2", "Bo Li\t1\tx"), "Line 4"),
        (LIST.replace("Éva\t3", "Ada\t3"), "Line 5 .* names 'Ada' twice"),
        (LIST.replace("Éva\t3", "../Éva\t3"), "no folder's"),
        (LIST.replace("Éva\t3", "\t3"), "no folder's"),
        (LIST.replace("Éva\t3", "..\t3"), "no folder's"),
        (LIST.replace("Ada\t1\t4", "Ada\t1\t²"), "Line 2"),
    ],
)
def test_a_wrong_list_says_where_it_is_wrong(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_pairs(written(tmp_path, text))


def test_what_is_no_text_is_told(tmp_path: Path) -> None:
    (tmp_path / "pairs.txt").write_bytes(b"\xff\xd8\xff\xe0")
    with pytest.raises(InputError, match="no text"):
        read_pairs(tmp_path / "pairs.txt")
    with pytest.raises(InputError, match="does not exist"):
        read_pairs(tmp_path / "nowhere.txt")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.binary(max_size=120) | st.text("Ad \t\n120\r\0é", max_size=60).map(str.encode))
def test_any_bytes_are_pairs_or_an_error_for_people(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "pairs.txt").write_bytes(content)
    try:
        pairs = read_pairs(tmp_path / "pairs.txt")
    except InputError:
        return
    assert pairs
    assert sum(pair.same for pair in pairs) * 2 == len(pairs)


def test_photos_are_found_in_the_folder_or_one_below(tmp_path: Path) -> None:
    photos = photos_of(read_pairs(written(tmp_path, LIST)))
    inner = with_photos(tmp_path / "lfw" / "images", *photos)
    (tmp_path / "lfw" / "another").mkdir()
    for folder in (inner, inner.parent):
        found = find_photos(folder, photos)
        assert found[Photo("Éva", 3)] == inner / "Éva" / "Éva_0003.jpg"
        assert set(found) == set(photos)


def test_other_kinds_of_pictures_are_photos_too(tmp_path: Path) -> None:
    folder = with_photos(tmp_path, Photo("Ada", 1), suffix=".png")
    assert find_photos(folder, (Photo("Ada", 1),))[Photo("Ada", 1)].suffix == ".png"


def test_missing_photos_are_counted_and_the_first_is_named(tmp_path: Path) -> None:
    folder = with_photos(tmp_path, Photo("Ada", 1))
    with pytest.raises(InputError, match=r"2 of 3 photos .* the first is Ada_0002\.jpg") as caught:
        find_photos(folder, (Photo("Ada", 1), Photo("Ada", 2), Photo("Bo", 1)))
    assert str(folder / "Ada" / "Ada_0002.jpg") in caught.value.hint
    with pytest.raises(InputError, match="not a folder"):
        find_photos(tmp_path / "nowhere", (Photo("Ada", 1),))
