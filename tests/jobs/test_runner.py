"""Jobs in threads of this process."""

import threading
from collections.abc import Iterator

import pytest

from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback
from closeup.jobs import work as table
from closeup.jobs.runner import Runner
from closeup.jobs.work import Work

STEP = Progress("Counting", 1, 3, "steps")
GATE = threading.Event()


def count(to: int, *, progress: ProgressCallback) -> int:
    """Stands for work."""
    for done in range(to):
        progress(Progress("Counting", done, to, "steps"))
    return to


def fail(*, progress: ProgressCallback) -> None:
    """Stands for work that the user can mend."""
    progress(STEP)
    raise InputError("It is broken.")


def wait_for_gate(*, progress: ProgressCallback) -> None:
    """Stands for long work."""
    progress(STEP)
    GATE.wait(10)
    progress(STEP)


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch) -> Iterator[Runner]:
    for function in (count, fail, wait_for_gate):
        kind = Work(function.__name__, "nowhere:nothing")
        monkeypatch.setitem(table.WORK, function.__name__, kind)
    functions = {function.__name__: function for function in (count, fail, wait_for_gate)}
    monkeypatch.setattr(Work, "function", property(lambda self: functions[self.name]))
    GATE.clear()
    runner = Runner()
    yield runner
    GATE.set()
    runner.close()


def test_work_gives_its_result_and_its_progress(runner: Runner) -> None:
    heard: list[Progress] = []
    job = runner.submit("count", to=3, listener=heard.append)
    assert job.wait(10)
    assert (job.state, job.result, job.error) == ("done", 3, None)
    assert [each.done for each in heard] == [0, 1, 2]
    assert job.progress == heard[-1]


def test_a_failure_is_kept_and_the_next_job_is_done(runner: Runner) -> None:
    first, second = runner.submit("fail"), runner.submit("count", to=1)
    assert second.wait(10)
    assert (first.state, str(first.error), first.result) == ("failed", "It is broken.", None)
    assert second.state == "done"


def test_a_job_stops_at_its_next_report_and_one_that_waits_never_begins(runner: Runner) -> None:
    first, second = runner.submit("wait_for_gate"), runner.submit("count", to=1)
    assert not first.wait(0.05)
    second.stop()
    first.stop()
    GATE.set()
    assert second.wait(10)
    assert (first.state, second.state) == ("stopped", "stopped")
    assert (second.progress, second.result) == (None, None)


def test_closing_stops_what_is_under_way(runner: Runner) -> None:
    job = runner.submit("wait_for_gate")
    threading.Timer(0.05, GATE.set).start()
    runner.close()
    assert job.state in {"stopped", "done"}


def test_work_without_a_name_in_the_table_is_refused(runner: Runner) -> None:
    with pytest.raises(InputError, match="no work called"):
        runner.submit("dance")
