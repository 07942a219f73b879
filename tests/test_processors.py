"""The same answers on every processor: what decides, computed with the kernels and threads of several, side by side."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.numeric

DECIDING = Path(__file__).with_name("deciding.py")

KERNELS = {
    "Nehalem": {"sse4_2"},
    "Haswell": {"avx2", "fma"},
    "Zen": {"avx2", "fma"},
    "SkylakeX": {"avx512f", "avx512bw", "avx512dq", "avx512vl"},
}
"""Processor to what it must be able to do, as Linux calls it, for OpenBLAS to run its kernels."""

FLOAT_ERROR = 1e-7
"""Numbers may differ by this: the search for the probe's weights ends within it. What is decided is equal."""


def abilities() -> set[str]:
    """What this processor can do; nothing where the system does not say."""
    path = Path("/proc/cpuinfo")
    lines = path.read_text().splitlines() if path.exists() else []
    return {word for line in lines if line.startswith("flags") for word in line.split()}


def answers(kernel: str, threads: int) -> dict[str, Any]:
    """What a process decides with the kernels of a processor ("" for this one's own)."""
    variables = {**os.environ, "OPENBLAS_NUM_THREADS": str(threads), "OMP_NUM_THREADS": str(threads)}
    variables |= {"OPENBLAS_CORETYPE": kernel} if kernel else {}
    done = subprocess.run([sys.executable, DECIDING], env=variables, capture_output=True, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(scope="module")
def own() -> dict[str, Any]:
    """The answers of this processor."""
    return answers("", 1)


def differences(a: Any, b: Any, place: str = "") -> list[str]:
    """Where two answers are not the same: whole numbers and words exactly, floats within `FLOAT_ERROR`."""
    if isinstance(a, dict) and isinstance(b, dict) and a.keys() == b.keys():
        return [fault for key in a for fault in differences(a[key], b[key], f"{place}/{key}")]
    if isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        return [f for i, (x, y) in enumerate(zip(a, b, strict=True)) for f in differences(x, y, f"{place}/{i}")]
    same = abs(a - b) <= FLOAT_ERROR if isinstance(a, float) and isinstance(b, float) else a == b
    return [] if same else [f"{place}: {a} and {b}"]


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("kernel", KERNELS)
def test_the_answers_are_those_of_other_processors(kernel: str, threads: int, own: dict[str, Any]) -> None:
    absent = KERNELS[kernel] - abilities()
    if absent:
        pytest.skip(f"this processor cannot run the kernels of {kernel}: it lacks {', '.join(sorted(absent))}")
    assert differences(own, answers(kernel, threads)) == []


def test_a_difference_is_seen() -> None:
    assert differences({"a": [1, 0.5]}, {"a": [1, 0.5 + 1e-9]}) == []
    assert differences({"a": [1, 0.5]}, {"a": [1, 0.50001]}) == ["/a/1: 0.5 and 0.50001"]
    assert differences({"a": [1]}, {"a": [2]}) == ["/a/0: 1 and 2"]
    assert differences({"a": [1]}, {"a": [1, 2]}) == ["/a: [1] and [1, 2]"]
