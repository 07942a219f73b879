"""Whether a form is kept: accuracy within the budget, and smaller or faster as asked."""

import pytest

from closeup.workbench.export.forms import Speed, why_not
from closeup.workbench.export.scoring import HeadScore

SAME = Speed(2.0, 1.0, 0.98, 1.02)
FASTER = Speed(1.5, 0.75, 0.7, 0.8)
SLOWER = Speed(3.0, 1.5, 1.4, 1.6)


def score(worse: float, figure: str = "accuracy") -> HeadScore:
    return HeadScore("mood", figure, "", 0.7, 1000, worse, worse - 0.001, worse + 0.001, 0.01)


@pytest.mark.parametrize(
    ("worse", "size", "speed", "want"),
    [
        (0.005, 0.5, SLOWER, "smaller"),
        (-0.2, 0.9, SAME, "smaller"),
        (0.0, 1.2, FASTER, "faster"),
    ],
)
def test_what_costs_little_and_brings_what_is_wanted_is_kept(
    worse: float, size: float, speed: Speed, want: str
) -> None:
    assert why_not([score(0.0), score(worse)], size, speed, budget=0.005, want=want) == ""


@pytest.mark.parametrize(
    ("worse", "size", "speed", "want", "words"),
    [
        (0.0051, 0.5, FASTER, "smaller", "Accuracy of mood falls by 0.51 points (95 % interval 0.41 to 0.61)"),
        (float("nan"), 0.5, FASTER, "smaller", "Accuracy of mood"),
        (0.0, 0.95, FASTER, "smaller", "not smaller: 95% of the bytes, and 90% is asked for"),
        (0.0, 0.2, SLOWER, "faster", "not faster here: 1.50 times the time of fp32 (95 % interval 1.40 to 1.60)"),
        (0.0, 0.2, SAME, "faster", "not faster here: 1.00 times"),
    ],
)
def test_what_is_not_kept_is_told_with_its_figures(
    worse: float, size: float, speed: Speed, want: str, words: str
) -> None:
    assert words in why_not([score(0.0), score(worse)], size, speed, budget=0.005, want=want)


def test_a_value_is_judged_by_how_much_its_error_grows() -> None:
    assert why_not([score(0.01, "mean absolute error")], 0.5, SAME, budget=0.02) == ""
    why = why_not([score(0.03, "mean absolute error")], 0.5, SAME, budget=0.02)
    assert "Mean absolute error of mood grows by 3.00 % (95 % interval 2.90 to 3.10), and 2 % is allowed" in why
