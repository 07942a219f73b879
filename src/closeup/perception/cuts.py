"""Where a video cuts: PySceneDetect's adaptive detector, fed as the frames stream by.

Figures: docs/benchmarks.md.
"""

from array import array
from collections import deque
from collections.abc import Sequence
from fractions import Fraction

import cv2
import numpy as np
from numpy.typing import NDArray
from scenedetect import FrameTimecode
from scenedetect.detectors import AdaptiveDetector

from closeup.core.types import Image

LOOK_PX = 256
"""Longer side of the picture that cuts are looked for in."""

_WINDOW_FRAMES = 2
LAG_FRAMES = _WINDOW_FRAMES + 1
"""The detector tells of a change at most this many frames after it happened."""


FLASH_S = 0.4
"""A flash is over, and the picture as it was, within this time."""

COMES_BACK, ALIKE = 0.35, 0.6
"""A picture is as it was if it differs from that of before by less than this part of what the flash differed, and is
correlated with it at least so much. Of 89 cuts in 17 clips nine in ten are below that, and of pictures 0.4 s apart in
one shot nine in ten are above it. In doubt it is a cut: that breaks a track, a cut passed over mixes two people."""

SAME_DIFFERENCE, SAME_CORRELATION = 6.0, 0.994
"""No cut where small pictures differ by less than the first (0 to 255) and correlate at least so much: a key frame, or
a stream that grows, brings back what compression took away. Of such frames 0.996 was measured, of pictures half a
second apart in one calm shot 0.98 to 0.992, and of the cuts in four films 0.59 at most."""

_LONGEST_FLASH = 48
"""Frames, whatever the rate: pictures of them are kept."""

FLASH_WH = (32, 18)
"""(width, height) of the pictures by which a flash is told from a cut."""

STRONG_CONTENT, WEAK_CONTENT, WEAK_RATIO = 15.0, 8.0, 20.0
"""A change of picture (0 to 255) counts as a cut from 15 on if it is three times that of the frames around it; from 8
on if it is twenty times. The second rule finds cuts between two people before the same grey wall. Of 337 known cuts
both together find 336, the first alone 334, with four false ones either way. (At six times, the key frames of an old
codec, every twelfth, count as cuts.)"""

_RATIO = 3.0
"""The first of these rules; it looks at two frames on both sides."""


class _TwoRules(AdaptiveDetector):  # type: ignore[misc]  # PySceneDetect declares no types
    """The adaptive detector with the second, more sensitive rule.

    Attributes:
        changes: How much each frame so far differs from the one before, 0 to 255.
    """

    def __init__(self) -> None:
        self.changes = array("d")
        self._last_parts: Sequence[NDArray[np.uint8]] | None = None
        super().__init__(
            adaptive_threshold=_RATIO,
            min_scene_len=1,  # `CutDetector` sees to it, when it is known which changes were flashes
            window_width=_WINDOW_FRAMES,
            min_content_val=WEAK_CONTENT,
        )

    def _calculate_frame_score(self, timecode: FrameTimecode, frame_img: NDArray[np.uint8] | float) -> float:
        return frame_img if isinstance(frame_img, float) else self.change(frame_img)

    def change(self, image: NDArray[np.uint8]) -> float:
        """How much RGB (H, W, 3) differs from the one before: PySceneDetect's own, to the bit, in half the time."""
        now = [np.asarray(each, np.uint8) for each in cv2.split(cv2.cvtColor(image, cv2.COLOR_RGB2HSV))]
        before, self._last_parts = self._last_parts, now
        if before is None:
            return 0.0
        sums = [cv2.norm(a, b, cv2.NORM_L1) for a, b in zip(now, before, strict=True)]
        return float(sum(each / now[0].size for each in sums) / len(sums))

    def process_frame(self, timecode: FrameTimecode, frame_img: NDArray[np.uint8] | float) -> list[FrameTimecode]:
        """Take the next frame, RGB (H, W, 3), or its `change` where that is known."""
        found: list[FrameTimecode] = super().process_frame(timecode, frame_img)
        self.changes.append(float(self._buffer[-1][1]))
        if not found:
            return []
        scores = [score for _, score in self._buffer]
        change = scores.pop(self.window_width)
        return found if change >= STRONG_CONTENT or change * len(scores) >= WEAK_RATIO * sum(scores) else []


class CutDetector:
    """Finds cuts, one frame after the other; a `media.sampling.CutFinder`.

    Where the picture after a change is soon like the one before it, as after a photographer's flash or lightning, there
    was no cut.

    Attributes:
        lag_frames: A cut is known at most this many frames after it happened.
    """

    look_px = LOOK_PX

    def __init__(self, fps: Fraction) -> None:
        """Start a video of `fps` frames a second; the shortest shot that is told apart lasts 0.3 s."""
        self._fps = float(fps)
        self._detector = _TwoRules()
        self._shortest = max(1, round(0.3 * self._fps))
        self._cut = 0
        self._flash = min(max(2, round(FLASH_S * self._fps)), _LONGEST_FLASH)
        self.lag_frames = LAG_FRAMES + self._flash
        self._small: deque[NDArray[np.float32]] = deque(maxlen=2 * self.lag_frames + 2)
        self._last = -1
        self._doubtful: list[int] = []
        self._hidden: set[int] = set()

    def step(self, index: int, image: Image) -> list[int]:
        """Look at the next frame, RGB (H, W, 3), small; return the indices of frames that start a new shot."""
        return self.judge(index, *self.measure(image))

    def measure(self, image: Image) -> tuple[float, Image]:
        """What `judge` wants of the next frame, RGB (H, W, 3), small.

        That is how much it differs from the one before, 0 to 255, and it in a few pixels, (18, 32, 3), uint8. A stretch
        of a video can be measured apart from the rest, and be judged where all of it comes together: of its first frame
        only the picture counts.
        """
        return self._detector.change(image), np.asarray(cv2.resize(image, FLASH_WH, interpolation=cv2.INTER_AREA))

    def judge(self, index: int, change: float, small: Image) -> list[int]:
        """Take the next frame as `measure` gives it, (18, 32, 3); return what `step` does."""
        self._small.append(small.astype(np.float32))
        self._last = index
        self._doubtful += [c.frame_num for c in self._detector.process_frame(FrameTimecode(index, self._fps), change)]
        self._look_beside(index - _WINDOW_FRAMES)
        return self._settled(index - self._flash)

    def _look_beside(self, frame: int) -> None:
        """Doubt a frame whose change stands out but for that of a flash a frame or two away, which hides it."""
        changes = self._detector.changes
        near = [*changes[max(frame - _WINDOW_FRAMES, 1) : frame], *changes[frame + 1 : frame + _WINDOW_FRAMES + 1]]
        quiet = [change for change in near if change < STRONG_CONTENT]
        stands_out = frame > 0 and changes[frame] >= STRONG_CONTENT and 2 <= len(quiet) < len(near)
        if stands_out and changes[frame] * len(quiet) >= _RATIO * sum(quiet) and frame not in self._doubtful:
            self._doubtful.append(frame)
            self._hidden.add(frame)

    def finish(self, last_index: int) -> list[int]:
        """Return the cuts that were still in the balance when the video ended."""
        self._doubtful += [c.frame_num for c in self._detector.post_process(FrameTimecode(last_index, self._fps))]
        return self._settled(last_index)

    def _settled(self, up_to: int) -> list[int]:
        """The cuts up to a frame that are no flashes; they are in doubt no longer."""
        known = sorted(cut for cut in self._doubtful if cut <= up_to)
        self._doubtful = [cut for cut in self._doubtful if cut > up_to]
        found = []
        for cut in known:
            if cut - self._cut >= self._shortest and not self._is_same(cut) and not self._is_flash(cut):
                if cut in self._hidden and not self._beside_flash(cut):
                    continue
                found.append(cut)
                self._cut = cut
        return found

    def _beside_flash(self, cut: int) -> bool:
        """Whether every large change next to a frame's own is a flash that comes or goes."""
        near = range(max(cut - _WINDOW_FRAMES, 1), min(cut + _WINDOW_FRAMES, self._last) + 1)
        large = [frame for frame in near if frame != cut and self._detector.changes[frame] >= STRONG_CONTENT]
        return all(self._is_flash(frame) for frame in large)

    def _is_same(self, cut: int) -> bool:
        """Whether the picture is the one before, only sharper or softer."""
        oldest = self._last - len(self._small) + 1
        before, after = self._small[cut - 1 - oldest], self._small[cut - oldest]
        alike = np.abs(after - before).mean() < SAME_DIFFERENCE
        return bool(alike and _correlation(before, after, FLASH_WH) >= SAME_CORRELATION)

    def _is_flash(self, cut: int) -> bool:
        """Whether a picture shortly before a cut comes back shortly after it, with another one between them."""
        oldest = self._last - len(self._small) + 1
        first, last = max(cut - self._flash, oldest), min(cut + self._flash, self._last)
        pictures = np.stack([self._small[frame - oldest] for frame in range(first, last + 1)])
        for before in range(first, cut):
            apart = np.abs(pictures - pictures[before - first]).mean(axis=(1, 2, 3))
            for after in range(cut, min(before + self._flash + 1, last) + 1):
                # The change at the cut itself has to be the flash that came or went, not one a while before.
                between = apart[max(before + 1, cut - 1) - first : after - first]
                gone = len(between) and apart[after - first] < COMES_BACK * between.max()
                if gone and _correlation(pictures[before - first], pictures[after - first]) >= ALIKE:
                    return True
        return False


def _correlation(a: NDArray[np.float32], b: NDArray[np.float32], at_wh: tuple[int, int] = (8, 5)) -> float:
    """How alike two pictures (H, W, 3) are in the large, at (width, height), but for the light: -1 to 1."""
    small = np.stack([cv2.resize(picture, at_wh, interpolation=cv2.INTER_AREA) for picture in (a, b)])
    a, b = small - small.mean(axis=(1, 2), keepdims=True)
    return float((a * b).sum() / (np.sqrt((a * a).sum() * (b * b).sum()) + 1e-6))
