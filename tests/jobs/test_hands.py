"""Calls over several processes: their order, their errors, and what is left when one is killed."""

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from closeup.core.errors import CloseupError, InputError
from closeup.core.progress import Progress
from closeup.documents.jobs import JobError
from closeup.jobs import hands as module
from closeup.jobs.hands import opened
from closeup.jobs.spread import HERE, Spread, checked

pytestmark = pytest.mark.skipif(os.name != "posix", reason="processes are killed as POSIX does")

STAND_IN = str(Path(__file__).parent / "stand_in")


@pytest.fixture(autouse=True)
def stand_in(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PYTHONPATH", STAND_IN)
    monkeypatch.chdir(tmp_path)


def echoes(spread: Spread, count: int, **more: Any) -> list[Any]:
    return list(spread.run("echo", [{"number": number, **more} for number in range(count)]))


def test_two_hundred_short_calls_are_all_answered_in_order() -> None:
    with opened("local:2") as spread:
        answers = echoes(spread, 200)
        assert [answer["number"] for answer in answers] == list(range(200))
        processes = {answer["process"] for answer in answers}
        assert len(processes) == 2, "the same two processes do all"
        assert {answer["process"] for answer in echoes(spread, 4)} <= processes
    for process in processes:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def test_one_that_fails_does_not_stop_the_others() -> None:
    with opened("local:2") as spread:
        assert [answer["number"] for answer in echoes(spread, 2)] == [0, 1]
        (wrong,) = spread.run("fail", [{}])
        assert isinstance(wrong, JobError)
        with pytest.raises(InputError, match="It is broken") as caught:
            checked(wrong)
        assert (caught.value.code, caught.value.hint) == ("it.broken", "Mend it.")
        (slipped,) = spread.run("slip", [{}])
        with pytest.raises(CloseupError, match="closeup itself failed"):
            checked(slipped)
        assert len(echoes(spread, 3)) == 3


def test_a_process_that_is_killed_loses_nothing(tmp_path: Path) -> None:
    with opened("local:2") as spread:
        calls = [{"mark": str(tmp_path), "number": number} for number in range(6)]
        assert list(spread.run("die_once", calls)) == [{"number": number} for number in range(6)]


def test_what_kills_every_process_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "MOST_BEGINNINGS", 2)
    with opened("local:1") as spread:
        (answer,) = spread.run("crash", [{}])
        with pytest.raises(CloseupError, match="killed, or crashed, 2 times"):
            checked(answer)
        assert len(echoes(spread, 1)) == 1


def test_processes_killed_at_any_moment_lose_nothing() -> None:
    """A killer takes one process after the other while the calls go by."""
    with opened("local:2") as spread:
        answers = spread.run("echo", [{"number": number, "step_s": 0.1} for number in range(40)])
        taken = []
        for answer in answers:
            taken.append(answer)
            if len(taken) in (3, 12, 25):
                os.kill(hired[-1]._process.pid, signal.SIGKILL)
    assert [answer["number"] for answer in taken] == list(range(40))  # type: ignore[index, call-overload]
    assert len({answer["process"] for answer in taken}) > 2  # type: ignore[index, call-overload]


hired: list[Any] = []


@pytest.fixture(autouse=True)
def note_hired(monkeypatch: pytest.MonkeyPatch) -> None:
    hired.clear()
    original = module.ChildJob

    class Noted(original):  # type: ignore[valid-type, misc]
        def __init__(self, *given: Any, **named: Any) -> None:
            super().__init__(*given, **named)
            hired[:] = [hand for hand in hired if hand._process.poll() is None] + [self]

    monkeypatch.setattr(module, "ChildJob", Noted)


def test_who_stops_taking_stops_the_work() -> None:
    with opened("local:2") as spread:
        answers = spread.run("echo", [{"number": number, "step_s": 0.0 if number < 2 else 60.0} for number in range(9)])
        assert [next(answers)["number"], next(answers)["number"]] == [0, 1]  # type: ignore[index, call-overload]
        started_s = time.monotonic()
        answers.close()
        assert time.monotonic() - started_s < 10


def test_calls_are_given_out_a_little_ahead_only(tmp_path: Path) -> None:
    with opened("local:1") as spread:
        calls = [{"log": str(tmp_path / "log"), "name": str(number), "to": 1} for number in range(30)]
        answers = spread.run("count", calls)
        next(answers)
        time.sleep(2.0)
        begun = len((tmp_path / "log").read_text().splitlines())
        assert begun <= 2 + module.AHEAD
        assert sum(1 for _ in answers) == 29


def test_progress_counts_calls_and_their_parts() -> None:
    told: list[Progress] = []
    with opened("local:2") as spread:
        list(spread.run("echo", [{"number": n, "step_s": 1.0} for n in range(2)], told.append))
    assert {each.total for each in told} == {2}
    assert any(0 < each.done < 2 for each in told)


@pytest.mark.parametrize("where", ["local:0", "local:", "local:x", "ray://a:1", ""])
def test_what_is_no_cluster_is_refused(where: str) -> None:
    with pytest.raises(InputError, match="no cluster"), opened(where):
        pass


def test_in_this_process_it_is_the_same() -> None:
    answers = list(HERE.run("cast", [{"video": "none.mp4", "folder": "a"}, {"unknown": 1}]))
    with pytest.raises(InputError, match=r"none\.mp4"):
        checked(answers[0])
    with pytest.raises(InputError, match="lacks the field"):
        checked(answers[1])
