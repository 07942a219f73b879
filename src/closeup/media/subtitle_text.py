"""The letters of a caption file: bytes of whatever encoding to text, and a line without its markup."""

import html
import re
import unicodedata

from closeup.core.code_pages import decode_code_page, guess_code_page
from closeup.core.errors import FormatError, InputError

UNREADABLE = "\ufffd"
"""Stands for bytes that are no letters."""

AUTO = "auto"
"""Find out what encoding captions are in."""

HINT = "Save the captions as SubRip (.srt) or WebVTT (.vtt) in UTF-8."

_SRT_TAG = re.compile(r"</?(?:i|b|u|s|font|c|v|ruby|rt|lang)(?:[ .=][^<>]*)?>|\{\\[^{}]*\}", re.IGNORECASE)
_VTT_TAG = re.compile(r"<[^<>]*>")
_RUBY = re.compile(r"<rt(?:[ .][^<>]*)?>(.*?)(?:</rt>|(?=</ruby>)|$)", re.IGNORECASE)

ENTITY = re.compile(r"&(?=(?:#[0-9]{1,7}|#x[0-9a-f]{1,6}|amp|lt|gt|quot|apos|nbsp|lrm|rlm);)", re.IGNORECASE)
"""The "&" of a letter written by name or number, as programs leave them in SubRip that was WebVTT or HTML before."""

_NAMED_LETTER = re.compile(ENTITY.pattern + "[^;]+;", re.IGNORECASE)

_MARKS = (
    (b"\xef\xbb\xbf", "utf-8"),
    (b"\xff\xfe\x00\x00", "utf-32-le"),  # begins as the mark of UTF-16 does
    (b"\x00\x00\xfe\xff", "utf-32-be"),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
)


def decode_captions(content: bytes, encoding: str = AUTO) -> tuple[str, tuple[str, ...]]:
    """The text without its byte order marks, and a note where the encoding had to be found out.

    UTF-8, UTF-16 and, with a mark, UTF-32 are read, what `decode_code_page` is sure of, and what `guess_code_page`
    takes for the best guess. Of a text that is UTF-8 for the most part, or is not what `encoding` says in places, the
    bytes that are not become `UNREADABLE`.

    Args:
        encoding: What the text is in, by a name that Python knows; nothing is found out then.

    Raises:
        FormatError: If it is neither.
    """
    text, notes = _decoded(content) if encoding == AUTO else (content.decode(encoding, "replace"), ())
    return text.lstrip("\ufeff"), notes


def _decoded(content: bytes) -> tuple[str, tuple[str, ...]]:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return _strict(content[len(mark) :], encoding), ()
    for place, encoding in ((1, "utf-16-le"), (0, "utf-16-be")):
        # Without a mark: digits and arrows, which every caption file begins with, leave every other byte zero.
        if len(content) >= 4 and content[place:40:2].count(0) > 0.6 * len(content[place:40:2]):
            return _strict(content, encoding), ()
    try:
        return content.decode("utf-8"), ()
    except UnicodeDecodeError as error:
        found = decode_code_page(content)
        if found is None and _mostly_utf8(content):
            return content.decode("utf-8", "replace"), ()
        guessed = guess_code_page(content) if found is None else None
        if guessed is not None:
            return guessed[0], (f"Its letters were read as {guessed[1]}, which is a guess: they are not UTF-8.",)
        if found is None:
            line = content.count(b"\n", 0, error.start) + 1
            raise FormatError(
                f"Line {line} is not UTF-8 text, and which code page it is in stays open.",
                HINT,
                code="captions.encoding",
            ) from error
        return found[0], (f"Its letters were read as {found[1]}, since they are not UTF-8.",)


def check_encoding(name: str) -> None:
    """Refuse what is no encoding of text.

    Raises:
        InputError: If Python knows none of that name.
    """
    try:
        "x".encode("utf-8" if name == AUTO else name)
    except (LookupError, ValueError) as error:
        raise InputError(
            f"There is no encoding {name!r}.", "Use one such as utf-8, utf-16, cp1250, cp1251, cp1252, cp949 or gbk."
        ) from error


def plain_line(line: str, *, webvtt: bool) -> str:
    """A line without tags and control characters, composed (NFC), with single spaces between words.

    What stands above letters (ruby) follows them in brackets.
    """
    line = _RUBY.sub(r"(\1)", line)
    if webvtt:
        bare = html.unescape(_VTT_TAG.sub("", line))
    else:
        bare = _NAMED_LETTER.sub(lambda found: html.unescape(found[0]), _SRT_TAG.sub("", line))
    seen = (
        " " if letter.isspace() else letter
        for letter in unicodedata.normalize("NFC", bare)
        if letter.isspace() or (letter != "\ufeff" and unicodedata.category(letter) not in ("Cc", "Cs"))
    )
    return " ".join("".join(seen).split())


def _strict(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise FormatError(f"It begins as {encoding.upper()} text, and is damaged further on.", HINT) from error


def _mostly_utf8(content: bytes) -> bool:
    """Whether more letters beyond ASCII are UTF-8 than are not: a few are damaged, or were pasted in."""
    text = content.decode("utf-8", "replace")
    beyond = sum(letter > "\x7f" and letter != UNREADABLE for letter in text)
    return beyond > text.count(UNREADABLE)
