"""Judge weights on pictures that were not learnt from: losses, figures, and the answers themselves."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from closeup.algorithms.metrics.classification import figures
from closeup.core.types import FloatArray
from closeup.learning.device import Precision
from closeup.learning.pytorch import torch
from closeup.workbench.recipe import Recipe
from closeup.workbench.training.augment import Augmenter
from closeup.workbench.training.heads import ResolvedHead
from closeup.workbench.training.losses import HeadLoss
from closeup.workbench.training.network import Network, answer, judge_batches
from closeup.workbench.training.pictures import Indices, Material, in_order

BATCH = 256

LOWER_IS_BETTER = ("loss", "mae")


@dataclass(frozen=True)
class Judge:
    """What judging needs beside the weights.

    Attributes:
        recipe: Resolved.
        heads: Settled.
        material: Pictures and targets.
        precision: Device and width of numbers.
        augmenter: For its plain form; None where the inputs are features.
    """

    recipe: Recipe
    heads: tuple[ResolvedHead, ...]
    material: Material
    precision: Precision
    augmenter: Augmenter | None

    def raw(self, network: Network, indices: Indices, input_px: int) -> dict[str, FloatArray]:
        """Raw numbers (N, K) of every head for the pictures at indices (N,)."""
        batches = (self._inputs(batch, input_px) for batch in in_order(self.material, indices, BATCH))
        with self.precision.autocast():
            return judge_batches(network, batches, flip=self.recipe.training.flip_test)

    def _inputs(self, batch: Tensor, input_px: int) -> Tensor:
        moved = batch.to(self.precision.device)
        return moved if self.augmenter is None else self.augmenter.plain(moved, input_px)

    def targets(self, head: ResolvedHead, indices: Indices) -> FloatArray:
        """Targets (N,) of one head, NaN where there is no label."""
        return self.material.targets[head.name].numpy()[indices]

    def val(self, network: Network, input_px: int) -> tuple[dict[str, Any], float]:
        """The row of epochs.csv for weights, and the monitored figure, higher is better."""
        raw = self.raw(network, self.material.val, input_px)
        row: dict[str, Any] = {"val_loss": self._loss(raw, self.material.val)}
        for head in self.heads:
            row |= {
                f"{head.name}_{name}": value
                for name, value in head_figures(
                    head, answers(head, raw[head.name]), self.targets(head, self.material.val)
                ).items()
            }
        monitor = self.recipe.training.monitor
        value = float(row["val_loss"] if monitor == "loss" else row[f"{self.heads[0].name}_{monitor}"])
        return row, -value if monitor in LOWER_IS_BETTER else value

    def _loss(self, raw: Mapping[str, FloatArray], indices: Indices) -> float:
        total = 0.0
        for head in self.heads:
            loss = HeadLoss(head, torch.device("cpu"))
            targets = torch.from_numpy(np.ascontiguousarray(self.targets(head, indices)))
            total += head.recipe.weight * float(loss(torch.from_numpy(raw[head.name]), targets))
        return total


def answers(head: ResolvedHead, raw: FloatArray, temperature: float = 1.0) -> FloatArray:
    """Probabilities (N, K), or values (N, 1), of raw numbers (N, K) softened by a temperature (classes only)."""
    numbers = torch.from_numpy(raw)
    return np.asarray(answer(head, numbers if head.is_value else numbers / temperature).numpy(), np.float32)


def head_figures(head: ResolvedHead, given: FloatArray, targets: FloatArray) -> dict[str, float]:
    """The few figures of a head that every epoch shows; none where no picture has a label.

    Args:
        head: The head.
        given: Its answers (N, K) or (N, 1).
        targets: (N,), NaN where there is no label.
    """
    known = ~np.isnan(targets)
    if not known.any():
        return {}
    if head.is_value:
        return {"mae": float(np.abs(given[known, 0] - targets[known]).mean())}
    found = figures(given[known], targets[known].astype(np.intp), head.classes)
    return {
        "accuracy": float(found.accuracy),
        "macro_recall": float(found.macro_recall),
        "macro_f1": float(found.macro_f1),
    }


def known(targets: FloatArray) -> NDArray[np.bool_]:
    """Which of targets (N,) are labels: (N,)."""
    return ~np.isnan(targets)


def sides(material: Material) -> Sequence[tuple[str, Indices]]:
    """The sides that a run is judged on at its end, with their indices (N,): val, and test where there is one."""
    return [("val", material.val), *([("test", material.test)] if len(material.test) else [])]
