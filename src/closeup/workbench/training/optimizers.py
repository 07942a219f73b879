"""Optimizers and learning rates by name."""

import math
from collections.abc import Callable

from torch import nn
from torch.optim import SGD, Adam, AdamW, NAdam, Optimizer, RMSprop

from closeup.workbench.recipe import StageRecipe

FLOOR = 0.01
"""Falling schedules end at this share of the highest learning rate."""


def new_optimizer(stage: StageRecipe, network: nn.Module, moving: set[str]) -> Optimizer:
    """The stage's optimizer over the parameters that move; weights of one dimension do not decay."""
    decayed: list[nn.Parameter] = []
    spared: list[nn.Parameter] = []
    for name, parameter in network.named_parameters():
        parameter.requires_grad_(name in moving)
        if name in moving:
            (decayed if parameter.ndim > 1 else spared).append(parameter)
    groups = [
        {"params": decayed, "weight_decay": stage.weight_decay},
        {"params": spared, "weight_decay": 0.0},
    ]
    rate, momentum = stage.learning_rate, stage.momentum
    makers: dict[str, Callable[[], Optimizer]] = {
        "sgd": lambda: SGD(groups, rate, momentum=momentum, nesterov=momentum > 0),
        "rmsprop": lambda: RMSprop(groups, rate, momentum=momentum),
        "adam": lambda: Adam(groups, rate, betas=(momentum, 0.999)),
        "adamw": lambda: AdamW(groups, rate, betas=(momentum, 0.999)),
        "nadam": lambda: NAdam(groups, rate, betas=(momentum, 0.999)),
    }
    return makers[stage.optimizer]()


def learning_rate(stage: StageRecipe, step: int, steps: int) -> float:
    """The learning rate of one step.

    Args:
        stage: The stage.
        step: Counted from 0 in the stage.
        steps: Of the whole stage.
    """
    warmup = stage.warmup * steps
    if step < warmup:
        return stage.learning_rate * (step + 1) / (warmup + 1)
    done = (step - warmup) / max(steps - warmup, 1)
    return stage.learning_rate * _share(stage.schedule, done)


def _share(schedule: str, done: float) -> float:
    if schedule == "cosine":
        return FLOOR + (1 - FLOOR) * (1 + math.cos(math.pi * done)) / 2
    if schedule == "linear":
        return 1 - (1 - FLOOR) * done
    if schedule == "step":
        return 1.0 if done < 0.6 else 0.1 if done < 0.85 else 0.01
    return 1.0
