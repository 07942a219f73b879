"""Doing the jobs of a database, one at a time, until asked to stop."""

import logging
import os
import shutil
import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from uuid import uuid4

from closeup.core.errors import StorageError
from closeup.core.progress import Progress
from closeup.documents.form import parse_json
from closeup.documents.jobs import JobRecord
from closeup.jobs.child import ChildJob
from closeup.storage.jobs import JobStore

LEASE_S = 15.0
"""A job whose beat stands still for so long, by the watch of who looks, is taken over."""

BEAT_S = 0.4
"""A job shows life this often, and learns that it shall stop."""

LOOK_S = 0.3
"""An idle worker looks for jobs this often."""

GRACE_S = 1.0
"""A job that is cancelled may tidy up for so long; with the beat that is below two seconds."""

PATIENCE_S = 60.0
"""For so long a database that cannot be reached is tried again, while the work goes on."""

_LOG = logging.getLogger("closeup.jobs")

T = TypeVar("T")


class Worker:
    """Does jobs in child processes.

    Attributes:
        name: Of the machine and the process, for people who look at the rows.
    """

    def __init__(self, store: JobStore, home: Path, *, lease_s: float = LEASE_S) -> None:
        """Make a worker.

        Args:
            home: The server's folder, in which those of the jobs lie.
        """
        self.name = f"{socket.gethostname()[:20]}.{os.getpid()}"
        self._store, self._home, self._lease_s = store, home, lease_s
        self._stop = threading.Event()
        self._watched: dict[str, tuple[str | None, int, float]] = {}

    def stop(self) -> None:
        """Ask it to stop: the job that it does goes back to wait, and counts as not begun."""
        self._stop.set()

    def run(self) -> None:
        """Do jobs until asked to stop.

        Raises:
            StorageError: The database could not be used for a minute.
        """
        while not self._stop.is_set():
            job = self._patient(self.next_job)
            if job is None:
                self._stop.wait(LOOK_S)
            else:
                self.do(job)

    def next_job(self) -> JobRecord | None:
        """The next job to do, now its own: one that another worker has lost, else one that waits."""
        return self._abandoned() or self._store.claim(self._owner())

    def do(self, job: JobRecord) -> None:
        """Do a job that is its own, and store how it ends."""
        _LOG.info("%s %s begins, attempt %d", job.work, job.id, job.attempts)
        folder = None if job.folder is None else self._home / job.folder
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
        child = ChildJob(job.work, parse_json(job.arguments.encode()), folder)
        shown: Progress | None = None
        while not child.wait(BEAT_S):
            new = child.progress if child.progress is not shown else None
            shown = child.progress
            goes_on = self._patient(lambda new=new: self._store.beat(job, new))  # type: ignore[misc]
            if goes_on is None:  # another worker took it for lost: what this one does counts no more
                _LOG.warning("%s %s was taken over by another worker", job.work, job.id)
                child.kill()
                return
            if not goes_on or self._stop.is_set():
                child.stop(GRACE_S)
                if child.told:  # it was faster
                    break
                self._abort(job, cancelled=not goes_on)
                return
        self._end(job, child)

    def _end(self, job: JobRecord, child: ChildJob) -> None:
        if not child.told:
            _LOG.warning("the process of %s %s was killed, or crashed", job.work, job.id)
            if not self._patient(lambda: self._store.give_back(job, counts=True)):
                self._remove(job)
        elif child.error is not None:
            if self._patient(lambda: self._store.end(job, "failed", error=child.error)):
                self._remove(job)
        else:
            self._patient(lambda: self._store.end(job, "done", result=child.result))

    def _abort(self, job: JobRecord, *, cancelled: bool) -> None:
        if cancelled:
            self._remove(job)
            self._patient(lambda: self._store.end(job, "cancelled"))
        else:
            self._patient(lambda: self._store.give_back(job, counts=False))

    def _abandoned(self) -> JobRecord | None:
        """A job whose owner has shown no life for a lease, now taken over."""
        now_s, running = time.monotonic(), self._store.running()
        seen = {}
        for job in running:
            owner, beat, since_s = self._watched.get(job.id, (None, -1, now_s))
            still = (owner, beat) == (job.owner, job.beat)
            seen[job.id] = (job.owner, job.beat, since_s if still else now_s)
        self._watched = seen
        for job in running:
            if now_s - seen[job.id][2] >= self._lease_s:
                taken = self._store.take_over(job, self._owner())
                if taken is not None:
                    _LOG.warning("%s %s was left by %s, and is taken over", job.work, job.id, job.owner)
                    return taken
                if (after := self._store.find(job.id)) is not None and after.state in ("failed", "cancelled"):
                    self._remove(job)
        return None

    def _owner(self) -> str:
        """A name for one attempt: nobody else has it, nor this worker for another attempt."""
        return f"{self.name}.{uuid4().hex[:24]}"

    def _patient(self, action: Callable[[], T]) -> T:
        """Do something with the database, again and again while it cannot be reached."""
        until_s = time.monotonic() + PATIENCE_S
        while True:
            try:
                return action()
            except StorageError as error:
                if time.monotonic() > until_s:
                    raise
                _LOG.warning("%s", error.message)
                time.sleep(1)

    def _remove(self, job: JobRecord) -> None:
        """Remove what a job that did not end well has left."""
        if job.folder is not None:
            shutil.rmtree(self._home / job.folder, ignore_errors=True)
