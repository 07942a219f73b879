"""Scaling a plane to a sub-pixel crop of it, as fast as a plain resize.

OpenCV's resize is some ten times as fast as its warps, but begins at a whole pixel of the source. The trick: a region
that begins some whole pixels before the crop is resized by the exact factor, and the wanted part is cut out of the
result, where the crop begins at a whole pixel of the output too, or nearly. Which of the few pixels before the crop
comes nearest is worked out; where none is near enough (with a factor of 2 they are all alike), the region is moved by
the rest first, which is never more than half a pixel of the output.
"""

from dataclasses import dataclass
from math import ceil, floor

import cv2
import numpy as np

from closeup.media.planes import Plane

_CANDIDATES = 8
"""Pixels before the crop at which the region may begin."""

_REACH = 2
"""Pixels beyond the crop that cubic interpolation takes into account."""

_NEAR_ENOUGH = 0.2
"""Pixels of the output by which a crop may stand beside its place: nobody sees them, in motion neither."""


@dataclass(frozen=True, slots=True)
class AxisMap:
    """One direction of a scaling: pixel i of the output shows the source at `scale` * i + `offset`.

    Both count from the centre of the first pixel.

    Attributes:
        scale: Source pixels that one pixel of the output spans.
        offset: In source pixels. The output may reach a pixel of its own beyond the source, where the edge goes on.
        count: Pixels of the output.
        size: Pixels of the source.
    """

    scale: float
    offset: float
    count: int
    size: int

    def region(self) -> "_Region":
        """What to resize, and what to cut out of the result."""
        nearest = max(0, floor(self.offset) - _REACH)
        begins = range(max(0, nearest - _CANDIDATES), nearest + 1)
        begin = min(reversed(begins), key=lambda begin: round(abs(self._rest(begin)), 6))
        rest = self._rest(begin)
        last = self.offset + self.scale * (self.count - 1)
        end = min(self.size, max(ceil(last) + 1 + _REACH, begin + 1))
        return _Region(begin, end, round(self._skip(begin) - rest), rest * self.scale)

    def _skip(self, begin: int) -> float:
        # A resize that begins at source pixel b shows b + (i + 0.5) * scale - 0.5 at its pixel i.
        return (self.offset + 0.5 - begin) / self.scale - 0.5

    def _rest(self, begin: int) -> float:
        skip = self._skip(begin)
        return skip - max(0, round(skip))


@dataclass(frozen=True, slots=True)
class _Region:
    """Source pixels [begin, end), output pixels to leave out before the wanted ones, source pixels still missing."""

    begin: int
    end: int
    skip: int
    rest: float


def resample(plane: Plane, x: AxisMap, y: AxisMap, out: Plane) -> None:
    """Fill `out`, uint8 (H, W), with the part of `plane`, uint8 (h, w), that the axes say.

    Growing is cubic; shrinking averages areas.
    """
    across, down = x.region(), y.region()
    part = plane[down.begin : down.end, across.begin : across.end]
    if part.strides[1] != 1:
        part = np.ascontiguousarray(part)  # a turned picture's
    if abs(across.rest) > _NEAR_ENOUGH * x.scale or abs(down.rest) > _NEAR_ENOUGH * y.scale:
        move = np.array([[1, 0, across.rest], [0, 1, down.rest]])
        flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
        moved = cv2.warpAffine(part, move, part.shape[::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)
        part = np.asarray(moved, np.uint8)
    how = cv2.INTER_AREA if x.scale >= 1 and y.scale >= 1 else cv2.INTER_CUBIC
    scaled = cv2.resize(part, None, fx=1 / x.scale, fy=1 / y.scale, interpolation=how)
    scaled = scaled[down.skip : down.skip + y.count, across.skip : across.skip + x.count]
    missing = (y.count - scaled.shape[0], x.count - scaled.shape[1])
    if max(missing) > 0:
        scaled = cv2.copyMakeBorder(scaled, 0, missing[0], 0, missing[1], cv2.BORDER_REPLICATE)
    out[:] = scaled
