"""Detectors of the tests' own in the place of the real ones."""

from collections.abc import Callable

import pytest

from closeup.perception.protocols import FaceDetector
from closeup.perception.registry import ARCHITECTURES


def put_detector(monkeypatch: pytest.MonkeyPatch, make: Callable[[], FaceDetector]) -> None:
    """Let every detector be one that `make` makes."""
    for name in ARCHITECTURES:
        monkeypatch.setitem(ARCHITECTURES, name, lambda *_: make)
