import errno
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from closeup.core.errors import OutputError
from closeup.core.whole import part_prefix, whole_folder, write_whole


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def refuse(code: int) -> Callable[..., None]:
    def refused(*_: object, **__: object) -> None:
        raise OSError(code, os.strerror(code))

    return refused


def test_a_file_is_replaced_in_one_step(tmp_path: Path) -> None:
    place = tmp_path / "a.txt"
    write_whole(place, b"old")
    write_whole(place, b"new")
    assert place.read_bytes() == b"new"
    assert names(tmp_path) == ["a.txt"]
    assert place.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("call", ["mkstemp", "fsync", "replace"])
def test_a_full_disk_leaves_the_old_file(call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "a.txt"
    place.write_bytes(b"old")
    owner = {"mkstemp": "closeup.core.whole.tempfile", "fsync": "os", "replace": "pathlib.Path"}[call]
    monkeypatch.setattr(f"{owner}.{call}", refuse(errno.ENOSPC))
    with pytest.raises(OutputError, match="No space left") as caught:
        write_whole(place, b"new")
    assert "Free some space" in caught.value.hint
    assert names(tmp_path) == ["a.txt"]
    assert place.read_bytes() == b"old"


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    place = tmp_path / "a.cast"
    with whole_folder(place, overwrite=False) as part:
        (part / "x").write_text("1")
        assert not place.exists()
    assert names(tmp_path) == ["a.cast"]
    assert place.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, ValueError])
def test_a_folder_that_is_not_finished_leaves_nothing(error: type[BaseException], tmp_path: Path) -> None:
    place = tmp_path / "a.cast"
    place.mkdir()
    (place / "old").touch()
    with pytest.raises(error), whole_folder(place, overwrite=True) as part:  # noqa: PT012 - the block itself is tested
        (part / "x").write_text("1")
        raise error
    assert names(tmp_path) == ["a.cast"]
    assert names(place) == ["old"]


def test_a_folder_is_replaced_only_on_request(tmp_path: Path) -> None:
    place = tmp_path / "a.cast"
    place.mkdir()
    with pytest.raises(OutputError, match="exists already"), whole_folder(place, overwrite=False):
        pytest.fail("the block ran")
    place.rmdir()
    place.touch()
    with pytest.raises(OutputError, match="is a file"), whole_folder(place, overwrite=True):
        pytest.fail("the block ran")


@pytest.mark.parametrize("failing", [1, 2])
def test_the_old_folder_comes_back_if_a_rename_fails(
    failing: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "a.cast"
    place.mkdir()
    (place / "old").touch()
    rename, calls = Path.rename, []

    def sometimes(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) == failing:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", sometimes)
    with pytest.raises(OutputError), whole_folder(place, overwrite=True) as part:
        (part / "new").touch()
    assert names(tmp_path) == ["a.cast"]
    assert names(place) == ["old"]


def test_an_old_folder_that_cannot_come_back_is_never_thrown_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "a.cast"
    place.mkdir()
    (place / "old").touch()
    rename, calls = Path.rename, []

    def once(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) > 1:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", once)
    with pytest.raises(OutputError), whole_folder(place, overwrite=True) as part:
        (part / "new").touch()
    (left,) = names(tmp_path)
    assert names(tmp_path / left / "a.cast") == ["old"]


@pytest.mark.parametrize("moment", ["mkdtemp", "rename", "rmtree"])
def test_ctrl_c_between_two_steps_tears_nothing(moment: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "a.cast"
    place.mkdir()
    (place / "old").touch()
    owner = {"mkdtemp": "closeup.core.whole.tempfile", "rename": "pathlib.Path", "rmtree": "shutil"}[moment]
    original = {"mkdtemp": __import__("tempfile").mkdtemp, "rename": Path.rename, "rmtree": shutil.rmtree}[moment]

    def pressed(*args: object, **kwargs: object) -> object:
        done = original(*args, **kwargs)
        signal.raise_signal(signal.SIGINT)
        return done

    monkeypatch.setattr(f"{owner}.{moment}", pressed)
    with pytest.raises(KeyboardInterrupt), whole_folder(place, overwrite=True) as part:
        (part / "new").touch()
    assert names(tmp_path) == ["a.cast"]
    assert names(place) == (["old"] if moment == "mkdtemp" else ["new"])


def test_names_near_the_limit_have_room_for_their_parts(tmp_path: Path) -> None:
    for name in ("x" * 255, "人" * 85, "é" * 127):
        place = tmp_path / name
        with whole_folder(place, overwrite=False) as part:
            write_whole(part / name, b"1")
        assert (place / name).read_bytes() == b"1"
    assert part_prefix(Path("x" * 250 + "1")) != part_prefix(Path("x" * 250 + "2"))
    assert part_prefix(Path("a/b.cast")) == ".b.cast."
