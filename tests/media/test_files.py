import os
from pathlib import Path

import pytest

from closeup.core.errors import InputError
from closeup.media.files import files_below, photos_given, pictures_below, require_file


def test_a_readable_file_passes(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"x")
    require_file(tmp_path / "a", "a video")


def test_folder_missing_and_empty_each_get_their_words(tmp_path: Path):
    (tmp_path / "empty").touch()
    for path, words in [
        (tmp_path, "is a folder, not a video"),
        (tmp_path / "none", "does not exist"),
        (tmp_path / "empty", "is empty"),
    ]:
        with pytest.raises(InputError, match=words) as caught:
            require_file(path, "a video")
        assert str(path) in caught.value.message
        assert caught.value.hint


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_a_pipe_is_refused_instead_of_waited_for(tmp_path: Path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(InputError, match="not a regular file"):
        require_file(tmp_path / "pipe", "a video")


def refuse(error: OSError):
    def raise_it(*_: object, **__: object) -> None:
        raise error

    return raise_it


def test_no_permission_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "a").write_bytes(b"x")
    monkeypatch.setattr(Path, "open", refuse(PermissionError(13, "Permission denied")))
    with pytest.raises(InputError, match="may not be read") as caught:
        require_file(tmp_path / "a", "a video")
    assert "chmod u+r" in caught.value.hint


@pytest.mark.skipif(getattr(os, "geteuid", lambda: 0)() == 0, reason="root may read everything")
def test_no_permission_for_real(tmp_path: Path):
    (tmp_path / "a").write_bytes(b"x")
    (tmp_path / "a").chmod(0)
    with pytest.raises(InputError, match="may not be read"):
        require_file(tmp_path / "a", "a video")


def test_a_failing_disk_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "a").write_bytes(b"x")
    monkeypatch.setattr(Path, "open", refuse(OSError(5, "Input/output error")))
    with pytest.raises(InputError, match="Input/output error"):
        require_file(tmp_path / "a", "a video")


def touched(place: Path, *names: str) -> Path:
    """A folder with files that hold a byte each."""
    for name in names:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).write_bytes(b"x")
    return place


def test_pictures_are_found_below_by_one_list_of_endings_and_what_is_hidden_is_not(tmp_path: Path) -> None:
    wanted = ("a.png", "b.JPG", "deep/er/c.webp", "e.HEIC", "f.jfif", "名前/ü.avif")
    touched(tmp_path, *wanted, ".hidden.png", ".git/d.png", "__MACOSX/deep/._c.png", "Thumbs.db", "notes.txt", "x.txt")
    (tmp_path / "folder.png").mkdir()
    pictures, notes = pictures_below(tmp_path)
    assert [path.relative_to(tmp_path).as_posix() for path in pictures] == list(wanted)
    assert notes == (
        f"1 folder in {tmp_path} without pictures: folder.png.",
        "2 files are no pictures by their names and were passed by (2 .txt).",
    )


@pytest.mark.skipif(os.name == "nt", reason="links need rights on Windows")
def test_links_are_followed_once_and_a_second_way_into_a_folder_is_named(tmp_path: Path) -> None:
    elsewhere = touched(tmp_path / "elsewhere", "3.png")
    people = touched(tmp_path / "people", "Anna/1.png", "Anna/2.png")
    (people / "Dora").symlink_to(elsewhere)
    (people / "Anna" / "back").symlink_to(people)
    (people / "Again").symlink_to(elsewhere)
    names, notes = files_below(people)
    assert names == ["Again/3.png", "Anna/1.png", "Anna/2.png"]
    assert notes == (f"Links to folders that were read already, in {people}: Anna/back, Dora.",)


def test_folders_that_gave_nothing_are_named_by_the_topmost(tmp_path: Path) -> None:
    touched(tmp_path, "cat/1.png", "dog/a/readme.txt", "train/cat/2.png", "train/dog/movie.mov")
    _, notes = files_below(tmp_path)
    assert notes == (f"2 folders in {tmp_path} without pictures: dog, train/dog.",)


def test_names_that_are_no_text_are_counted(tmp_path: Path) -> None:
    touched(tmp_path, "cat/1.png")
    try:
        Path(os.fsdecode(os.fsencode(tmp_path) + b"/cat/\xff.png")).write_bytes(b"x")
    except OSError:
        pytest.skip("this file system takes no such names")
    assert files_below(tmp_path) == (["cat/1.png"], (f"1 file in {tmp_path} left out: no UTF-8 text by name.",))


def test_photos_may_be_given_as_files_and_folders(tmp_path: Path) -> None:
    touched(tmp_path, "a.png", "more/b.jpg", "more/c.txt", "empty/d.txt")
    photos, notes = photos_given([tmp_path / "a.png", tmp_path / "more"])
    assert photos == [tmp_path / "a.png", tmp_path / "more" / "b.jpg"]
    assert notes == ("1 file is no picture by its name and was passed by (1 .txt).",)
    with pytest.raises(InputError, match=r"holds no pictures\. 1 file is no picture"):
        photos_given([tmp_path / "empty"])
    with pytest.raises(InputError, match="There is no photo"):
        photos_given([tmp_path / "none.png"])
    with pytest.raises(InputError, match="is not a folder"):
        files_below(tmp_path / "a.png")
