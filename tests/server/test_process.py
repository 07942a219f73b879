"""`closeup serve` as a process with its worker: entered by the link, killed in mid upload, making a small picture."""

import base64
import json
import os
import signal
import time
from http.client import HTTPConnection
from pathlib import Path

import pytest

from closeup.media.image import encode_png
from server.served import Served
from stills import astronaut

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes are killed as POSIX does")


def test_a_server_that_is_killed_in_mid_upload_goes_on(tmp_path: Path) -> None:
    content = encode_png(astronaut())
    server = Served(tmp_path / "data")
    try:
        name = "filename " + base64.b64encode(b"a.png").decode()
        status, headers, _ = server.ask("POST", "/uploads", upload_length=str(len(content)), upload_metadata=name)
        assert status == 201
        where = headers["location"]
        kind = {"content_type": "application/offset+octet-stream"}
        half = len(content) // 2
        cut = HTTPConnection("127.0.0.1", server.port, timeout=60)
        cut.putrequest("PATCH", where)
        for head, value in (
            ("cookie", server.cookie),
            ("origin", f"http://127.0.0.1:{server.port}"),
            ("tus-resumable", "1.0.0"),
            ("upload-offset", "0"),
            ("content-type", kind["content_type"]),
            ("content-length", str(len(content))),
        ):
            cut.putheader(head, value)
        cut.endheaders(content[:half])
        time.sleep(0.5)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
        server.start()
        status, headers, _ = server.ask("HEAD", where)
        at = int(headers["upload-offset"])
        assert at <= half
        assert server.ask("PATCH", where, content[at:], upload_offset=str(at), **kind)[0] == 204
        (record,) = json.loads(server.ask("GET", "/media")[2])["items"]
        assert server.ask("GET", f"/media/{record['id']}/a.png")[2] == content
        until_s = time.monotonic() + 200
        while (answer := server.ask("GET", f"/media/{record['id']}/thumbnail"))[0] != 200:
            assert time.monotonic() < until_s
            time.sleep(0.5)
        assert answer[2].startswith(b"\xff\xd8\xff")
    finally:
        server.end()
