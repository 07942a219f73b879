"""Questions of a crowd: answered together, never by an answer that is older than the question."""

import asyncio
import threading
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.core.errors import InputError
from closeup.server.together import Together, each_once


def test_who_comes_while_a_call_is_under_way_waits_for_the_next() -> None:
    calls: list[list[int]] = []
    begun, goes_on = threading.Event(), threading.Event()

    def answer(questions: Sequence[int]) -> list[int]:
        calls.append(list(questions))
        begun.set()
        assert goes_on.wait(10)
        return [10 * each for each in questions]

    async def crowd() -> list[int]:
        together = Together(answer)
        first = asyncio.create_task(together.ask(1))
        await asyncio.to_thread(begun.wait, 10)
        others = [asyncio.create_task(together.ask(number)) for number in (2, 3, 3)]
        await asyncio.sleep(0)
        goes_on.set()
        return await asyncio.gather(first, *others)

    assert asyncio.run(crowd()) == [10, 20, 30, 30]
    assert calls == [[1], [2, 3, 3]]


@given(st.lists(st.integers(0, 5), max_size=20))
def test_equal_questions_are_answered_once_and_errors_are_of_those_who_asked(questions: list[int]) -> None:
    asked: list[int] = []

    def function(number: int) -> int:
        asked.append(number)
        if number == 3:
            raise InputError("There is no three.")
        return number * number

    answers = each_once(function)(questions)
    assert sorted(asked) == sorted(set(questions))
    for question, answer in zip(questions, answers, strict=True):
        assert isinstance(answer, InputError) if question == 3 else answer == question * question


def test_an_error_of_a_call_is_for_all_who_waited_for_it_and_the_next_are_answered() -> None:
    def answer(questions: Sequence[int]) -> list[int]:
        if 0 in questions:
            raise ZeroDivisionError
        return list(questions)

    async def crowd() -> int:
        together = Together(answer)
        failed = await asyncio.gather(together.ask(0), together.ask(1), return_exceptions=True)
        assert all(isinstance(each, ZeroDivisionError) for each in failed)
        return await together.ask(2)

    assert asyncio.run(crowd()) == 2


def test_who_goes_away_takes_nobody_along() -> None:
    async def crowd() -> list[int]:
        together: Together[int, int] = Together(list)
        gone, stays = asyncio.create_task(together.ask(1)), asyncio.create_task(together.ask(2))
        await asyncio.sleep(0)
        gone.cancel()
        with pytest.raises(asyncio.CancelledError):
            await gone
        return [await stays, await together.ask(3)]

    assert asyncio.run(crowd()) == [2, 3]
