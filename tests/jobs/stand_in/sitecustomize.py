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


def echo(number: int, *, step_s: float = 0.0, progress: ProgressCallback) -> dict[str, int]:
    """Say a number, and which process says it."""
    progress(Progress("Thinking", 1, 2, "steps"))
    time.sleep(step_s)
    return {"number": number, "process": os.getpid()}


def die_once(mark: Path, number: int, *, progress: ProgressCallback) -> dict[str, int]:
    """Be killed at the first try, and answer at the second."""
    try:
        (mark / str(number)).touch(exist_ok=False)
    except FileExistsError:
        return {"number": number}
    os.kill(os.getpid(), 9)
    raise AssertionError


def cast_slowly(video: Path, log: Path, *, spread: object, progress: ProgressCallback) -> None:
    """Cast a short video in shards of a second, and note when one is finished."""
    from closeup.features.cast import find, shards

    shards.SHARD_S = 1.0
    look_at_shard = shards.look_at_shard

    def noted(video: Path, plan: Path, output: Path, **others: object) -> None:
        look_at_shard(video, plan, output, **others)
        with log.open("a") as file:
            file.write(f"{others['start']}\n")
        time.sleep(0.5)

    noted.__annotations__ = look_at_shard.__annotations__
    noted.__signature__ = __import__("inspect").signature(look_at_shard)
    shards.look_at_shard = noted
    find.make_cast_folder(video, "a.cast", spread=spread, progress=progress)


home = ModuleType("closeup.stand_in")
for function in (count, slip, fail, crash, stubborn, loading, echo, die_once, cast_slowly):
    setattr(home, function.__name__, function)
    WORK[function.__name__] = Work(function.__name__, f"stand_in:{function.__name__}")
sys.modules[home.__name__] = home
