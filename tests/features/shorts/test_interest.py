import re
from collections.abc import Mapping
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.core.errors import FormatError, InputError
from closeup.core.types import MAX_NAME, FloatArray
from closeup.features.shorts.evidence import Evidence
from closeup.features.shorts.interest import (
    CURVES,
    Interest,
    curves_text,
    interest,
    read_curves,
    reason,
    takes_all,
)
from closeup.features.shorts.options import WEIGHTS
from closeup.features.shorts.watching import grid
from closeup.media.frame_times import FrameTimes


def evidence(parts: Mapping[str, FloatArray | list[float]]) -> Evidence:
    curves = {name: np.array(curve, np.float32) for name, curve in parts.items()}
    count = len(next(iter(curves.values())))
    times = FrameTimes.of([Fraction(i, 10) for i in range(count)], Fraction(count, 10))
    return Evidence(grid(count / 10), times, curves, {}, None, np.zeros((count, 1), np.float32))


def test_the_total_is_the_weighted_mean_of_the_parts_there_are() -> None:
    found = interest(evidence({"presence": [0.4, 1.0], "motion": [1.0, 0.0]}), {"presence": 3, "motion": 1})
    assert found.weights == pytest.approx({"presence": 0.75, "motion": 0.25})
    np.testing.assert_allclose(found.total, [0.55, 0.75])


def test_where_a_part_is_not_known_the_others_carry_its_weight() -> None:
    nan = float("nan")
    parts = {"presence": [0.4, 0.4, nan], "motion": [0.8, nan, nan]}
    np.testing.assert_allclose(interest(evidence(parts), {"presence": 1, "motion": 1}).total, [0.6, 0.4, 0.0])


def test_weight_0_takes_a_part_out_and_leaves_its_curve() -> None:
    found = interest(evidence({"presence": [0.4], "motion": [0.8]}), {"motion": 0})
    assert found.total.tolist() == pytest.approx([0.4])
    assert found.weights["motion"] == 0
    assert "motion" in found.parts


def test_weights_that_leave_nothing_are_refused() -> None:
    with pytest.raises(InputError, match="weighs anything") as caught:
        interest(evidence({"presence": [0.5], "motion": [0.5]}), {"presence": 0.0, "motion": 0.0})
    assert caught.value.hint


@given(
    st.dictionaries(
        st.sampled_from(sorted(WEIGHTS)),
        st.lists(st.just(float("nan")) | st.floats(0, 1, width=32), min_size=5, max_size=5),
        min_size=1,
    )
)
def test_the_total_lies_between_the_parts(parts: dict[str, list[float]]) -> None:
    found = interest(evidence(parts))
    assert sum(found.weights.values()) == pytest.approx(1)
    curves = np.array(list(parts.values()))
    for total, values in zip(found.total, curves.T, strict=True):
        known = values[np.isfinite(values)]
        low, high = (known.min(), known.max()) if len(known) else (0, 0)
        assert low - 1e-5 <= total <= high + 1e-5


def test_means_are_over_the_spans_and_leave_out_what_is_not_known() -> None:
    nan = float("nan")
    found = interest(evidence({"presence": np.linspace(0, 1, 100), "expression": [nan] * 50 + [0.6] * 50}))
    assert found.within([(2.0, 3.0), (9.0, 99.0)]).sum() == 20
    assert found.means([(0.0, 2.0)]) == {"presence": pytest.approx(np.linspace(0, 1, 100)[:20].mean(), abs=1e-5)}
    assert found.means([(4.0, 6.0)])["expression"] == pytest.approx(0.6)
    assert found.means([]) == {}


def lively() -> Interest:
    """Presence throughout, laughter in the third quarter, a larger face in the last, away for the first."""
    presence = np.repeat([0.0, 0.5, 0.5, 1.0], 50)
    bursts = np.repeat([0.0, 0.0, 0.9, 0.0], 50)
    return interest(evidence({"presence": presence, "bursts": bursts, "company": np.full(200, 0.3)}))


def test_the_reason_names_the_two_strongest_parts_with_their_figures() -> None:
    laughs, near = (
        "hat sounds like laughter or applause (0.90 of 1, usually 0.30)",
        "een large and clear (1.00 of 1, usually",
    )
    assert reason(lively(), [(10.0, 15.0)]) == f"W{laughs}."
    assert reason(lively(), [(15.0, 20.0)]) == f"S{near} 0.67)."
    both = reason(lively(), [(10.0, 15.0), (15.0, 20.0)])
    assert both == (
        "What sounds like laughter or applause (0.45 of 1, usually 0.30) and "
        "seen large and clear (0.75 of 1, usually 0.67)."
    )


def test_where_nothing_is_above_the_usual_that_is_said() -> None:
    assert reason(lively(), [(5.0, 10.0)]) == (
        "Much like the rest of what the video shows; most of all seen large and clear (0.50 of 1) and others in the "
        "picture (0.30 of 1)."
    )


def test_where_everything_was_taken_that_is_said() -> None:
    assert takes_all(lively(), [(5.0, 20.0)])  # away before
    assert takes_all(lively(), [(5.0, 12.0), (12.2, 20.0)])
    assert not takes_all(lively(), [(5.0, 18.0)])
    assert takes_all(interest(evidence({"motion": [0.5] * 100})), [(0.0, 10.0)])
    said = reason(lively(), [(10.0, 15.0)], all_taken=True)
    assert said.startswith("All that the video shows of them was taken; most of all ")
    assert "usually" not in said


@given(st.dictionaries(st.sampled_from(sorted(WEIGHTS)), st.floats(0, 1), min_size=1), st.booleans())
def test_a_reason_is_one_line_that_fits_into_a_plan(levels: dict[str, float], whole: bool) -> None:
    curves = {name: [level / 2] * 50 + [level] * 50 for name, level in levels.items()}
    said = reason(interest(evidence(curves)), [(5.0, 10.0)], all_taken=whole)
    assert 10 < len(said) <= MAX_NAME
    assert said.endswith(".")
    assert len(re.findall(r"of 1", said)) <= 2


def test_every_part_can_be_named() -> None:
    for name in WEIGHTS:
        curve = [0.1] * 90 + [1.0] * 10
        assert len(reason(interest(evidence({name: curve})), [(9.0, 10.0)])) > 10


NAN = float("nan")


def example() -> Interest:
    return interest(evidence({"presence": [0.1, 0.25, 1.0], "expression": [NAN, 0.5, NAN], "motion": [0.0, 0.3, 0.7]}))


TEXT = """\
time_s,presence,expression,motion,total
0.05,0.1000,,0.0000,0.0758
0.15,0.2500,0.5000,0.3000,0.3365
0.25,1.0000,,0.7000,0.9273
"""


def test_the_text_is_what_people_and_spreadsheets_read() -> None:
    assert curves_text(example()) == TEXT


def test_what_is_written_is_read(tmp_path: Path) -> None:
    (tmp_path / CURVES).write_text(curves_text(example()), encoding="ascii")
    found = read_curves(tmp_path / CURVES, {})
    np.testing.assert_allclose(found.times_s, example().times_s)
    assert list(found.parts) == ["presence", "expression", "motion"]
    for name, curve in example().parts.items():
        np.testing.assert_allclose(found.parts[name], curve, atol=1e-4)
    np.testing.assert_allclose(found.total, example().total, atol=1e-4)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "line 1 must begin"),
        ("time_s,presence\n0.05,1\n", "line 1 must begin with time_s and end with total"),
        ("time_s,presence,total\n", "no moment"),
        (TEXT.replace("motion", "beauty"), "a part 'beauty'"),
        (TEXT.replace("motion", "presence"), "twice"),
        (TEXT.replace("0.3365", "0.3365,1"), "line 3 has 6 cells, and line 1 has 5"),
        (TEXT.replace("0.3365", "much"), "line 3 holds something that is no number"),
        (TEXT.replace("0.3365", ""), "line 3 holds a value"),
        (TEXT.replace("0.7000", "1.7"), "line 4 holds a value that is not in 0 to 1"),
        (TEXT.replace("0.7000", "inf"), "line 4 holds a value"),
        (TEXT.replace("0.25,1.0", "0.15,1.0"), "time in line 4 does not ascend"),
        (TEXT.replace("0.05,", ",", 1), "time in line 2 does not ascend"),
        (TEXT.replace("0.7000", '"0.7'), "does not hold interest curves"),
        (TEXT.replace("motion", "möve"), "not plain text"),
    ],
)
def test_anything_else_is_told_with_its_line(tmp_path: Path, text: str, words: str) -> None:
    (tmp_path / CURVES).write_text(text, encoding="utf-8")
    with pytest.raises(FormatError, match=words):
        read_curves(tmp_path / CURVES, {})


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="Cannot read"):
        read_curves(tmp_path / CURVES, {})


@settings(max_examples=150)
@given(st.integers(0, len(TEXT) - 1), st.binary(min_size=1, max_size=5))
def test_damage_is_an_error_or_other_curves_and_nothing_worse(
    tmp_path_factory: pytest.TempPathFactory, at: int, bad: bytes
) -> None:
    path = tmp_path_factory.mktemp("damage") / CURVES
    data = TEXT.encode()
    path.write_bytes(data[:at] + bad + data[at + len(bad) :])
    try:
        found = read_curves(path, {})
    except FormatError:
        return
    assert len(found.times_s) == len(found.total) >= 1
    assert all(np.isnan(curve).any() or ((curve >= 0) & (curve <= 1)).all() for curve in found.parts.values())
