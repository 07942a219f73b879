"""MP4 files that appear whole or not at all, and their sound: what all writers of video share."""

import os
import tempfile
from collections.abc import Generator, Iterable
from contextlib import suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import av
import numpy as np
from av.container import OutputContainer
from av.packet import Packet

from closeup.core.interrupts import held_back
from closeup.core.settings import take_back_priority
from closeup.core.types import FloatArray
from closeup.core.whole import output_error, part_prefix

_CONTAINER_OPTIONS = {
    "mp4": {"movflags": "+faststart", "fflags": "+bitexact"},
    "matroska": {"fflags": "+bitexact"},
}
"""The index of MP4 at the front, so that a browser plays at once; no dates or versions in the file."""


class Mp4File:
    """An MP4 in the making; a context manager. A writer derives from it and says which streams there are.

    The file is written beside its place and renamed into it when the block ends well; after an exception nothing is
    left, and a file that was there before stays.
    """

    FORMAT = "mp4"
    """FFmpeg's name of the container; a writer may say another."""

    def __init__(self, path: Path, sound: Iterable[FloatArray] | None = None) -> None:
        """Say where the MP4 will be; it is replaced if it exists.

        Args:
            path: Of the file.
            sound: Blocks of float32 (N, 2) at 48000 Hz from time 0, taken when they are needed; None for no sound.
        """
        self.path = path
        self._part: Path | None = None
        self._container: OutputContainer
        self._sound = None if sound is None else _even(sound)
        self._track: SoundTrack | None = None

    def _options(self) -> dict[str, str]:
        """Options of the muxer beside those that all files have."""
        return {}

    def _add_streams(self, container: OutputContainer) -> None:
        """Add the streams to a container that was just opened."""
        raise NotImplementedError

    def _flush(self) -> None:
        """Write what the encoders still hold."""
        raise NotImplementedError

    def __enter__(self) -> Self:
        """Open the file.

        Raises:
            OutputError: If its folder cannot be written to.
        """
        try:
            with held_back():
                handle, name = tempfile.mkstemp(prefix=part_prefix(self.path), suffix=".part", dir=self.path.parent)
                self._part = Path(name)
            os.close(handle)
            options = _CONTAINER_OPTIONS[self.FORMAT] | self._options()
            self._container = av.open(f"file:{name}", "w", format=self.FORMAT, container_options=options)
            self._add_streams(self._container)
            self._track = None if self._sound is None else SoundTrack(self._container)
        except OSError as error:
            self._discard()
            raise output_error(self.path, error) from error
        except BaseException:
            self._discard()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Finish the file and put it in its place, or remove it after an exception.

        Raises:
            OutputError: If the disk is full or fails.
            ValueError: If no frame was written.
        """
        try:
            if kind is None:
                self._flush()
                self._finish()
        finally:
            with held_back():
                with suppress(OSError):  # the trailer of a file that is thrown away
                    self._container.close()
                self._discard()

    def _finish(self) -> None:
        assert self._part is not None
        try:
            self._container.close()
            with self._part.open("rb") as file:
                os.fsync(file.fileno())
            self._part.chmod(0o644)
            self._part.replace(self.path)
        except OSError as error:
            raise output_error(self.path, error) from error

    def _discard(self) -> None:
        if self._part is not None:
            self._part.unlink(missing_ok=True)

    def _write_sound(self, until: Fraction | None) -> None:
        """Write the sound up to a time in seconds, or with None all that is left, and what its encoder still holds."""
        if self._sound is None or self._track is None:
            return
        while until is None or self._track.samples < until * SOUND_RATE_HZ:
            block = next(self._sound, None)
            if block is None:
                break
            self._mux(self._encoded(self._track.stream, self._track.frame(block)))
        if until is None:
            self._mux(self._encoded(self._track.stream, None))

    def _encoded(self, stream: Any, frame: Any) -> "list[Packet[Any]]":
        """The packets that a frame of a stream yields, or with None those that its encoder still held.

        Raises:
            OutputError: If the disk is full or fails: some encoders write too.
        """
        try:
            packets: list[Packet[Any]] = stream.encode(frame)
        except OSError as error:
            raise output_error(self.path, error) from error
        take_back_priority()
        return packets

    def _mux(self, packets: "Packet[Any] | list[Packet[Any]]") -> None:
        """Write packets.

        Raises:
            OutputError: If the disk is full or fails.
        """
        try:
            self._container.mux(packets)
        except OSError as error:
            raise output_error(self.path, error) from error


SOUND_RATE_HZ = 48000
SOUND_BIT_RATE = 160_000
"""Of stereo AAC; where FFmpeg's encoder is no longer told from the source in most listening tests."""

AAC_FRAME = 1024
"""Samples that AAC encodes together."""


class SoundTrack:
    """A track in a container, and how far it has come.

    Attributes:
        stream: PyAV's stream, which encodes the frames.
        samples: How many have been made frames of.
    """

    def __init__(self, container: OutputContainer) -> None:
        """Add the track to a container that was just opened."""
        self.stream = container.add_stream("aac", rate=SOUND_RATE_HZ, layout="stereo")
        self.stream.bit_rate = SOUND_BIT_RATE
        self.samples = 0

    def frame(self, sound: FloatArray) -> av.AudioFrame:
        """The next samples, float32 (N, 2), as a frame; `AAC_FRAME` of them, fewer only at the end."""
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(sound.T), format="fltp", layout="stereo")
        frame.sample_rate, frame.time_base = SOUND_RATE_HZ, Fraction(1, SOUND_RATE_HZ)
        frame.pts = self.samples
        self.samples += len(sound)
        return frame


def _even(blocks: Iterable[FloatArray]) -> Generator[FloatArray, None, None]:
    """Blocks (N, 2) of any lengths as blocks of `AAC_FRAME` samples; the last one may be shorter."""
    left = np.zeros((0, 2), np.float32)
    for block in blocks:
        left = np.concatenate([left, block]) if len(left) else block
        whole = len(left) // AAC_FRAME * AAC_FRAME
        for start in range(0, whole, AAC_FRAME):
            yield left[start : start + AAC_FRAME]
        left = left[whole:]
    if len(left):
        yield left
