"""Jobs as rows, on SQLite and PostgreSQL."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext

from closeup.core.progress import Progress
from closeup.documents.jobs import JOB, JobError, JobRecord
from closeup.storage import jobs as module
from closeup.storage.jobs import LOST, JobStore
from closeup.storage.server import open_server
from closeup.storage.server_tables import VERSION_TABLE, metadata

WORK = ("count", {"to": 3})


@pytest.fixture
def store(gallery_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobStore]:
    monkeypatch.setenv("CLOSEUP_DATABASE_URL", gallery_url)
    database = open_server(tmp_path)
    assert database.is_postgresql == gallery_url.startswith("postgresql")
    yield JobStore(database)
    database.engine.dispose()


def test_the_migration_makes_what_the_tables_say(store: JobStore) -> None:
    with store._database.engine.connect() as connection:
        options = {"version_table": VERSION_TABLE, "compare_type": True}
        context = MigrationContext.configure(connection, opts={**options, "include_name": _is_ours})
        assert compare_metadata(context, metadata) == []


def _is_ours(name: str | None, kind: str, _: Any) -> bool:
    return kind != "table" or bool(name and name.startswith("server_"))


def test_the_server_needs_no_gallery_beside_it(store: JobStore, tmp_path: Path) -> None:
    place = store._database.path
    assert place is None or place == tmp_path / "server.db"


def test_jobs_are_taken_by_priority_and_then_in_order(store: JobStore) -> None:
    first, second = store.submit(*WORK), store.submit(*WORK)
    urgent = store.submit(*WORK, priority=5)
    taken = [store.claim(f"w{n}") for n in range(4)]
    assert [job and job.id for job in taken] == [urgent.id, first.id, second.id, None]
    assert [job and job.attempts for job in taken] == [1, 1, 1, None]


def test_many_workers_take_each_job_once(store: JobStore) -> None:
    wanted = {store.submit(*WORK).id for _ in range(24)}

    def drain(worker: int) -> list[str]:
        taken = list(iter(lambda: store.claim(f"w{worker}"), None))
        return [job.id for job in taken if job]

    with ThreadPoolExecutor(6) as pool:
        found = [each for ids in pool.map(drain, range(6)) for each in ids]
    assert sorted(found) == sorted(wanted)


def test_a_job_that_was_taken_over_is_closed_to_its_first_owner(store: JobStore) -> None:
    store.submit(*WORK)
    first = _claimed(store, "one")
    (seen,) = store.running()
    second = store.take_over(seen, "two")
    assert second is not None
    assert (second.id, second.attempts) == (first.id, 2)
    assert store.beat(first) is None
    assert not store.end(first, "done", result={"by": "one"})
    assert not store.give_back(first, counts=True)
    assert store.beat(second) is True
    assert store.end(second, "done", result={"by": "two"})
    ended = store.find(first.id)
    assert ended is not None
    assert (ended.state, ended.result) == ("done", {"by": "two"})


def test_only_one_takes_a_job_over(store: JobStore) -> None:
    store.submit(*WORK)
    _claimed(store, "one")
    (seen,) = store.running()
    taken = [store.take_over(seen, name) for name in ("two", "three")]
    assert taken[0] is not None
    assert taken[1] is None


def test_who_shows_life_keeps_the_job(store: JobStore) -> None:
    store.submit(*WORK)
    job = _claimed(store, "one")
    (seen,) = store.running()
    assert store.beat(job) is True
    assert store.take_over(seen, "two") is None
    assert store.end(job, "done")


def test_what_kills_two_processes_is_not_tried_a_third_time(store: JobStore) -> None:
    store.submit(*WORK)
    assert store.give_back(_claimed(store, "one"), counts=True)
    assert not store.give_back(_claimed(store, "two"), counts=True)
    (job,) = store.page(1)
    assert (job.state, job.error, job.attempts) == ("failed", LOST, 2)
    store.submit(*WORK)
    assert store.give_back(_claimed(store, "three"), counts=True)
    _claimed(store, "four")
    (seen,) = store.running()
    assert store.take_over(seen, "five") is None
    assert store.page(1)[0].state == "failed"


def test_a_stopped_worker_costs_no_attempt(store: JobStore) -> None:
    store.submit(*WORK)
    for n in range(4):
        assert store.give_back(_claimed(store, f"w{n}"), counts=False)
    assert _claimed(store, "last").attempts == 1


def test_cancelling(store: JobStore) -> None:
    waits, runs = store.submit(*WORK), store.submit(*WORK, priority=1)
    running = _claimed(store, "one")
    assert running.id == runs.id
    stopped = store.cancel(waits.id)
    assert stopped is not None
    assert (stopped.state, stopped.cancelling) == ("cancelled", False)
    assert stopped.ended_at is not None
    asked = store.cancel(runs.id)
    assert asked is not None
    assert (asked.state, asked.cancelling) == ("running", True)
    assert store.beat(running) is False
    assert store.end(running, "cancelled")
    assert store.claim("two") is None
    again = store.cancel(runs.id)
    assert again is not None
    assert again.state == "cancelled"
    assert store.cancel("0" * 32) is None


def test_a_job_whose_worker_dies_while_it_is_cancelled_is_cancelled(store: JobStore) -> None:
    for how in ("taken over", "given back"):
        job = store.submit(*WORK)
        owned = _claimed(store, f"one {how}")
        store.cancel(job.id)
        if how == "taken over":
            (seen,) = store.running()
            assert store.take_over(seen, "two") is None
        else:
            assert not store.give_back(owned, counts=True)
        assert store.page(1)[0].state == "cancelled"


def test_changes_are_seen_in_their_order(store: JobStore) -> None:
    one, two = store.submit(*WORK), store.submit(*WORK)
    seen = store.changes()
    assert store.changed_since(seen) == ()
    job = _claimed(store, "w")
    store.beat(job, Progress("Counting", 1, 3, "steps"))
    changed = store.changed_since(seen)
    assert [each.id for each in changed] == [one.id]
    assert changed[0].progress == Progress("Counting", 1, 3, "steps")
    count = changed[0].changed
    assert count > seen
    assert store.beat(job) is True
    assert store.changed_since(count) == ()  # life alone is no news
    store.cancel(two.id)
    store.end(job, "failed", error=JobError("No.", "", "no"))
    assert [each.id for each in store.changed_since(count)] == [two.id, one.id]


def test_what_is_made_from_something_is_found_through_all_steps(store: JobStore) -> None:
    video, other = "a" * 32, "b" * 32
    cast = store.submit("cast", {}, uses=[video])
    shorts = store.submit("shorts", {}, uses=[cast.id])
    store.submit("cast", {}, uses=[other])
    assert [job.id for job in store.made_from(video)] == [cast.id, shorts.id]
    assert store.made_from("%") == ()


def test_only_jobs_that_have_ended_are_forgotten(store: JobStore) -> None:
    done, waits = store.submit(*WORK, priority=1), store.submit(*WORK)
    store.end(_claimed(store, "w"), "done")
    assert store.forget([done.id, waits.id]) == 1
    assert [job.id for job in store.page(9)] == [waits.id]


def test_pages_go_back_in_time(store: JobStore) -> None:
    ids = [store.submit("count" if n % 2 else "other", {}).id for n in range(5)]
    newest = store.page(2)
    assert [job.id for job in newest] == [ids[4], ids[3]]
    assert [job.id for job in store.page(9, before=newest[-1].number)] == [ids[2], ids[1], ids[0]]
    assert [job.id for job in store.page(9, works=["count"])] == [ids[3], ids[1]]
    assert store.page(9, states=["done"]) == ()


@pytest.mark.parametrize("step", [-86_400 * 400, 86_400 * 400])
def test_steps_of_the_clock_decide_nothing(store: JobStore, monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    store.submit(*WORK)
    job = _claimed(store, "one")
    monkeypatch.setattr(module, "datetime", _clock_at(datetime.now(UTC).timestamp() + step))
    store.submit(*WORK)
    (seen,) = store.running()
    assert store.beat(job) is True
    assert store.take_over(seen, "two") is None
    assert _claimed(store, "two").id != job.id
    assert store.end(job, "done")


def _clock_at(time_s: float) -> Any:
    class Stopped(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.fromtimestamp(time_s, tz)

    return Stopped


def test_what_people_are_shown_holds_no_paths(store: JobStore) -> None:
    job = store.submit("count", {"log": "/home/somebody/log"}, folder="/home/somebody/results")
    assert b"somebody" not in JOB.encode(job)


def _claimed(store: JobStore, owner: str) -> JobRecord:
    job = store.claim(owner)
    assert job is not None
    return job
