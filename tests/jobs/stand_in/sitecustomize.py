"""Work that stands for real work, in the processes of tests that have this folder on their path."""

import os
import sys
import time
from pathlib import Path
from types import ModuleType

from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback
from closeup.jobs.work import WORK, Work


def count(log: Path, name: str, to: int, *, step_s: float = 0.02, progress: ProgressCallback) -> dict[str, int]:
    """Note each step in a log, and leave a file where it stands at the end."""
    for done in range(to):
        with log.open("a") as file:
            file.write(f"{name} {os.getpid()} {done}\n")
        progress(Progress("Counting", done, to, "steps"))
        time.sleep(step_s)
    Path(f"{name}.txt").write_text(str(to))
    return {"counted": to}


def slip(*, progress: ProgressCallback) -> None:
    """Fail by a fault in closeup, whose message names a file."""
    raise OSError("/home/somebody/secret.txt is not there")


def fail(*, progress: ProgressCallback) -> None:
    """Fail as the user can mend it."""
    raise InputError("It is broken.", "Mend it.", code="it.broken")


def crash(*, progress: ProgressCallback) -> None:
    """End the process as a crash does."""
    os.abort()


def stubborn(*, progress: ProgressCallback) -> None:
    """Do not hear requests to stop."""
    while True:
        try:
            time.sleep(60)
        except SystemExit:
            continue


def loading(log: Path, *, progress: ProgressCallback) -> None:
    """Be loading a module of C, which makes an error of a request to stop."""
    try:
        log.write_text("loading")
        time.sleep(300)
    except SystemExit as error:
        raise ImportError("initialization failed") from error


home = ModuleType("closeup.stand_in")
for function in (count, slip, fail, crash, stubborn, loading):
    setattr(home, function.__name__, function)
    WORK[function.__name__] = Work(function.__name__, f"stand_in:{function.__name__}")
sys.modules[home.__name__] = home
