import errno
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from closeup.core.errors import OutputError
from closeup.core.result_folder import ResultFolder, made_folder

HOLD = """
import sys
from pathlib import Path
from closeup.core.result_folder import ResultFolder
with ResultFolder(Path(sys.argv[1])).writing(overwrite=True) as part:
    (part / "half").touch()
    print("held", flush=True)
    sys.stdin.read()
"""


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


@pytest.fixture
def older(tmp_path: Path) -> Path:
    folder = tmp_path / "a.cast"
    folder.mkdir()
    (folder / "cast.json").touch()
    return folder


def place(folder: Path) -> ResultFolder:
    return ResultFolder(folder, ("cast.json", "plan.json"))


# What may be replaced


def test_a_new_place_is_free_and_so_is_one_below_folders_that_are_missing(tmp_path: Path) -> None:
    place(tmp_path / "new.cast").check(overwrite=False)
    place(tmp_path / "no" / "where" / "new.cast").check(overwrite=False)
    assert names(tmp_path) == []


def test_an_older_result_needs_the_word(older: Path) -> None:
    place(older).check(overwrite=True)
    with pytest.raises(OutputError, match="exists already"):
        place(older).check(overwrite=False)


def test_nothing_but_a_result_or_an_empty_folder_is_replaced(older: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    place(tmp_path / "empty").check(overwrite=True)
    (older / "cast.json").rename(older / "thesis.txt")
    with pytest.raises(OutputError, match="will not replace it"):
        place(older).check(overwrite=True)
    ResultFolder(older).check(overwrite=True)


def test_a_folder_that_holds_what_the_result_is_made_from_is_not_replaced(
    older: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (older / "more").mkdir()
    monkeypatch.chdir(older / "more")
    with pytest.raises(OutputError, match=r"holds a\.mp4"):
        place(older).check(overwrite=True, source=Path("a.mp4"))
    place(older).check(overwrite=True, source=Path("../../a.mp4"))


@pytest.mark.parametrize("overwrite", [False, True])
def test_files_and_links_to_nothing_are_not_replaced(overwrite: bool, tmp_path: Path) -> None:
    (tmp_path / "a.cast").touch()
    (tmp_path / "link").symlink_to("nothing")
    for bad in (tmp_path / "a.cast", tmp_path / "link", tmp_path / "a.cast" / "b.cast"):
        with pytest.raises(OutputError, match="is a file"):
            place(bad).check(overwrite=overwrite)


def test_places_that_cannot_be_written_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(OutputError, match="cannot be used: File name too long"):
        place(tmp_path / ("x" * 300)).check(overwrite=False)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(OutputError, match="may not write"):
        place(tmp_path / "a.cast").check(overwrite=False)


def test_space_is_known_before_the_folder_is(tmp_path: Path) -> None:
    assert place(tmp_path / "no" / "where" / "a.cast").free_bytes() > 0


# Whole or not at all


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    target = tmp_path / "a.cast"
    with ResultFolder(target).writing(overwrite=False) as part:
        (part / "x").write_text("1")
        assert not target.exists()
    assert names(tmp_path) == ["a.cast"]
    assert target.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError])
def test_a_folder_that_is_not_finished_leaves_nothing(error: type[BaseException], tmp_path: Path) -> None:
    target = tmp_path / "a.cast"
    target.mkdir()
    (target / "old").touch()
    with pytest.raises(error), ResultFolder(target).writing(overwrite=True) as part:  # noqa: PT012 - the block itself is tested
        (part / "x").write_text("1")
        raise error
    assert names(tmp_path) == ["a.cast"]
    assert names(target) == ["old"]


def test_a_folder_is_retargetd_only_on_request(tmp_path: Path) -> None:
    target = tmp_path / "a.cast"
    target.mkdir()
    with pytest.raises(OutputError, match="exists already"), ResultFolder(target).writing(overwrite=False):
        pytest.fail("the block ran")
    target.rmdir()
    target.touch()
    with pytest.raises(OutputError, match="is a file"), ResultFolder(target).writing(overwrite=True):
        pytest.fail("the block ran")


@pytest.mark.parametrize("failing", [1, 2])
def test_the_old_folder_comes_back_if_a_rename_fails(
    failing: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a.cast"
    target.mkdir()
    (target / "old").touch()
    rename, calls = Path.rename, []

    def sometimes(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) == failing:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", sometimes)
    with pytest.raises(OutputError), ResultFolder(target).writing(overwrite=True) as part:
        (part / "new").touch()
    assert names(tmp_path) == ["a.cast"]
    assert names(target) == ["old"]


def test_an_old_folder_that_cannot_come_back_is_never_thrown_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "a.cast"
    target.mkdir()
    (target / "old").touch()
    rename, calls = Path.rename, []

    def once(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) > 1:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", once)
    with pytest.raises(OutputError), ResultFolder(target).writing(overwrite=True) as part:
        (part / "new").touch()
    (left,) = names(tmp_path)
    assert names(tmp_path / left / "a.cast") == ["old"]


@pytest.mark.parametrize("moment", ["mkdtemp", "rename", "rmtree"])
def test_ctrl_c_between_two_steps_tears_nothing(moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "a.cast"
    target.mkdir()
    (target / "old").touch()
    owner = {"mkdtemp": "closeup.core.result_folder.tempfile", "rename": "pathlib.Path", "rmtree": "shutil"}[moment]
    original = {"mkdtemp": __import__("tempfile").mkdtemp, "rename": Path.rename, "rmtree": shutil.rmtree}[moment]

    def pressed(*args: object, **kwargs: object) -> object:
        done = original(*args, **kwargs)
        signal.raise_signal(signal.SIGINT)
        return done

    monkeypatch.setattr(f"{owner}.{moment}", pressed)
    with pytest.raises(KeyboardInterrupt), ResultFolder(target).writing(overwrite=True) as part:
        (part / "new").touch()
    assert names(tmp_path) == ["a.cast"]
    assert names(target) == (["old"] if moment == "mkdtemp" else ["new"])


def test_folders_above_it_are_made_and_go_again_if_nothing_comes_of_it(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b" / "c.cast"
    with pytest.raises(ValueError, match="no"), ResultFolder(target).writing(overwrite=False):
        raise ValueError("no")
    assert names(tmp_path) == []
    with ResultFolder(target).writing(overwrite=False) as part:
        (part / "x").touch()
    assert names(target.parent) == ["c.cast"]


def test_a_link_means_what_it_points_to(older: Path, tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to(older.name)
    with place(tmp_path / "link").writing(overwrite=True) as part:
        (part / "new").touch()
    assert (tmp_path / "link").is_symlink()
    assert names(older) == ["new"]


def test_files_of_others_are_carried_over(older: Path) -> None:
    (older / "mine").mkdir()
    (older / "mine" / "a.txt").write_text("mine")
    with place(older).writing(overwrite=True, replaced=lambda name: name == "cast.json") as part:
        assert names(part) == ["mine"]
    assert (older / "mine" / "a.txt").read_text() == "mine"
    assert names(older) == ["mine"]


def test_names_near_the_limit(tmp_path: Path) -> None:
    for name in ("x" * 255, "人" * 85, "é" * 127):
        with ResultFolder(tmp_path / name).writing(overwrite=False) as part:
            (part / name).write_bytes(b"1")
        assert (tmp_path / name / name).read_bytes() == b"1"


# One at a time, and after those that were killed


def test_one_process_changes_a_folder_at_a_time(older: Path) -> None:
    with place(older).locked():
        with pytest.raises(OutputError, match=r"a\.cast is being changed by another"), place(older).locked():
            pass
        with pytest.raises(OutputError, match="is being changed by another"), place(older).writing(overwrite=True):
            pass
        with place(older.with_name("other.cast")).locked():
            pass
    assert names(older.parent) == ["a.cast"]


def test_what_is_locked_can_be_written(older: Path) -> None:
    folder = place(older)
    with folder.locked(), folder.writing(overwrite=True) as part:
        (part / "new").touch()
    assert names(older.parent) == ["a.cast"]
    assert names(older) == ["new"]


def test_a_killed_process_leaves_nothing_that_stops_or_stays(older: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(older)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        with pytest.raises(OutputError, match="is being changed by another"), place(older).locked():
            pass
        process.kill()
    assert len(names(older.parent)) == 3  # the lock, the half and the old one
    assert names(older) == ["cast.json"]
    with place(older).locked():
        assert names(older.parent) == [".a.cast.lock", "a.cast"]
    assert names(older.parent) == ["a.cast"]


def test_only_what_looks_left_behind_is_swept(older: Path) -> None:
    keep = older.parent / ".a.cast.mine.part"
    keep.mkdir()
    for left in (".a.cast.abc_1234.part", ".a.cast.abcd1234.old/a.cast"):
        (older.parent / left / "tracks").mkdir(parents=True)
    with place(older).locked():
        pass
    assert sorted(older.parent.iterdir()) == [keep, older]


def test_a_folder_that_a_killed_process_had_moved_away_comes_back(older: Path) -> None:
    aside = older.parent / ".a.cast.abcd1234.old"
    aside.mkdir()
    older.rename(aside / older.name)
    assert place(older).moved_away() == aside / older.name
    with pytest.raises(OutputError, match="exists already"):
        place(older).check(overwrite=False)
    assert names(older) == ["cast.json"]
    assert names(older.parent) == ["a.cast"]
    assert place(older).moved_away() is None


def test_locking_alone_never_throws_away_the_only_copy(older: Path) -> None:
    aside = older.parent / ".a.cast.abcd1234.old"
    aside.mkdir()
    older.rename(aside / older.name)
    with place(older).locked():
        pass
    assert names(aside / older.name) == ["cast.json"]


# Folders that are made for a while


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
