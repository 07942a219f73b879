"""The two sets whose wrong labels are known, with frozen features of their pictures."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench import Bench, BenchError
from closeup.core.errors import CloseupError
from closeup.workbench.datasets.items import Dataset
from closeup.workbench.datasets.pictures import load_pictures
from closeup.workbench.datasets.reading import open_one

INPUT_PX = 128

QUICK = 1200
"""Pictures of each set with --quick."""


@dataclass(frozen=True, slots=True, eq=False)
class FrozenSet:
    """Pictures, features and the truth.

    Attributes:
        dataset: Its labels may be wrong; the truth is not among them.
        features: (N, D) float32.
        truth: The right label of each picture.
    """

    dataset: Dataset
    features: NDArray[np.float32]
    truth: tuple[str, ...]


def cifar(bench: Bench, labels: str) -> FrozenSet:
    """CIFAR-10N: 6,000 pictures whose labels people gave; `labels` is random1, random2, random3, aggre or worse."""
    file = bench.shared / "data" / "cifar10n" / "labels.csv"
    whole = opened(file, path_column="file", fields={"label": labels})
    truth = tuple(item.columns["clean"] for item in whole.items)
    return _set(bench, whole, truth, "cifar10n")


def cifar_test(bench: Bench) -> FrozenSet:
    """The 1,000 test pictures of the same classes, with clean labels."""
    file = bench.shared / "data" / "cifar10n" / "test_labels.csv"
    whole = opened(file, path_column="file", fields={"label": "clean"})
    return _set(bench, whole, tuple(str(label) for label in whole.labels("label")), "cifar10n-test")


def masks(bench: Bench, share: float, seed: int) -> FrozenSet:
    """mask3 with a share of the labels turned into one of the others; faces of one photo are one group."""
    whole = opened(bench.shared / "data" / "mask3" / "labels.csv", fields={"label": "label"}, group_column="")
    whole = replace(whole, items=tuple(replace(i, group=_photo(i.columns, i.key)) for i in whole.items))
    truth = tuple(str(label) for label in whole.labels("label"))
    return planted(_set(bench, whole, truth, "mask3"), share, seed)


def planted(frozen: FrozenSet, share: float, seed: int) -> FrozenSet:
    """The set with a share of its labels made wrong."""
    rng = np.random.default_rng(seed)
    classes = sorted(set(frozen.truth))
    items = list(frozen.dataset.items)
    for index in rng.choice(len(items), round(share * len(items)), replace=False):
        others = [name for name in classes if name != frozen.truth[index]]
        wrong = others[rng.integers(len(others))]
        columns = {**items[index].columns, "label": wrong}
        items[index] = replace(items[index], labels={"label": wrong}, columns=columns)
    return replace(frozen, dataset=replace(frozen.dataset, items=tuple(items)))


def opened(path: Path, **fields: Any) -> Dataset:
    """A dataset of the shared folder."""
    try:
        return open_one(path, **fields)
    except CloseupError as error:
        raise BenchError(str(error)) from error


def _photo(columns: Any, key: str) -> str:
    return str(columns["source"]) if columns["kind"] == "real" else key


def _set(bench: Bench, dataset: Dataset, truth: tuple[str, ...], name: str) -> FrozenSet:
    chosen = np.arange(len(dataset))
    if bench.quick and len(chosen) > QUICK:
        chosen = np.sort(np.random.default_rng(0).choice(chosen, QUICK, replace=False))
    some = dataset.select(list(chosen))
    return FrozenSet(some, _features(bench, some, name), tuple(truth[index] for index in chosen))


def _features(bench: Bench, dataset: Dataset, name: str) -> NDArray[np.float32]:
    """Computed once a run; with --reuse taken from an earlier one."""
    file = bench.out / "features" / f"{name}-{len(dataset)}-{INPUT_PX}.npy"
    if (name, len(dataset)) not in _DONE and not (bench.reuse and file.is_file()):
        from closeup.workbench.training.features import frozen_features

        pictures = load_pictures(dataset, INPUT_PX)
        if len(pictures.kept) < len(dataset):
            raise BenchError(f"{name}: {pictures.unreadable[0]}")
        file.parent.mkdir(parents=True, exist_ok=True)
        np.save(file, frozen_features(pictures.pixels, input_px=INPUT_PX))
    _DONE.add((name, len(dataset)))
    return np.asarray(np.load(file), np.float32)


_DONE: set[tuple[str, int]] = set()
"""Features that this run has made, by set and number of pictures."""
