"""The trainer on a task that has nothing to do with pictures: a line through points."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from closeup.core.progress import Progress
from closeup.learning.checkpoint import TrainingState, Weights, read_checkpoint
from closeup.learning.options import Stage, TrainerOptions
from closeup.learning.runs.folder import create_run, reopen_run
from closeup.learning.trainer import (
    Indices,
    Task,
    Trainer,
    follow,
    learning_rate,
    new_average,
    new_optimizer,
)

STAGES = (
    Stage("both", epochs=6, batch=8, learning_rate=0.4, weight_decay=0.0, warmup=0.0),
    Stage("slope", epochs=2, batch=4, learning_rate=0.01, optimizer="sgd", schedule="constant"),
)
OPTIONS = TrainerOptions(seed=3, ema=0.5, clip_norm=1.0, checkpoint_s=1e-6)


class Line:
    """y = 3 x - 1 from 40 points, with noise drawn anew in every step."""

    def __init__(self) -> None:
        self.x = torch.linspace(-1, 1, 40)[:, None]
        torch.manual_seed(0)
        self.network = nn.Linear(1, 1)

    def trainable(self, stage: int) -> set[str]:
        return {"weight", "bias"} if stage == 0 else {"weight"}

    def epoch_order(self, stage: int, seed: Sequence[int]) -> Indices:
        return np.random.default_rng(seed).permutation(32)

    def loss(self, stage: int, examples: Indices, generator: torch.Generator) -> Tensor:
        x = self.x[torch.from_numpy(examples)]
        noise = torch.randn(x.shape, generator=generator) / 10
        return ((self.network(x) - (3 * x - 1 + noise)) ** 2).mean()

    def evaluate(self, stage: int, network: nn.Module) -> tuple[dict[str, Any], float]:
        with torch.inference_mode():
            error = float((network(self.x[32:]) - (3 * self.x[32:] - 1)).abs().mean())
        return {"val_mae": error}, -error


class Memory:
    """A record that keeps everything in memory."""

    def __init__(self) -> None:
        self.steps: list[Mapping[str, Any]] = []
        self.epochs: list[Mapping[str, Any]] = []
        self.kept = b""

    def step(self, row: Mapping[str, Any]) -> None:
        self.steps.append(row)

    def epoch(self, row: Mapping[str, Any]) -> None:
        self.epochs.append(row)

    def checkpoint(self, content: bytes) -> None:
        self.kept = content


def weights_of(task: Line) -> Weights:
    return Weights(task.network, new_average(task.network, OPTIONS.ema))


def losses(rows: Sequence[Mapping[str, Any]]) -> list[float]:
    return [row["loss"] for row in rows]


@pytest.fixture(scope="module")
def whole() -> Memory:
    """What a training that nothing stopped wrote down."""
    task, record = Line(), Memory()
    Trainer(task, weights_of(task), STAGES, record=record, options=OPTIONS).run()
    return record


def test_it_learns_the_line_and_keeps_the_best(whole: Memory) -> None:
    task: Task = Line()  # the protocol is all that is asked for
    assert task.trainable(1) == {"weight"}
    assert whole.epochs[-1]["val_mae"] < 0.5 < whole.epochs[0]["val_mae"]
    assert [row["stage_name"] for row in whole.epochs] == ["both"] * 6 + ["slope"] * 2
    best = min(range(8), key=lambda at: whole.epochs[at]["val_mae"])
    assert [at for at, row in enumerate(whole.epochs) if row["kept"]][-1] == best


def test_what_does_not_move_stays(tmp_path: Path) -> None:
    task, record = Line(), Memory()
    state, weights = TrainingState(stage=1), weights_of(task)
    before = task.network.bias.item()
    Trainer(task, weights, STAGES, record=record, options=OPTIONS, state=state).run()
    assert task.network.bias.item() == before
    assert state.stage == 2


class Killed(Exception):
    """As a kill: nothing is tidied up."""


@pytest.mark.parametrize(("at", "error"), [(1, Killed), (7, KeyboardInterrupt), (24, Killed), (30, KeyboardInterrupt)])
def test_a_stopped_training_goes_on_with_the_same_losses(
    whole: Memory, tmp_path: Path, at: int, error: type[BaseException]
) -> None:
    seen = 0

    def stop(told: Progress) -> None:
        nonlocal seen
        seen += not told.said
        if seen == at:
            raise error

    task = Line()
    writer = create_run(tmp_path, "line", "", {})
    with pytest.raises(error), writer:
        Trainer(task, weights_of(task), STAGES, record=writer, options=OPTIONS, progress=stop).run()
    task, again = Line(), reopen_run(writer.path)
    weights = weights_of(task)
    state = read_checkpoint(writer.path / "checkpoint.pt", weights)
    again.rewind(state.step, state.epochs)
    assert state.step == at
    record = Memory()
    Trainer(task, weights, STAGES, record=record, options=OPTIONS, state=state).run()
    assert losses(record.steps) == losses(whole.steps)[at:]
    assert [row["val_mae"] for row in record.epochs] == [row["val_mae"] for row in whole.epochs][-len(record.epochs) :]


def test_patience_ends_a_stage() -> None:
    task, record = Line(), Memory()
    options = TrainerOptions(patience=1)
    Trainer(
        task, Weights(task.network, None), [Stage(epochs=50, learning_rate=0.0)], record=record, options=options
    ).run()
    assert [row["kept"] for row in record.epochs] == [True, False]


@pytest.mark.parametrize("name", ["sgd", "adam", "adamw", "rmsprop", "nadam"])
def test_every_optimizer_takes_a_step(name: str) -> None:
    network = nn.Linear(2, 1)
    before = network.weight.detach().clone()
    optimizer = new_optimizer(Stage(optimizer=name, learning_rate=0.1), network, {"weight", "bias"})
    network(torch.ones(3, 2)).sum().backward()
    optimizer.step()
    assert not torch.equal(before, network.weight)


@pytest.mark.parametrize("schedule", ["constant", "cosine", "linear", "step"])
def test_learning_rates_rise_then_fall(schedule: str) -> None:
    stage = Stage(learning_rate=0.5, schedule=schedule, warmup=0.1)
    rates = [learning_rate(stage, step, 100) for step in range(100)]
    assert rates[:10] == sorted(rates[:10])
    assert rates[10:] == sorted(rates[10:], reverse=True)
    assert max(rates) == 0.5
    assert all(rate > 0 for rate in rates)
    assert rates[-1] <= (0.5 if schedule == "constant" else 0.02)


def test_an_average_follows() -> None:
    network = nn.Linear(2, 1)
    average = new_average(network, 0.5)
    assert average is not None
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.add_(1)
    follow(average, network, 0.5, step=1000)
    assert torch.allclose(average.state_dict()["weight"], network.state_dict()["weight"] - 0.5)
    assert new_average(network, 0.0) is None
