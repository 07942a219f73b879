"""Names of people: any script, one spelling each, nothing that cannot be seen."""

import re
import unicodedata

from closeup.core.errors import InputError

MAX_NAME = 200
"""Characters of a name."""

MAX_NOTE = 4000
"""Characters of a note on consent."""

_REFUSED = {"Cc": "a control character", "Cs": "half a character", "Zl": "a line break", "Zp": "a line break"}
"""General category to what to call it."""

_DIRECTION = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that turn the direction of writing: with them a name can be made to look like another."""

_ID = re.compile(r"[0-9a-f]{32}")


def clean_name(name: str) -> str:
    """The form in which a name is stored: Unicode's NFC, blanks at the ends removed, runs of blanks as one.

    Raises:
        InputError: Nothing is left to see; it is longer than `MAX_NAME`, holds control characters, line breaks, half
            of a surrogate pair or characters that turn the direction of writing, or looks like an identity's id.
    """
    for character in name:
        category = unicodedata.category(character)
        if category in _REFUSED or character in _DIRECTION:
            what = _REFUSED.get(category, "a character that turns the direction of writing")
            raise InputError(f"The name {name!a} holds {what} (U+{ord(character):04X}).", "Leave it out.")
    cleaned = " ".join(unicodedata.normalize("NFC", name).split())
    if not any(unicodedata.category(character)[0] in "LNPS" for character in cleaned):
        raise InputError("The name is empty.", "Give at least one letter.")
    if len(cleaned) > MAX_NAME:
        raise InputError(f"The name has {len(cleaned)} characters; {MAX_NAME} are the most.")
    if _ID.fullmatch(cleaned):
        raise InputError(f"The name {cleaned} looks like an identity's id.", "Give a name of another form.")
    return cleaned


def name_key(name: str) -> str:
    """What two spellings of one name have in common: Unicode's canonical caseless form (The Unicode Standard, D145).

    "Renée", decomposed or not, and "RENÉE" have one key. It is for comparing, not for showing.
    """
    folded = unicodedata.normalize("NFD", unicodedata.normalize("NFD", name).casefold())
    return " ".join(folded.split())


def clean_note(note: str) -> str:
    """A note of several lines in the form in which it is stored.

    Raises:
        InputError: It is empty, longer than `MAX_NOTE`, or holds control characters other than line breaks and tabs.
    """
    cleaned = unicodedata.normalize("NFC", note.replace("\r\n", "\n")).strip()
    if not cleaned:
        raise InputError("The note on consent is empty.", "Leave it out, or say who agreed to what, and when.")
    if len(cleaned) > MAX_NOTE:
        raise InputError(f"The note on consent has {len(cleaned)} characters; {MAX_NOTE} are the most.")
    for character in cleaned:
        if unicodedata.category(character) in ("Cc", "Cs") and character not in "\n\t":
            raise InputError(f"The note on consent holds U+{ord(character):04X}, a control character.", "Leave it out.")
    return cleaned
