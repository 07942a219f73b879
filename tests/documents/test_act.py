"""Kept performances and comparisons: what is written can be read, and what does not hold together is refused."""

import json
from dataclasses import replace
from typing import Any

import jsonschema
import numpy as np
import pytest

from closeup.core.errors import FormatError
from closeup.documents.act import ACT_JSON, PERFORMANCE_JSON, RANKING_JSON, ActRanking, RankedAttempt
from closeup.documents.form import Form
from closeup.features.act.comparing import compare
from features.act.played import acting, performance

KEPT = performance(acting(1), np.arange(300) % 7 > 0, np.linspace(-40, -20, 300).round(1))
RESULT = compare(KEPT, performance(np.roll(acting(1), 5, axis=0))).result
BOARD = ActRanking(
    "film.mp4", (RankedAttempt("a.mp4", "1", 71.2, (60.0, 80.1), ""), RankedAttempt("b", None, None, None, "No."))
)


@pytest.mark.parametrize(("form", "value"), [(PERFORMANCE_JSON, KEPT), (ACT_JSON, RESULT), (RANKING_JSON, BOARD)])
def test_what_is_written_is_read_and_fits_its_schema(form: Form[Any], value: Any) -> None:
    content = form.encode(value)
    assert form.encode(form.decode(content)) == content
    jsonschema.Draft202012Validator.check_schema(form.schema())
    jsonschema.Draft202012Validator(form.schema()).validate(json.loads(content))


def test_a_performance_without_a_face_is_kept_too() -> None:
    nobody = performance(acting(1), np.zeros(300, np.bool_))
    assert len(PERFORMANCE_JSON.decode(PERFORMANCE_JSON.encode(nobody)).times_s) == 0


def test_a_kept_performance_compares_as_the_one_that_was_read() -> None:
    kept = PERFORMANCE_JSON.decode(PERFORMANCE_JSON.encode(KEPT))
    assert compare(kept, kept).result.score == 100
    assert ACT_JSON.encode(compare(kept, KEPT).result) == ACT_JSON.encode(compare(KEPT, KEPT).result)


def test_one_moment_stands_on_a_line() -> None:
    assert "[10.0, 10.0, 60.0, 60.0],\n" in PERFORMANCE_JSON.encode(KEPT).decode()


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"times_s": KEPT.times_s[::-1]}, "times_s must be ascending"),
        ({"probabilities": KEPT.probabilities[:-1]}, "probabilities must be 257 lists of 7 numbers"),
        ({"probabilities": KEPT.probabilities[:, :5]}, "probabilities must be 257 lists of 7 numbers"),
        ({"probabilities": KEPT.probabilities + 2}, "must be a number from 0 to 1"),
        ({"boxes_xyxy": KEPT.boxes_xyxy[:3]}, "boxes_xyxy must be 257 lists of 4 numbers"),
    ],
)
def test_what_does_not_hold_together_is_refused(change: dict[str, Any], complaint: str) -> None:
    with pytest.raises(FormatError, match=complaint):
        PERFORMANCE_JSON.encode(replace(KEPT, **change))


def test_no_score_needs_a_reason() -> None:
    with pytest.raises(FormatError, match="unscored must be a sentence where there is no score"):
        ACT_JSON.encode(replace(RESULT, score=None))
