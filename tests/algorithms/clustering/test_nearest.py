from collections.abc import Iterator

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from closeup.algorithms.clustering import nearest
from closeup.algorithms.clustering.nearest import nearest_rows


@pytest.fixture(params=[None, 7, 64], autouse=True, scope="module")
def _block(request: pytest.FixtureRequest) -> Iterator[None]:
    """Blocks of all rows, and of few, so that their borders are met."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param:
            patch.setattr(nearest, "BLOCK_VALUES", request.param)
            patch.setattr(nearest, "QUERIES_AT_ONCE", 3)
        yield


# Whole numbers: their products are exact in float32, so that ties are ties and the answer is the only one.
WHOLE = st.integers(-3, 3).map(float)


@given(st.data(), st.integers(0, 40), st.integers(0, 8), st.integers(1, 4), st.integers(1, 45))
def test_they_are_what_sorting_all_gives(data: st.DataObject, n: int, q: int, d: int, k: int) -> None:
    rows = data.draw(arrays(np.float32, (n, d), elements=WHOLE))
    queries = data.draw(arrays(np.float32, (q, d), elements=WHOLE))
    found, similarities = nearest_rows(rows, queries, k)
    scores = queries @ rows.T
    expected = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    assert (found.dtype, similarities.dtype) == (np.int64, np.float32)
    assert found.tolist() == expected.tolist()
    assert similarities.tolist() == np.take_along_axis(scores, expected, axis=1).tolist()


def test_equal_rows_come_in_their_order() -> None:
    rows = np.ones((50, 3), dtype=np.float32)
    assert nearest_rows(rows, rows[:2], 4)[0].tolist() == [[0, 1, 2, 3]] * 2


def test_what_is_given_is_not_changed() -> None:
    rows = np.arange(40, dtype=np.float32).reshape(20, 2)
    rows.setflags(write=False)
    assert nearest_rows(rows, rows[3:5], 2)[0].tolist() == [[19, 18], [19, 18]]


@pytest.mark.parametrize(
    ("rows", "queries", "k", "message"),
    [((3, 2), (1, 3), 1, "must be"), ((3, 2), (2,), 1, "must be"), ((3, 2), (1, 2), 0, "1 or more")],
)
def test_what_does_not_fit_is_refused(rows: tuple[int, ...], queries: tuple[int, ...], k: int, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        nearest_rows(np.ones(rows, np.float32), np.ones(queries, np.float32), k)
