"""Jobs in this process: work in threads, each with its progress, its end, and a way to stop it."""

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Literal

from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.jobs.work import Work, work

State = Literal["waiting", "running", "done", "failed", "stopped"]


class StoppedError(Exception):
    """Raised inside work that was asked to stop, by its own report of progress."""


class Job:
    """One piece of work that was given to a runner.

    Attributes:
        work: What is done.
        state: How it stands.
        progress: The last report; None before the first.
        result: What the work gave, once it is done.
        error: Why it failed; a `CloseupError` where the user can mend it.
    """

    def __init__(self, kind: Work, arguments: Mapping[str, Any], listener: ProgressCallback = ignore) -> None:
        self.work = kind
        self.state: State = "waiting"
        self.progress: Progress | None = None
        self.result: Any = None
        self.error: Exception | None = None
        self._arguments = arguments
        self._listener = listener
        self._stop = threading.Event()
        self._ended = threading.Event()

    def stop(self) -> None:
        """Ask the work to stop: at once if it still waits, else at its next report of progress, tidied up."""
        self._stop.set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the work has ended, and say whether it has."""
        return self._ended.wait(timeout_s)

    def run(self) -> None:
        """Do the work in this thread, and keep how it ended; raises nothing."""
        try:
            self._check()
            self.state = "running"
            self.result = self.work(**self._arguments, progress=self._report)
            self.state = "done"
        except StoppedError:
            self.state = "stopped"
        except Exception as error:  # noqa: BLE001 - a thread has nobody above it who could catch this
            self.error, self.state = error, "failed"
        finally:
            self._ended.set()

    def _report(self, progress: Progress) -> None:
        self._check()
        self.progress = progress
        self._listener(progress)

    def _check(self) -> None:
        if self._stop.is_set():
            raise StoppedError


class Runner:
    """Does jobs in threads of this process, in the order in which they come; they end with the process."""

    def __init__(self, at_once: int = 1) -> None:
        self._pool = ThreadPoolExecutor(at_once, thread_name_prefix="job")
        self._jobs: list[Job] = []

    def submit(self, name: str, *, listener: ProgressCallback = ignore, **arguments: Any) -> Job:
        """Give it work by name.

        Args:
            name: Of `jobs.work.WORK`.
            listener: Called with each report of progress, in the job's thread.
            arguments: Of the work's function.

        Raises:
            InputError: If there is no such work.
        """
        job = Job(work(name), arguments, listener)
        self._jobs.append(job)
        self._pool.submit(job.run)
        return job

    def close(self) -> None:
        """Stop all jobs, and wait until they have."""
        for job in self._jobs:
            job.stop()
        self._pool.shutdown()
