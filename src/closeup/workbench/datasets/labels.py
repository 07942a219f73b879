"""From what stands in a table to a label: renamed, and turned into a number where one is wanted."""

import math
import unicodedata
from collections.abc import Mapping

from closeup.core.errors import InputError
from closeup.workbench.datasets.items import Label


def label_of(text: str, *, is_value: bool, rename: Mapping[str, str]) -> Label | None:
    """The label that `text` says; None where it says nothing.

    Args:
        text: What stands in the table.
        is_value: Whether it must be a number.
        rename: Names in the table to names in the recipe.

    Raises:
        InputError: If a number is wanted and it is none.
    """
    text = composed(rename.get(text, text))
    if not text:
        return None
    if not is_value:
        return text
    number = number_of(text)
    if number is None:
        raise InputError(f"{text!r} is no number.", "Leave it empty where it is not known.")
    return number


def composed(text: str) -> str:
    """`text` in Unicode's composed form (NFC): macOS takes the accents of file names apart, others do not."""
    return text if text.isascii() else unicodedata.normalize("NFC", text)


def number_of(text: str) -> float | None:
    """The finite number that `text` says, or None."""
    try:
        number = float(text)
    except ValueError:
        return None
    return number if math.isfinite(number) else None
