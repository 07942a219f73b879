"""Real pictures to evaluate an export on: those that a run was chosen by, or others that are named."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from closeup.core.errors import InputError
from closeup.core.progress import ProgressCallback, ignore
from closeup.core.types import FloatArray, Image
from closeup.learning.runs.folder import SPLIT_FILE
from closeup.learning.runs.reading import Run
from closeup.weights.network_card import NetworkCard
from closeup.workbench.datasets.items import Dataset
from closeup.workbench.datasets.pictures import load_pictures
from closeup.workbench.datasets.reading import open_dataset, open_one
from closeup.workbench.datasets.splits import load_split
from closeup.workbench.recipes.heads import ResolvedHead, targets
from closeup.workbench.recipes.recipe import Recipe

CALIBRATION = 512
"""Pictures that int8 reads its ranges from. ONNX Runtime's guide names a few hundred."""


@dataclass(frozen=True)
class LabelledPictures:
    """Pictures with their labels as numbers.

    Attributes:
        crops: (N, P, P, 3) uint8, as the network's card wants them.
        targets: By head (N,): index of the class, or the value; NaN where there is no label.
        groups: Of each picture.
        unreadable: How many pictures could not be read and are not among them.
    """

    crops: Image
    targets: dict[str, FloatArray]
    groups: tuple[str, ...]
    unreadable: int


def validation_pictures(
    run: Run, recipe: Recipe, heads: Sequence[ResolvedHead], card: NetworkCard, progress: ProgressCallback = ignore
) -> LabelledPictures:
    """The pictures of the side val of a run, by which it was chosen, with their labels.

    Raises:
        InputError: If the run's data is no longer where it was.
    """
    dataset = _side(run, recipe, "val", progress)
    pictures = load_pictures(dataset, card.input_px, grey=card.grey, fit=card.fit, progress=progress)
    kept = dataset.select(pictures.kept.tolist())
    numbers = {head.name: targets(head, kept.labels(head.label_field)) for head in heads}
    groups = tuple(item.group for item in kept.items)
    return LabelledPictures(pictures.pixels, numbers, groups, len(pictures.unreadable))


def calibration_pictures(
    run: Run, recipe: Recipe, card: NetworkCard, data: Path | None, progress: ProgressCallback = ignore
) -> Image:
    """Pictures (M, P, P, 3) uint8 to read the range of each layer from; the same ones every time.

    Args:
        run: Whose training pictures are taken, `CALIBRATION` of them by chance; never those it is evaluated on.
        card: Says size and colour.
        data: Take them from this dataset instead; labels are not needed.

    Raises:
        InputError: If there are none.
    """
    dataset = _side(run, recipe, "train", progress) if data is None else open_one(data)
    count = len(dataset)
    if not count:
        raise InputError(f"There are no pictures in {dataset.name} to calibrate by.")
    chosen = np.sort(np.random.default_rng(0).permutation(count)[:CALIBRATION])
    some = dataset.select([int(index) for index in chosen])
    return load_pictures(some, card.input_px, grey=card.grey, fit=card.fit, progress=progress).pixels


def _side(run: Run, recipe: Recipe, side: str, progress: ProgressCallback) -> Dataset:
    base = Path(str(run.facts.get("base", run.path)))
    dataset = open_dataset(recipe.data, base=base, heads=recipe.heads)
    split = load_split(run.path / SPLIT_FILE)
    indices = [int(index) for index in split.indices(dataset, side)]
    if not indices:
        raise InputError(
            f"None of the pictures that the run {run.id} kept as {side} are in its data any more.",
            "Bring back the data of that time.",
            code="run.data",
            run=run.id,
        )
    return dataset.select(indices)
