"""A server as a process with its worker, entered by its link."""

import json
import re
import socket
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path
from typing import Any


class Served:
    """A server process, and a browser's session in it."""

    def __init__(self, data: Path) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.data, self.cookie = data, ""
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "closeup", "serve", "--port", str(self.port), "--data", str(self.data)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True)
        assert self.process.stdout is not None
        code = next(found[1] for line in self.process.stdout if (found := re.search(r"/enter#(\S+)", line)))
        until_s = time.monotonic() + 120
        while True:
            try:
                status, headers, _ = self.ask("POST", "/session", json.dumps({"key": code}).encode())
                break
            except OSError:
                assert time.monotonic() < until_s
                time.sleep(0.2)
        assert status == 201
        self.cookie = headers["set-cookie"].partition(";")[0]

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> tuple[int, Any, bytes]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=60)
        said = {"cookie": self.cookie, "origin": f"http://127.0.0.1:{self.port}", "tus-resumable": "1.0.0"}
        connection.request(method, path, body, said | {name.replace("_", "-"): each for name, each in headers.items()})
        answer = connection.getresponse()
        return answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()

    def token(self, *scopes: str) -> str:
        """A new token of these scopes."""
        given = json.dumps({"name": "a test", "scopes": scopes}).encode()
        status, _, content = self.ask("POST", "/keys", given)
        assert status == 201
        return str(json.loads(content)["token"])

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(60)
