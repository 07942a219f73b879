"""Heads of requests that go on and on."""

import socket
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from closeup.server.protocol import MOST_HEAD_BYTES
from server.studio_casts import listening


def told(url: str, *sent: bytes) -> bytes:
    """What a server says to these bytes, until it ends the connection or pauses."""
    with socket.create_connection((urlsplit(url).hostname or "", urlsplit(url).port or 0), timeout=10) as connection:
        said = b""
        try:
            for each in sent:
                connection.sendall(each)
            while more := connection.recv(65536):
                said += more
        except (ConnectionError, TimeoutError):
            pass
        return said


@pytest.mark.parametrize("filler", [b"x: " + b"a" * 1000 + b"\r\n", b"a" * 1000])
def test_a_head_without_end_ends_the_connection(tmp_path: Path, filler: bytes) -> None:
    with listening(tmp_path) as (_, url, _code):
        begin = b"GET /health HTTP/1.1\r\nhost: " + urlsplit(url).netloc.encode() + b"\r\ny: "
        said = told(url, begin, *[filler] * (2 * MOST_HEAD_BYTES // len(filler)))
        assert said == b"" or said.startswith(b"HTTP/1.1 400 ")
        assert b"200 OK" not in said


def test_a_body_is_no_head(tmp_path: Path) -> None:
    with listening(tmp_path) as (_, url, _code):
        begin = f"POST /session HTTP/1.1\r\nhost: {urlsplit(url).netloc}\r\nconnection: close\r\n".encode()
        body = b" " * (4 * MOST_HEAD_BYTES)
        said = told(url, begin + b"content-length: %d\r\n\r\n" % len(body) + body)
        assert said.startswith(b"HTTP/1.1 422 "), said[:200]
