"""interest.csv: written, read again, and told from anything else."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.core.errors import FormatError, OutputError
from closeup.features.shorts.curves_file import FILE_NAME, curves_text, read_curves, write_curves
from closeup.features.shorts.interest import Interest, interest
from features.shorts.test_interest import evidence

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
    write_curves(tmp_path / FILE_NAME, example())
    found = read_curves(tmp_path / FILE_NAME)
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
    (tmp_path / FILE_NAME).write_text(text, encoding="utf-8")
    with pytest.raises(FormatError, match=words):
        read_curves(tmp_path / FILE_NAME)


def test_a_missing_file_and_a_missing_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(FormatError, match="Cannot read"):
        read_curves(tmp_path / FILE_NAME)
    with pytest.raises(OutputError):
        write_curves(tmp_path / "nowhere" / FILE_NAME, example())


@settings(max_examples=150, deadline=None)
@given(st.integers(0, len(TEXT) - 1), st.binary(min_size=1, max_size=5))
def test_damage_is_an_error_or_other_curves_and_nothing_worse(
    tmp_path_factory: pytest.TempPathFactory, at: int, bad: bytes
) -> None:
    path = tmp_path_factory.mktemp("damage") / FILE_NAME
    data = TEXT.encode()
    path.write_bytes(data[:at] + bad + data[at + len(bad) :])
    try:
        found = read_curves(path)
    except FormatError:
        return
    assert len(found.times_s) == len(found.total) >= 1
    assert all(np.isnan(curve).any() or ((curve >= 0) & (curve <= 1)).all() for curve in found.parts.values())
