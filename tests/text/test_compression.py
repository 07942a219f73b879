import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.text.compression import CANNOT_END, NEEDS_MORE, compress, compress_korean, hangs, unfounded
from closeup.text.korean import has_kiwi, morphemes_of
from closeup.text.tagging import tag

SEEN = """
After the company said Police , on Monday a of won 12 $3m (BBC) London, which is was running quickly and Mr Smith
"""
WORDS = st.sampled_from(SEEN.split())


@given(st.lists(WORDS, min_size=1, max_size=40).map(" ".join), st.integers(3, 14))
def test_a_headline_is_words_of_the_sentence_in_their_order(sentence, words):
    line = compress(sentence, words)
    left = [token.text for token in tag(sentence)]

    assert len(line.split()) <= words
    for word in line.replace(",", "").split():
        found = next((place for place, each in enumerate(left) if each.replace(",", "").lower() == word.lower()), None)
        assert found is not None
        del left[: found + 1]


@pytest.mark.parametrize(
    ("sentence", "expected"),
    [
        ("LONDON (Reuters) - Oil prices rose to $80 a barrel.", "Oil prices rose to $80 barrel"),
        ("After months of talks, the two banks have agreed a merger worth $9bn.", "Two banks agreed merger worth $9bn"),
        ("A man, who was not named, has been arrested in Leeds on Friday.", "Man arrested in Leeds"),
        ("Two people died in the fire, police said.", "Two people died in fire"),
        ("Yes.", "Yes"),
        ("", ""),
    ],
)
def test_what_is_dropped(sentence, expected):
    assert compress(sentence) == expected


@given(st.lists(WORDS, min_size=4, max_size=30).map(" ".join))
def test_no_headline_ends_on_a_word_that_needs_another_unless_there_is_no_other(sentence):
    last = tag(compress(sentence))[-1:]
    telling = [token for token in tag(sentence) if token.kind not in CANNOT_END and "(" not in token.before]

    assert not telling or last[0].kind not in NEEDS_MORE


def test_what_breaks_off_is_seen():
    tokens = tag("Police in London have arrested two men of")
    assert [token.text for place, token in enumerate(tokens) if hangs(tokens, place)] == ["in", "have", "of"]


@pytest.mark.skipif(not has_kiwi(), reason="kiwipiepy is not installed")
@pytest.mark.parametrize(
    "sentence",
    [
        "육군 부대에서 코로나19 집단 감염이 일어났습니다.",
        "서울 용산경찰서는 대사 부인의 폭행 사건과 관련해 면책특권을 포기하지 않겠다는 의사를 전달받았다고 밝혔습니다.",
    ],
)
def test_a_korean_headline_is_a_stretch_of_the_sentence_and_ends_on_a_noun_or_a_final_ending(sentence):
    line = compress_korean(sentence, morphemes_of(sentence), 30)

    assert line in sentence
    assert 4 <= len(line) <= 30
    assert morphemes_of(line)[-1][1] in ("NNG", "NNP", "NNB", "NR", "SN", "SL", "SH", "XSN", "XR", "EF")


def test_korean_without_morphemes_is_whole_words_that_fit():
    assert compress_korean("육군 부대에서 코로나19 집단 감염이 일어났습니다.", [], 12) == "육군 부대에서"


def test_no_headline_ends_on_a_possessive():
    tokens = tag("Police arrested three women from Uttar Pradesh's capital on Monday")
    assert hangs(tokens, 6)
    assert not hangs(tokens, 7)


def test_names_and_numbers_that_a_text_has_not_are_named():
    text = "BBC's Ann Lee paid $80 to London, it said."
    assert unfounded(["Ann", "Lee's", "BBC", "paid", "gladly", "$80"], text) == []
    assert unfounded(["Annie", "paid", "$90", "in", "Paris"], text) == ["Annie", "$90", "Paris"]
