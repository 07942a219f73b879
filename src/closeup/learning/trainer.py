"""The trainer: stage after stage, epoch after epoch, step after step, each repeatable from its seed alone.

It knows no data: what is learnt, and how it is evaluated, is a `Task`. No state of a random generator is kept: every
step seeds its own, from the seed and its place. So a run that was interrupted, or killed, goes on with the very losses
that it would have had.
"""

import copy
import math
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim import SGD, Adam, AdamW, NAdam, Optimizer, RMSprop

from closeup.core.interrupts import held_back
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.timebase import clock
from closeup.learning.checkpoint import TrainingState, Weights, checkpoint_bytes
from closeup.learning.device import Precision
from closeup.learning.options import Stage, TrainerOptions
from closeup.learning.pytorch import torch

Indices = NDArray[np.intp]
"""Places of examples in the data of a task, (N,)."""

Row = dict[str, Any]

LOWEST_RATE = 0.01
"""Falling schedules end at this share of the highest learning rate."""


class Task(Protocol):
    """What is learnt. Stages are counted from 0."""

    def trainable(self, stage: int) -> Collection[str]:
        """Names of the network's parameters that move in a stage."""

    def epoch_order(self, stage: int, seed: Sequence[int]) -> Indices:
        """The examples of one epoch, (M,), in their order, from nothing but the seed."""

    def loss(self, stage: int, examples: Indices, generator: torch.Generator) -> Tensor:
        """The loss (a scalar) of the network on a batch of examples (B,); chance is the generator's, or torch's own."""

    def evaluate(self, stage: int, network: nn.Module) -> tuple[Row, float]:
        """The metrics of weights on held-out examples, a row of epochs.csv, and the monitored one: higher is better."""


class Record(Protocol):
    """Where the trainer writes what happens; a run's folder (runs.folder.RunWriter) is one."""

    def step(self, row: Mapping[str, Any]) -> None:
        """Add a row of steps.csv."""

    def epoch(self, row: Mapping[str, Any]) -> None:
        """Add a row of epochs.csv."""

    def checkpoint(self, content: bytes) -> None:
        """Keep where training stands, in place of what was kept before."""


class Trainer:
    """Trains the weights of a task, from where the state says.

    Attributes:
        state: Where training stands.
        weights: What is trained.
    """

    def __init__(
        self,
        task: Task,
        weights: Weights,
        stages: Sequence[Stage],
        *,
        record: Record,
        options: TrainerOptions | None = None,
        state: TrainingState | None = None,
        precision: Precision | None = None,
        progress: ProgressCallback = ignore,
    ) -> None:
        self.state = state or TrainingState()
        self.weights = weights
        self._task, self._stages, self._record, self._progress = task, stages, record, progress
        self._options = options or TrainerOptions()
        self._precision = precision or Precision("cpu", "32")
        self._saved_s = time.monotonic()

    def run(self) -> None:
        """Train to the end; checkpoints are kept on the way, and where somebody asks to stop."""
        try:
            while self.state.stage < len(self._stages):
                self._stage(self._stages[self.state.stage])
        except (KeyboardInterrupt, SystemExit):
            with held_back():
                self._save()
            raise

    def _stage(self, stage: Stage) -> None:
        at, weights, patience = self.state, self.weights, self._options.patience
        moving = self._task.trainable(at.stage)
        weights.optimizer = new_optimizer(stage, weights.network, moving)
        if weights.optimizer_state is not None:  # from a checkpoint in the middle of the stage
            weights.optimizer.load_state_dict(weights.optimizer_state)
            weights.optimizer_state = None
        while at.epoch < stage.epochs and not (patience and at.worse >= patience):
            self._epoch(stage, moving)
        with held_back():
            weights.optimizer = None
            at.stage, at.epoch, at.worse = at.stage + 1, 0, 0
            self._save()

    def _epoch(self, stage: Stage, moving: Collection[str]) -> None:
        at = self.state
        order = self._task.epoch_order(at.stage, self._seed())
        batch = min(stage.batch, len(order))
        steps = len(order) // batch
        _to_training(self.weights.network, moving, stage)
        while at.batch < steps:
            started_s = time.monotonic()
            with held_back():
                loss, rate = self._step(stage, order[at.batch * batch : (at.batch + 1) * batch], steps)
                took_s = time.monotonic() - started_s
                at.loss_sum += loss
                at.seconds += took_s
                at.batch += 1
                at.step += 1
                row = {"step": at.step, "stage": at.stage + 1, "epoch": at.epochs + 1, "loss": loss}
                self._record.step(row | {"learning_rate": rate, "images_per_s": batch / took_s if took_s > 0 else 0.0})
                if time.monotonic() - self._saved_s > self._options.checkpoint_s:
                    self._save()
            self._report(stage, steps)
        self._close_epoch(stage, steps)

    def _step(self, stage: Stage, examples: Indices, steps: int) -> tuple[float, float]:
        """One step on a batch of examples; its loss and its learning rate."""
        at, optimizer, network = self.state, self.weights.optimizer, self.weights.network
        assert optimizer is not None
        generator = self._seeded()
        rate = learning_rate(stage, at.epoch * steps + at.batch, stage.epochs * steps)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad(set_to_none=True)
        loss = self._task.loss(at.stage, examples, generator)
        self._precision.backward(loss, optimizer, network, self._options.clip_norm)
        if self.weights.average is not None:
            follow(self.weights.average, network, self._options.ema, at.step)
        return float(loss.detach()), rate

    def _close_epoch(self, stage: Stage, steps: int) -> None:
        """Evaluate, keep the weights if they are better, write the row, and save."""
        at, weights = self.state, self.weights
        started_s = time.monotonic()
        row, score = self._task.evaluate(at.stage, weights.evaluated)
        took_s = at.seconds + time.monotonic() - started_s
        better = at.best is None or score > at.best
        with held_back():
            if better:
                at.best, at.best_epoch = score, at.epochs + 1
                kept = weights.evaluated.state_dict()
                weights.best = {name: tensor.detach().cpu().clone() for name, tensor in kept.items()}
            at.worse = 0 if better else at.worse + 1
            head = {"epoch": at.epochs + 1, "stage": at.stage + 1, "stage_name": stage.name or str(at.stage + 1)}
            means = {"train_loss": at.loss_sum / max(steps, 1)}
            self._record.epoch(head | means | row | {"seconds": at.seconds, "kept": better})
            at.epoch, at.epochs, at.batch = at.epoch + 1, at.epochs + 1, 0
            at.loss_sum = at.seconds = 0.0
            self._save()
        self._say_epoch(stage, means | row, took_s, better=better)

    def _save(self) -> None:
        self._record.checkpoint(checkpoint_bytes(self.state, self.weights))
        self._saved_s = time.monotonic()

    def _seed(self, *place: int) -> tuple[int, ...]:
        return (self._options.seed, self.state.stage, self.state.epoch, *place)

    def _seeded(self) -> torch.Generator:
        """Seed torch (for dropout) and a generator (for the task's own chance) for this step."""
        number = int(np.random.SeedSequence(self._seed(1 + self.state.batch)).generate_state(1, np.uint64)[0] >> 1)
        torch.manual_seed(number)
        return torch.Generator().manual_seed(number)

    def _say_epoch(self, stage: Stage, row: Row, took_s: float, *, better: bool) -> None:
        """A line that stays: what the epoch brought, and about how long the rest will take."""
        at, stages = self.state, self._stages
        left = stage.epochs - at.epoch + sum(each.epochs for each in stages[at.stage + 1 :])
        metrics = ", ".join(f"{name.replace('_', ' ')} {value:.4g}" for name, value in row.items())
        which = f"stage {at.stage + 1} of {len(stages)}, " * (len(stages) > 1) + f"epoch {at.epoch} of {stage.epochs}"
        rest = f"; about {clock(left * took_s)} left" if left else ""
        said = f"{which}: {metrics}{', the best so far' if better else ''}{rest}"
        self._progress(Progress(which, at.epoch, stage.epochs, "epochs", said))

    def _report(self, stage: Stage, steps: int) -> None:
        at, count = self.state, len(self._stages)
        title = f"stage {at.stage + 1} of {count}" if count > 1 else "training"
        self._progress(Progress(title, at.epoch * steps + at.batch, stage.epochs * steps, "steps"))


def new_optimizer(stage: Stage, network: nn.Module, moving: Collection[str]) -> Optimizer:
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


def learning_rate(stage: Stage, step: int, steps: int) -> float:
    """The learning rate of one step.

    Args:
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
        return LOWEST_RATE + (1 - LOWEST_RATE) * (1 + math.cos(math.pi * done)) / 2
    if schedule == "linear":
        return 1 - (1 - LOWEST_RATE) * done
    if schedule == "step":
        return 1.0 if done < 0.6 else 0.1 if done < 0.85 else 0.01
    return 1.0


def follow(average: nn.Module, network: nn.Module, decay: float, step: int) -> None:
    """Move an average of weights towards the network; in the first steps faster, so that it forgets the beginning."""
    share = 1 - min(decay, (1 + step) / (10 + step))
    with torch.no_grad():
        for kept, new in zip(average.state_dict().values(), network.state_dict().values(), strict=True):
            if kept.dtype.is_floating_point:
                kept.lerp_(new, share)
            else:
                kept.copy_(new)


def new_average(network: nn.Module, decay: float) -> nn.Module | None:
    """A copy of the network to average into, or None where nothing is averaged."""
    if not decay:
        return None
    average = copy.deepcopy(network)
    return average.requires_grad_(False).eval()


def _to_training(network: nn.Module, moving: Collection[str], stage: Stage) -> None:
    """Training mode; norms whose weights stand still keep their statistics too, unless the stage says otherwise."""
    network.train()
    if stage.train_norms:
        return
    for name, module in network.named_modules():
        own = [f"{name}.{parameter}" for parameter, _ in module.named_parameters(recurse=False)]
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and own and not any(key in moving for key in own):
            module.eval()
