import tomllib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.workbench.toml_lines import Key, dotted_key, key_lines, line_of

TEXT = '''\
# [no.table]
name = "x # [y]" # a = 1

alignment = [
  [0.1, 0.2], # b = 2
  [0.3, 0.4],
]
summary = """
[stages]
epochs = 3 \\"""
"""
licence = \'\'\'
it's "MIT"\'\'\'

[[data]]
path = "a" ; fields
'''.replace(" ; fields", "\nfields.mask = { 'x.y' = 1, b = [1] }\n  [ data.rename.\"a b\" ]\nanger = 'angry'")


def test_lines() -> None:
    lines = key_lines(TEXT)
    assert lines == {
        ("name",): 2,
        ("alignment",): 4,
        ("summary",): 8,
        ("licence",): 12,
        ("data", 0): 15,
        ("data", 0, "path"): 16,
        ("data", 0, "fields"): 17,
        ("data", 0, "fields", "mask"): 17,
        ("data", 0, "rename", "a b"): 18,
        ("data", 0, "rename", "a b", "anger"): 19,
    }


def test_the_line_of_what_lies_inside() -> None:
    lines = key_lines(TEXT)
    assert line_of(("data", 0, "fields", "mask", "x.y"), lines) == 17
    assert line_of(("alignment", 1, 0), lines) == 4
    assert line_of(("data", 0, "missing"), lines) == 15
    assert line_of(("nothing",), lines) is None


def test_tables_of_lists_in_lists() -> None:
    assert key_lines("[[a]]\n[[a.b]]\n[[a.b]]\nx = 1\n[[a]]\n[[a.b]]\ny = 2\n[a.b.c]") == {
        ("a", 0): 1,
        ("a", 0, "b", 0): 2,
        ("a", 0, "b", 1): 3,
        ("a", 0, "b", 1, "x"): 4,
        ("a", 1): 5,
        ("a", 1, "b", 0): 6,
        ("a", 1, "b", 0, "y"): 7,
        ("a", 1, "b", 0, "c"): 8,
    }


@pytest.mark.parametrize("text", ['x = """a""""', "x = '''a'''''", 'x = """\\""""', 'x = """a\n"" b"""', "x = 'a\\'"])
def test_quotes_beside_the_closing_ones(text: str) -> None:
    after = text.count("\n") + 2
    assert key_lines(f"{text}\ny = 1") == {("x",): 1, ("y",): after}


@pytest.mark.parametrize(("text", "parts"), [("a", ("a",)), ("a . 'b.c'.\"d e\"", ("a", "b.c", "d e")), ('""', ("",))])
def test_dotted_keys(text: str, parts: tuple[str, ...]) -> None:
    assert dotted_key(text) == parts


@pytest.mark.parametrize("text", ["", "a b", "a = 1\nb", ".", "[a]\nb", "a.", "# x\nb = 1\nc"])
def test_what_is_no_key(text: str) -> None:
    with pytest.raises(ValueError):
        dotted_key(text)


# Documents built line by line, so that every line is known beforehand.

quoted = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="'"), max_size=6).map("'{}'".format)
values = st.one_of(
    st.integers().map(str),
    quoted,
    st.just("[1, [2], # ]\n '=']"),
    st.just('"""\n[[a]]\nk = 1\n"""'),
    st.just("'''\n\"\n'''"),
    st.just('{ a = "}", b = [{}] }'),
    st.just('"\\""'),
)
blanks = st.lists(st.sampled_from(["", "  ", "# [[t]]", "# k = '''"]), max_size=2)


@given(st.lists(st.tuples(st.booleans(), blanks, st.lists(values, max_size=3)), max_size=6))
@settings(max_examples=100, deadline=None)
def test_any_document(tables: list[tuple[bool, list[str], list[str]]]) -> None:
    text, wanted = "", dict[Key, int]()
    number = 0
    for at, (listed, before, entries) in enumerate(tables):
        text += "".join(f"{blank}\n" for blank in before)
        place: Key = ("list", number) if listed else (f"t{at}",)
        number += listed
        wanted[place] = text.count("\n") + 1
        text += "[[list]] # x\n" if listed else f"[ t{at} ]\n"
        for key, value in enumerate(entries):
            wanted[(*place, f"k{key}")] = text.count("\n") + 1
            text += f"k{key} = {value}\n"
    tomllib.loads(text)
    assert key_lines(text) == wanted
    document: Any = tomllib.loads(text)
    for place in wanted:
        here = document
        for part in place:
            here = here[part]
