"""Work by many threads whose results come in order, a few batches ahead, so that no more than these are held."""

from collections import deque
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import TypeVar

In = TypeVar("In")
Out = TypeVar("Out")

BATCH = 16
"""Things that a thread takes at a time."""


def in_order(work: Callable[[In], Out], things: Sequence[In], threads: int, batch: int = 0) -> Generator[list[Out]]:
    """What `work` gives for each thing, in order, `batch` or `BATCH` at a time; what it raises is raised here.

    Closing the iterator, or an interruption, waits for what has begun and starts nothing more.
    """
    batch = batch or BATCH

    def done(some: Sequence[In]) -> list[Out]:
        return [work(thing) for thing in some]

    batches = (things[at : at + batch] for at in range(0, len(things), batch))
    pool = ThreadPoolExecutor(threads, thread_name_prefix="closeup-work")
    try:
        waiting = deque(pool.submit(done, some) for some in islice(batches, 2 * threads))
        while waiting:
            yield waiting.popleft().result()
            waiting.extend(pool.submit(done, some) for some in islice(batches, 1))
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
