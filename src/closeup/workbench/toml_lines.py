"""Where in a TOML file each key stands, so that a complaint can name the line.

The standard library's reader gives values and forgets the lines. This goes over a text that it has accepted, and needs
to know of TOML 1.0 only where a statement ends and which keys it sets.
"""

import re
import tomllib
from collections.abc import Iterator, Mapping

Key = tuple[str | int, ...]
"""A place in a document: ("stages", 1, "epochs") for `epochs` in the second [[stages]]."""

_TOKEN = re.compile(
    r'"""(?:\\.|[^\\])*?"""(?:"{0,2})'  # a text may end in two quotes of its own before the three
    r"|'''.*?'''(?:'{0,2})"
    r'|"(?:\\.|[^"\\\n])*"'
    r"|'[^'\n]*'"
    r"|\#[^\n]*"
    r"|[\[\]{}=\n]"
    r"|[^\S\n]+"
    r"""|[^\s"'\#\[\]{}=]+""",
    re.DOTALL,
)


def key_lines(text: str) -> Mapping[Key, int]:
    """The line, counted from 1, of every table header and every key outside of inline tables and arrays.

    Args:
        text: A document that `tomllib` reads.
    """
    lines: dict[Key, int] = {}
    counts: dict[Key, int] = {}
    table: Key = ()
    for line, tokens in _statements(text):
        if tokens[0] == "[":
            twice = tokens[1] == "["
            table = _table(dotted_key("".join(tokens).strip("[]")), counts, twice)
            lines.setdefault(table, line)
        else:
            key = table
            for part in dotted_key("".join(tokens[: tokens.index("=")])):
                key = (*key, part)
                lines.setdefault(key, line)
    return lines


def line_of(key: Key, lines: Mapping[Key, int]) -> int | None:
    """The line of a key, or of the innermost thing around it that has one; None where nothing has."""
    for length in range(len(key), 0, -1):
        if key[:length] in lines:
            return lines[key[:length]]
    return None


def dotted_key(text: str) -> tuple[str, ...]:
    """The parts of a key as TOML writes it, bare or quoted: ("a", "b.c") for 'a."b.c"'.

    Raises:
        ValueError: If it is no key.
    """
    if "\n" in text:
        raise ValueError(f"{text!r} is more than a key")
    parts: list[str] = []
    value: object = tomllib.loads(f"{text} = true")
    while isinstance(value, dict):
        if len(value) != 1:
            raise ValueError(f"{text!r} is more than a key")
        part, value = next(iter(value.items()))
        parts.append(part)
    return tuple(parts)


def _table(header: tuple[str, ...], counts: dict[Key, int], twice: bool) -> Key:
    """The place that a header opens; `counts` says how many tables each array has so far, and is kept."""
    place: Key = ()
    for depth, part in enumerate(header, 1):
        place = (*place, part)
        if twice and depth == len(header):
            counts[place] = counts.get(place, 0) + 1
        if place in counts:
            place = (*place, counts[place] - 1)
    return place


def _statements(text: str) -> Iterator[tuple[int, list[str]]]:
    """Headers and assignments with their first lines, as tokens without comments and spaces."""
    line, first, depth, tokens = 1, 1, 0, list[str]()
    for match in _TOKEN.finditer(f"{text}\n"):
        token = match[0]
        if token == "\n" and not depth and tokens:
            yield first, tokens
            tokens = []
        elif not token.isspace() and not token.startswith("#"):
            first = first if tokens else line
            depth += (token in "[{") - (token in "]}")
            tokens.append(token)
        line += token.count("\n")
