import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.text.tagging import is_opening, tag


@given(st.text(alphabet="aB1 .,'\"()-$“”\u200b", max_size=60))
def test_words_stand_where_they_say(sentence):
    for token in tag(sentence):
        assert sentence[token.start : token.end] == token.text
        assert any(letter.isalnum() for letter in token.text)


@pytest.mark.parametrize(
    ("sentence", "kinds"),
    [
        ("The bank has paid $4.5bn", ["article", "word", "auxiliary", "verb", "number"]),
        ("US President Smith resigned on Monday", ["name", "rank", "name", "-ed", "preposition", "day"]),
        ("It told us of the plan", ["pronoun", "say", "pronoun", "of", "article", "word"]),
        ("Running quickly, J. Doe won", ["-ing", "-ly", "name", "name", "verb"]),
    ],
)
def test_kinds(sentence, kinds):
    assert [token.kind for token in tag(sentence)] == kinds


def test_marks_are_kept_beside_their_words():
    first, second = tag("(Mr X), - said")[1:]

    assert (first.text, first.after, second.text) == ("X", "),-", "said")


@pytest.mark.parametrize("sentence", ["Hi, I am Scott.", "“Welcome back”", "Thanks for watching", "I’m Anna."])
def test_greetings(sentence):
    assert is_opening(sentence)
    assert not is_opening("Hitachi sold its plant")
