"""A headless Chromium, driven over two pipes by its own protocol (CDP): no package is needed, and no port is opened."""

import base64
import fcntl
import json
import os
import shutil
import subprocess
import time
from pathlib import Path
from types import TracebackType
from typing import Any, Self

PROGRAM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")

FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    "--remote-debugging-pipe",
)


def fake_camera(stream: Path) -> tuple[str, ...]:
    """Flags for a camera that shows the pictures of a .mjpeg file again and again, and that nobody is asked about."""
    return (
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
        f"--use-file-for-fake-video-capture={stream}",
    )


def _pipe() -> tuple[int, int]:
    """A pipe whose ends are none of the file descriptors that Chromium takes its own for."""
    ends = os.pipe()
    read, write = (fcntl.fcntl(end, fcntl.F_DUPFD_CLOEXEC, 10) for end in ends)
    for end in ends:
        os.close(end)
    return read, write


class Chromium:
    """One browser with one page; a context manager."""

    def __init__(self, profile: Path, *flags: str, size_wh: tuple[int, int] = (1280, 900)) -> None:
        to_it, from_us = _pipe()
        from_it, to_us = _pipe()
        words = [
            *FLAGS,
            *flags,
            f"--user-data-dir={profile}",
            f"--window-size={size_wh[0]},{size_wh[1]}",
            "about:blank",
        ]
        run = f'exec "$0" "$@" 3<&{to_it} 4>&{to_us}'
        self.process = subprocess.Popen(
            ["bash", "-c", run, str(PROGRAM), *words],  # sh knows file descriptors of one digit only
            pass_fds=(to_it, to_us),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        os.close(to_it)
        os.close(to_us)
        self._out, self._in = os.fdopen(from_us, "wb", buffering=0), os.fdopen(from_it, "rb")
        self._number, self._session, self._held = 0, None, b""
        self._heard: dict[str, dict[str, Any]] = {}
        page = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        self.call("Page.enable")

    def call(self, method: str, **params: Any) -> dict[str, Any]:
        """Call a method of the protocol, and wait for its answer."""
        self._number += 1
        message: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        self._out.write(json.dumps(message).encode() + b"\0")
        while (answer := self._next()).get("id") != self._number:
            self._heard[answer.get("method", "")] = answer.get("params", {})
        if "error" in answer:
            raise RuntimeError(f"{method}: {answer['error']}")
        result: dict[str, Any] = answer["result"]
        return result

    def heard(self, event: str) -> dict[str, Any]:
        """What the browser said last, or says next, as an event of this name; once."""
        while event not in self._heard:
            said = self._next()
            self._heard[said.get("method", "")] = said.get("params", {})
        return self._heard.pop(event)

    def _next(self) -> dict[str, Any]:
        while b"\0" not in self._held:
            block = os.read(self._in.fileno(), 1 << 20)
            if not block:
                raise RuntimeError("Chromium ended")
            self._held += block
        line, _, self._held = self._held.partition(b"\0")
        message: dict[str, Any] = json.loads(line)
        return message

    def open(self, address: str) -> None:
        """Go to an address."""
        self.call("Page.navigate", url=address)

    def ask(self, expression: str) -> Any:
        """The value of an expression in the page; a promise's once it is there."""
        said = self.call("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
        if "exceptionDetails" in said:
            raise RuntimeError(said["exceptionDetails"].get("exception", {}).get("description", "an exception"))
        return said["result"].get("value")

    def wait(self, expression: str, within_s: float = 60) -> Any:
        """Wait until an expression is true, and give its value."""
        end = time.monotonic() + within_s
        while not (value := self.ask(expression)):
            if time.monotonic() > end:
                raise TimeoutError(f"never came true: {expression}\n{self.ask('document.body?.innerText')}")
            time.sleep(0.2)
        return value

    def click(self, words: str) -> None:
        """Click the button that says so, once it may be clicked."""
        button = f"[...document.querySelectorAll('button')].find(b => b.innerText.includes({json.dumps(words)}))"
        self.wait(f"!!{button} && !{button}.disabled")
        self.ask(f"{button}.click()")

    def look(self, target: Path, size_wh: tuple[int, int], *, dark: bool = False) -> None:
        """Write a PNG of the whole page at a width, in the light or the dark scheme."""
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.call("Emulation.setEmulatedMedia", features=scheme)
        metrics = {"width": size_wh[0], "height": size_wh[1], "deviceScaleFactor": 1, "mobile": size_wh[0] < 600}
        self.call("Emulation.setDeviceMetricsOverride", **metrics)
        time.sleep(0.5)
        picture = self.call("Page.captureScreenshot", format="png", captureBeyondViewport=True)
        target.write_bytes(base64.b64decode(picture["data"]))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.process.terminate()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self._out.close()
        self._in.close()
