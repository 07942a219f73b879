"""What tests of runs share."""

import pytest

from closeup.learning.runs import report


@pytest.fixture
def no_plots(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plots are empty: Matplotlib takes a second for those of one run."""
    for name in ("curves_svg", "confusion_svg", "estimates_svg"):
        monkeypatch.setattr(report, name, lambda *_: b"<svg></svg>")
