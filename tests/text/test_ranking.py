import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.text.ranking import MAX_TOGETHER, best_first, lead, lexrank, likeness, textrank, without_repeats

TOKENS = st.lists(st.lists(st.sampled_from("abcdef"), max_size=6), max_size=12)


@given(TOKENS, st.sampled_from([textrank, lexrank]))
def test_ranks_are_one_for_each_sentence_and_sum_to_at_most_one(tokens, rank):
    scores = rank(tokens)

    assert scores.shape == (len(tokens),)
    assert np.isfinite(scores).all()
    assert scores.sum() <= 1 + 1e-9


def test_the_sentence_that_shares_most_is_first_and_ties_go_to_the_earlier():
    tokens = [["cat", "dog"], ["cat", "dog", "bird"], ["bird", "cat"], ["stone"]]

    assert best_first(textrank(tokens))[0] == 1
    assert best_first(textrank([["a"], ["a"], ["a"]])) == [0, 1, 2]
    assert best_first(lead(3)) == [0, 1, 2]


def test_scores_do_not_hang_on_the_order_of_equal_parts():
    tokens = [["a", "b"], ["b", "c"], ["c", "a"], ["a", "b", "c"]]
    straight, turned = textrank(tokens), textrank(tokens[::-1])

    assert straight == pytest.approx(turned[::-1], abs=1e-12)


def test_mmr_does_not_say_the_same_twice():
    tokens = [["a", "b", "c"], ["a", "b", "c"], ["a", "d", "e"], ["d", "f", "a"]]

    assert without_repeats(textrank(tokens), tokens, 2) not in ([0, 1], [1, 0])
    assert sorted(without_repeats(textrank(tokens), tokens, 9)) == [0, 1, 2, 3]
    assert without_repeats(textrank([]), [], 3) == []


def test_a_long_text_is_ranked_in_parts_and_in_no_quadratic_time():
    tokens = [[f"w{(place * 7) % 50}", f"v{place % 11}"] for place in range(12 * MAX_TOGETHER)]
    begun = time.monotonic()
    scores = textrank(tokens)

    assert time.monotonic() - begun < 60
    assert scores.sum() == pytest.approx(1, abs=1e-6)


def test_likeness_is_a_cosine():
    assert likeness(["a", "b"], ["a", "b"]) == pytest.approx(1)
    assert likeness(["a"], ["b"]) == likeness([], ["a"]) == 0
