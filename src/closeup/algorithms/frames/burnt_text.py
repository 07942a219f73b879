"""Text that lies over a film: captions that are burnt in, titles, marks of channels.

There is no network, and nothing is read. A line of text is a row of thin strokes of one level, all light or all dark,
each set off from what is around it, and without a pattern that repeats. That alone finds signs in the scene too; but
what lies over a film does what nothing in it can: it stands still to the pixel while what is between and around its
letters moves or is cut away, or it comes or goes while everything around it stays. Figures: docs/benchmarks.md.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

SHORT_SIDE_PX = 360
"""Pictures are looked at with so many pixels on their shorter side: strokes of captions are then 1 to 7 wide."""

LOOK_S = 0.25
"""Seconds from one look to the next."""

_STROKE_PX = 9
"""Strokes are thinner than this."""

_CONTRAST, _SET_OFF = 40, 50
"""Strokes stand out from what is near them by more than the first, of 255; from what touches them by the second."""

_SAME = 20
"""A level that changes by less from one look to the next has stayed: compression alone changes some."""

_LOOKS = 3
"""Strokes that have stayed for so many looks may be text: half a second and more."""

_GAP_PX = 15
"""Letters of one line are nearer to each other than this."""

_HEIGHT_PX = (7, 46)
"""Of the letters of a line: a fiftieth to an eighth of the shorter side."""

_LONG = 2.5
"""A line is at least so many times as long as it is high."""

_LIGHT, _DARK = 140, 110
"""Light strokes are this light at least, dark ones this dark: in captions they mostly are white or yellow, or black."""

_MOVED_LOOKS = 3
"""What is around a line moves so often, while it stays, if it lies over the film."""

_FADE_LOOKS = 3
"""Captions fade in and out within so many looks."""

Grey = NDArray[np.uint8]
_Mask = NDArray[np.bool_]
Box = tuple[int, int, int, int]


@dataclass(slots=True)
class _Line:
    """Strokes in a row: where, which pixels, of what level, and from which look to which they are seen.

    Attributes:
        moved: How many looks there were before which something around them moved.
        alone: They came or went while what is around them stayed.
    """

    box: Box
    strokes: _Mask
    levels: Grey
    first: int
    last: int
    moved: int = 0
    alone: bool = False

    @property
    def lies_over(self) -> bool:
        return self.alone or self.moved >= _MOVED_LOOKS


def burnt_text(looks: Iterable[Grey]) -> list[tuple[int, int, Box]]:
    """Find the lines of text that lie over a film.

    Args:
        looks: Grey pictures (H, W) of one size, `SHORT_SIDE_PX` on the shorter side and `LOOK_S` apart.

    Returns:
        For each line the first look that shows it, the last, and its box xyxy in pixels, ends exclusive; in the order
        in which they come.
    """
    lines: list[_Line] = []
    kept: deque[Grey] = deque(maxlen=2 * _FADE_LOOKS + _LOOKS)
    ages: tuple[NDArray[np.int32], ...] = ()
    for number, look in enumerate(looks):
        going = []
        for line in (line for line in lines if number - line.last <= _FADE_LOOKS):
            ago = number - line.last
            if ago == 1 and _stays(line, look):
                line.last = number
                line.moved += _moves_around(line, kept[-1], look)
                going.append(line)
            else:
                line.alone |= _changes_alone(line, kept[-ago], look)
        ages = _grown(ages, kept[-1] if kept else None, look)
        kept.append(look)
        for age, dark in zip(ages, (False, True), strict=True):
            for box, strokes in _rows(age >= _LOOKS):
                if not any(_in_one_place(box, line.box) for line in going) and _is_text(strokes, look, box, dark):
                    line = _new_line(box, strokes, age, kept, number)
                    lines.append(line)
                    going.append(line)
    return sorted((line.first, line.last, line.box) for line in _with_their_like(lines))


def _grown(ages: Sequence[NDArray[np.int32]], before: Grey | None, look: Grey) -> tuple[NDArray[np.int32], ...]:
    """For how many looks each pixel has been part of a light stroke, and of a dark one: (H, W) each."""
    block = np.ones((_STROKE_PX, _STROKE_PX), np.uint8)
    here = [cv2.morphologyEx(look, how, block) > _CONTRAST for how in (cv2.MORPH_TOPHAT, cv2.MORPH_BLACKHAT)]
    if before is None:
        return tuple(mask.astype(np.int32) for mask in here)
    same = cv2.absdiff(look, before) < _SAME
    return tuple(np.where(mask, age * same + 1, 0) for mask, age in zip(here, ages, strict=True))


def _rows(mask: _Mask) -> Iterator[tuple[Box, _Mask]]:
    """Strokes (H, W) that lie side by side, row by row: the box of each, and which of its pixels they are."""
    wide = cv2.dilate(mask.view(np.uint8), np.ones((1, _GAP_PX), np.uint8))
    _, labels, stats, _ = cv2.connectedComponentsWithStats(wide, connectivity=8)
    for label, (x, y, width, height, _) in enumerate(stats.tolist()):
        if not label or height < _HEIGHT_PX[0] or width - _GAP_PX < _LONG * _HEIGHT_PX[0]:
            continue
        place = slice(y, y + height), slice(x, x + width)
        strokes = mask[place] & (labels[place] == label)
        rows = np.flatnonzero(strokes.sum(axis=1) > 0.03 * width)
        columns = np.flatnonzero(strokes.any(axis=0))
        if len(rows) and len(columns):
            top, bottom, left, right = int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1
            yield (x + left, y + top, x + right, y + bottom), strokes[top:bottom, left:right]


def _is_text(strokes: _Mask, look: Grey, box: Box, dark: bool) -> bool:
    """Whether strokes (H, W) look like letters in a row."""
    height, width = strokes.shape
    if not (_HEIGHT_PX[0] <= height <= _HEIGHT_PX[1] and width >= _LONG * height and 0.1 <= strokes.mean() <= 0.65):
        return False
    middle = strokes[height // 5 : -(height // 5) or None].astype(np.int8)
    crossed = float((np.diff(middle, axis=1) == 1).sum(axis=1).mean())
    if crossed < 4 or not 0.5 <= crossed * height / width <= 6:
        return False
    across, down = (np.abs(np.diff(strokes.astype(np.int8), axis=axis)).sum() for axis in (1, 0))
    return bool(0.2 <= down / max(across, 1) <= 2.5 and _set_off(strokes, look, box, dark) and not _repeats(strokes))


def _set_off(strokes: _Mask, look: Grey, box: Box, dark: bool) -> bool:
    """Whether strokes are of one level, light or dark, and what touches them is far from it all around."""
    around, mask = (part.astype(np.int16) for part in _surroundings(look, box, strokes, 3))
    lit = around[mask > 0]
    level = float(np.percentile(lit, 30 if dark else 70))  # edges are between their level and the ground's
    if (level > _DARK if dark else level < _LIGHT) or np.mean(np.abs(lit - level) < 2 * _SAME) < 0.5:
        return False
    near, far = (cv2.dilate(mask.astype(np.uint8), np.ones((side, side), np.uint8)) > 0 for side in (3, 7))
    step = (around[far & ~near] - level) * (1 if dark else -1)
    return bool(np.mean(step > _SET_OFF) >= 0.75)


def _repeats(strokes: _Mask) -> bool:
    """Whether a row is a pattern: as like itself moved by a period as pickets and keys are, and letters are not."""
    width = strokes.shape[1]
    row = strokes.astype(np.float64) - strokes.mean()
    power = np.abs(np.fft.rfft(row, 2 * width, axis=1)) ** 2
    match = np.fft.irfft(power, axis=1)[:, :width].sum(axis=0)
    match /= match[0] * np.arange(width, 0, -1) / width
    shifts = match[3 : int(0.7 * width)]
    return bool(len(shifts) and shifts.max() > 0.6 and shifts.min() < 0.3)


def _new_line(box: Box, strokes: _Mask, age: NDArray[np.int32], kept: Sequence[Grey], number: int) -> _Line:
    """A line that is known from now on, with what happened since it is there."""
    x0, y0, x1, y1 = box
    ago = min(int(np.median(age[y0:y1, x0:x1][strokes])), len(kept))
    line = _Line(box, strokes, kept[-1][y0:y1, x0:x1].copy(), number + 1 - ago, number)
    line.moved = sum(_moves_around(line, kept[-back - 1], kept[-back]) for back in range(1, ago))
    around = [(ago + before, ago - after) for before in (1, 2, 3) for after in (0, 1) if before + after <= _FADE_LOOKS]
    line.alone = any(_changes_alone(line, kept[-a], kept[-b]) for a, b in around if a <= len(kept) and b > 0)
    return line


def _with_their_like(lines: Sequence[_Line]) -> list[_Line]:
    """The lines that lie over the film, and those that stand with one of them, above, below or beside it."""
    sure = [line for line in lines if line.lies_over]
    rest = [line for line in lines if not line.lies_over]
    for line in sure:  # grows while it is gone through
        like = [other for other in rest if _stand_together(line, other)]
        sure += like
        rest = [other for other in rest if not any(other is each for each in like)]
    return sure


def _stand_together(line: _Line, other: _Line) -> bool:
    apart = max(other.box[1] - line.box[3], line.box[1] - other.box[3])
    height = line.box[3] - line.box[1]
    beside = max(other.box[0] - line.box[2], line.box[0] - other.box[2]) < height
    alike = 0.5 <= (other.box[3] - other.box[1]) / height <= 2
    return alike and beside and apart < 1.5 * height and line.first <= other.last and other.first <= line.last


def _stays(line: _Line, look: Grey) -> bool:
    x0, y0, x1, y1 = line.box
    change = cv2.absdiff(look[y0:y1, x0:x1], line.levels)[line.strokes]
    return bool(np.mean(change < 1.5 * _SAME) > 0.8)


def _moves_around(line: _Line, before: Grey, after: Grey) -> bool:
    """Whether what is between and around the strokes changes from one look to another."""
    air = (line.box[3] - line.box[1]) // 2
    (first, mask), (second, _) = (_surroundings(look, line.box, line.strokes, air) for look in (before, after))
    free = cv2.dilate(mask, np.ones((_STROKE_PX, _STROKE_PX), np.uint8)) == 0
    return bool(free.sum() > 50 and np.mean(cv2.absdiff(first, second)[free] >= _SAME) > 0.25)


def _changes_alone(line: _Line, before: Grey, after: Grey) -> bool:
    """Whether a line changes from one look to another, and nothing farther around it does."""
    x0, y0, x1, y1 = line.box
    height = y1 - y0
    solid = np.ones((3 * height, x1 - x0 + 2 * height), bool)
    wide = x0 - height, y0 - height, x1 + height, y1 + height
    (first, own), (second, _) = (_surroundings(look, wide, solid, 2 * height) for look in (before, after))
    change = cv2.absdiff(first, second) >= _SAME
    # Of a caption on a ground of its own, letters may be as dark as what was there, and the ground is not.
    here = cv2.absdiff(before[y0:y1, x0:x1], after[y0:y1, x0:x1]) >= _SAME
    changes = max(here[line.strokes].mean(), here[~line.strokes].mean()) > 0.7
    far = own == 0
    return bool(changes and far.sum() > 50 and change[far].mean() < 0.2)


def _surroundings(look: Grey, box: Box, strokes: _Mask, air: int) -> tuple[Grey, Grey]:
    """A box with some air around it, as far as the picture reaches, and where in it strokes are (0 or 1)."""
    x0, y0, x1, y1 = box
    height, width = look.shape
    left, top, right, bottom = max(x0 - air, 0), max(y0 - air, 0), min(x1 + air, width), min(y1 + air, height)
    mask = np.zeros((bottom - top, right - left), np.uint8)
    inner = strokes[max(-y0, 0) : height - y0, max(-x0, 0) : width - x0]
    y, x = max(y0, 0) - top, max(x0, 0) - left
    mask[y : y + inner.shape[0], x : x + inner.shape[1]] = inner
    return look[top:bottom, left:right], mask


def _in_one_place(one: Box, other: Box) -> bool:
    width = min(one[2], other[2]) - max(one[0], other[0])
    height = min(one[3], other[3]) - max(one[1], other[1])
    smaller = min((box[2] - box[0]) * (box[3] - box[1]) for box in (one, other))
    return width > 0 and height > 0 and width * height > 0.5 * smaller
