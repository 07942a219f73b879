"""Captions as pictures: text wrapped at words, drawn in a style, clear of what phones draw over a video.

The font is Pretendard Bold (SIL Open Font License 1.1), which ships with closeup and draws Latin and Hangul; other
scripts are drawn in a font of the system, or of the user. Pillow lays the letters out with Raqm where it has it, which
adds kerning and joins the letters of scripts that need it.
"""

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from closeup.core.types import FloatArray
from closeup.media.caption_style import CaptionStyle
from closeup.media.line_breaks import WordPiece, break_into_pages
from closeup.media.typeface import missing_letters, seen, system_font, typeface


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

_LINE_HEIGHT, _OUTLINE, _SHADOW = 1.24, 0.085, 0.1
"""Line distance, width of the outline, and blur and drop of the shadow, in letters' sizes."""

RgbaImage = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Page:
    """What is shown at once of a caption.

    Attributes:
        lines: One or two lines.
        start: Where in the caption's text it begins, in letters; `end` is exclusive.
        places: For each line its words: from where to where they stand in the text, then in the line.
    """

    lines: tuple[str, ...]
    start: int
    end: int
    places: tuple[tuple[tuple[int, int, int, int], ...], ...] = ()


def safe_box(size_wh: tuple[int, int]) -> tuple[int, int, int, int]:
    """The box, x0, y0, x1, y1 in pixels, ends exclusive, of a picture of this size in which captions may stand."""
    width, height = size_wh
    margins = FULL_SCREEN if height >= _FULL_SCREEN_FROM * width else IN_FEED
    side = round(margins.side * width)
    return side, round(margins.top * height), width - side, height - round(margins.bottom * height)


def font_for(text: str, wanted: Path | None = None) -> tuple[Path | None, str]:
    """The font that a caption is drawn in, and the letters for which there is none.

    It is the one that is wanted, else closeup's own (None), else the first of the system's that has all of the letters.
    Signs such as emoji, which a text can do without, are left out of it where the font lacks them.

    Raises:
        InputError: If the font that is wanted cannot be read.
    """
    lacking = _needed(missing_letters(text, wanted))
    if not lacking or wanted is not None:
        return wanted, lacking
    letters = "".join(letter for letter in seen(text) if not letter.isspace() and not _is_sign(letter))
    font = system_font(letters)
    return font, "" if font is not None else lacking


def left_out_signs(text: str, wanted: Path | None = None) -> str:
    """The signs of a text, most of them emoji, that its font has no picture of."""
    font, lacking = font_for(text, wanted)
    return "" if lacking else "".join(filter(_is_sign, missing_letters(text, font)))


def _needed(letters: str) -> str:
    return "".join(letter for letter in letters if not _is_sign(letter))


def _is_sign(letter: str) -> bool:
    """Whether a character is a picture or a sign, and no letter, digit or mark of a script."""
    return unicodedata.category(letter) in ("So", "Sk", "Co", "Cn", "Cf")


class CaptionArtist:
    """Lays out and draws captions for pictures of one size.

    Attributes:
        size_wh: The picture's (width, height) in pixels.
        box_xyxy: Where captions may stand, as `safe_box` has it.
        style: How they look.
    """

    def __init__(self, size_wh: tuple[int, int], font: Path | None = None, style: CaptionStyle | None = None) -> None:
        """Choose letters for a picture, of a font file or closeup's own, in a style or the plain one.

        Raises:
            ValueError: If the picture has less than 32 pixels a side.
        """
        if min(size_wh) < 32:
            raise ValueError(f"size_wh is {size_wh}, too small for captions")
        self.size_wh = size_wh
        self.box_xyxy = safe_box(size_wh)
        self.style = style or CaptionStyle()
        self._points = max(6, round(self.style.size * size_wh[0]))
        self._file, self._font = font, typeface(self._points, font)
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
            new = [_page(lines) for lines in broken]
            if pages and len(new) == 1 and len(pages[-1].lines) + len(new[0].lines) <= MOST_LINES:
                before = pages.pop()
                both = before.lines + new[0].lines, before.start, new[0].end, before.places + new[0].places
                new = [Page(*both)]
            pages += new
        return tuple(pages)

    def place(self, lines: Sequence[str]) -> tuple[int, int, int, int]:
        """Where the lines of a page stand where nothing is in the way: x0, y0, x1, y1, inside of `box_xyxy`."""
        width = min(round(max(map(self._width, lines))) + 2 * self._pad, self.box_xyxy[2] - self.box_xyxy[0])
        height = round(_LINE_HEIGHT * self._points) * len(lines) + 2 * self._pad
        _, highest, _, lowest = self.box_xyxy
        room = max(lowest - height - highest, 0)
        x = (self.size_wh[0] - width) // 2
        y = highest + {"top": 0, "middle": room // 2, "bottom": room}[self.style.position]
        return x, y, x + width, y + height

    def draw(
        self, lines: Sequence[str], top: int | None = None, lit: Sequence[tuple[int, int, int]] = ()
    ) -> tuple[RgbaImage, tuple[int, int]]:
        """Draw the lines of a page.

        Args:
            lines: Their words.
            top: The row that they begin at; None for where `place` has them.
            lit: What is highlighted: the number of a line, and from which letter of it to which.

        Returns:
            The picture, RGBA uint8 (H, W, 4) with straight alpha, and the x and y of its upper left corner in the
            whole picture.
        """
        step = round(_LINE_HEIGHT * self._points)
        x, y, x1, y1 = self.place(lines)
        width, height = x1 - x, y1 - y
        layers: list[tuple[str, Image.Image]] = []
        if self.style.box:
            layers.append((self.style.box, self._box((width, height))))
        if self.style.outline:
            edge = self._mask(lines, (width, height), step, self._outline)
            shadow = edge.transform(edge.size, Image.Transform.AFFINE, (1, 0, 0, 0, 1, -self._shadow / 2))
            layers.append((_SHADE, shadow.filter(ImageFilter.GaussianBlur(self._shadow))))
            layers.append((self.style.outline, edge))
        fill = self._mask(lines, (width, height), step, 0)
        layers.append((self.style.colour, fill))
        if lit and self.style.highlight:
            layers.append((self.style.highlight, self._lit(fill, lines, lit, step)))
        return _composed(layers), (x, y if top is None else top)

    def _box(self, size_wh: tuple[int, int]) -> Image.Image:
        """The box behind the lines, with round corners, as a picture of one channel."""
        mask, air = Image.new("L", size_wh, 0), self._pad // 3
        corner = (size_wh[0] - 1 - air, size_wh[1] - 1 - air)
        ImageDraw.Draw(mask).rounded_rectangle(((air, air), corner), radius=self._points // 4, fill=255)
        return mask

    def _lit(
        self, fill: Image.Image, lines: Sequence[str], lit: Sequence[tuple[int, int, int]], step: int
    ) -> Image.Image:
        """The letters that are highlighted, as a picture of one channel."""
        mask = Image.new("L", fill.size, 0)
        for number, first, end in lit:
            line = lines[number]
            left = (fill.size[0] - self._width(line)) / 2
            x0, x1 = (round(left + self._width(line[:place])) for place in (first, end))
            top = self._pad + number * step - self._outline
            mask.paste(fill.crop((x0, top, x1, top + step)), (x0, top))
        return mask

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
            lacking = missing_letters(match.group(), self._file)
            shown = "".join(letter for letter in seen(match.group()) if letter not in lacking)
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


def _page(lines: Sequence[Sequence[WordPiece]]) -> Page:
    """The page that lines of pieces make."""
    texts = tuple(map(_joined, lines))
    places = []
    for line in lines:
        row, at = [], 0
        for number, piece in enumerate(line):
            at += bool(piece.spaced and number)
            row.append((piece.start, piece.end, at, at + len(piece.text)))
            at += len(piece.text)
        places.append(tuple(row))
    return Page(texts, lines[0][0].start, lines[-1][-1].end, tuple(places))


_SHADE = "#00000080"


def _composed(layers: Sequence[tuple[str, Image.Image]]) -> RgbaImage:
    """Colours one over another, the lowest first, each with its coverage: RGBA with straight alpha."""
    height, width = layers[0][1].size[::-1]
    colour: FloatArray = np.zeros((height, width, 3), np.float32)
    alpha: FloatArray = np.zeros((height, width, 1), np.float32)
    for name, mask in layers:
        red, green, blue, opaque = bytes.fromhex(f"{name[1:]}ff"[:8])
        over = np.asarray(mask, np.float32)[..., None] / 255 * (opaque / 255)
        colour = np.asarray(np.array([red, green, blue], np.float32) * over + colour * (1 - over), np.float32)
        alpha = np.asarray(over + alpha * (1 - over), np.float32)
    colour = np.divide(colour, alpha, out=np.zeros_like(colour), where=alpha > 0)
    return np.asarray(np.rint(np.dstack([colour, alpha * 255])), dtype=np.uint8)
