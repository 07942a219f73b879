"""Videos and pictures with bits flipped, stretches overwritten and ends cut off: no crash, no hang, no half result."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from media import damage

LONGEST_S = 30
"""Processor seconds that one file may take; a whole one takes a fiftieth of a second."""


def check(folder: Path, ending: str, places: int) -> None:
    """Read damaged files in another process, and look at what it says of them."""
    if ending == "heic":
        pytest.importorskip("pi_heif")
    paths = os.pathsep.join([str(Path(__file__).parents[1]), *sys.path])
    done = subprocess.run(
        [sys.executable, "-m", "media.damage", str(folder), ending, str(places)],
        env={**os.environ, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=60 + 3 * places,
        check=False,
    )
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    last = lines[-1][0] if lines else "the whole file"
    assert done.returncode == 0, f"{last}: {done.returncode}\n{done.stderr[-2000:]}"
    assert len(lines) == 3 * places
    assert max(float(seconds) for _, seconds, _ in lines) < LONGEST_S
    if ending in damage.FORMATS:  # much of a video survives; a picture may be refused as soon as a sum is wrong
        assert sum(word == "read" for *_, word in lines) > 0.2 * len(lines)


@pytest.mark.parametrize("ending", [*damage.FORMATS, *damage.PICTURES])
def test_a_damaged_file_is_read_or_refused_with_a_reason(tmp_path: Path, ending: str) -> None:
    check(tmp_path, ending, 14)


@pytest.mark.slow
@pytest.mark.parametrize("ending", [*damage.FORMATS, *damage.PICTURES])
def test_files_damaged_at_two_hundred_places(tmp_path: Path, ending: str) -> None:
    check(tmp_path, ending, 200)


def test_a_crash_would_be_seen(tmp_path: Path) -> None:
    with pytest.raises(AssertionError, match="the whole file: 1"):
        check(tmp_path, "unknown", 1)
