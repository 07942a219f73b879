"""Jobs as rows: they outlive every process, and at each moment one process alone does one.

No clock decides anything. A worker that has a job counts its `beat` up; another one that sees the same beat for as long
as a lease, by its own clock, takes the job over, and from then on every write of the first, who may only have slept,
finds another owner and changes nothing. So it does not matter what time machines think it is, nor when that changes.
"""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from sqlalchemy import ColumnElement, Connection, Row, case, delete, func, or_, select, update

from closeup.core.progress import Progress
from closeup.documents.form import ascii_json, parse_json
from closeup.documents.jobs import ENDED, ERROR, MOST_ATTEMPTS, PROGRESS, JobError, JobRecord, JobState
from closeup.storage.database import Database
from closeup.storage.server_tables import jobs, state

LOST = JobError(
    "The process that did this job was killed, and so was the one before it.",
    "It may need more memory than there is, or a file may be damaged so that a library crashes.",
    "job.lost",
)


class JobStore:
    """The jobs in a database. Threads may share it; every method raises `StorageError` where it cannot be used."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def submit(
        self,
        work: str,
        arguments: Mapping[str, Any],
        *,
        job_id: str | None = None,
        uses: Collection[str] = (),
        folder: str | None = None,
        asked_by: str | None = None,
        priority: int = 0,
    ) -> JobRecord:
        """Add a job, to be done after those of a higher priority and those of the same that came before.

        Args:
            work: Of `jobs.work.WORK`; what is no work, or has other arguments, fails when its turn comes.
            arguments: Of the work's function, as plain JSON values.
            job_id: 32 hexadecimal digits; None makes them.
            uses: Ids of what it is made from.
            folder: That it runs in, of its own, below the server's folder; removed where the job does not end well.
        """
        values = {
            "id": job_id or uuid4().hex,
            "work": work,
            "arguments": ascii_json(arguments),
            "uses": ascii_json(list(uses)),
            "folder": folder,
            "asked_by": asked_by,
            "priority": priority,
            "state": "waiting",
            "attempts": 0,
            "beat": 0,
            "cancel": False,
            "created_at": datetime.now(UTC),
        }
        with self._database.transaction() as connection:
            row = connection.execute(jobs.insert().values(changed=_counted(connection), **values).returning(jobs)).one()
        return _record(row)

    def claim(self, owner: str) -> JobRecord | None:
        """Take the next job that waits, for `owner`, a name that nobody else has or had; None where none waits."""
        first = (
            select(jobs.c.number)
            .where(jobs.c.state == "waiting")
            .order_by(jobs.c.priority.desc(), jobs.c.number)
            .limit(1)
            .with_for_update(skip_locked=True)
        )
        if not self.count("waiting"):  # looking takes no lock: idle workers hinder nobody
            return None
        with self._database.transaction() as connection:
            return self._taken(connection, jobs.c.number == first.scalar_subquery(), owner)

    def take_over(self, job: JobRecord, owner: str) -> JobRecord | None:
        """Take a job whose owner has shown no life since `job` was read; None where it has, or the job ends here.

        A job that was asked to stop is cancelled, and one that was begun too often has failed.
        """
        as_it_was = (jobs.c.id == job.id) & (jobs.c.owner == job.owner) & (jobs.c.beat == job.beat)
        as_it_was &= jobs.c.state == "running"
        with self._database.transaction() as connection:
            if job.cancelling:
                _ended(connection, as_it_was, "cancelled")
            elif job.attempts >= MOST_ATTEMPTS:
                _ended(connection, as_it_was, "failed", error=LOST)
            else:
                return self._taken(connection, as_it_was, owner)
        return None

    def running(self) -> tuple[JobRecord, ...]:
        """All jobs that somebody has."""
        with self._database.read() as connection:
            rows = connection.execute(select(jobs).where(jobs.c.state == "running").order_by(jobs.c.number)).all()
        return tuple(map(_record, rows))

    def beat(self, job: JobRecord, progress: Progress | None = None) -> bool | None:
        """Show life.

        Args:
            progress: The last report, where there is a new one.

        Returns:
            Whether the job shall go on; None where it is not its owner's any more.
        """
        values: dict[str, Any] = {"beat": jobs.c.beat + 1}
        with self._database.transaction() as connection:
            if progress is not None:
                values |= {"progress": ascii_json(PROGRESS.to_data(progress)), "changed": _counted(connection)}
            asked = connection.execute(
                update(jobs).where(_is_owned(job)).values(values).returning(jobs.c.cancel)
            ).scalar()
        return None if asked is None else not asked

    def end(
        self,
        job: JobRecord,
        how: JobState,
        *,
        result: Mapping[str, Any] | None = None,
        error: JobError | None = None,
    ) -> bool:
        """Store how a job ended; gives whether it was still its owner's, and nothing is stored where not."""
        with self._database.transaction() as connection:
            return _ended(connection, _is_owned(job), how, result=result, error=error)

    def give_back(self, job: JobRecord, *, counts: bool) -> bool:
        """Let another worker do a job; gives whether it waits now, which it does not where it ends here.

        Args:
            counts: The attempt did: its process was killed. Else its worker was asked to stop.
        """
        with self._database.transaction() as connection:
            if counts and job.attempts >= MOST_ATTEMPTS:
                _ended(connection, _is_owned(job), "failed", error=LOST)
                return False
            if _ended(connection, _is_owned(job) & jobs.c.cancel, "cancelled"):
                return False
            waiting = {
                "state": "waiting",
                "owner": None,
                "progress": None,
                "attempts": jobs.c.attempts - int(not counts),
                "changed": _counted(connection),
            }
            return bool(connection.execute(update(jobs).where(_is_owned(job)).values(waiting)).rowcount)

    def cancel(self, job_id: str) -> JobRecord | None:
        """Ask a job to stop: one that waits does at once, one that has ended is left alone; None if there is none."""
        with self._database.transaction() as connection:
            mine, waits = jobs.c.id == job_id, jobs.c.state == "waiting"
            values = {
                "cancel": True,
                "state": case((waits, "cancelled"), else_=jobs.c.state),
                "ended_at": case((waits, datetime.now(UTC)), else_=jobs.c.ended_at),
                "changed": _counted(connection),
            }
            connection.execute(update(jobs).where(mine, jobs.c.state.not_in(ENDED)).values(values))
            row = connection.execute(select(jobs).where(mine)).one_or_none()
        return None if row is None else _record(row)

    def find(self, job_id: str) -> JobRecord | None:
        """A job by its id."""
        with self._database.read() as connection:
            row = connection.execute(select(jobs).where(jobs.c.id == job_id)).one_or_none()
        return None if row is None else _record(row)

    def page(
        self,
        limit: int,
        *,
        before: int | None = None,
        works: Collection[str] = (),
        states: Collection[JobState] = (),
    ) -> tuple[JobRecord, ...]:
        """The newest jobs, or those with numbers below `before`; of some works and states only, where any are named."""
        wanted = select(jobs).order_by(jobs.c.number.desc()).limit(limit)
        if before is not None:
            wanted = wanted.where(jobs.c.number < before)
        for column, values in ((jobs.c.work, works), (jobs.c.state, states)):
            wanted = wanted.where(column.in_(values)) if values else wanted
        with self._database.read() as connection:
            return tuple(map(_record, connection.execute(wanted).all()))

    def changed_since(self, count: int) -> tuple[JobRecord, ...]:
        """Jobs that have changed since that count, as they are now, in the order of their last changes."""
        wanted = select(jobs).where(jobs.c.changed > count).order_by(jobs.c.changed)
        with self._database.read() as connection:
            return tuple(map(_record, connection.execute(wanted).all()))

    def changes(self) -> int:
        """The count of changes up to now."""
        with self._database.read() as connection:
            return int(connection.execute(select(state.c.changes)).scalar_one())

    def count(self, how: JobState) -> int:
        """How many jobs are in that state."""
        with self._database.read() as connection:
            return connection.execute(select(func.count()).where(jobs.c.state == how)).scalar_one()

    def made_from(self, used: str) -> tuple[JobRecord, ...]:
        """Jobs that are made from the medium or the job of that id, or from such jobs, oldest first."""
        found: dict[str, JobRecord] = {}
        todo = [used]
        while todo:
            wanted = or_(*(jobs.c.uses.contains(f'"{each}"', autoescape=True) for each in todo))
            with self._database.read() as connection:
                rows = connection.execute(select(jobs).where(wanted).order_by(jobs.c.number)).all()
            new = {row.id: _record(row) for row in rows if row.id not in found}
            found |= new
            todo = list(new)
        return tuple(sorted(found.values(), key=lambda job: job.number))

    def forget(self, job_ids: Collection[str]) -> int:
        """Delete jobs that have ended; gives how many there were."""
        gone = delete(jobs).where(jobs.c.id.in_(job_ids), jobs.c.state.in_(ENDED))
        with self._database.transaction() as connection:
            _counted(connection)
            return int(connection.execute(gone).rowcount)

    def _taken(self, connection: Connection, which: ColumnElement[bool], owner: str) -> JobRecord | None:
        values = {"state": "running", "owner": owner, "attempts": jobs.c.attempts + 1, "beat": jobs.c.beat + 1}
        taken = update(jobs).where(which).values(changed=_counted(connection), progress=None, **values).returning(jobs)
        row = connection.execute(taken).one_or_none()
        return None if row is None else _record(row)


def _is_owned(job: JobRecord) -> ColumnElement[bool]:
    """The fence of every write: the job is still of the owner that `job` was taken for."""
    return (jobs.c.id == job.id) & (jobs.c.owner == job.owner) & (jobs.c.state == "running")


def _counted(connection: Connection) -> int:
    """Count a change, which puts it after all that were stored before."""
    counted = update(state).values(changes=state.c.changes + 1).returning(state.c.changes)
    return int(connection.execute(counted).scalar_one())


def _ended(
    connection: Connection,
    which: ColumnElement[bool],
    how: JobState,
    *,
    result: Mapping[str, Any] | None = None,
    error: JobError | None = None,
) -> bool:
    values = {
        "state": how,
        "owner": None,
        "result": None if result is None else ascii_json(result),
        "error": None if error is None else ascii_json(ERROR.to_data(error)),
        "ended_at": datetime.now(UTC),
        "changed": _counted(connection),
    }
    return bool(connection.execute(update(jobs).where(which).values(values)).rowcount)


def _record(row: Row[Any]) -> JobRecord:
    plain = row._asdict()
    for name in ("progress", "result", "error", "uses"):
        plain[name] = None if plain[name] is None else parse_json(plain[name].encode())
    progress, error = plain["progress"], plain["error"]
    return JobRecord(
        **{name: plain[name] for name in ("id", "work", "priority", "state", "attempts", "result", "changed")},
        **{name: plain[name] for name in ("created_at", "ended_at", "number", "arguments", "folder", "asked_by")},
        **{name: plain[name] for name in ("owner", "beat")},
        cancelling=plain["cancel"] and plain["state"] not in ENDED,
        uses=tuple(plain["uses"]),
        progress=None if progress is None else Progress(**progress),
        error=None if error is None else JobError(**error),
    )
