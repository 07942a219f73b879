"""What results look like in a notebook: cards and tables as HTML that needs nothing beside itself, and data frames."""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from closeup.core.data_uri import data_uri
from closeup.core.errors import DependencyError

MOST_CARDS = 48
"""A notebook keeps what it shows; of more people the others are counted only."""

_CARD = "display:inline-block;vertical-align:top;width:9em;margin:0 .8em .8em 0;line-height:1.35"
_PICTURE = "width:100%;aspect-ratio:1;object-fit:cover;border-radius:.4em;background:#8884"


def cards(title: str, people: Sequence[tuple[Path | None, str, str]]) -> str:
    """Cards under a title.

    Args:
        title: A line.
        people: Of each: a JPEG, where there is one; a name; and a line below it.
    """
    parts = [f"<div><p><strong>{escape(title)}</strong></p>"]
    for picture, name, facts in people[:MOST_CARDS]:
        shown = f'<div style="{_PICTURE}"></div>'
        if picture is not None and picture.is_file():
            shown = f'<img alt="" style="{_PICTURE}" src="{data_uri(picture.read_bytes())}">'
        parts.append(f'<div style="{_CARD}">{shown}<strong>{escape(name)}</strong><br>{escape(facts)}</div>')
    if len(people) > MOST_CARDS:
        parts.append(f"<p>and {len(people) - MOST_CARDS:,} more</p>")
    return "".join([*parts, "</div>"])


def table(title: str, head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table under a title; every row has a cell for each word of the head."""
    words = "".join(f'<th style="text-align:left">{escape(word)}</th>' for word in head)
    lines = "".join(
        "<tr>" + "".join(f'<td style="text-align:left">{escape(cell)}</td>' for cell in row) + "</tr>" for row in rows
    )
    return (
        f"<p><strong>{escape(title)}</strong></p><table><thead><tr>{words}</tr></thead><tbody>{lines}</tbody></table>"
    )


def data_frame(columns: Mapping[str, Sequence[Any]]) -> Any:
    """Columns as a pandas data frame; pandas is loaded now.

    Raises:
        DependencyError: If pandas is not installed.
    """
    try:
        import pandas
    except ImportError as error:
        raise DependencyError("Data frames need pandas, which is not installed.", "pip install pandas") from error
    return pandas.DataFrame(dict(columns))
