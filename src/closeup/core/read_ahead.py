"""Steps of work that overlap: one makes things in a thread of its own while the next uses those made before."""

from collections import deque
from collections.abc import Generator, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, contextmanager
from typing import TypeVar

T = TypeVar("T")


@contextmanager
def read_ahead(items: Generator[T, None, None], depth: int) -> Iterator[Iterator[T]]:
    """Run a generator in a thread of its own, up to `depth` items ahead of whoever reads them.

    What it raises is raised where the items are read. Leaving the block, also by an exception, stops it after the item
    that it is making, and closes it.
    """
    with closing(items):
        pool = ThreadPoolExecutor(1, thread_name_prefix="closeup-ahead")
        try:
            yield _in_order(items, depth, pool)
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _in_order(items: Generator[T, None, None], depth: int, pool: ThreadPoolExecutor) -> Iterator[T]:
    made: deque[Future[tuple[T] | None]] = deque(pool.submit(_next, items) for _ in range(depth))
    while (item := made.popleft().result()) is not None:
        made.append(pool.submit(_next, items))
        yield item[0]


def _next(items: Generator[T, None, None]) -> tuple[T] | None:
    return next(((item,) for item in items), None)
