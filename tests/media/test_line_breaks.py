"""Breaking captions into lines and pages."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.media.line_breaks import WordPiece, break_into_pages


def pieces(text: str) -> list[WordPiece]:
    found, at = [], 0
    for word in text.split():
        at = text.index(word, at)
        found.append(WordPiece(word, at, at + len(word)))
        at += len(word)
    return found


def pages(text: str, width: int, lines: int = 2) -> list[list[str]]:
    broken = break_into_pages(pieces(text), lambda line: float(len(line)), width, lines)
    return [[" ".join(piece.text for piece in line) for line in page] for page in broken]


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        ("", 10, []),
        ("short", 10, [["short"]]),
        ("two even lines here", 12, [["two even", "lines here"]]),
        ("Yes, it is. So we go on and on.", 14, [["Yes, it is."], ["So we go", "on and on."]]),
        ("one two three, four five six", 14, [["one two three,", "four five six"]]),
        ("they went into the garden of the king", 22, [["they went into", "the garden of the king"]]),
        ("he is the man that we saw there", 20, [["he is the man", "that we saw there"]]),
        ("incomprehensibilities", 5, [["incomprehensibilities"]]),
        (
            "오늘은 날씨가 좋습니다. 내일은 비가 옵니다.",
            8,
            [["오늘은 날씨가", "좋습니다."], ["내일은 비가", "옵니다."]],
        ),
    ],
)
def test_breaks(text, width, expected):
    assert pages(text, width) == expected


def test_one_line_a_page():
    assert pages("one two, three. four", 9, lines=1) == [["one two,"], ["three."], ["four"]]


def test_parts_of_a_word_stay_on_a_page_where_they_can():
    parts = [WordPiece("x", 0, 1), WordPiece("bbbbb", 2, 9), WordPiece("cc", 2, 9, spaced=False)]
    broken = break_into_pages(parts, lambda line: float(len(line)), 6, 2)
    assert [[[p.text for p in line] for line in page] for page in broken] == [[["x"]], [["bbbbb"], ["cc"]]]


WORDS = st.lists(st.text("abc.,가나다?", min_size=1, max_size=9), max_size=30)


@settings(deadline=None)
@given(WORDS, st.integers(3, 20), st.integers(1, 2))
def test_nothing_is_lost_and_every_line_fits(words, width, most_lines):
    broken = pages(" ".join(words), width, most_lines)
    assert [word for page in broken for line in page for word in line.split()] == words
    for page in broken:
        assert 1 <= len(page) <= most_lines
        for line in page:
            assert len(line) <= width or " " not in line


@settings(deadline=None)
@given(WORDS, st.integers(3, 20))
def test_pages_are_not_wasted(words, width):
    """Never more than one page above the fewest that there could be for each sentence."""
    text = " ".join(words)
    fewest, used = 1, 0
    for word in text.split():
        taken = len(word) if not used else used + 1 + len(word)
        fewest, used = (fewest + 1, len(word)) if used and taken > width else (fewest, taken)
    assert len(pages(text, width)) <= fewest
