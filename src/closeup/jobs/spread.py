"""Work spread over processes and machines, by one protocol: calls of one kind go in, their answers come out in order.

    for answer in spread.run("cast", calls, progress):
        result = checked(answer)

A call is the name of a work and its arguments as JSON values (`jobs.arguments.encode_arguments`), and its answer is
JSON, too. All that is larger lies in files, which every machine sees at the same places. Nothing else crosses from one
process to another, so that it does not matter to who asks whether the work is done here (`HERE`) or by other processes
(`jobs.hands`).
"""

from collections.abc import Generator, Mapping, Sequence
from inspect import signature
from os import cpu_count
from typing import Any, Protocol

from closeup.core.errors import CloseupError, InputError, ModelError, OutputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.documents.jobs import JobError
from closeup.jobs.arguments import collects, decode_arguments, result_data
from closeup.jobs.work import work

Answer = dict[str, Any] | JobError | None
"""What a call gave, or why it could not be done."""


class Spread(Protocol):
    """Where calls are done."""

    @property
    def threads(self) -> int:
        """How many threads one call may use for itself."""
        ...

    @property
    def places(self) -> int:
        """How many calls are done at a time."""
        ...

    def run(
        self, name: str, calls: Sequence[Mapping[str, Any]], progress: ProgressCallback = ignore
    ) -> Generator[Answer, None, None]:
        """Do a work once for each of some arguments, and give the answers in the order of the calls.

        One that fails does not stop the others. Closing the iterator stops those that are being done.

        Args:
            name: Of the work.
            calls: The arguments of each, JSON values.
            progress: Told how many are done, in parts of calls; called from the thread that takes the answers.
        """
        ...


class InProcess:
    """Does calls here, one after the other."""

    threads = min(cpu_count() or 1, 8)
    places = 1

    def run(
        self, name: str, calls: Sequence[Mapping[str, Any]], progress: ProgressCallback = ignore
    ) -> Generator[Answer, None, None]:
        """Do each call when its answer is asked for; see `Spread.run`."""
        for number, arguments in enumerate(calls):

            def report(told: Progress, number: int = number) -> None:
                progress(Progress(told.stage, number + part_of(told), len(calls), ""))

            try:
                yield do(name, arguments, report)
            except CloseupError as error:
                yield JobError(error.message, error.hint, error.code)


HERE = InProcess()
"""The default: no other process, and nothing to install."""


def part_of(progress: Progress | None) -> float:
    """How far a call is by its last report, 0 to 1."""
    return min(progress.done / progress.total, 1.0) if progress is not None and progress.total else 0.0


_KINDS = {
    "output": OutputError,
    "result": OutputError,
    "model": ModelError,
    "unexpected": CloseupError,
    "job": CloseupError,
}


def checked(answer: Answer) -> dict[str, Any] | None:
    """What a call gave.

    Raises:
        CloseupError: As the work raised it where it was done.
    """
    if isinstance(answer, JobError):
        raise _KINDS.get(answer.code.partition(".")[0], InputError)(answer.error, answer.hint, code=answer.code)
    return answer


def do(name: str, arguments: Mapping[str, Any], progress: ProgressCallback) -> dict[str, Any] | None:
    """Do work by its name and JSON arguments; gives its result as JSON values.

    What can be done in steps is: whoever does it again after a crash goes on from those that are finished.

    Raises:
        CloseupError: As the work does, or if there is no such work or it takes no such arguments.
    """
    answers: list[Any] = []
    given = decode_arguments(name, arguments)
    if "spread" in signature(work(name).function).parameters:
        given["spread"] = HERE
    if collects(work(name)):
        given["each"] = lambda source, answer: answers.append({"source": source, "answer": result_data(answer)})
    value = result_data(work(name)(**given, progress=progress))
    if answers:
        return {"answers": answers, "notes": value}
    if isinstance(value, list) and all(isinstance(each, dict) for each in value):
        return {"answers": value}
    return value if isinstance(value, dict) else None
