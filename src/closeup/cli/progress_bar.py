"""Progress on stderr: a bar on a terminal, a line now and then elsewhere, nothing when quiet."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from closeup.cli.output import is_quiet, one_line
from closeup.core.progress import Progress, ProgressCallback, ignore

if TYPE_CHECKING:
    from rich.progress import Task

LINE_EVERY_S = 10.0
"""Where there is no terminal, a stage that lasts speaks this often."""

LONGEST_TITLE = 20
"""Characters of the title that stand before a bar."""


@contextmanager
def progress_bar(title: str, *, quiet: bool) -> Iterator[ProgressCallback]:
    """Show the progress of the work in the block; hand what this gives to it.

    Args:
        title: What is worked on, a file's name for instance.
    """
    title = one_line(title)
    if quiet or is_quiet():
        yield ignore
    elif sys.stderr.isatty():
        with _bar(title) as report:
            yield report
    else:
        yield Lines(title)


class Lines:
    """Progress as plain lines: one at the start of each stage, and one every ten seconds of it."""

    def __init__(self, title: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._title = title
        self._clock = clock
        self._started: dict[str, float] = {}
        self._spoken = 0.0

    def __call__(self, progress: Progress) -> None:
        """Take one report."""
        now = self._clock()
        if progress.said:
            typer.echo(f"{self._title}: {one_line(progress.said)}", err=True)
            return
        if progress.stage not in self._started:
            self._started[progress.stage] = self._spoken = now
            typer.echo(f"{self._title}: {progress.stage}", err=True)
        elif now - self._spoken >= LINE_EVERY_S:
            self._spoken = now
            speed = speed_text(progress.done, now - self._started[progress.stage], progress.unit)
            words = [f"{self._title}: {progress.stage}", amount_text(progress), speed]
            typer.echo(" ".join(filter(None, words)), err=True)


def amount_text(progress: Progress) -> str:
    """How far the work is: in percent, or as an amount where the end is not known."""
    if progress.total:
        return f"{min(progress.done / progress.total, 1):.0%}"
    return f"{progress.done:,.0f} {progress.unit}" if progress.done else ""


def speed_text(done: float, elapsed_s: float, unit: str) -> str:
    """The speed for people: video in times real time, bytes in megabytes a second, the rest in units a second."""
    if done <= 0 or elapsed_s <= 0:
        return ""
    speed = done / elapsed_s
    if unit == "s":
        return f"{speed:.1f}x real time"
    if unit == "bytes":
        return f"{speed / 1e6:.1f} MB/s"
    return f"{speed:,.0f} {unit}/s" if speed >= 10 else f"{speed:.2g} {unit}/s"


def shortened(title: str) -> str:
    """A title that leaves room for the bar in 80 columns: its beginning and its end, where file names differ."""
    half = LONGEST_TITLE // 2
    return title if len(title) <= LONGEST_TITLE else f"{title[:half]}…{title[-half + 1 :]}"


@contextmanager
def _bar(title: str) -> Iterator[ProgressCallback]:
    """A line for each stage: bar, percent, speed, time left; rich is loaded here, where it is needed."""
    from rich import progress as rich
    from rich.console import Console

    class SpeedColumn(rich.ProgressColumn):
        def render(self, task: "Task") -> str:
            return speed_text(task.completed, task.finished_time or task.elapsed or 0, task.fields["unit"])

    columns = (
        rich.TextColumn("{task.description}", markup=False),
        rich.BarColumn(bar_width=16),
        rich.TaskProgressColumn(),
        SpeedColumn(),
        rich.TimeRemainingColumn(elapsed_when_finished=True),
    )
    with rich.Progress(*columns, console=Console(stderr=True), expand=False) as bar:
        tasks: dict[str, rich.TaskID] = {}

        def report(progress: Progress) -> None:
            if progress.said:
                bar.console.print(one_line(progress.said), markup=False, highlight=False)
                return
            if progress.stage not in tasks:
                description = f"{shortened(title)}: {progress.stage}"
                tasks[progress.stage] = bar.add_task(description, total=progress.total, unit=progress.unit)
            bar.update(tasks[progress.stage], completed=progress.done, total=progress.total)

        yield report
