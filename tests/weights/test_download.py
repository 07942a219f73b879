"""Fetching from servers and disks that fail: whole and right, or nothing at all."""

import errno
import hashlib
import io
import os
import socket
import ssl
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from closeup.core.errors import ModelError
from closeup.core.progress import Progress, ignore
from closeup.weights import download
from closeup.weights.download import fetch

from .conftest import CONTENT, Server

WANTED: dict[str, Any] = {"size": len(CONTENT), "sha256": hashlib.sha256(CONTENT).hexdigest()}


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path / "models" / "small.onnx"


def fetch_from(server: Server, target: Path) -> None:
    fetch(f"{server.url}/small.onnx", target, ignore, **WANTED)


def failure(server: Server, target: Path) -> ModelError:
    """What the fetch fails with; nothing may be left of it."""
    with pytest.raises(ModelError) as caught:
        fetch_from(server, target)
    assert left(target) == []
    assert caught.value.hint
    return caught.value


def left(target: Path) -> list[str]:
    return sorted(path.name for path in target.parent.glob("*")) if target.parent.exists() else []


def test_a_file_arrives_whole_and_alone_and_readable(server: Server, target: Path) -> None:
    fetch_from(server, target)
    assert target.read_bytes() == CONTENT
    assert left(target) == ["small.onnx"]
    assert target.stat().st_mode & 0o444 == 0o444


def test_progress_is_told_in_bytes_up_to_the_end(server: Server, target: Path) -> None:
    told: list[Progress] = []
    fetch(f"{server.url}/small.onnx", target, told.append, **WANTED)
    done = [progress.done for progress in told]
    assert len(done) > 1
    assert done == sorted(done)
    assert told[-1] == Progress("Pulling", len(CONTENT), len(CONTENT), "bytes")


def test_a_connection_that_breaks_off_is_told(server: Server, target: Path) -> None:
    server.does.cuts = [300_000]
    assert "broke off after " in failure(server, target).message
    fetch_from(server, target)
    assert target.read_bytes() == CONTENT


@pytest.mark.parametrize("content", [CONTENT[:-1], CONTENT + b"!", b""])
@pytest.mark.parametrize("claims", [None, "nothing"])
def test_another_length_is_told_as_such(server: Server, target: Path, content: bytes, claims: str | None) -> None:
    server.does.content = content
    server.does.claims = claims
    message = failure(server, target).message
    if claims is None:
        assert f"it has {len(content)} bytes, not {len(CONTENT)}" in message
    else:  # only the end of the connection says how long it is
        assert f"more than {len(CONTENT)} bytes" in message or "broke off" in message


@pytest.mark.parametrize("claims", [len(CONTENT) - 5, len(CONTENT) + 5, 10**15])
def test_a_server_that_lies_about_the_length_is_not_believed(server: Server, target: Path, claims: int) -> None:
    server.does.claims = claims
    assert f"it has {claims} bytes, not {len(CONTENT)}" in failure(server, target).message


def test_reading_stops_as_soon_as_there_is_more_than_wanted(server: Server, target: Path) -> None:
    server.does.content = CONTENT * 64
    server.does.claims = "nothing"
    told: list[Progress] = []
    with pytest.raises(ModelError, match=f"more than {len(CONTENT)} bytes"):
        fetch(f"{server.url}/small.onnx", target, told.append, **WANTED)
    assert told[-1].done < 2 * len(CONTENT)
    assert left(target) == []


def test_wrong_bytes_of_the_right_length_are_thrown_away(server: Server, target: Path) -> None:
    server.does.content = CONTENT[:-1] + b"!"
    assert f"not {WANTED['sha256']}" in failure(server, target).message


def test_a_failure_leaves_the_file_that_was_there(server: Server, target: Path) -> None:
    target.parent.mkdir()
    target.write_bytes(b"old")
    server.does.content = CONTENT[:-1] + b"!"
    with pytest.raises(ModelError):
        fetch_from(server, target)
    assert left(target) == ["small.onnx"]
    assert target.read_bytes() == b"old"


@pytest.mark.parametrize(("status", "hint"), [(404, "update closeup"), (403, "update closeup"), (500, "later")])
def test_a_refusal_is_told_with_its_number(server: Server, target: Path, status: int, hint: str) -> None:
    server.does.status = status
    error = failure(server, target)
    assert f"answered {status}" in error.message
    assert hint in error.hint


def test_a_silent_server_is_not_waited_for_for_ever(
    server: Server, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "TIMEOUT_S", 0.2)
    server.does.stall = True
    assert "within 0.2 seconds" in failure(server, target).message


def test_a_refused_connection_is_told(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/small.onnx"
        with pytest.raises(ModelError, match=f"Cannot reach {url}: .*refused"):
            fetch(url, target, ignore, **WANTED)
    assert left(target) == []


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        (socket.gaierror(-2, "Name or service not known"), "no network, or no such server"),
        (TimeoutError("timed out"), "No answer within 30 seconds"),
        (ssl.SSLCertVerificationError("self-signed certificate"), "not safe"),
        (OSError(errno.ENETUNREACH, "Network is unreachable"), "Network is unreachable"),
    ],
)
def test_no_network_is_told_in_words(
    target: Path, monkeypatch: pytest.MonkeyPatch, reason: OSError, words: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise urllib.error.URLError(reason)

    monkeypatch.setattr(urllib.request, "urlopen", fail)
    with pytest.raises(ModelError, match=words) as caught:
        fetch("https://models.invalid/small.onnx", target, ignore, **WANTED)
    assert "CLOSEUP_MODELS_MIRROR" in caught.value.hint
    assert left(target) == []


@pytest.mark.parametrize("url", ["http://[half/small.onnx", "http://127.0.0.1:port/small.onnx", "http:///small.onnx"])
def test_an_address_that_is_none_is_told(target: Path, url: str) -> None:
    with pytest.raises(ModelError, match="Cannot reach http"):
        fetch(url, target, ignore, **WANTED)


def test_an_interruption_leaves_nothing(server: Server, target: Path) -> None:
    def interrupt(progress: Progress) -> None:
        if progress.done > 300_000:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fetch(f"{server.url}/small.onnx", target, interrupt, **WANTED)
    assert left(target) == []


class FullDisk(io.FileIO):
    """A file on a disk with room for `room` bytes."""

    room = 500_000

    def write(self, content: Any, /) -> int:
        if self.tell() + len(content) > self.room:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return super().write(content)


def test_a_full_disk_is_told_and_left_as_it_was(server: Server, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("closeup.core.whole.os.fdopen", FullDisk)
    error = failure(server, target)
    assert "No space left on device" in error.message
    assert str(target) in error.message
    assert "CLOSEUP_MODELS_DIR" in error.hint


def test_a_disk_that_is_full_only_when_flushed_is_told(
    server: Server, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("closeup.core.whole.os.fsync", full)
    assert "No space left on device" in failure(server, target).message


def test_a_read_only_disk_is_told(server: Server, target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("closeup.core.whole.tempfile.mkstemp", refuse)
    error = failure(server, target)
    assert "Read-only file system" in error.message
    assert "CLOSEUP_MODELS_DIR" in error.hint


def test_a_models_folder_that_is_a_file_is_told(server: Server, target: Path) -> None:
    target.parent.write_text("a file")
    with pytest.raises(ModelError, match="Cannot write to the models folder"):
        fetch_from(server, target)
    assert target.parent.read_text() == "a file"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_without_permission_is_told(server: Server, target: Path) -> None:
    target.parent.mkdir()
    target.parent.chmod(0o555)
    assert "Permission denied" in failure(server, target).message


def test_a_file_of_a_folder_is_copied_and_checked(tmp_path: Path, target: Path) -> None:
    source = tmp_path / "small.onnx"
    source.write_bytes(CONTENT)
    fetch(source, target, ignore, **WANTED)
    assert target.read_bytes() == CONTENT
    for wrong in (CONTENT[:-1], CONTENT + b"!", CONTENT[:-1] + b"!"):
        source.write_bytes(wrong)
        with pytest.raises(ModelError, match="is not the file that closeup knows"):
            fetch(source, target, ignore, **WANTED)
    assert target.read_bytes() == CONTENT
    assert left(target) == ["small.onnx"]


def test_a_folder_without_the_file_is_told(tmp_path: Path, target: Path) -> None:
    with pytest.raises(ModelError, match="No such file") as caught:
        fetch(tmp_path / "small.onnx", target, ignore, **WANTED)
    assert "CLOSEUP_MODELS_MIRROR" in caught.value.hint
    assert left(target) == []
