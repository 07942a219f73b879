"""Captions as pictures: text wrapped at words, white with a dark outline, clear of what phones draw over a video.

The font is Pretendard Bold (SIL Open Font License 1.1), which ships with closeup and draws Latin and Hangul. Pillow
lays the letters out with Raqm where it has it, which adds kerning, else without.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from closeup.media.line_breaks import WordPiece, break_into_pages
from closeup.media.typeface import typeface


@dataclass(frozen=True, slots=True)
class SafeMargins:
    """What phones cover of a picture, as shares of its height (top, bottom) and its width (each side)."""

    top: float
    bottom: float
    side: float


FULL_SCREEN = SafeMargins(top=0.14, bottom=0.25, side=0.152)
"""For upright pictures that fill a phone: the largest of what guides for the platforms give for posts in 2026, of
1080 x 1920 pixels. Top: 270 (Meta's guide to Reels, 14 %). Bottom, where name, text and sound stand: 480 (YouTube
Shorts; Reels 450, TikTok 350). Right, the column of buttons: 164 (TikTok), left out on both sides so that captions
stand in the middle. Advertisements carry more at the bottom (Meta: 35 %). Platforms move their buttons now and then."""

IN_FEED = SafeMargins(top=0.05, bottom=0.07, side=0.06)
"""For pictures that stand in a feed with everything around them: air, and a player's bar at the bottom."""

_FULL_SCREEN_FROM = 1.5
"""Height over width from which a picture fills a phone: 9:16 is 1.78, 4:5 is 1.25."""

MOST_LINES = 2
"""Lines at once; longer captions are parted into pages, shown one after another."""

_FONT_PER_WIDTH = 0.06
"""Letters' size over the picture's width: 65 pixels of 1080, as read on a phone at arm's length."""

_LINE_HEIGHT, _OUTLINE, _SHADOW = 1.24, 0.085, 0.1
"""Line distance, width of the outline, and blur and drop of the shadow, in letters' sizes."""

_UNSEEN = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f]")
"""Characters that join, part or turn others and have no picture of their own."""

RgbaImage = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Page:
    """What is shown at once of a caption.

    Attributes:
        lines: One or two lines.
        start: Where in the caption's text it begins, in letters; `end` is exclusive.
    """

    lines: tuple[str, ...]
    start: int
    end: int


def safe_box(size_wh: tuple[int, int]) -> tuple[int, int, int, int]:
    """The box, x0, y0, x1, y1 in pixels, ends exclusive, of a picture of this size in which captions may stand."""
    width, height = size_wh
    margins = FULL_SCREEN if height >= _FULL_SCREEN_FROM * width else IN_FEED
    side = round(margins.side * width)
    return side, round(margins.top * height), width - side, height - round(margins.bottom * height)


def undrawable(text: str) -> str:
    """The characters of a text that the font has no picture of, each once, in their order; most are emoji.

    Characters without a picture of their own (joiners, marks of direction) are not counted.
    """
    return "".join(dict.fromkeys(letter for letter in _UNSEEN.sub("", text) if not _has_glyph(letter)))


class CaptionArtist:
    """Lays out and draws captions for pictures of one size.

    Attributes:
        size_wh: The picture's (width, height) in pixels.
        box_xyxy: Where captions may stand, as `safe_box` has it.
    """

    def __init__(self, size_wh: tuple[int, int]) -> None:
        """Choose letters for a picture.

        Raises:
            ValueError: If the picture has less than 32 pixels a side.
        """
        if min(size_wh) < 32:
            raise ValueError(f"size_wh is {size_wh}, too small for captions")
        self.size_wh = size_wh
        self.box_xyxy = safe_box(size_wh)
        self._points = max(6, round(_FONT_PER_WIDTH * size_wh[0]))
        self._font = typeface(self._points)
        self._outline = max(1, round(_OUTLINE * self._points))
        self._shadow = max(1, round(_SHADOW * self._points))
        self._pad = self._outline + 3 * self._shadow

    def pages(self, text: str) -> tuple[Page, ...]:
        """Part a caption into pages of one or two lines that fit.

        Lines are broken at spaces, in Hangul too, and inside a word only where it alone is wider than a line. A new
        page begins where a sentence does, if that can be had. Lines that begin with a dash, as two speakers have them,
        each begin a line; two short ones share a page. Characters that the font cannot draw are left out.

        Returns:
            In the text's order; empty if there is nothing that can be drawn.
        """
        width = self.box_xyxy[2] - self.box_xyxy[0] - 2 * self._pad
        pages: list[Page] = []
        for block in _blocks(text):
            broken = break_into_pages(self._pieces(text, block, width), self._width, width, MOST_LINES)
            new = [Page(tuple(map(_joined, lines)), lines[0][0].start, lines[-1][-1].end) for lines in broken]
            if pages and len(new) == 1 and len(pages[-1].lines) + len(new[0].lines) <= MOST_LINES:
                new = [Page(pages[-1].lines + new[0].lines, pages.pop().start, new[0].end)]
            pages += new
        return tuple(pages)

    def draw(self, lines: Sequence[str]) -> tuple[RgbaImage, tuple[int, int]]:
        """Draw the lines of a page.

        Returns:
            The picture, RGBA uint8 (H, W, 4) with straight alpha, and the x and y of its upper left corner in the
            whole picture. It lies within `box_xyxy`, its last line at the lower edge.
        """
        step = round(_LINE_HEIGHT * self._points)
        width = min(round(max(map(self._width, lines))) + 2 * self._pad, self.box_xyxy[2] - self.box_xyxy[0])
        height = step * len(lines) + 2 * self._pad
        fill, edge = (self._mask(lines, (width, height), step, stroke) for stroke in (0, self._outline))
        shadow = edge.transform(edge.size, Image.Transform.AFFINE, (1, 0, 0, 0, 1, -self._shadow / 2))
        soft = shadow.filter(ImageFilter.GaussianBlur(self._shadow))
        x = (self.size_wh[0] - width) // 2
        return _composed(fill, edge, soft), (x, max(self.box_xyxy[3] - height, self.box_xyxy[1]))

    def _mask(self, lines: Sequence[str], size_wh: tuple[int, int], step: int, stroke: int) -> Image.Image:
        """The letters, with an outline of `stroke` pixels, as a picture of one channel."""
        mask = Image.new("L", size_wh, 0)
        pen = ImageDraw.Draw(mask)
        ascent, descent = self._font.getmetrics()
        for number, line in enumerate(lines):
            baseline = self._pad + number * step + (step + ascent - descent) // 2
            place = ((size_wh[0] - self._width(line)) / 2, baseline)
            pen.text(place, line, fill=255, font=self._font, anchor="ls", stroke_width=stroke, stroke_fill=255)
        return mask

    def _width(self, text: str) -> float:
        return self._font.getlength(text)

    def _pieces(self, text: str, block: tuple[int, int], width: float) -> list[WordPiece]:
        """The words between two places of a text; words wider than a line in parts that fit."""
        pieces: list[WordPiece] = []
        for match in re.finditer(r"\S+", text[block[0] : block[1]]):
            start = block[0] + match.start()
            shown = "".join(letter for letter in _UNSEEN.sub("", match.group()) if _has_glyph(letter))
            parts = self._parts(shown, width) if shown else []
            for number, part in enumerate(parts):
                pieces.append(WordPiece(part, start, start + len(match.group()), spaced=number == 0))
        return pieces

    def _parts(self, word: str, width: float) -> list[str]:
        parts = [word[:1]]
        for letter in word[1:]:
            if self._width(parts[-1] + letter) <= width:
                parts[-1] += letter
            else:
                parts.append(letter)
        return parts


def _blocks(text: str) -> list[tuple[int, int]]:
    """Stretches of a text that are wrapped by themselves: all of it, or each line where lines begin with dashes."""
    if not re.search(r"^[-–—]", text, re.MULTILINE):  # noqa: RUF001
        return [(0, len(text))]
    return [match.span() for match in re.finditer(r"[^\n]+", text)]


def _joined(line: Sequence[WordPiece]) -> str:
    return "".join((" " if piece.spaced and number else "") + piece.text for number, piece in enumerate(line))


def _composed(fill: Image.Image, edge: Image.Image, soft: Image.Image) -> RgbaImage:
    """White letters over their black outline over half a shadow, each given as coverage: RGBA with straight alpha."""
    white, black, shade = (np.asarray(mask, dtype=np.float32) / 255 for mask in (fill, edge, soft))
    under = 1 - (1 - black) * (1 - 0.5 * shade)
    alpha = white + (1 - white) * under
    level = np.divide(white, alpha, out=np.zeros_like(white), where=alpha > 0)
    picture = np.dstack([level, level, level, alpha]) * 255
    return np.asarray(np.rint(picture), dtype=np.uint8)


@lru_cache(maxsize=4096)
def _has_glyph(letter: str) -> bool:
    """Whether the font has a picture of a character: Pillow draws the same box for all that it has not."""
    font = typeface(24)
    return letter.isspace() or _drawn(font, letter) != _drawn(font, "\U0010ffff")


def _drawn(font: ImageFont.FreeTypeFont, letter: str) -> tuple[tuple[int, int], bytes]:
    mask = font.getmask(letter)
    return mask.size, bytes(mask)
