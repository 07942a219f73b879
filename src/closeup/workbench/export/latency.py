"""How fast the forms of a network are on this machine, measured side by side."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.types import FloatArray
from closeup.weights.session import open_session
from closeup.workbench.export.forms import FULL, Speed

ROUNDS = 60
"""Rounds that are timed; fewer where a network is slow, at least `FEWEST_ROUNDS`."""

FEWEST_ROUNDS = 12
LONGEST_S = 20.0
"""Seconds after which no more rounds begin, once there are enough."""

SHORTEST_S = 0.004
"""Where the full network is faster, each runs several times in a round, so that the clock's own steps do not count."""

RESAMPLES = 2000

Clock = Callable[[], float]
Times = NDArray[np.float64]
"""Seconds (R,) for each round."""


def measure_speeds(
    paths: Mapping[str, Path],
    pictures: FloatArray,
    threads: int = 1,
    progress: ProgressCallback = ignore,
    clock: Clock = time.perf_counter,
) -> dict[str, Speed]:
    """Time networks in turn, round after round, so that whatever else the machine does meets all of them alike.

    Each round runs every network, in an order drawn anew, equally often, and once more before the clock starts: the
    first run after another network finds the processor's caches full of that one. What a network takes is the median
    over the rounds; how it compares with the full network is the median of the ratios within a round, with a 95 %
    interval from drawing rounds with replacement (percentile bootstrap, Efron 1979).

    Args:
        paths: ONNX files by form; "fp32" is the one that the others are compared with.
        pictures: What they are run on, (N, 3, P, P) float32, the same for all.
        threads: CPU threads.
        clock: Seconds, rising.

    Raises:
        InputError: If there is no "fp32".
        ModelError: If a file cannot be run.
    """
    if FULL not in paths:
        raise InputError(f"Speeds are compared with those of {FULL}, and it is not among {', '.join(paths)}.")
    sessions = {form: open_session(path, threads=threads, device="cpu") for form, path in paths.items()}

    def run(form: str, times: int) -> float:
        sessions[form].run_all(pictures)
        started_s = clock()
        for _ in range(times):
            sessions[form].run_all(pictures)
        return (clock() - started_s) / times

    often = max(1, round(SHORTEST_S / max(run(FULL, 1), 1e-6)))
    times = _rounds(list(paths), lambda form: run(form, often), progress, clock)
    return {form: _speed(times[form], times[FULL]) for form in paths}


def _rounds(
    forms: Sequence[str], timed: Callable[[str], float], progress: ProgressCallback, clock: Clock
) -> dict[str, Times]:
    times: dict[str, list[float]] = {form: [] for form in forms}
    order = np.random.default_rng(0)
    started_s = clock()
    for done in range(ROUNDS):
        if done >= FEWEST_ROUNDS and clock() - started_s > LONGEST_S:
            break
        for index in order.permutation(len(forms)):
            times[forms[index]].append(timed(forms[index]))
        progress(Progress("Timing", done + 1, ROUNDS, "rounds"))
    return {form: np.array(seconds) for form, seconds in times.items()}


def _speed(seconds: Times, full: Times) -> Speed:
    """One network's times (R,) beside those of the full network, (R,) of the same rounds."""
    ratios = seconds / full
    drawn = np.random.default_rng(0).integers(0, len(ratios), (RESAMPLES, len(ratios)))
    low, high = np.percentile(np.median(ratios[drawn], axis=1), [2.5, 97.5])
    return Speed(float(np.median(seconds) * 1000), float(np.median(ratios)), float(low), float(high))
