"""Timelines on pages."""

import pytest

from closeup.pages.timeline import bar, cut_marks, exact_time, number_word, percent, ticks


def test_bars_and_cuts_lie_where_they_are():
    one = bar(2.5, 5.0, 10.0)
    assert (one["x"], one["width"], one["title"]) == ("25.000%", "25.000%", "0:02 – 0:05")
    assert bar(-1, 99, 10.0)["width"] == "100.000%"
    assert cut_marks([1.0, 7.5], 10.0) == "M100.00 0v1M750.00 0v1"


@pytest.mark.parametrize("length_s", [0.5, 7, 61, 3600, 200_000])
def test_rulers_have_a_few_ticks_at_round_times(length_s):
    made = ticks(length_s)
    assert 1 <= len(made) <= 9
    assert made[0]["text"] == "0:00"
    assert len({tick["text"] for tick in made}) == len(made)


def test_numbers_and_times_as_people_read_them():
    assert (exact_time(75.04), exact_time(0)) == ("1:15.0", "0:00.0")
    assert (percent(0.38), percent(0.001), percent(0)) == ("38%", "<1%", "0%")
    assert (number_word(0), number_word(12), number_word(13)) == ("No", "Twelve", "13")
