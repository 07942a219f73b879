import pytest

from closeup.text.porter import stem


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("caresses", "caress"),
        ("ponies", "poni"),
        ("ties", "tie"),
        ("agreed", "agre"),
        ("hopping", "hop"),
        ("filing", "file"),
        ("happy", "happi"),
        ("enjoy", "enjoy"),
        ("relational", "relat"),
        ("vietnamization", "vietnam"),
        ("controlling", "control"),
        ("geology", "geolog"),
        ("news", "news"),
        ("innings", "inning"),
        ("on", "on"),
        ("", ""),
    ],
)
def test_the_stems_of_the_paper_and_of_nltk(word, expected):
    assert stem(word) == expected


def test_it_gives_what_nltk_gives_for_the_words_of_this_repository(repository_words):
    nltk = pytest.importorskip("nltk.stem.porter")
    theirs = nltk.PorterStemmer()

    assert [word for word in repository_words if stem(word) != theirs.stem(word)] == []


@pytest.fixture
def repository_words():
    import re
    from pathlib import Path

    root = Path(__file__).parents[2]
    text = "".join(path.read_text("utf-8") for path in sorted((root / "docs").rglob("*.md")))
    words = sorted(set(re.findall("[a-z]+", text.lower())))
    assert len(words) > 2000
    return words
