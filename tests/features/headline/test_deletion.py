import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.features.headline import deletion
from closeup.features.headline.deletion import Deletion, Example, kept_words, later_stems, learn, main_verb
from closeup.text.compression import join
from closeup.text.tagging import tag


def examples(count=30):
    towns = ("Leeds", "York", "Bath", "Hull", "Ely")
    for place in range(count):
        town, number = towns[place % 5], place + 2
        yield Example(
            tag(f"The council of {town} has said on Monday that it will close {number} schools in the old town."),
            later_stems([f"{town} has {number} schools.", "Parents are angry."]),
            f"{town} close {number} schools",
        )


@pytest.fixture(scope="module")
def learnt():
    return learn(list(examples()))


def test_what_was_learnt_is_done_with_a_town_that_was_not_seen(learnt):
    tokens = tag("The council of Derby has said on Monday that it will close 77 schools in the old town.")
    kept = learnt.keep(tokens, later_stems(["Derby has 77 schools."]), 6)

    assert join(tokens, kept) == "Derby close 77 schools"


def test_learning_again_gives_the_same_weights(learnt):
    again = learn(list(examples()))

    assert again.names == learnt.names
    assert np.array_equal(again.weights, learnt.weights)


WORDS = ["The", "cat", "sat", "on", "3", "mats", "of", "London", "and", "has", "never", "said", "Monday", "."]


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=25))
def test_kept_words_are_in_order_few_and_never_end_on_what_needs_more(learnt, words):
    tokens = tag(" ".join(words))
    if not tokens:
        return
    kept = learnt.keep(tokens, later_stems([]), 6)

    assert kept == sorted(set(kept))
    assert 0 < len(kept) <= 6
    free = [place for place in range(len(tokens)) if not deletion.hangs(tokens, place)]
    assert not free or not deletion.hangs(tokens, kept[-1])


def test_the_best_chain_is_the_best_of_all(learnt):
    generator = np.random.default_rng(3)
    scores = np.triu(generator.normal(size=(7, 7)))
    scores[np.tril_indices(7, -1)] = deletion._NEVER
    found = deletion._best_chain(scores, 4)

    def value(chain):
        stops = [-1, *chain, 6]
        return sum(scores[a + 1, b] for a, b in itertools.pairwise(stops)) + deletion.BONUS * (len(chain) + 1)

    every = [chain for size in range(2, 5) for chain in itertools.combinations(range(6), size)]
    assert value(found) == pytest.approx(max(map(value, every)))


def test_the_shares_of_links_are_those_of_all_chains():
    scores = np.triu(np.random.default_rng(4).normal(size=(5, 5)))
    scores[np.tril_indices(5, -1)] = deletion._NEVER
    weights = {}
    for size in range(5):
        for chain in itertools.combinations(range(4), size):
            links = tuple(itertools.pairwise([-1, *chain, 4]))
            weights[links] = np.exp(sum(scores[a + 1, b] for a, b in links))
    total = sum(weights.values())
    expected = np.zeros((5, 5))
    for links, weight in weights.items():
        for a, b in links:
            expected[a + 1, b] += weight / total

    assert deletion._shares(scores) == pytest.approx(expected, abs=1e-12)


def test_what_a_headline_was_made_of():
    tokens = tag("The big bank of Leeds, which is old, has sold its shops")

    assert [tokens[place].text for place in kept_words(tokens, "Leeds bank sells shops; bank sold")] == [
        "bank",
        "Leeds",
        "sold",
        "shops",
    ]


@pytest.mark.parametrize(
    ("sentence", "verb"),
    [
        ("After the port closed, Iran raised its prices.", "raised"),
        ("The minister who resigned on Monday, has won a prize.", "has"),
        ("Oil prices fell to a low.", "fell"),
        ("A quiet town.", None),
    ],
)
def test_the_main_verb_is_behind_a_leading_clause_and_never_skipped(sentence, verb):
    tokens = tag(sentence)
    place = main_verb(tokens)
    assert (None if place is None else tokens[place].text) == verb
    if verb is not None and tokens[place].kind != "auxiliary":
        assert place in Deletion(("k=name",), np.ones(1)).keep(tokens, later_stems([]), 3)
