"""Where training stands, on disk: enough to go on exactly as if it had never stopped."""

import io
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from torch import Tensor, nn
from torch.optim import Optimizer

from closeup.core.errors import InputError
from closeup.core.whole import write_whole
from closeup.learning.pytorch import torch

FILE = "checkpoint.pt"


@dataclass
class Standing:
    """Where training stands; everything else follows from the recipe and its seed.

    Attributes:
        stage: Index of the stage.
        epoch: Epochs of the stage that are done.
        batch: Steps of the current epoch that are done.
        step: Steps of the whole training that are done.
        epochs: Epochs of the whole training that are done.
        loss_sum: Of the current epoch's steps.
        best: The monitored figure of the weights that are kept, higher is better; None before the first epoch.
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
    def judged(self) -> nn.Module:
        """The weights that are judged and kept: the average where there is one."""
        return self.network if self.average is None else self.average


def save_checkpoint(folder: Path, standing: Standing, weights: Weights) -> None:
    """Write the run's checkpoint in one step; the last one stays until this one is whole.

    Raises:
        OutputError: If there is no space.
    """
    content: dict[str, Any] = {
        "standing": asdict(standing),
        "network": weights.network.state_dict(),
        "average": None if weights.average is None else weights.average.state_dict(),
        "best": weights.best,
        "optimizer": None if weights.optimizer is None else weights.optimizer.state_dict(),
    }
    buffer = io.BytesIO()
    torch.save(content, buffer)
    write_whole(folder / FILE, buffer.getvalue())


def read_checkpoint(folder: Path) -> dict[str, Any] | None:
    """The content of a run's checkpoint, or None where training had not come to its first.

    Raises:
        InputError: If the file is damaged.
    """
    import pickle

    path = folder / FILE
    if not path.is_file():
        return None
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as error:
        raise InputError(
            f"The checkpoint {path} is damaged: {error}.", "Start the recipe again as a new run."
        ) from error
    assert isinstance(content, dict)
    return content
