"""Whether anything moves over a counter, from one look to the next: what lies still may be read."""

import cv2
import numpy as np

from closeup.core.types import FloatArray, Image

SMALL_WH = 96, 54
"""What a look is made as small as: noise is gone, and a hand is not."""

CHANGED = 12.0
"""Grey levels, of 255, from which on a point of the small picture is another, beyond what all of it has changed."""

LEAST = 0.002
"""Share of the points that are another, from which on something moves."""

SLID = 0.01
"""Share of the points that may be another than when the scene came to rest: shadows creep, and things are slid."""

DARK = 24.0
"""Mean grey level below which nothing can be read."""


class CounterScene:
    """Looks at a counter, one after the other.

    Attributes:
        still: Looks in a row without movement.
        dark: Whether the last one showed too little.
    """

    def __init__(self) -> None:
        self.still, self.dark = 0, False
        self._last: FloatArray | None = None
        self._rest: FloatArray | None = None

    def look(self, rgb: Image) -> None:
        """Take the next picture (H, W, 3)."""
        grey = cv2.cvtColor(cv2.resize(rgb, SMALL_WH, interpolation=cv2.INTER_AREA), cv2.COLOR_RGB2GRAY)
        small = np.asarray(grey, np.float32)
        self.dark = float(small.mean()) < DARK
        moved = self._last is None or changed(self._last, small) > LEAST or self.dark
        if not moved and self._rest is not None:
            moved = changed(self._rest, small) > SLID
        self._last = small
        if moved:
            self.begin_anew()
        else:
            self._rest = small if self._rest is None else self._rest
            self.still += 1

    def begin_anew(self) -> None:
        """Take the scene for one that has just moved."""
        self.still, self._rest = 0, None


def changed(before: FloatArray, now: FloatArray) -> float:
    """Share of points of two grey pictures (H, W) that are another, beyond what the light as a whole has changed."""
    apart = now - before
    return float((np.abs(apart - np.median(apart)) > CHANGED).mean())
