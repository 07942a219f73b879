"""Image classification as a task of the trainer: labels and numbers of pictures, learnt by one network with heads."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from closeup.algorithms.metrics.classification import classification_metrics
from closeup.core.progress import ProgressCallback
from closeup.core.types import FloatArray
from closeup.learning.device import Precision
from closeup.learning.pytorch import torch
from closeup.learning.trainer import Indices
from closeup.workbench.recipes.heads import ResolvedHead
from closeup.workbench.recipes.recipe import Recipe
from closeup.workbench.training.augment import Augmenter, Mixed
from closeup.workbench.training.features import through
from closeup.workbench.training.losses import HeadLoss
from closeup.workbench.training.network import Network, activated, predict_batches, trainable_names
from closeup.workbench.training.pictures import epoch_order, gather, in_order
from closeup.workbench.training.prepare import Prepared, last_px

BATCH = 256

LOWER_IS_BETTER = ("loss", "mae")


class ImageTask:
    """What the trainer is given (a `learning.trainer.Task`), and what a run is evaluated by at its end.

    With the mode "frozen" the examples are features of the network's backbone, and only the heads learn.

    Attributes:
        recipe: Resolved.
        network: That learns.
        heads: Settled against the data.
        examples: Pictures or features, and their targets.
        precision: Device and width of numbers.
    """

    def __init__(
        self, recipe: Recipe, prepared: Prepared, network: Network, precision: Precision, progress: ProgressCallback
    ) -> None:
        self.recipe, self.network, self.precision = recipe, network, precision
        self.heads, self.examples, self._parts = prepared.heads, prepared.examples, prepared.parts
        self._augmenter = Augmenter(recipe.augment, recipe.model.mean, recipe.model.std, grey=recipe.model.grey)
        self._losses = {head.name: HeadLoss(head, precision.device) for head in self.heads}
        if recipe.training.mode == "frozen":
            features = through(
                network.backbone,
                self.examples.inputs,
                lambda batch: self._network_input(batch, last_px(recipe)),
                progress,
                flip=recipe.training.flip_test,
            )
            self.examples = replace(self.examples, inputs=torch.from_numpy(features))

    def trainable(self, stage: int) -> set[str]:
        """Names of the parameters that move."""
        return trainable_names(self.network, "heads" if self.examples.is_features else self.recipe.stages[stage].train)

    def epoch_order(self, stage: int, seed: Sequence[int]) -> Indices:
        """The pictures of one epoch, (M,), in their order."""
        balance = self.heads[0].name if self.recipe.training.sampler == "balanced" else ""
        return epoch_order(self.examples, self._parts[stage], tuple(seed), balance)

    def loss(self, stage: int, examples: Indices, generator: torch.Generator) -> Tensor:
        """The weighted loss of all heads on the pictures at indices (B,), augmented and mixed."""
        device = self.precision.device
        inputs = gather(self.examples, examples).to(device, non_blocking=True)
        mixed: Mixed | None = None
        if not self.examples.is_features:
            inputs = self._augmenter(inputs, self._input_px(stage), generator)
            if self._augmenter.mixes:
                mixed = self._augmenter.mix(inputs, generator)
                inputs = mixed.pictures
        with self.precision.autocast():
            raw = self.network.from_features(inputs) if self.examples.is_features else self.network(inputs)
        rows = torch.from_numpy(np.ascontiguousarray(examples))
        total = torch.zeros((), device=device)
        for head in self.heads:
            total = total + head.recipe.weight * self._head_loss(head, raw[head.name].float(), rows, mixed)
        return total

    def _head_loss(self, head: ResolvedHead, raw: Tensor, rows: Tensor, mixed: Mixed | None) -> Tensor:
        loss, device = self._losses[head.name], self.precision.device
        targets = self.examples.targets[head.name][rows].to(device)
        soft = self.examples.soft.get(head.name)
        taught = None if soft is None else soft[rows].to(device)
        own: Tensor = loss(raw, targets, taught)
        if mixed is None:
            return own
        crossed: Tensor = loss(raw, targets[mixed.partner], None if taught is None else taught[mixed.partner])
        return mixed.share * own + (1 - mixed.share) * crossed

    def evaluate(self, stage: int, network: nn.Module) -> tuple[dict[str, Any], float]:
        """The row of epochs.csv for weights, evaluated on val, and the monitored metric, higher is better."""
        assert isinstance(network, Network)
        val = self.examples.val
        raw = self.raw(network, val, self._input_px(stage))
        row: dict[str, Any] = {"val_loss": self._loss_of(raw, val)}
        for head in self.heads:
            found = head_metrics(head, predictions_of(head, raw[head.name]), self.targets(head, val))
            row |= {f"{head.name}_{name}": value for name, value in found.items()}
        monitor = self.recipe.training.monitor
        value = float(row["val_loss"] if monitor == "loss" else row[f"{self.heads[0].name}_{monitor}"])
        return row, -value if monitor in LOWER_IS_BETTER else value

    def raw(self, network: Network, indices: Indices, input_px: int) -> dict[str, FloatArray]:
        """Raw numbers (N, K) of every head for the pictures at indices (N,)."""
        batches = (self._network_input(batch, input_px) for batch in in_order(self.examples, indices, BATCH))
        with self.precision.autocast():
            return predict_batches(network, batches, flip=self.recipe.training.flip_test)

    def targets(self, head: ResolvedHead, indices: Indices) -> FloatArray:
        """Targets (N,) of one head, NaN where there is no label."""
        return self.examples.targets[head.name].numpy()[indices]

    def sides(self) -> list[tuple[str, Indices]]:
        """The sides that a run is evaluated on at its end, with their indices (N,): val, and test if there is one."""
        return [("val", self.examples.val), *([("test", self.examples.test)] if len(self.examples.test) else [])]

    def _network_input(self, batch: Tensor, input_px: int) -> Tensor:
        moved = batch.to(self.precision.device)
        return moved if moved.ndim == 2 else self._augmenter.plain(moved, input_px)

    def _input_px(self, stage: int) -> int:
        return self.recipe.stages[stage].input_px or self.recipe.model.input_px

    def _loss_of(self, raw: Mapping[str, FloatArray], indices: Indices) -> float:
        total = 0.0
        for head in self.heads:
            loss = HeadLoss(head, torch.device("cpu"))
            targets = torch.from_numpy(np.ascontiguousarray(self.targets(head, indices)))
            total += head.recipe.weight * float(loss(torch.from_numpy(raw[head.name]), targets))
        return total


def predictions_of(head: ResolvedHead, raw: FloatArray, temperature: float = 1.0) -> FloatArray:
    """Probabilities (N, K), or values (N, 1), of raw numbers (N, K) softened by a temperature (classes only)."""
    numbers = torch.from_numpy(raw)
    return np.asarray(activated(head, numbers if head.is_value else numbers / temperature).numpy(), np.float32)


def head_metrics(head: ResolvedHead, given: FloatArray, targets: FloatArray) -> dict[str, float]:
    """The few metrics of a head that every epoch shows; none where no picture has a label.

    Args:
        given: Its predictions (N, K) or (N, 1).
        targets: (N,), NaN where there is no label.
    """
    known = ~np.isnan(targets)
    if not known.any():
        return {}
    if head.is_value:
        return {"mae": float(np.abs(given[known, 0] - targets[known]).mean())}
    found = classification_metrics(given[known], targets[known].astype(np.intp), head.classes)
    return {
        "accuracy": float(found.accuracy),
        "macro_recall": float(found.macro_recall),
        "macro_f1": float(found.macro_f1),
    }


def known(targets: FloatArray) -> NDArray[np.bool_]:
    """Which of targets (N,) are labels: (N,)."""
    return ~np.isnan(targets)
