"""interest.csv: the interest of every moment with all its parts, for people, spreadsheets, and learning weights later.

One line a moment: `time_s`, one column for each part, `total`. An empty cell means that the part is not known there; a
part that is absent from the whole video has no column. The moments' middles are 0.1 s apart.
"""

import csv
import io
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from closeup.core.errors import FormatError
from closeup.core.types import FloatArray
from closeup.core.whole import write_whole
from closeup.features.shorts.interest import WEIGHTS, Interest

FILE_NAME = "interest.csv"

_TIME, _TOTAL = "time_s", "total"
_MOST_BYTES = 512 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Curves:
    """What such a file holds.

    Attributes:
        times_s: Shape (T,), float64, ascending: the middle of each moment in seconds.
        parts: Name of a part to its curve (T,), float32, 0 to 1; NaN where it is not known.
        total: Shape (T,), float32, 0 to 1: their weighted mean.
    """

    times_s: NDArray[np.float64]
    parts: Mapping[str, FloatArray]
    total: FloatArray


def curves_text(of: Interest) -> str:
    """The text of interest.csv: seconds to two digits, values to four."""
    columns = [of.parts[name].tolist() for name in of.parts]
    lines = [",".join([_TIME, *of.parts, _TOTAL])]
    for time_s, *values in zip(of.times_s.tolist(), *columns, of.total.tolist(), strict=True):
        lines.append(",".join([f"{time_s:.2f}", *("" if math.isnan(value) else f"{value:.4f}" for value in values)]))
    return "\n".join(lines) + "\n"


def write_curves(path: Path, of: Interest) -> None:
    """Write the curves to `path`, whole or not at all.

    Raises:
        OutputError: If it cannot be written.
    """
    write_whole(path, curves_text(of).encode("ascii"))


def read_curves(path: Path) -> Curves:
    """Read what `write_curves` wrote.

    Raises:
        FormatError: If it cannot be read, or does not hold such curves; names the line.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise FormatError(f"{path} is too large to be interest curves.")
        text = path.read_text(encoding="ascii")
    except OSError as error:
        raise FormatError(f"Cannot read {path}: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise FormatError(f"{path} does not hold interest curves: it is not plain text.") from error
    try:
        return _curves(text)
    except (ValueError, csv.Error) as error:
        raise FormatError(f"{path} does not hold interest curves: {error}.", "Make it anew: closeup shorts") from error


def _curves(text: str) -> Curves:
    rows = csv.reader(io.StringIO(text, newline=""), strict=True)
    head = next(rows, [])
    names = head[1:-1]
    if len(head) < 2 or head[0] != _TIME or head[-1] != _TOTAL:
        raise ValueError(f"line 1 must begin with {_TIME} and end with {_TOTAL}")
    if unknown := [name for name in names if name not in WEIGHTS]:
        raise ValueError(f"line 1 names a part {unknown[0]!r}; there are {', '.join(WEIGHTS)}")
    if len(set(names)) < len(names):
        raise ValueError("line 1 names a part twice")
    table = np.array(list(_values(rows, len(head))), np.float64).reshape(-1, len(head))
    if len(table) == 0:
        raise ValueError("it has no moment")
    curves = {name: table[:, column].astype(np.float32) for column, name in enumerate(names, start=1)}
    return Curves(table[:, 0].copy(), curves, table[:, -1].astype(np.float32))


def _values(rows: Iterator[list[str]], columns: int) -> Iterator[list[float]]:
    """The numbers of each line, checked."""
    last_s = -math.inf
    for number, row in enumerate(rows, start=2):
        if len(row) != columns:
            raise ValueError(f"line {number} has {len(row)} cells, and line 1 has {columns}")
        try:
            values = [float(cell) if cell else math.nan for cell in row]
        except ValueError:
            raise ValueError(f"line {number} holds something that is no number") from None
        _check(values, number, last_s)
        last_s = values[0]
        yield values


def _check(values: Sequence[float], number: int, last_s: float) -> None:
    time_s, *curves, total = values
    if not (math.isfinite(time_s) and time_s > max(last_s, 0.0)):
        raise ValueError(f"the time in line {number} does not ascend")
    if math.isnan(total) or not all(math.isnan(value) or 0 <= value <= 1 for value in (*curves, total)):
        raise ValueError(f"line {number} holds a value that is not in 0 to 1")
