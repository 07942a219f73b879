"""The letters that closeup draws into pictures: Pretendard Bold (SIL Open Font License 1.1), Latin and Hangul."""

from functools import lru_cache
from importlib import resources
from io import BytesIO

from PIL import ImageFont

_FILE = "Pretendard-Bold.woff2"


@lru_cache(maxsize=8)
def typeface(points: int) -> ImageFont.FreeTypeFont:
    """The font in letters of so many pixels."""
    return ImageFont.truetype(BytesIO(_content()), points)


@lru_cache(maxsize=1)
def _content() -> bytes:
    return resources.files("closeup.media").joinpath("fonts", _FILE).read_bytes()
