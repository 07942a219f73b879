"""Errors with codes and facts."""

import pickle

import pytest

from closeup.core.errors import CloseupError, FormatError, InputError, OutputError


def test_an_error_has_a_code_of_its_own_or_that_of_its_class() -> None:
    assert InputError("There is none.").code == "input"
    error = OutputError("film exists already.", code="result.exists", path="film")
    assert (error.code, error.facts, error.hint) == ("result.exists", {"path": "film"}, "")


def test_text_is_message_and_hint() -> None:
    assert str(InputError("There is none.")) == "There is none."
    assert str(InputError("There is none.", "Make one.", code="a.b")) == "There is none.\nMake one."


def test_an_error_said_of_a_place_keeps_what_it_has() -> None:
    bare = FormatError("It is empty.").within("a.json", "Mend it.", code="cast.damaged", name="x")
    assert (type(bare), bare.message) == (FormatError, "a.json: It is empty.")
    assert (bare.hint, bare.code, bare.facts) == ("Mend it.", "cast.damaged", {"name": "x"})
    newer = FormatError("It is of tomorrow.", code="file.newer", version=2).within("a.json", "Mend it.", code="c")
    assert (newer.hint, newer.code, newer.facts) == ("", "file.newer", {"version": 2})
    hinted = FormatError("It is empty.", "Fill it.").within("a.json", "Mend it.")
    assert (hinted.hint, hinted.code) == ("Fill it.", "format")


@pytest.mark.parametrize("error", [InputError("No.", "Yes.", code="a.b", path="p"), CloseupError("No.")])
def test_an_error_passes_from_process_to_process(error: CloseupError) -> None:
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.code, again.facts) == (type(error), str(error), error.code, error.facts)
