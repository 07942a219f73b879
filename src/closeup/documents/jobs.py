"""A job as a server tells of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Annotated, Any, Literal

from closeup.core.fields import Text, Within
from closeup.core.progress import Progress
from closeup.documents.form import Form, one_line

JobState = Literal["waiting", "running", "done", "failed", "cancelled"]

ENDED: tuple[JobState, ...] = ("done", "failed", "cancelled")

MOST_ATTEMPTS = 2
"""So often a job is begun whose process was killed; what kills two processes would kill a third."""

Id = Annotated[str, Text("[0-9a-f]{32}", "an id of 32 hexadecimal digits")]
At = Annotated[datetime, Text(r"\d{4}-\d\d-\d\dT.+", "a time (ISO 8601)", datetime.fromisoformat, datetime.isoformat)]
_UNWRITTEN = {"exclude": True}


@dataclass(frozen=True, slots=True)
class JobError:
    """Why a job failed: a sentence, what to do about it, and a stable code."""

    error: str
    hint: str
    code: str


@dataclass(frozen=True, slots=True, kw_only=True)
class JobRecord:
    """One piece of work that was asked for.

    Attributes:
        work: Its name in the table of work.
        uses: Ids of the media and the jobs that it is made from.
        state: "waiting", "running", or how it ended.
        cancelling: Whether it was asked to stop and has not yet.
        attempts: How often it was begun: more than once where a process that did it was killed.
        progress: The last report; None before the first.
        result: What it gave, where that is no file; of a job that is done.
        error: Of a job that failed.
        changed: Counts up with every change of any job.
        arguments: Of the work's function, as JSON, with paths: for the worker alone, like the `folder` that the job
            runs in, which goes if the job does not end well, and `asked_by`, the id of a key.
    """

    id: Id
    work: str
    uses: tuple[Id, ...]
    priority: int
    state: JobState
    cancelling: bool
    attempts: Annotated[int, Within(0)]
    progress: Progress | None
    result: Mapping[str, Any] | None
    error: JobError | None
    changed: Annotated[int, Within(0)]
    created_at: At
    ended_at: At | None
    number: int = field(default=0, metadata=_UNWRITTEN)
    arguments: str = field(default="{}", metadata=_UNWRITTEN)
    folder: str | None = field(default=None, metadata=_UNWRITTEN)
    asked_by: str | None = field(default=None, metadata=_UNWRITTEN)
    owner: str | None = field(default=None, metadata=_UNWRITTEN)
    beat: int = field(default=0, metadata=_UNWRITTEN)


JOB = Form(JobRecord, "closeup server: a job", layout=one_line)
PROGRESS = Form(Progress, "closeup server: how far a job is", layout=one_line)
ERROR = Form(JobError, "closeup server: what is wrong", layout=one_line)
