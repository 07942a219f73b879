"""How captions look: colours, size and place, by the name of a preset or from a file of one's own."""

import tomllib
from dataclasses import asdict, dataclass
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Annotated, Any, Literal

from closeup.core.errors import FormatError, InputError
from closeup.core.fields import Text, Within
from closeup.documents.form import Form, file_bytes, nearest

Colour = Annotated[str, Text("#[0-9a-fA-F]{6}(?:[0-9a-fA-F]{2})?", 'a colour such as "#ffffff" or "#000000b8"')]
ColourOrNone = Annotated[str, Text("(?:#[0-9a-fA-F]{6}(?:[0-9a-fA-F]{2})?)?", 'a colour such as "#000000b8", or ""')]


@dataclass(frozen=True, slots=True)
class CaptionStyle:
    """How captions look; caption_styles.toml says what each means."""

    size: Annotated[float, Within(0.02, 0.2)] = 0.06
    colour: Colour = "#ffffff"
    outline: ColourOrNone = "#000000"
    box: ColourOrNone = ""
    position: Literal["bottom", "middle", "top"] = "bottom"
    highlight: ColourOrNone = "#ffe14d"


PLAIN = "plain"

_STYLE = Form(CaptionStyle, "caption style")


@cache
def presets() -> dict[str, CaptionStyle]:
    """The styles that come with closeup, by name."""
    text = resources.files("closeup.media").joinpath("caption_styles.toml").read_text(encoding="utf-8")
    return _styles(text, "caption_styles.toml", CaptionStyle())


def is_style_file(name: str) -> bool:
    """Whether a style is meant by its file, and not by a preset's name."""
    return name.lower().endswith(".toml")


def caption_style(name: str) -> CaptionStyle:
    """The style of a preset's name, or the first one of a file that ends in .toml.

    Raises:
        InputError: If there is no such preset or file.
        FormatError: If the file holds no style; says which key is wrong.
    """
    known = presets()
    if name in known:
        return known[name]
    if not is_style_file(name):
        near = nearest(name, known)
        hint = f"Did you mean {near}?" if near else f"There are: {', '.join(known)}; or name a file that ends in .toml."
        raise InputError(f"There is no caption style called {name!r}.", hint)
    try:
        text = file_bytes(Path(name)).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(f"The caption style {name} is not UTF-8 text.", "Save it as UTF-8.") from error
    return next(iter(_styles(text, name, known[PLAIN]).values()))


def _styles(text: str, name: str, base: CaptionStyle) -> dict[str, CaptionStyle]:
    try:
        tables: dict[str, Any] = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise FormatError(
            f"{name} is not valid TOML: {error}.", "Begin with a line [NAME], then KEY = VALUE."
        ) from error
    if not tables or not all(isinstance(table, dict) for table in tables.values()):
        raise FormatError(f"{name} holds no caption style.", "Begin with a line [NAME], then KEY = VALUE.")
    return {key: _STYLE.from_data(asdict(base) | table, f"{name} [{key}]") for key, table in tables.items()}
