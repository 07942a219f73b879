"""The training loop: stage after stage, epoch after epoch, step after step, each repeatable from its seed alone.

No state of a random generator is kept: every step seeds its own, from the recipe's seed and its place. So a run that
was interrupted, or killed, goes on with the very losses that it would have had.
"""

import copy
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from torch import Tensor, nn

from closeup.core.interrupts import held_back
from closeup.core.progress import Progress, ProgressCallback
from closeup.learning.checkpoint import Standing, Weights
from closeup.learning.device import Precision
from closeup.learning.pytorch import torch
from closeup.workbench.recipe import Recipe, StageRecipe
from closeup.workbench.training.augment import Augmenter, Mixed
from closeup.workbench.training.heads import ResolvedHead
from closeup.workbench.training.losses import HeadLoss
from closeup.workbench.training.network import Network, trainable_names
from closeup.workbench.training.optimizers import learning_rate, new_optimizer
from closeup.workbench.training.pictures import Indices, Material, epoch_order, gather

Row = dict[str, Any]


class Record(Protocol):
    """Where the loop writes what happens; a run's folder (runs.folder.RunWriter) is one."""

    def step(self, row: Mapping[str, Any]) -> None:
        """Add a row of steps.csv."""

    def epoch(self, row: Mapping[str, Any]) -> None:
        """Add a row of epochs.csv."""


@dataclass(frozen=True)
class Plan:
    """What a loop is given.

    Attributes:
        recipe: Resolved.
        heads: Settled against the data.
        material: What is learnt from.
        parts: For each stage, the indices of its training pictures.
        judge: The figures of the weights on val: the row of epochs.csv, and the monitored one, higher is better.
        save: Called with nothing where a checkpoint is due.
        record: Where rows go.
        precision: Device and width of numbers.
        augmenter: Makes network inputs of pictures; None where the inputs are features.
        progress: Told of every step.
    """

    recipe: Recipe
    heads: tuple[ResolvedHead, ...]
    material: Material
    parts: tuple[Indices, ...]
    judge: Callable[[nn.Module, StageRecipe], tuple[Row, float]]
    save: Callable[[], None]
    record: Record
    precision: Precision
    augmenter: Augmenter | None
    progress: ProgressCallback


class Loop:
    """Runs the stages of a plan from where the standing says."""

    def __init__(self, plan: Plan, standing: Standing, weights: Weights) -> None:
        self._plan = plan
        self._at = standing
        self._weights = weights
        self._losses = {head.name: HeadLoss(head, plan.precision.device) for head in plan.heads}
        self._saved_s = time.monotonic()

    def run(self) -> None:
        """Train to the end; on the way, `Plan.save` is called whenever a checkpoint is due."""
        stages = self._plan.recipe.stages
        while self._at.stage < len(stages):
            self._stage(stages[self._at.stage])

    def _stage(self, stage: StageRecipe) -> None:
        network = self._weights.network
        assert isinstance(network, Network)
        # A checkpoint in the midst of a stage brought the optimizer with it.
        moving = trainable_names(network, "heads" if self._plan.material.is_features else stage.train)
        optimizer = new_optimizer(stage, network, moving)
        if self._weights.optimizer_state is not None:
            optimizer.load_state_dict(self._weights.optimizer_state)
            self._weights.optimizer_state = None
        self._weights.optimizer = optimizer
        patience = self._plan.recipe.training.patience
        while self._at.epoch < stage.epochs and not (patience and self._at.worse >= patience):
            self._epoch(stage, moving)
        with held_back():
            self._weights.optimizer = None
            self._at.stage, self._at.epoch, self._at.worse = self._at.stage + 1, 0, 0
            self._plan.save()

    def _epoch(self, stage: StageRecipe, moving: set[str]) -> None:
        plan, at = self._plan, self._at
        balance = plan.heads[0].name if plan.recipe.training.sampler == "balanced" else ""
        order = epoch_order(plan.material, plan.parts[at.stage], self._seed(), balance)
        batch = min(stage.batch, len(order))
        steps = len(order) // batch
        _to_training(self._weights.network, moving, stage)
        while at.batch < steps:
            started_s = time.monotonic()
            where = order[at.batch * batch : (at.batch + 1) * batch]
            with held_back():
                loss, rate = self._step(stage, where, steps)
                took_s = time.monotonic() - started_s
                at.loss_sum += loss
                at.seconds += took_s
                at.batch += 1
                at.step += 1
                plan.record.step(
                    {
                        "step": at.step,
                        "stage": at.stage + 1,
                        "epoch": at.epochs + 1,
                        "loss": loss,
                        "learning_rate": rate,
                        "images_per_s": batch / took_s if took_s > 0 else 0.0,
                    }
                )
                if time.monotonic() - self._saved_s > plan.recipe.training.checkpoint_s:
                    self._save()
            self._report(stage, steps)
        self._close_epoch(stage, steps)

    def _close_epoch(self, stage: StageRecipe, steps: int) -> None:
        """Judge, keep the weights if they are better, write the row, and save."""
        plan, at = self._plan, self._at
        row, score = plan.judge(self._weights.judged, stage)
        better = at.best is None or score > at.best
        with held_back():
            if better:
                at.best, at.best_epoch = score, at.epochs + 1
                judged = self._weights.judged.state_dict()
                self._weights.best = {name: tensor.detach().cpu().clone() for name, tensor in judged.items()}
            at.worse = 0 if better else at.worse + 1
            head = {"epoch": at.epochs + 1, "stage": at.stage + 1, "stage_name": stage.name or str(at.stage + 1)}
            means = {"train_loss": at.loss_sum / max(steps, 1)}
            plan.record.epoch(head | means | row | {"seconds": at.seconds, "kept": better})
            at.epoch, at.epochs, at.batch = at.epoch + 1, at.epochs + 1, 0
            at.loss_sum = at.seconds = 0.0
            self._save()

    def _save(self) -> None:
        self._plan.save()
        self._saved_s = time.monotonic()

    def _step(self, stage: StageRecipe, where: Indices, steps: int) -> tuple[float, float]:
        """One step on the pictures at `where`; its loss and its learning rate."""
        plan, optimizer, network = self._plan, self._weights.optimizer, self._weights.network
        assert optimizer is not None
        generator = self._seeded()
        rate = learning_rate(stage, self._at.epoch * steps + self._at.batch, stage.epochs * steps)
        for group in optimizer.param_groups:
            group["lr"] = rate
        optimizer.zero_grad(set_to_none=True)
        loss = self._loss(stage, where, generator)
        plan.precision.backward(loss, optimizer, network, plan.recipe.training.clip_norm)
        if self._weights.average is not None:
            follow(self._weights.average, network, plan.recipe.training.ema, self._at.step)
        return float(loss.detach()), rate

    def _loss(self, stage: StageRecipe, where: Indices, generator: torch.Generator) -> Tensor:
        plan, device = self._plan, self._plan.precision.device
        network = self._weights.network
        assert isinstance(network, Network)
        inputs = gather(plan.material, where).to(device, non_blocking=True)
        rows = torch.from_numpy(np.ascontiguousarray(where))
        mixed: Mixed | None = None
        if plan.augmenter is not None:
            inputs = plan.augmenter(inputs, stage.input_px or plan.recipe.model.input_px, generator)
            if plan.augmenter.mixes:
                mixed = plan.augmenter.mix(inputs, generator)
                inputs = mixed.pictures
        with plan.precision.autocast():
            raw = network(inputs) if plan.augmenter is not None else network.from_features(inputs)
        total = torch.zeros((), device=device)
        for head in plan.heads:
            numbers = raw[head.name].float()
            targets = plan.material.targets[head.name][rows].to(device)
            soft = plan.material.soft.get(head.name)
            taught = None if soft is None else soft[rows].to(device)
            part = self._losses[head.name](numbers, targets, taught)
            if mixed is not None:
                others = mixed.partner
                crossed = self._losses[head.name](numbers, targets[others], None if taught is None else taught[others])
                part = mixed.share * part + (1 - mixed.share) * crossed
            total = total + head.recipe.weight * part
        return total

    def _seed(self, *place: int) -> tuple[int, ...]:
        return (self._plan.recipe.training.seed, self._at.stage, self._at.epoch, *place)

    def _seeded(self) -> torch.Generator:
        """Seed torch (for dropout) and a generator (for augmentation) for this step."""
        number = int(np.random.SeedSequence(self._seed(1 + self._at.batch)).generate_state(1, np.uint64)[0] >> 1)
        torch.manual_seed(number)
        return torch.Generator().manual_seed(number)

    def _report(self, stage: StageRecipe, steps: int) -> None:
        at, stages = self._at, self._plan.recipe.stages
        title = f"stage {at.stage + 1} of {len(stages)}" if len(stages) > 1 else "training"
        self._plan.progress(Progress(title, at.epoch * steps + at.batch, stage.epochs * steps, "steps"))


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


def _to_training(network: nn.Module, moving: set[str], stage: StageRecipe) -> None:
    """Training mode; norms whose weights stand still keep their statistics too, unless the stage says otherwise."""
    network.train()
    if stage.train_norms:
        return
    for name, module in network.named_modules():
        own = [f"{name}.{parameter}" for parameter, _ in module.named_parameters(recurse=False)]
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and own and not any(key in moving for key in own):
            module.eval()
