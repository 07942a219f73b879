"""Questions that wait at the same time, answered together: a crowd costs the database what one visitor does."""

import asyncio
from collections.abc import Callable, Hashable, Sequence
from typing import Any, Generic, TypeVar

from closeup.core.errors import CloseupError
from closeup.documents.server import KeyRecord
from closeup.storage.access import AccessStore

Q = TypeVar("Q")
A = TypeVar("A")
H = TypeVar("H", bound=Hashable)


class Together(Generic[Q, A]):
    """Answers questions of coroutines by calls in a thread, one call at a time.

    A question that comes while a call is under way waits for the next call, together with all others that come
    meanwhile. So no answer is older than its question, and nothing has to be kept and declared outdated.
    """

    def __init__(self, answer: Callable[[Sequence[Q]], Sequence[A | Exception]]) -> None:
        """Make one for a kind of question.

        Args:
            answer: Gives the answers in the order of the questions; an exception is raised to who asked.
        """
        self._answer = answer
        self._waiting: list[tuple[Q, asyncio.Future[A]]] = []
        self._task: asyncio.Task[None] | None = None

    async def ask(self, question: Q) -> A:
        """The answer to a question."""
        future: asyncio.Future[A] = asyncio.get_running_loop().create_future()
        self._waiting.append((question, future))
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._run())
        return await future

    async def _run(self) -> None:
        while self._waiting:
            asked, self._waiting = self._waiting, []
            questions = [question for question, _ in asked]
            call = asyncio.get_running_loop().run_in_executor(None, self._answer, questions)
            await asyncio.wait([call])
            error = call.exception()
            answers = call.result() if error is None else [error] * len(asked)
            for (_, future), answer in zip(asked, answers, strict=True):
                if future.done():  # its connection was cut
                    continue
                if isinstance(answer, BaseException):
                    future.set_exception(answer)
                else:
                    future.set_result(answer)


def each_once(function: Callable[[H], A]) -> Callable[[Sequence[H]], Sequence[A | Exception]]:
    """What answers questions one by one, and equal ones once; an error of one is no error of the others."""

    def answer(questions: Sequence[H]) -> Sequence[A | Exception]:
        found: dict[H, A | Exception] = {}
        for question in questions:
            if question not in found:
                try:
                    found[question] = function(question)
                except (CloseupError, OSError) as error:
                    found[question] = error
        return [found[question] for question in questions]

    return answer


class Crowd:
    """What a server is asked together.

    Attributes:
        keys: Secrets to their keys, None where one does not count.
        notes: Entries of the log to None, once they are written.
    """

    def __init__(self, access: AccessStore) -> None:
        self.keys: Together[str, KeyRecord | None] = Together(access.find_all)
        self.notes: Together[tuple[str, str, str], None] = Together(access.note)
        self._answers: dict[Callable[..., Any], Together[tuple[Hashable, ...], Any]] = {}

    async def answer(self, function: Callable[..., A], *question: Hashable) -> A:
        """What the function gives for these arguments."""
        if function not in self._answers:
            self._answers[function] = Together(each_once(lambda given: function(*given)))
        found: A = await self._answers[function].ask(question)
        return found
