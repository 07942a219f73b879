"""All pictures of a dataset as one array: decoded once, squared, and kept in memory or beside it."""

import os
import tempfile
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from closeup.core.errors import InputError
from closeup.core.in_order import in_order
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.types import Image
from closeup.core.whole import output_error
from closeup.media.image import decode_image
from closeup.media.square import Fit, square
from closeup.workbench.datasets.items import Dataset

BUDGET_BYTES = 4 << 30
"""Pictures that take more than this lie in a file without a name instead of in memory."""

_THREADS = min(16, os.cpu_count() or 1)


@dataclass(frozen=True)
class Pictures:
    """Pictures that could be read.

    Attributes:
        pixels: (M, S, S, 3) uint8, RGB; in memory, or mapped from a file that goes when this does.
        unreadable: Key of each picture that could not be read, and why.
        kept: (M,) int64: index of each picture among the dataset's items, rising.
    """

    pixels: NDArray[np.uint8]
    unreadable: tuple[tuple[str, str], ...]
    kept: NDArray[np.int64]


def load_pictures(
    dataset: Dataset,
    size_px: int,
    *,
    grey: bool = False,
    fit: Fit = "cover",
    progress: ProgressCallback = ignore,
    budget_bytes: int = BUDGET_BYTES,
) -> Pictures:
    """Decode every picture and bring it to (S, S, 3).

    A picture that cannot be read is listed, with the reason, and left out; the others keep their order.

    Args:
        size_px: Side of the square S.
        grey: Take all colour away.
        fit: What becomes of pictures that are no squares (`media.square`).
        budget_bytes: More than this lies in a file without a name instead of in memory.

    Raises:
        InputError: If none can be read, or memory does not suffice.
        OutputError: If the disk is too full for what exceeds the budget.
    """
    count = len(dataset.items)
    pixels = _room((count, size_px, size_px, 3), budget_bytes)
    unreadable: list[tuple[str, str]] = []
    kept: list[int] = []

    def read(index: int) -> Image | str:
        item = dataset.items[index]
        try:
            image = decode_image(dataset.read_bytes(item), item.path)
        except InputError as error:
            return error.message
        return square(image, size_px, fit, grey=grey)

    done = 0
    with closing(in_order(read, range(count), _THREADS)) as batches:
        for batch in batches:
            for index, result in enumerate(batch, start=done):
                if isinstance(result, str):
                    unreadable.append((dataset.items[index].key, result))
                else:
                    pixels[len(kept)] = result
                    kept.append(index)
            done += len(batch)
            progress(Progress("Reading pictures", done, count, "pictures"))
    if not kept:
        first = f" {unreadable[0][1]}" if unreadable else ""
        raise InputError(f"None of the {count} pictures of {dataset.name} can be read.{first}")
    return Pictures(pixels[: len(kept)], tuple(unreadable), np.array(kept, dtype=np.int64))


def _room(shape: tuple[int, int, int, int], budget_bytes: int) -> NDArray[np.uint8]:
    size = int(np.prod(shape))
    if size <= budget_bytes or size == 0:
        try:
            return np.empty(shape, dtype=np.uint8)
        except MemoryError as error:
            raise InputError(
                f"{shape[0]} pictures of {shape[1]} x {shape[2]} take {size / 2**30:.1f} GB of memory, too much here.",
                "Choose a smaller input_px, or fewer pictures.",
            ) from error
    return _mapped(shape, size)


def _mapped(shape: tuple[int, int, int, int], size: int) -> NDArray[np.uint8]:
    """An array in a file that has no name, so that nothing is left of it however this process ends."""
    folder = Path(tempfile.gettempdir())
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            _fill(file, size)  # a mapped file that the disk has no room for would end the process later on
            return np.memmap(file, dtype=np.uint8, mode="r+", shape=shape)
    except OSError as error:
        raise output_error(folder, error) from error


def _fill(file: IO[bytes], size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file.fileno(), 0, size)
        return
    block = bytes(1 << 20)  # macOS has no call for it
    for start in range(0, size, len(block)):
        file.write(block[: size - start])
    file.flush()
