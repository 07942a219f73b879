"""Boxes and a few words drawn into a picture: white letters on a dark plate, legible on whatever is behind.

Plates stand beside their boxes, where they hide the least of other boxes and plates. Where there is no room for many
words fewer are written, the shortest form at last.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image as Pillow
from PIL import ImageDraw

from closeup.core.types import Image
from closeup.media.typeface import typeface

COLOURS = ((86, 180, 233), (230, 159, 0), (0, 190, 140), (240, 228, 66), (213, 120, 60), (204, 121, 167))
"""Told apart by the colour-blind too, and bright on dark: after Okabe and Ito, "Color Universal Design", 2008."""

_PLATE_RGBA = (18, 18, 22, 205)
_LETTERS_PER_BOX = 0.13
"""Size of the letters in widths of the box, within limits that go by the picture's longer side."""

_SMALLEST, _LARGEST = 0.0115, 0.021
_LEGIBLE_PX = 11
_LINE_HEIGHT, _PAD, _ROUND = 1.28, 0.45, 0.35
"""Line distance, margin and rounding of the plate, in letters' sizes."""

_MAY_HIDE = 0.04
"""Share of a plate that may lie on other boxes and plates before a shorter form is tried."""

_MAY_STILL_HIDE = 0.12
"""The same where the plate stood in the picture before: in a film it should not jump to and fro."""


@dataclass(frozen=True, slots=True)
class Mark:
    """A box with words.

    Attributes:
        key: Of one thing through a film; also chooses the colour.
        box_xyxy: Pixels.
        levels: What to write, line by line: the fullest form first, the shortest last; empty for a bare box.
    """

    key: int
    box_xyxy: tuple[float, float, float, float]
    levels: tuple[tuple[str, ...], ...]


_Rect = tuple[int, int, int, int]
_Place = tuple[int, int]
"""Level of words, and side of the box."""

_Placed = tuple[Mark, _Place, _Rect]


class Marker:
    """Draws marks into pictures of one size; in a film plates keep their side of the box while there is room."""

    def __init__(self, size_wh: tuple[int, int]) -> None:
        """Choose letters for pictures of `size_wh` (width, height)."""
        self._size_wh = size_wh
        longer = max(size_wh)
        self._least = max(_LEGIBLE_PX, round(_SMALLEST * longer))
        self._most = max(self._least, round(_LARGEST * longer))
        self._line_px = max(2, round(longer / 640))
        self._before: dict[int, _Place] = {}
        self._fullest = 0

    def draw(self, image: Image, marks: Sequence[Mark]) -> Image:
        """Draw marks into a copy of an RGB picture (H, W, 3), the larger boxes' plates placed first."""
        drawn = np.array(image)
        for mark in marks:
            self._frame(drawn, mark)
        for rect, plate in self._plates(marks):
            _lay_over(drawn, plate, rect)
        return drawn

    def _frame(self, image: Image, mark: Mark) -> None:
        x0, y0, x1, y1 = (round(value) for value in mark.box_xyxy)
        for colour, extra in (((0, 0, 0), 2), (_colour(mark.key), 0)):
            cv2.rectangle(image, (x0, y0), (x1, y1), colour, self._line_px + extra, cv2.LINE_AA)

    def _plates(self, marks: Sequence[Mark]) -> Iterator[tuple[_Rect, NDArray[np.uint8]]]:
        """Each plate, RGBA (h, w, 4), and where it stands."""
        placed = self._placed(sorted((mark for mark in marks if mark.levels), key=lambda mark: -_area(mark.box_xyxy)))
        self._before = {mark.key: place for mark, place, _ in placed}
        for mark, (level, _), rect in placed:
            yield rect, _plate(mark.levels[level], self._points(mark), _colour(mark.key))

    def _placed(self, marks: Sequence[Mark]) -> list[_Placed]:
        """All plates, in words so full that none must be much briefer than another: in a crowd all say equally much."""
        briefest = max((len(mark.levels) for mark in marks), default=1) - 1
        same = {mark.key for mark in marks} == self._before.keys()
        self._fullest = min(self._fullest, briefest) if same else 0
        while True:
            placed = self._attempt(marks, self._fullest)
            if self._fullest >= briefest or all(level <= self._fullest + 1 for _, (level, _), _ in placed):
                return placed
            self._fullest += 1

    def _attempt(self, marks: Sequence[Mark], fullest: int) -> list[_Placed]:
        """Place one plate after the other, in words no fuller than a level."""
        placed: list[_Placed] = []
        for mark in marks:
            others = [other.box_xyxy for other in marks if other.key != mark.key]
            busy = [*(rect for _, _, rect in placed), *others]
            placed.append((mark, *self._choose(mark, busy, min(fullest, len(mark.levels) - 1))))
        return placed

    def _choose(self, mark: Mark, busy: Sequence[Sequence[float]], fullest: int) -> tuple[_Place, _Rect]:
        """The level of words and the side of the box, and where the plate then stands."""
        tried = list(self._possible(mark, fullest))
        before = self._before.get(mark.key)
        hides = []
        for place, rect in tried:
            share = sum(_shared(rect, other) for other in busy) / max(_area(rect), 1)
            own = _shared(rect, mark.box_xyxy) / max(_area(mark.box_xyxy), 1)
            if place == before and share <= _MAY_STILL_HIDE and own <= _MAY_STILL_HIDE:
                return place, rect
            hides.append(share + (own if own > _MAY_HIDE else 0))
        for (place, rect), hidden in zip(tried, hides, strict=True):
            if hidden <= _MAY_HIDE:
                return place, rect
        shortest = len(mark.levels) - 1
        last = [(hidden, order) for order, hidden in enumerate(hides) if tried[order][0][0] == shortest]
        return tried[min(last)[1]]

    def _possible(self, mark: Mark, fullest: int) -> Iterator[tuple[_Place, _Rect]]:
        """Every form of words, from a level on, on every side of the box, moved into the picture, the best first."""
        x0, y0, x1, y1 = (round(value) for value in mark.box_xyxy)
        gap = self._line_px + 1
        for level, lines in list(enumerate(mark.levels))[fullest:]:
            height, width = _plate(lines, self._points(mark), _colour(mark.key)).shape[:2]
            above, below, right, left = y0 - height - gap, y1 + gap, x1 + gap, x0 - width - gap
            corners = ((x0, above), (x0, below), (right, y0), (left, y0), (x1 - width, above), (x1 - width, below))
            for side, (x, y) in enumerate(corners):
                x = max(0, min(x, self._size_wh[0] - width))
                y = max(0, min(y, self._size_wh[1] - height))
                yield (level, side), (x, y, x + width, y + height)

    def _points(self, mark: Mark) -> int:
        wanted = round(_LETTERS_PER_BOX * (mark.box_xyxy[2] - mark.box_xyxy[0]))
        wanted -= wanted % 2  # so that letters do not change their size from frame to frame
        return min(max(wanted, self._least), self._most)


def _colour(key: int) -> tuple[int, int, int]:
    return COLOURS[key % len(COLOURS)]


@lru_cache(maxsize=256)
def _plate(lines: tuple[str, ...], points: int, colour: tuple[int, int, int]) -> NDArray[np.uint8]:
    """Lines of white letters on a dark, rounded plate with an edge in a colour: RGBA (h, w, 4)."""
    font, pad, step = typeface(points), round(_PAD * points), round(_LINE_HEIGHT * points)
    bar = max(2, points // 6)
    width = round(max(font.getlength(line) for line in lines)) + 2 * pad + bar
    height = step * len(lines) + pad
    plate = Pillow.new("RGBA", (width, height), (0, 0, 0, 0))
    pen = ImageDraw.Draw(plate)
    pen.rounded_rectangle((0, 0, width - 1, height - 1), round(_ROUND * points), fill=_PLATE_RGBA)
    pen.rectangle((0, pad // 2, bar - 1, height - 1 - pad // 2), fill=(*colour, 255))
    ascent, descent = font.getmetrics()
    for number, line in enumerate(lines):
        baseline = pad // 2 + number * step + (step + ascent - descent) // 2
        pen.text((pad + bar, baseline), line, fill=(255, 255, 255, 255), font=font, anchor="ls")
    return np.asarray(plate)


def _lay_over(image: Image, plate: NDArray[np.uint8], rect: _Rect) -> None:
    """Lay a plate, RGBA (h, w, 4), over a picture (H, W, 3); what does not fit in is cut off."""
    x, y = rect[:2]
    part = image[y : y + plate.shape[0], x : x + plate.shape[1]]
    cut = plate[: part.shape[0], : part.shape[1]].astype(np.uint16)
    alpha = cut[..., 3:]
    part[:] = ((cut[..., :3] * alpha + part * (255 - alpha) + 127) // 255).astype(np.uint8)


def _area(box: Sequence[float]) -> float:
    return max(box[2] - box[0], 0) * max(box[3] - box[1], 0)


def _shared(a: Sequence[float], b: Sequence[float]) -> float:
    """Pixels that two boxes share."""
    return max(min(a[2], b[2]) - max(a[0], b[0]), 0) * max(min(a[3], b[3]) - max(a[1], b[1]), 0)
