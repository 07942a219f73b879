import threading
from collections.abc import Generator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.core.read_ahead import read_ahead


def counting(count: int, made: list[int], fail_at: int = -1) -> Generator[int, None, None]:
    try:
        for number in range(count):
            if number == fail_at:
                raise KeyError(number)
            made.append(number)
            yield number
    finally:
        made.append(-1)


@given(count=st.integers(0, 20), depth=st.integers(1, 6))
def test_all_items_come_in_order(count: int, depth: int):
    made: list[int] = []
    with read_ahead(counting(count, made), depth) as items:
        assert list(items) == list(range(count))
    assert made == [*range(count), -1]


def test_items_are_made_elsewhere_and_not_further_ahead_than_asked():
    made: list[int] = []
    threads: set[int] = set()

    def numbers() -> Generator[int, None, None]:
        for number in counting(100, made):
            threads.add(threading.get_ident())
            yield number

    with read_ahead(numbers(), 3) as items:
        taken = [next(items) for _ in range(5)]
        assert taken == [0, 1, 2, 3, 4]
    assert threads.isdisjoint({threading.get_ident()})
    assert len(threads) == 1
    assert len(made) - 1 <= 5 + 3
    assert made[-1] == -1  # the generator was closed


def test_what_is_raised_while_making_is_raised_where_it_is_read():
    made: list[int] = []
    with read_ahead(counting(10, made, fail_at=4), 8) as items:
        assert [next(items) for _ in range(4)] == [0, 1, 2, 3]
        with pytest.raises(KeyError, match="4"):
            next(items)
    assert made == [0, 1, 2, 3, -1]


def test_leaving_by_an_exception_stops_the_making():
    made: list[int] = []

    def leave() -> None:
        with read_ahead(counting(1000, made), 2) as items:
            next(items)
            raise KeyboardInterrupt

    before = threading.active_count()
    with pytest.raises(KeyboardInterrupt):
        leave()
    assert made[-1] == -1
    assert len(made) < 10
    assert threading.active_count() == before


def test_stages_behind_each_other():
    made: list[int] = []

    def doubled(items: object) -> Generator[int, None, None]:
        for item in items:
            yield 2 * item

    with read_ahead(counting(50, made), 2) as first, read_ahead(doubled(first), 2) as second:
        assert [next(second) for _ in range(10)] == list(range(0, 20, 2))
    assert made[-1] == -1
