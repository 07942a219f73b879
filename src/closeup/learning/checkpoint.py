"""Where training stands, on disk: enough to go on exactly as if it had never stopped."""

import io
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from closeup.core.errors import InputError
from closeup.learning.pytorch import torch


@dataclass
class TrainingState:
    """Where training stands; everything else follows from the options and their seed.

    Attributes:
        stage: Index of the stage.
        epoch: Epochs of the stage that are done.
        batch: Steps of the current epoch that are done.
        step: Steps of the whole training that are done.
        epochs: Epochs of the whole training that are done.
        loss_sum: Of the current epoch's steps.
        best: The monitored metric of the weights that are kept, higher is better; None before the first epoch.
        best_epoch: Epoch, counted over the whole training, that they come from.
        worse: Epochs of the stage since the last better one.
        seconds: Spent on the current epoch.
    """

    stage: int = 0
    epoch: int = 0
    batch: int = 0
    step: int = 0
    epochs: int = 0
    loss_sum: float = 0.0
    best: float | None = None
    best_epoch: int = 0
    worse: int = 0
    seconds: float = 0.0


@dataclass
class Weights:
    """What training changes.

    Attributes:
        network: That learns.
        average: Moving average of its weights, or None.
        best: State of the weights that are kept: name to tensor.
        optimizer: Of the current stage, or None between stages.
        optimizer_state: Read from a checkpoint, until the stage that it belongs to has made its optimizer.
    """

    network: nn.Module
    average: nn.Module | None
    best: dict[str, Tensor] = field(default_factory=dict)
    optimizer: Optimizer | None = None
    optimizer_state: dict[str, Any] | None = None

    @property
    def evaluated(self) -> nn.Module:
        """The weights that are evaluated and kept: the average where there is one."""
        return self.network if self.average is None else self.average


def checkpoint_bytes(state: TrainingState, weights: Weights) -> bytes:
    """The content of a checkpoint file; `read_checkpoint` reads it."""
    content: dict[str, Any] = {
        "state": asdict(state),
        "network": weights.network.state_dict(),
        "average": None if weights.average is None else weights.average.state_dict(),
        "best": weights.best,
        "optimizer": None if weights.optimizer is None else weights.optimizer.state_dict(),
    }
    buffer = io.BytesIO()
    torch.save(content, buffer)
    return buffer.getvalue()


def read_checkpoint(path: Path, weights: Weights) -> TrainingState:
    """Bring back a checkpoint: weights are filled in place; a run that had not come to its first begins anew.

    The optimizer's state waits in `weights` for the stage that made it.

    Raises:
        InputError: If the file is damaged.
    """
    import pickle

    if not path.is_file():
        return TrainingState()
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        raise InputError(
            f"The checkpoint {path} is damaged: {error}.", "Start the recipe again as a new run."
        ) from error
    weights.network.load_state_dict(content["network"])
    if weights.average is not None:
        weights.average.load_state_dict(content["average"])
    weights.best = content["best"]
    weights.optimizer_state = content["optimizer"]
    return TrainingState(**content.get("state", content.get("standing")))  # so older closeups called it
