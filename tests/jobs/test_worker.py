"""Workers, their child processes, and what is left of a job when either is killed."""

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from closeup.documents.cast import CAST_JSON
from closeup.documents.jobs import ENDED, JobRecord
from closeup.jobs.worker import Worker
from closeup.storage.jobs import LOST, JobStore
from closeup.storage.server import open_server
from features.cast.stand_in_video import RED, Drawn, DrawnShot, regrouped, write_video

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes are killed as POSIX does")

STAND_IN = str(Path(__file__).parent / "stand_in")
WORK = """
import sys
from pathlib import Path
from closeup.jobs.worker import Worker
from closeup.storage.jobs import JobStore
from closeup.storage.server import open_server

Worker(JobStore(open_server(Path(sys.argv[1]))), Path(sys.argv[1]), lease_s=float(sys.argv[2])).run()
"""
LEASE_S = 3.0


@pytest.fixture
def store(gallery_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[JobStore]:
    monkeypatch.setenv("CLOSEUP_DATABASE_URL", gallery_url)
    monkeypatch.setenv("PYTHONPATH", STAND_IN)
    database = open_server(tmp_path)
    yield JobStore(database)
    database.engine.dispose()


def submit(store: JobStore, folder: Path, work: str = "count", **arguments: object) -> JobRecord:
    given = {"log": str(folder / "log"), "name": "a", "to": 3, **arguments} if work == "count" else arguments
    return store.submit(work, given, folder=str(folder / f"results-{arguments.get('name', work)}"))


def ended(store: JobStore, job: JobRecord, within_s: float = 300) -> JobRecord:
    until_s = time.monotonic() + within_s
    while time.monotonic() < until_s:
        found = store.find(job.id)
        assert found is not None
        if found.state in ENDED:
            return found
        time.sleep(0.05)
    raise AssertionError(f"{job.work} has not ended: {found}")


def until(true: Callable[[], bool], within_s: float = 300) -> None:
    until_s = time.monotonic() + within_s
    while not true():
        assert time.monotonic() < until_s
        time.sleep(0.02)


@pytest.fixture
def worker(store: JobStore, tmp_path: Path) -> Iterator[Worker]:
    worker = Worker(store, tmp_path, lease_s=LEASE_S)
    thread = threading.Thread(target=worker.run)
    thread.start()
    yield worker
    worker.stop()
    thread.join(30)


@pytest.mark.usefixtures("worker")
def test_jobs_are_done_and_say_how_they_ended(store: JobStore, tmp_path: Path) -> None:
    counted, failed = submit(store, tmp_path), submit(store, tmp_path, "fail")
    unknown, wrong = submit(store, tmp_path, "dance"), submit(store, tmp_path, "count", to="3")
    done = ended(store, counted)
    assert (done.state, done.result, done.attempts) == ("done", {"counted": 3}, 1)
    assert (tmp_path / "results-count" / "a.txt").read_text() == "3"
    error = ended(store, failed).error
    assert error is not None
    assert (error.error, error.hint, error.code) == ("It is broken.", "Mend it.", "it.broken")
    assert not (tmp_path / "results-fail").exists()
    error = ended(store, unknown).error
    assert error is not None
    assert "no work called 'dance'" in error.error
    error = ended(store, wrong).error
    assert error is not None
    assert "to must be a whole number" in error.error


@pytest.mark.usefixtures("worker")
def test_a_fault_in_closeup_names_no_file_of_the_machine(store: JobStore, tmp_path: Path) -> None:
    error = ended(store, submit(store, tmp_path, "slip")).error
    assert error is not None
    assert error.error == "closeup itself failed (OSError)."
    assert "secret" not in error.hint


@pytest.mark.usefixtures("worker")
def test_what_crashes_is_tried_twice_and_takes_nobody_along(store: JobStore, tmp_path: Path) -> None:
    crashing, after = submit(store, tmp_path, "crash"), submit(store, tmp_path)
    found = ended(store, crashing)
    assert (found.state, found.error, found.attempts) == ("failed", LOST, 2)
    assert ended(store, after).state == "done"


@pytest.mark.parametrize("name", ["count", "stubborn"])
@pytest.mark.usefixtures("worker")
def test_a_running_job_is_cancelled_within_two_seconds(store: JobStore, tmp_path: Path, name: str) -> None:
    job = submit(store, tmp_path, name, **({"to": 100_000} if name == "count" else {}))
    if name == "count":
        until(lambda: (tmp_path / "log").exists())
    else:
        until(lambda: store.page(1)[0].state == "running")
    asked_s = time.monotonic()
    store.cancel(job.id)
    assert ended(store, job).state == "cancelled"
    took_s = time.monotonic() - asked_s
    assert took_s < 2 or os.getloadavg()[0] > 2 * (os.cpu_count() or 1), f"{took_s:.1f} s"
    assert not (tmp_path / f"results-{name}").exists()


@pytest.mark.parametrize("name", ["count", "loading"])
def test_a_worker_that_is_stopped_gives_its_job_back(store: JobStore, tmp_path: Path, name: str) -> None:
    given = {"to": 100_000} if name == "count" else {"log": str(tmp_path / "log")}
    job = submit(store, tmp_path, name, **given)
    worker = Worker(store, tmp_path)
    thread = threading.Thread(target=worker.run)
    thread.start()
    until(lambda: (tmp_path / "log").exists())
    worker.stop()
    thread.join(30)
    found = store.find(job.id)
    assert found is not None
    assert (found.state, found.attempts) == ("waiting", 0)


def test_a_worker_whose_job_was_taken_over_ends_its_process(store: JobStore, tmp_path: Path) -> None:
    job = submit(store, tmp_path, to=100_000)
    worker = Worker(store, tmp_path)
    thread = threading.Thread(target=worker.run)
    thread.start()
    until(lambda: (tmp_path / "log").exists())

    def take_over() -> bool:
        (seen,) = store.running()
        return store.take_over(seen, "another") is not None

    until(take_over)  # as a worker that has not seen it live
    time.sleep(2)
    steps = len((tmp_path / "log").read_text().splitlines())
    time.sleep(1)
    assert len((tmp_path / "log").read_text().splitlines()) == steps
    found = store.find(job.id)
    assert found is not None
    assert (found.state, found.owner) == ("running", "another")
    worker.stop()
    thread.join(30)


def kill_at_random(store: JobStore, folder: Path, times: int, seed: int) -> None:
    """Two workers do jobs; one after the other is killed without warning, at any moment, and replaced."""
    chance = random.Random(seed)
    jobs = [submit(store, folder, name=f"j{n}", to=12, step_s=0.05) for n in range(times)]

    def start() -> "subprocess.Popen[bytes]":
        return subprocess.Popen([sys.executable, "-c", WORK, str(folder), str(LEASE_S)], start_new_session=True)

    workers = [start(), start()]
    try:
        until((folder / "log").exists)
        for n in range(times):
            time.sleep(chance.uniform(0.0, 1.5))
            workers[n % 2].send_signal(signal.SIGKILL)
            workers[n % 2].wait()
            workers[n % 2] = start()
        states = [ended(store, job, 300) for job in jobs]
    finally:
        for each in workers:
            each.terminate()
            each.wait()
    check_log(folder, states)


def check_log(folder: Path, jobs: list[JobRecord]) -> None:
    """Each job is done once and whole, or has used up its attempts; and no two processes ever did one at a time."""
    for number, job in enumerate(jobs):
        lines = [line.split() for line in (folder / "log").read_text().splitlines() if line.startswith(f"j{number} ")]
        result = folder / f"results-j{number}" / f"j{number}.txt"
        if job.state == "done":
            assert result.read_text() == "12"
            assert job.result == {"counted": 12}
        else:
            assert (job.state, job.error, job.attempts) == ("failed", LOST, 2)
            assert not result.exists()
        processes = list(dict.fromkeys(process for _, process, _ in lines))
        assert len(processes) <= 2
        assert [process for _, process, _ in lines] == sorted(
            (process for _, process, _ in lines), key=processes.index
        ), "two at a time"


def test_workers_that_are_killed_at_any_moment_lose_nothing(store: JobStore, tmp_path: Path) -> None:
    kill_at_random(store, tmp_path, 5, seed=1)


def test_a_job_goes_on_from_its_last_finished_step(store: JobStore, tmp_path: Path) -> None:
    drawn = write_video(tmp_path / "drawn.mp4", [DrawnShot(150, 1, (Drawn(RED, 60, 90),)), DrawnShot(100, 2)])
    video = regrouped(tmp_path / "a.mp4", drawn, "keyint=12:scenecut=0")
    job = store.submit(
        "cast_slowly", {"video": str(video), "log": str(tmp_path / "log")}, folder=str(tmp_path / "results")
    )
    command = [sys.executable, "-c", WORK, str(tmp_path), str(LEASE_S)]

    def finished() -> list[str]:
        return (tmp_path / "log").read_text().split() if (tmp_path / "log").exists() else []

    worker = subprocess.Popen(command, start_new_session=True)
    until(lambda: len(finished()) >= 3)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    before = len(finished())
    assert before < 8
    worker = subprocess.Popen(command, start_new_session=True)
    try:
        done = ended(store, job)
    finally:
        worker.terminate()
        worker.wait()
    assert (done.state, done.attempts) == ("done", 2)
    assert len(finished()) == len(set(finished())) > before, "a finished step was done again"
    results = tmp_path / "results"
    assert CAST_JSON.read(results / "a.cast" / "cast.json").video.frames == 250
    assert not list(results.glob("*.steps")) + list(results.glob(".*.steps"))


@pytest.mark.slow
def test_workers_that_are_killed_fifty_times_lose_nothing(store: JobStore, tmp_path: Path) -> None:
    kill_at_random(store, tmp_path, 25, seed=2)
