"""Files and parts of them, read in one go or as they are sent: the same to who asks."""

import asyncio
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.core.errors import InputError
from closeup.server.files import SMALL_BYTES, ServedFile, file_answer, range_of

SIZES = (0, 1, 1000, SMALL_BYTES, SMALL_BYTES + 1, 3 * SMALL_BYTES + 7)


def content_of(size: int) -> bytes:
    return bytes(range(251)) * (size // 251) + bytes(range(size % 251))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    home = tmp_path_factory.mktemp("files")
    for size in SIZES:
        (home / f"{size}.bin").write_bytes(content_of(size))
    return home


def sent(path: Path, asked: str | None) -> tuple[int, dict[str, str], bytes]:
    """What goes out for a request with this range."""
    messages: list[MutableMapping[str, Any]] = []

    async def send(message: MutableMapping[str, Any]) -> None:
        messages.append(message)

    async def receive() -> MutableMapping[str, Any]:
        await asyncio.sleep(60)
        raise AssertionError

    async def run() -> None:
        part = await range_of(asked, None)
        headers = [] if asked is None else [(b"range", asked.encode())]
        scope = {"type": "http", "method": "GET", "headers": headers, "asgi": {"spec_version": "2.3"}}
        await file_answer(ServedFile(path, "video/mp4"), part)(scope, receive, send)

    asyncio.run(run())
    head = {name.decode(): value.decode() for name, value in messages[0]["headers"]}
    return messages[0]["status"], head, b"".join(each.get("body", b"") for each in messages[1:])


@pytest.mark.parametrize("size", SIZES)
def test_the_whole_is_given(folder: Path, size: int) -> None:
    status, headers, content = sent(folder / f"{size}.bin", None)
    assert (status, headers["content-length"], headers["accept-ranges"]) == (200, str(size), "bytes")
    assert content == content_of(size)


@given(st.sampled_from(SIZES[1:]), st.integers(0, 4 * SMALL_BYTES), st.integers(-1, 4 * SMALL_BYTES))
def test_a_part_is_what_it_says(folder: Path, size: int, first: int, more: int) -> None:
    asked = f"bytes={first}-" if more < 0 else f"bytes={first}-{first + more}"
    if first >= size:
        with pytest.raises(InputError) as refused:
            sent(folder / f"{size}.bin", asked)
        assert refused.value.facts["status"] == 416
        return
    status, headers, content = sent(folder / f"{size}.bin", asked)
    expected = content_of(size)[first:] if more < 0 else content_of(size)[first : first + more + 1]
    assert status == 206
    assert content == expected
    assert headers["content-range"] == f"bytes {first}-{first + len(expected) - 1}/{size}"
    assert headers["content-length"] == str(len(expected))


def test_several_parts_of_a_small_file_are_the_file_and_of_a_large_one_they_are_parts(folder: Path) -> None:
    status, _, content = sent(folder / "1000.bin", "bytes=0-1,5-6")
    assert (status, content) == (200, content_of(1000))
    status, headers, content = sent(folder / f"{SIZES[-1]}.bin", "bytes=0-1,5-6")
    assert status == 206
    assert headers["content-type"].startswith("multipart/byteranges")
    assert b"\x00\x01\r\n" in content
    assert b"\x05\x06\r\n" in content


def test_a_range_with_a_condition_is_left_to_who_knows_it() -> None:
    assert asyncio.run(range_of("bytes=0-1", '"an etag"')) is None
