import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.core.errors import InputError
from closeup.storage.names import MAX_NAME, MAX_NOTE, clean_name, clean_note, name_key


@given(st.text())
def test_a_name_is_refused_or_cleaned_for_good(name: str) -> None:
    try:
        cleaned = clean_name(name)
    except InputError:
        return
    assert clean_name(cleaned) == cleaned
    assert name_key(cleaned) == name_key(name) == name_key(name_key(name))
    assert unicodedata.is_normalized("NFC", cleaned)
    assert not {unicodedata.category(character) for character in cleaned} & {"Cc", "Cs", "Zl", "Zp"}
    assert cleaned.encode("utf-8")


@pytest.mark.parametrize(
    ("name", "cleaned"),
    [("  Ada\u00a0  Lovelace ", "Ada Lovelace"), ("Zoe\u0308", "Zoë"), ("1", "1"), ("👩\u200d🚀", "👩\u200d🚀")],
)
def test_one_spelling(name: str, cleaned: str) -> None:
    assert clean_name(name) == cleaned


@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("", "is empty"),
        (" \u200b\u200d\u3000", "is empty"),
        ("\u0301", "is empty"),
        ("a\x00b", r"'a\\x00b' holds a control character \(U\+0000\)"),
        ("a\nb", "a control character"),
        ("a\u2028b", "a line break"),
        ("a\ud800", "half a character"),
        ("\u202egnp.exe", "turns the direction"),
        ("0123456789abcdef" * 2, "looks like an identity's id"),
        ("x" * (MAX_NAME + 1), "201 characters"),
    ],
)
def test_names_that_are_refused(name: str, what: str) -> None:
    with pytest.raises(InputError, match=what):
        clean_name(name)


@pytest.mark.parametrize(("a", "b"), [("STRASSE", "straße"), ("Σίσυφος", "ΣΊΣΥΦΟΣ"), ("é", "E\u0301"), ("a  b", "A b")])
def test_spellings_of_one_name_have_one_key(a: str, b: str) -> None:
    assert name_key(a) == name_key(b)


@pytest.mark.parametrize(("a", "b"), [("Ana", "Aná"), ("Müller", "Mueller"), ("ı", "i")])
def test_other_names_have_other_keys(a: str, b: str) -> None:
    assert name_key(a) != name_key(b)


def test_notes_may_have_lines() -> None:
    assert clean_note(" agreed\r\n\ton paper \n") == "agreed\n\ton paper"


@pytest.mark.parametrize("note", ["", " \n", "a\x00", "a\x1b[31m", "\udcff", "x" * (MAX_NOTE + 1)])
def test_notes_that_are_refused(note: str) -> None:
    with pytest.raises(InputError, match="note on consent"):
        clean_note(note)
