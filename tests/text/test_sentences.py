import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.text.sentences import sentences


@given(st.text(alphabet='aB. !?\n"”1가。\t', max_size=120))
def test_sentences_are_verbatim_in_order_and_lose_only_space(text):
    found = sentences(text)

    assert all(text[each.start : each.end] == each.text and each.text.strip() == each.text != "" for each in found)
    assert all(one.end <= other.start for one, other in pairwise(found))
    assert "".join("".join(each.text.split()) for each in found) == "".join(text.split())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n ", []),
        ("One", ["One"]),
        ("Mr. Smith paid $3.5m. He left.", ["Mr. Smith paid $3.5m.", "He left."]),
        ("The U.S. Senate sat. It rose.", ["The U.S. Senate sat.", "It rose."]),
        ('"We won." They left.', ['"We won."', "They left."]),
        ("Really?! Yes.", ["Really?!", "Yes."]),
        ("It cost more. £4m was paid.", ["It cost more.", "£4m was paid."]),
        ("No end here\nbut a new line.", ["No end here", "but a new line."]),
        ("Wait... and see.", ["Wait... and see."]),
        ("육군입니다. 27명이 확진됐습니다.", ["육군입니다.", "27명이 확진됐습니다."]),
        ("他来了。她走了。", ["他来了。", "她走了。"]),
        ("office.Analysts said.", ["office.Analysts said."]),
    ],
)
def test_where_sentences_end(text, expected):
    assert [each.text for each in sentences(text)] == expected


def test_the_first_of_a_paragraph_is_known():
    assert [each.first for each in sentences("A b. C d.\n\nE f.")] == [True, False, True]


@pytest.mark.parametrize("text", ["a" * 2_000_000, ". " * 500_000, "A. " * 300_000, "\n" * 1_000_000, "!" * 1_000_000])
def test_odd_texts_take_no_more_time_than_their_length(text):
    begun = time.monotonic()
    sentences(text)

    assert time.monotonic() - begun < 20
