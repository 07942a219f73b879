import threading
from contextlib import closing
from itertools import chain

import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.core.in_order import BATCH, in_order


@given(st.integers(0, 5 * BATCH), st.integers(1, 4))
def test_results_come_in_order(count: int, threads: int) -> None:
    results = list(chain.from_iterable(in_order(lambda n: n * n, range(count), threads)))
    assert results == [n * n for n in range(count)]


def test_no_more_is_begun_than_a_few_batches_ahead() -> None:
    begun: list[int] = []
    with closing(in_order(lambda n: begun.append(n), range(1000), 2)) as batches:
        next(batches)
    assert len(begun) <= 6 * BATCH


def test_the_work_is_done_elsewhere() -> None:
    threads = set(chain.from_iterable(in_order(lambda _: threading.get_ident(), range(40), 2)))
    assert threading.get_ident() not in threads


def test_a_failure_is_raised_where_the_results_are_read() -> None:
    def work(number: int) -> int:
        if number == 20:
            raise KeyError(number)
        return number

    results = in_order(work, range(100), 2)
    assert next(results) == list(range(BATCH))
    with pytest.raises(KeyError):
        list(results)
