"""Calls done by several hands at once: processes of this machine, each with its models loaded.

A hand that dies loses nothing but its call, which another one begins again. Calls are given
out a little ahead of the answers that are taken, so that what is finished does not pile up.
"""

import logging
import re
import threading
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from os import cpu_count
from queue import Empty, SimpleQueue
from typing import Any, Protocol

from closeup.core.errors import CloseupError, InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.documents.jobs import JobError
from closeup.jobs.child import ChildJob
from closeup.jobs.spread import Answer, Spread, part_of

POLL_S, GRACE_S = 0.02, 1.0

MOST_BEGINNINGS = 5
"""So often a call is begun whose hand died: what kills five kills a sixth."""

AHEAD = 3
"""Calls for each hand that may be finished, or under way, beyond the answers that were taken."""

_LOG = logging.getLogger("closeup.jobs")


class Hand(Protocol):
    """Does one call at a time; `jobs.child.ChildJob` is one."""

    progress: Progress | None
    result: dict[str, Any] | None
    error: JobError | None
    told: bool

    def begin(self, name: str, arguments: object) -> None:
        """Start the next call, when the one before has ended."""
        ...

    def wait(self, timeout_s: float) -> bool:
        """Say whether it has ended, after a while at most; if it has and nothing was `told`, the hand is dead."""
        ...

    def stop(self, grace_s: float) -> None:
        """End the hand, and what it does."""
        ...


Hire = Callable[[str, object], Hand]
"""Gives a new hand that has begun with the call of that name and arguments."""


class Hands:
    """Some hands, which are hired as they are needed and kept from one run to the next; a `Spread`."""

    def __init__(self, hire: Hire, count: Callable[[], int], threads: int = 1) -> None:
        """Hire nobody yet.

        Args:
            count: How many hands there may be now; machines come and go.
            threads: How many threads one call may use for itself.
        """
        self.hire, self.threads, self._count = hire, threads, count
        self.idle: list[Hand] = []

    @property
    def places(self) -> int:
        """How many calls are done at a time."""
        return max(1, self._count())

    def run(
        self, name: str, calls: Sequence[Mapping[str, Any]], progress: ProgressCallback = ignore
    ) -> Generator[Answer, None, None]:
        """Do the calls; see `Spread.run`."""
        shift = _Shift(self, name, calls)
        thread = threading.Thread(target=shift.work, daemon=True, name="closeup-spread")
        thread.start()
        ready: dict[int, Answer] = {}
        try:
            for number in range(len(calls)):
                while number not in ready:
                    over = not thread.is_alive()
                    with suppress(Empty):
                        at, ready[at] = shift.ended.get(timeout=0 if over else 0.2)
                        continue
                    if over:
                        raise shift.failure or RuntimeError("the calls were given up")
                    progress(Progress("", number + len(ready) + shift.under_way(), len(calls), ""))
                shift.taken = number + 1
                yield ready.pop(number)
        finally:
            shift.stopping.set()
            thread.join()

    def close(self) -> None:
        """Send all hands home."""
        while self.idle:
            self.idle.pop().stop(GRACE_S)


class _Shift:
    """One run of calls, given out in a thread of its own, so that no hand waits while an answer is worked on."""

    def __init__(self, hands: Hands, name: str, calls: Sequence[Mapping[str, Any]]) -> None:
        self._hands, self._name, self._calls = hands, name, calls
        self._busy: dict[int, Hand] = {}
        self._beginnings: Counter[int] = Counter()
        self.ended: SimpleQueue[tuple[int, Answer]] = SimpleQueue()
        self.taken = 0
        self.stopping = threading.Event()
        self.failure: CloseupError | None = None

    def under_way(self) -> float:
        """How far the calls are that are being done, in parts of calls."""
        return sum(part_of(hand.progress) for hand in list(self._busy.values()))

    def work(self) -> None:
        waiting = deque(range(len(self._calls)))
        try:
            while (waiting or self._busy) and not self.stopping.wait(POLL_S):
                places = self._hands.places
                while waiting and len(self._busy) < places and waiting[0] < self.taken + AHEAD * places:
                    self._begin(waiting.popleft())
                for number, hand in list(self._busy.items()):
                    if hand.wait(0):
                        del self._busy[number]
                        if not self._end(number, hand):
                            waiting.appendleft(number)
        except CloseupError as error:  # nobody can be hired any more
            self.failure = error
        finally:
            for hand in self._busy.values():
                hand.stop(GRACE_S)

    def _begin(self, number: int) -> None:
        self._beginnings[number] += 1
        if self._hands.idle:
            hand = self._hands.idle.pop()
            hand.begin(self._name, self._calls[number])
        else:
            hand = self._hands.hire(self._name, self._calls[number])
        self._busy[number] = hand

    def _end(self, number: int, hand: Hand) -> bool:
        """Take what a hand tells; False where it died, and the call has to be begun again."""
        if hand.told:
            self._hands.idle.append(hand)
            self.ended.put((number, hand.error or hand.result))
            return True
        hand.stop(0)
        _LOG.warning("the process of %s, call %d, was killed, or crashed", self._name, number)
        if self._beginnings[number] < MOST_BEGINNINGS:
            return False
        lost = f"What did this ({self._name}) was killed, or crashed, {MOST_BEGINNINGS} times."
        hint = "It may need more memory than there is, or a file may be damaged so that a library crashes."
        self.ended.put((number, JobError(lost, hint, "job.lost")))
        return True


@contextmanager
def opened(where: str) -> Iterator[Spread]:
    """Hands for the work in the block, and send them home after it.

    Args:
        where: "local:N", N processes of this machine.

    Raises:
        InputError: If it is no such text.
    """
    local = re.fullmatch(r"local:([1-9][0-9]{0,3})", where)
    if not local:
        raise InputError(
            f"{where!r} is no cluster.", "Use local:N for N processes of this machine.", code="cluster.unknown"
        )
    count = int(local[1])
    hands = Hands(partial(ChildJob, stays=True), lambda: count, max(1, (cpu_count() or 1) // count))
    try:
        yield hands
    finally:
        hands.close()
