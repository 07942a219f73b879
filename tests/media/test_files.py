import os
from pathlib import Path

import pytest

from closeup.core.errors import InputError
from closeup.media.files import require_file


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
