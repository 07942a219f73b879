"""From the time stamps that a file holds to frame times that can be relied on."""

from fractions import Fraction

from av import AudioFrame, VideoFrame

_FAR_S = Fraction(1)
"""Stamps that stray by less than this are slips of single frames; by more, a broken stamp or a clock set anew."""


class Timeline:
    """Gives every frame a time in seconds: 0 for the first one, strictly ascending after that.

    Good stamps are kept as they are, only moved so that the first is 0. The others are mended:

    - A missing stamp: one frame interval after the frame before. So is a stamp that leaps ahead by a second or more
      only for the one that follows to come back.
    - A stamp that repeats or falls back a little: half an interval after the frame before, so that the next good
      stamp still finds its place and the error does not travel on.
    - A stamp that falls back by a second or more: one interval on. When the next one continues from there, the
      file's clock was set anew (joined recordings do that), and the new clock is followed from then on.

    Attributes:
        mended: How many frames did not get the time that their stamp asked for.
    """

    def __init__(self, fps: Fraction) -> None:
        """Start; `fps`, frames a second and positive, is what missing times are filled in by."""
        self.mended = 0
        self._step = 1 / fps
        self._last: Fraction | None = None
        self._offset: Fraction | None = None
        self._new_offset: Fraction | None = None

    def place(self, stamp: Fraction | None, following: Fraction | None = None) -> Fraction:
        """Give the next frame its time in seconds.

        Args:
            stamp: What the file says, in seconds; None where it says nothing.
            following: What it says of the frame after, where that is known.
        """
        due = Fraction(0) if self._last is None else self._last + self._step
        if stamp is None or self._leaps(stamp, following):
            self.mended += 1
            time = due
        elif self._offset is None:
            self._offset = due - stamp
            time = due
        else:
            time = self._checked(stamp, due)
        self._last = time
        return time

    def _leaps(self, stamp: Fraction, following: Fraction | None) -> bool:
        """Say whether `stamp` is far ahead of both its neighbours."""
        if following is None or self._last is None or self._offset is None:
            return False
        return (
            stamp + self._offset - self._last >= _FAR_S and self._last < following + self._offset < stamp + self._offset
        )

    def _checked(self, stamp: Fraction, due: Fraction) -> Fraction:
        assert self._offset is not None
        assert self._last is not None
        time = stamp + self._offset
        if time > self._last:
            self._new_offset = None
            return time
        self.mended += 1
        if self._last - time < _FAR_S:
            return self._last + self._step / 2
        if self._new_offset is not None and self._last < stamp + self._new_offset <= self._last + _FAR_S:
            self._offset, self._new_offset = self._new_offset, None
            return stamp + self._offset
        self._new_offset = due - stamp
        return due


def stamp_of(frame: VideoFrame | AudioFrame | None) -> Fraction | None:
    """What the file says of a frame's time, in seconds on its own clock; None where it says nothing."""
    if frame is None or frame.pts is None or frame.time_base is None:
        return None
    return frame.pts * frame.time_base
