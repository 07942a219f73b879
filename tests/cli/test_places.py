from pathlib import Path

import pytest

from closeup.cli.places import check_free, made_folder, result_folders
from closeup.core.errors import InputError, OutputError


def test_folders_of_no_one_and_several_videos() -> None:
    assert result_folders([], None) == []
    assert result_folders([Path("x/a.mp4")], None) == [Path("a.cast")]
    assert result_folders([Path("x/a.mp4")], Path("out")) == [Path("out")]
    assert result_folders([Path("a.b.mp4"), Path("c")], None) == [Path("a.b.cast"), Path("c.cast")]
    assert result_folders([Path("a.mp4"), Path("b.mp4")], Path("out")) == [Path("out/a.cast"), Path("out/b.cast")]


def test_two_videos_never_share_a_folder() -> None:
    with pytest.raises(InputError, match=r"a.mp4 and x/a.mov would both be written to a.cast") as caught:
        result_folders([Path("a.mp4"), Path("b.mp4"), Path("x/a.mov")], None)
    assert "-o" in caught.value.hint


def test_a_new_place_is_free(tmp_path: Path) -> None:
    check_free(tmp_path / "new.cast", tmp_path / "a.mp4", overwrite=False)


@pytest.fixture
def older(tmp_path: Path) -> Path:
    folder = tmp_path / "a.cast"
    folder.mkdir()
    (folder / "cast.json").touch()
    return folder


def test_an_older_cast_needs_overwrite(older: Path) -> None:
    check_free(older, Path("a.mp4"), overwrite=True)
    with pytest.raises(OutputError, match="exists already") as caught:
        check_free(older, Path("a.mp4"), overwrite=False)
    assert "--overwrite" in caught.value.hint


def test_an_empty_folder_may_be_replaced(tmp_path: Path) -> None:
    check_free(tmp_path, Path("a.mp4"), overwrite=True)


def test_nothing_but_a_cast_is_ever_replaced(tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").touch()
    with pytest.raises(OutputError, match="will not replace it"):
        check_free(tmp_path, Path("a.mp4"), overwrite=True)


def test_a_folder_that_holds_the_video_is_not_replaced(older: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (older / "more").mkdir()
    monkeypatch.chdir(older / "more")
    with pytest.raises(OutputError, match="holds the video itself"):
        check_free(older, Path("a.mp4"), overwrite=True)


@pytest.mark.parametrize("overwrite", [False, True])
def test_a_file_is_not_replaced(overwrite: bool, tmp_path: Path) -> None:
    (tmp_path / "a.cast").touch()
    with pytest.raises(OutputError, match="is a file"):
        check_free(tmp_path / "a.cast", Path("a.mp4"), overwrite=overwrite)


def test_made_folders_stay_when_something_is_in_them_and_go_when_not(tmp_path: Path) -> None:
    with made_folder(tmp_path / "a" / "b"):
        assert (tmp_path / "a" / "b").is_dir()
    assert list(tmp_path.iterdir()) == []
    with made_folder(tmp_path / "a" / "b"):
        (tmp_path / "a" / "file").touch()
    assert [path.name for path in tmp_path.rglob("*")] == ["a", "file"]


def test_a_folder_that_was_there_stays_empty(tmp_path: Path) -> None:
    with made_folder(tmp_path):
        pass
    assert tmp_path.is_dir()


def test_made_folders_go_after_an_interruption(tmp_path: Path) -> None:
    with pytest.raises(KeyboardInterrupt), made_folder(tmp_path / "a"):
        raise KeyboardInterrupt
    assert list(tmp_path.iterdir()) == []


def test_a_folder_below_a_file_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="Cannot make the folder"), made_folder(tmp_path / "file" / "a"):
        pass
