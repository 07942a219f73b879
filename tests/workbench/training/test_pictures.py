import numpy as np
import torch
from hypothesis import given
from hypothesis import strategies as st

from closeup.workbench.training.pictures import Examples, epoch_order, gather, in_order


def examples(classes: list[float], repeat: list[int] | None = None) -> Examples:
    count = len(classes)
    everything = np.arange(count)
    return Examples(
        inputs=torch.arange(count * 2, dtype=torch.float32).reshape(count, 2),
        targets={"x": torch.tensor(classes)},
        soft={},
        repeat=np.array(repeat or [1] * count),
        train=everything,
        val=everything,
        test=everything[:0],
    )


@given(st.lists(st.integers(1, 3), min_size=1, max_size=20), st.integers(0, 2**31))
def test_an_epoch_sees_each_picture_as_often_as_asked(repeat: list[int], seed: int) -> None:
    order = epoch_order(examples([0.0] * len(repeat), repeat), np.arange(len(repeat)), (seed,))
    assert list(np.bincount(order, minlength=len(repeat))) == repeat


def test_the_order_is_the_seeds_and_nothing_elses() -> None:
    pictures = examples([0.0] * 50)
    first, again, other = (epoch_order(pictures, pictures.train, (3, seed)) for seed in (1, 1, 2))
    assert list(first) == list(again) != list(other)


def test_a_balanced_epoch_has_its_classes_evenly_and_nothing_without_a_label() -> None:
    pictures = examples([0.0] * 900 + [1.0] * 90 + [np.nan] * 10)
    order = epoch_order(pictures, pictures.train, (0,), "x")
    seen = pictures.targets["x"].numpy()[order]
    assert not np.isnan(seen).any()
    assert abs((seen == 1).mean() - 0.5) < 0.06


def test_batches_cover_all_in_order() -> None:
    pictures = examples([0.0] * 7)
    assert torch.equal(torch.cat(list(in_order(pictures, pictures.train, 3))), pictures.inputs)
    assert torch.equal(gather(pictures, np.array([4, 1])), pictures.inputs[[4, 1]])
    assert pictures.is_features
