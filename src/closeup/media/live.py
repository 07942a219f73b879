"""Pictures as they come: of a camera, of a video in its place, and of a folder that a camera leaves pictures in."""

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path

from closeup.core.errors import InputError
from closeup.core.types import Image
from closeup.media.files import is_picture
from closeup.media.image import read_image
from closeup.media.sampling import Sampling
from closeup.media.sources import FrameSource, StillFrame
from closeup.media.video import open_video
from closeup.media.webcam import open_camera


class FolderCamera:
    """A folder whose newest picture is what there is to see, as network cameras leave them; a source without end.

    A picture that is not whole yet is passed by, and the one before stays.
    """

    duration_hint_s: float | None = None

    def __init__(self, folder: Path, rate_hz: float) -> None:
        self._folder, self._rate_hz = folder, rate_hz

    def __iter__(self) -> Iterator[StillFrame]:
        """Look so many times a second, by the clock.

        Raises:
            InputError: If there is no picture in the folder, or no folder any more.
        """
        shown, image, index, begun = None, None, 0, time.monotonic()
        while True:
            time.sleep(max(begun + index / self._rate_hz - time.monotonic(), 0))
            newest = self._newest()
            if newest is None:
                raise InputError(f"There is no picture in {self._folder}.", "The newest one is what the camera sees.")
            if newest != shown:
                try:
                    image, shown = read_image(newest[2]), newest
                except InputError:
                    if image is None:
                        raise
            if image is not None:
                yield StillFrame(index, Fraction(index) / Fraction(self._rate_hz).limit_denominator(1000), image)
                index += 1

    def _newest(self) -> tuple[int, str, Path] | None:
        """Time, name and path of the newest picture."""
        try:
            found = [path for path in self._folder.iterdir() if is_picture(path.name)]
            return max(((path.stat().st_mtime_ns, path.name, path) for path in found), default=None)
        except OSError as error:
            raise InputError(f"{self._folder} cannot be read: {error.strerror}.") from error


@contextmanager
def open_live(given: str, rate_hz: float, size_wh: tuple[int, int] | None = None) -> Iterator[FrameSource]:
    """Open a camera by its number, a folder that one leaves pictures in, or a video; closed at the end of the block.

    Args:
        given: "0", or a path.
        rate_hz: How often a second a folder is looked into.
        size_wh: (width, height) that a camera is asked for, and gives if it can.

    Raises:
        InputError: If there is no such thing.
    """
    if given.isdecimal():
        with open_camera(int(given), size_wh=size_wh) as camera:
            yield camera
    elif Path(given).is_dir():
        yield FolderCamera(Path(given), rate_hz)
    else:
        with open_video(Path(given)) as reader:
            yield reader


def live_pictures(given: str, rate_hz: float, size_wh: tuple[int, int] | None = None) -> Generator[Image, None, None]:
    """Pictures (H, W, 3) of what `open_live` opens, so many a second at most; a video's come at its own pace.

    Raises:
        InputError: If there is no such thing, or it gives no pictures any more.
    """
    with open_live(given, rate_hz, size_wh) as source:
        begun = time.monotonic()
        for sample in Sampling(source, None if isinstance(source, FolderCamera) else rate_hz):
            time.sleep(max(float(sample.frame.time) - (time.monotonic() - begun), 0))
            yield sample.frame.rgb()
