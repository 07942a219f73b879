"""A job in a process of its own: what crashes there takes nobody along, and its memory comes back.

The two speak in lines of JSON. The child is given its work on its standard input, which stays open: when it ends, the
worker is dead, and the child dies at once, for another worker may have its job already.
"""

import contextlib
import logging
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from queue import SimpleQueue
from typing import Any

from closeup.core.errors import CloseupError, FormatError
from closeup.core.progress import Progress
from closeup.documents.form import one_line, parse_json
from closeup.documents.jobs import ERROR, PROGRESS, JobError
from closeup.jobs.spread import do

_LOG = logging.getLogger("closeup.jobs")

NICE = 10
"""So much lower is the priority of a job: beside a server that answers it has a tenth of the processor, and all of it
while nobody asks for anything."""

REPORT_S = 0.2
"""Progress is told this often at most, but for lines that stay."""


class ChildJob:
    """Work that is done in a child process.

    Attributes:
        progress: The last report.
        result: What the work gave, once it is done.
        error: Why it failed.
        told: Whether the child said how it ended; if it has ended and not said so, it was killed or crashed.
    """

    def __init__(self, name: str, arguments: object, folder: Path | None = None, *, stays: bool = False) -> None:
        """Start the process.

        Args:
            name: Of the work.
            arguments: JSON values.
            folder: The child's working folder, that its relative paths are read from.
            stays: It waits for more work when it has done this, see `begin`, and keeps the models that it has loaded.
        """
        command = [sys.executable, "-m", "closeup.jobs.child"]
        pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "cwd": folder}
        self._process = subprocess.Popen(command, start_new_session=True, **pipes)
        self._stays, self._ended = stays, threading.Event()
        self._listener = threading.Thread(target=self._listen, daemon=True)
        self.begin(name, arguments)
        self._listener.start()

    def begin(self, name: str, arguments: object) -> None:
        """Give the process its next work; of one that stays, when it has told how the last ended."""
        self.progress: Progress | None = None
        self.result: dict[str, Any] | None = None
        self.error: JobError | None = None
        self.told = False
        self._ended.clear()
        assert self._process.stdin is not None
        with contextlib.suppress(OSError):  # it died at once, which is seen by its silence
            self._process.stdin.write(_line({"work": name, "arguments": arguments, "stays": self._stays}))
            self._process.stdin.flush()
        if self._process.poll() is not None:
            self._ended.set()

    def wait(self, timeout_s: float) -> bool:
        """Wait until the work has ended, and unless it stays the process with it, and say whether it has."""
        return self._ended.wait(timeout_s) if self._stays else self._gone(timeout_s)

    def _gone(self, timeout_s: float) -> bool:
        try:
            self._process.wait(timeout_s)
        except subprocess.TimeoutExpired:
            return False
        self._listener.join()
        return True

    def stop(self, grace_s: float) -> None:
        """Ask it to end and tidy up, and end it and all that it started if it has not within `grace_s` seconds."""
        self._process.terminate()
        if not self._gone(grace_s):
            self.kill()

    def kill(self) -> None:
        """End it, and all that it started, at once."""
        if hasattr(os, "killpg"):
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self._process.pid, signal.SIGKILL)
        else:
            self._process.kill()
        self._gone(60)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            with contextlib.suppress(FormatError):  # half a line of a process that was killed
                said = parse_json(line)
                if "progress" in said:
                    self.progress = PROGRESS.from_data(said["progress"])
                else:
                    self.result = said.get("result")
                    self.error = ERROR.from_data(said["error"]) if "error" in said else None
                    self.told = True
                    self._ended.set()
        self._ended.set()


def main() -> None:
    """Do the work that comes on the standard input, and say on the standard output how it goes."""
    out = os.dup(1)
    os.dup2(2, 1)  # what a library prints is no line of ours
    stopping = threading.Event()

    def stop(number: int, _: object) -> None:
        stopping.set()
        sys.exit(128 + number)

    signal.signal(signal.SIGTERM, stop)
    lines: SimpleQueue[bytes] = SimpleQueue()
    threading.Thread(target=_read_lines, args=(lines,), daemon=True).start()
    while True:
        asked = parse_json(lines.get())
        if hasattr(os, "nice") and not asked["stays"]:
            os.nice(NICE)
        try:
            ended: dict[str, Any] = {"result": do(asked["work"], asked["arguments"], _Reporter(out))}
        except CloseupError as error:
            ended = {"error": ERROR.to_data(JobError(error.message, error.hint, error.code))}
        except Exception as error:  # noqa: BLE001 - nobody is above who could catch this, and who asked must be told
            if stopping.is_set():  # a module of C that was just being loaded has made an error of the exit
                sys.exit(128 + signal.SIGTERM)
            # What went wrong may name files of this machine, which is for the log and not for who asked.
            _LOG.exception("%s failed", asked["work"])
            what = f"closeup itself failed ({type(error).__name__})."
            ended = {"error": ERROR.to_data(JobError(what, "The log of the worker says more.", "unexpected"))}
        os.write(out, _line(ended))
        if not asked["stays"]:
            return


class _Reporter:
    """Writes progress, not more often than anybody reads it."""

    def __init__(self, out: int) -> None:
        self._out, self._last_s = out, 0.0

    def __call__(self, progress: Progress) -> None:
        now_s = time.monotonic()
        if progress.said or now_s - self._last_s >= REPORT_S:
            self._last_s = now_s
            os.write(self._out, _line({"progress": PROGRESS.to_data(progress)}))


def _read_lines(lines: "SimpleQueue[bytes]") -> None:
    """Take what is asked for, past Python's buffer, whose lock would be in the way at the end; die with the parent."""
    rest = b""
    while block := os.read(0, 1 << 16):
        *whole, rest = (rest + block).split(b"\n")
        for line in whole:
            lines.put(line)
    if hasattr(os, "killpg"):
        os.killpg(os.getpgrp(), signal.SIGKILL)
    os._exit(1)


def _line(value: Mapping[str, Any]) -> bytes:
    return one_line(value).encode()


if __name__ == "__main__":
    main()
