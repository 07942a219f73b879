"""Values as TOML writes them."""

import re
from collections.abc import Mapping, Sequence

from closeup.documents.form import quoted

_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")


def toml_value(value: object) -> str:
    """One plain value on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return quoted(value).replace("\x7f", "\\u007f")  # JSON's escapes are TOML's
    if isinstance(value, Mapping):
        items = [
            f"{key if _BARE_KEY.fullmatch(key) else toml_value(key)} = {toml_value(item)}"
            for key, item in value.items()
        ]
        return f"{{ {', '.join(items)} }}" if items else "{}"
    if isinstance(value, Sequence):
        return f"[{', '.join(toml_value(item) for item in value)}]"
    return repr(value)
