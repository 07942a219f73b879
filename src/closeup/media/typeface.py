"""The letters that closeup draws into pictures: Pretendard Bold (SIL Open Font License 1.1), Latin and Hangul.

For other scripts the system's fonts are asked, through fontconfig where that is installed.
"""

import re
import shutil
import subprocess
from functools import lru_cache
from importlib import resources
from io import BytesIO
from pathlib import Path

from PIL import ImageFont, features

from closeup.core.errors import InputError

_FILE = "Pretendard-Bold.woff2"

_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f]")
"""Characters that join, part or turn others and have no picture of their own."""

_JOINED = re.compile("[\u0590-\u08ff\u0900-\u0dff\u0e00-\u0fff\u1000-\u109f\u1780-\u17ff\ufb1d-\ufefc]")
"""Scripts whose letters must be joined, stacked or turned around, which Raqm does."""

_ASKED_S = 10


@lru_cache(maxsize=32)
def typeface(points: int, font: Path | None = None) -> ImageFont.FreeTypeFont:
    """A font file, or closeup's own, in letters of so many pixels.

    Raises:
        InputError: If the file is no font.
    """
    if font is None:
        return ImageFont.truetype(BytesIO(_content()), points)
    try:
        return ImageFont.truetype(str(font), points)
    except OSError as error:
        raise InputError(f"{font} cannot be read as a font.", "Give a TrueType or OpenType file.") from error


def seen(text: str) -> str:
    """A text without the characters that have no picture of their own."""
    return _UNSEEN.sub("", text)


def missing_letters(text: str, font: Path | None = None) -> str:
    """The characters of a text that a font has no picture of, each once, in their order."""
    return "".join(dict.fromkeys(letter for letter in seen(text) if not _has_glyph(letter, font)))


def system_font(letters: str) -> Path | None:
    """A font of the system that has all these letters, preferably a bold one; None where none is known."""
    if not letters or (_JOINED.search(letters) and not joins_letters()):
        return None
    return _asked("".join(sorted(set(letters))))


def joins_letters() -> bool:
    """Whether letters can be joined, stacked and turned around, as Arabic and Devanagari need: Raqm does that."""
    return bool(features.check_feature("raqm"))


@lru_cache(maxsize=256)
def _asked(letters: str) -> Path | None:
    program = shutil.which("fc-match")
    if program is None:
        return None
    charset = " ".join(f"{ord(letter):x}" for letter in letters)
    pattern = f"sans-serif:weight=bold:charset={charset}"
    try:
        answer = subprocess.run(
            [program, "-f", "%{file}", pattern], capture_output=True, text=True, timeout=_ASKED_S, check=True
        ).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    font = Path(answer)
    try:
        return font if answer and font.is_file() and not missing_letters(letters, font) else None
    except InputError:
        return None


@lru_cache(maxsize=1)
def truetype() -> bytes:
    """The letters of closeup as a TrueType file, unpacked, for what embeds fonts.

    Raises:
        ImportError: fonttools or brotli is not installed.
    """
    from fontTools.ttLib import TTFont

    made, font = BytesIO(), TTFont(BytesIO(_content()), recalcBBoxes=False, recalcTimestamp=False)
    font.flavor = None
    font.save(made)
    return made.getvalue()


@lru_cache(maxsize=1)
def _content() -> bytes:
    return resources.files("closeup.media").joinpath("fonts", _FILE).read_bytes()


@lru_cache(maxsize=8192)
def _has_glyph(letter: str, font: Path | None) -> bool:
    """Whether a font has a picture of a character: Pillow draws the same box for all that it has not."""
    face = typeface(24, font)
    return letter.isspace() or _drawn(face, letter) != _drawn(face, "\U0010ffff")


def _drawn(face: ImageFont.FreeTypeFont, letter: str) -> tuple[tuple[int, int], bytes]:
    mask = face.getmask(letter)
    return mask.size, bytes(mask)
