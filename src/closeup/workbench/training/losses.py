"""The loss of a head: of raw numbers against targets, over the pictures with a label."""

import numpy as np
from torch import Tensor
from torch.nn import functional

from closeup.core.types import FloatArray
from closeup.learning.pytorch import torch
from closeup.workbench.recipes.heads import ResolvedHead

SMOOTH_L1_BETA = 0.1
"""Share of half the range below which the error counts squared."""

DISTRIBUTION_SIGMA_STEPS = 2.0
"""Width of the bell that a "distribution" head learns around the label, in steps between its values."""


class HeadLoss:
    """The loss of one head."""

    def __init__(self, head: ResolvedHead, device: torch.device) -> None:
        self._head = head
        self._weights = torch.tensor(head.weights, device=device) if head.weights else None
        self._steps = torch.tensor(head.steps, device=device) if head.steps else None

    def __call__(self, raw: Tensor, target: Tensor, soft: Tensor | None = None) -> Tensor:
        """The mean loss, a scalar, over the pictures that have a label; 0 where none has.

        Args:
            raw: The head's numbers (B, K).
            target: Class or value of each picture, (B,) float32, NaN where it has none.
            soft: A teacher's probabilities (B, K), rows of NaN where it has none; None without a teacher.
        """
        known = ~target.isnan()
        losses = raw.new_zeros(len(raw))
        counts = known.to(raw.dtype)
        if bool(known.any()):
            losses[known] = self._of_labels(raw[known], target[known])
        if soft is not None:
            taught = ~soft[:, 0].isnan()
            share = self._head.recipe.soft_weight
            if bool(taught.any()):
                by_teacher = -(soft[taught] * raw[taught].log_softmax(1)).sum(1)
                # Where there is no label, the teacher's word is all there is.
                losses[taught] = torch.where(
                    known[taught], (1 - share) * losses[taught] + share * by_teacher, by_teacher
                )
                counts = (known | taught).to(raw.dtype)
        total = counts.sum()
        return (losses * counts).sum() / total.clamp(min=1)

    def _of_labels(self, raw: Tensor, target: Tensor) -> Tensor:
        """Loss (B,) of each picture."""
        if self._head.is_value:
            return self._of_values(raw, target)
        classes = target.long()
        losses = functional.cross_entropy(
            raw, classes, reduction="none", label_smoothing=self._head.recipe.label_smoothing
        )
        if self._head.recipe.loss == "focal":  # Lin et al. 2017
            sure = raw.softmax(1).gather(1, classes[:, None])[:, 0]
            losses = losses * (1 - sure) ** self._head.recipe.focal_gamma
        return losses if self._weights is None else losses * self._weights[classes]

    def _of_values(self, raw: Tensor, target: Tensor) -> Tensor:
        recipe = self._head.recipe
        half = (recipe.high - recipe.low) / 2
        if self._steps is not None:  # label distribution learning with its expectation (Gao et al. 2018)
            step = self._steps[1] - self._steps[0]
            bell = torch.exp(-(((self._steps - target[:, None]) / (step * DISTRIBUTION_SIGMA_STEPS)) ** 2) / 2)
            wanted = bell / bell.sum(1, keepdim=True)
            log_p = raw.log_softmax(1)
            divergence = (wanted * (wanted.clamp(min=1e-12).log() - log_p)).sum(1)
            return divergence + (log_p.exp() @ self._steps - target).abs() / half
        wanted = (target - (recipe.low + recipe.high) / 2) / half
        given = raw[:, 0]
        if recipe.loss == "mse":
            return (given - wanted) ** 2
        if recipe.loss == "l1":
            return (given - wanted).abs()
        return functional.smooth_l1_loss(given, wanted, reduction="none", beta=SMOOTH_L1_BETA)


def soft_targets(head: ResolvedHead, table: dict[str, FloatArray], keys: list[str]) -> FloatArray:
    """A teacher's probabilities (N, K) for pictures by key, rows of NaN where the teacher has none."""
    nothing = np.full(head.outputs, np.nan, np.float32)
    return np.stack([table.get(key, nothing) for key in keys]) if keys else np.zeros((0, head.outputs), np.float32)
