import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.text.rouge import NAMES, common_subsequence, rouge, rouge_tokens

TEXTS = st.text(alphabet="abcd efRS12'.,-é가\n", max_size=80)


@given(TEXTS, TEXTS)
def test_it_equals_rouge_score(reference, found):
    scorer = pytest.importorskip("rouge_score.rouge_scorer").RougeScorer(list(NAMES), use_stemmer=True)

    theirs = scorer.score(reference, found)
    ours = rouge(rouge_tokens(reference), rouge_tokens(found))

    assert ours == {name: pytest.approx(theirs[name].fmeasure, abs=1e-12) for name in NAMES}


@given(st.lists(st.sampled_from("abc"), max_size=12), st.lists(st.sampled_from("abc"), max_size=12))
def test_the_common_subsequence_is_that_of_the_table(one, other):
    table = [[0] * (len(other) + 1) for _ in range(len(one) + 1)]
    for i, a in enumerate(one):
        for j, b in enumerate(other):
            table[i + 1][j + 1] = table[i][j] + 1 if a == b else max(table[i][j + 1], table[i + 1][j])

    assert common_subsequence(one, other) == table[-1][-1]


def test_a_text_is_all_of_itself_and_nothing_of_an_empty_one():
    words = rouge_tokens("Prices rose by 4% in May")

    assert rouge(words, words) == dict.fromkeys(NAMES, 1.0)
    assert rouge(words, []) == rouge([], words) == rouge([], []) == dict.fromkeys(NAMES, 0.0)


def test_korean_is_nothing_to_the_default_words_but_its_digits():
    assert rouge_tokens("코로나19 확진자 27명") == ["19", "27"]
