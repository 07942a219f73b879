import errno
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from closeup.core.errors import OutputError
from closeup.core.whole import part_prefix, write_whole


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


def test_names_near_the_limit_have_room_for_their_parts(tmp_path: Path) -> None:
    for name in ("x" * 255, "人" * 85, "é" * 127):
        write_whole(tmp_path / name, b"1")
        assert (tmp_path / name).read_bytes() == b"1"
    assert part_prefix(Path("x" * 250 + "1")) != part_prefix(Path("x" * 250 + "2"))
    assert part_prefix(Path("a/b.cast")) == ".b.cast."
