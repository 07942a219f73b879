"""Where training runs and how wide its numbers are, and what to say when a device fails."""

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path

from torch import Tensor, nn
from torch.optim import Optimizer

from closeup.core.errors import CloseupError, InputError
from closeup.learning.pytorch import torch


class Precision:
    """A device, and mixed precision on it.

    Attributes:
        device: Where the network and its inputs are.
        dtype: Of the network's inner numbers.
    """

    def __init__(self, device: str, precision: str) -> None:
        """Choose.

        Args:
            device: "auto", or torch's name of one.
            precision: "auto", "32", "bf16" or "16".

        Raises:
            InputError: If the device is not there.
        """
        self.device = _device(device)
        self.dtype = _dtype(precision, self.device)
        # Gradients of 16-bit floats vanish without scaling; bfloat16 has the range of 32 bits.
        self._scaler = torch.amp.GradScaler(self.device.type) if self.dtype == torch.float16 else None

    def autocast(self) -> AbstractContextManager[object]:
        """Run the network's forward pass inside this."""
        if self.dtype == torch.float32:
            return nullcontext()
        return torch.autocast(self.device.type, self.dtype)

    def backward(self, loss: Tensor, optimizer: Optimizer, network: nn.Module, clip_norm: float) -> None:
        """Gradients of a loss, limited to a norm (0: not limited), and the optimizer's step."""
        if self._scaler is None:
            loss.backward()  # type: ignore[no-untyped-call]
        else:
            self._scaler.scale(loss).backward()  # type: ignore[no-untyped-call]
            self._scaler.unscale_(optimizer)
        if clip_norm:
            nn.utils.clip_grad_norm_(network.parameters(), clip_norm)
        if self._scaler is None:
            optimizer.step()
        else:
            self._scaler.step(optimizer)
            self._scaler.update()


def _device(name: str) -> torch.device:
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError) as error:
        raise InputError(
            f"There is no device {name!r} here: {error}.", 'Let closeup choose: device = "auto"'
        ) from error
    return device


def _dtype(precision: str, device: torch.device) -> torch.dtype:
    if precision == "auto":
        if device.type != "cuda":
            return torch.float32
        return torch.bfloat16 if torch.cuda.is_bf16_supported() else torch.float16
    return {"32": torch.float32, "bf16": torch.bfloat16, "16": torch.float16}[precision]


@contextmanager
def said_for_people(batch: int, run: Path) -> Iterator[None]:
    """Turn failures of memory and devices into what to do about them.

    Args:
        batch: Pictures in a step.
        run: The folder of the run, which can go on from its last checkpoint.
    """
    try:
        yield
    except (MemoryError, torch.OutOfMemoryError) as error:
        raise _out_of_memory(batch, run) from error
    except RuntimeError as error:
        words = str(error)
        if "allocate memory" in words or "out of memory" in words:
            raise _out_of_memory(batch, run) from error
        if isinstance(error, torch.AcceleratorError) or "CUDA error" in words:
            first = words.splitlines()[0]
            raise CloseupError(
                f"The GPU failed or went away: {first}.", "Go on from the last checkpoint.", code="run.gpu", run=run
            ) from error
        raise


def _out_of_memory(batch: int, run: Path) -> CloseupError:
    return CloseupError(
        f"There is not enough memory for steps of {batch} pictures.",
        f"Try half, stages.0.batch={max(batch // 2, 1)}, or a smaller model.input_px. The run as it is can go on.",
        code="run.memory",
        batch=max(batch // 2, 1),
        run=run,
    )
