"""What a browser records, made whole: its files come without a length and without an index."""

from pathlib import Path

import av
import av.error

from closeup.core.errors import InputError
from closeup.media.container import open_container

SUFFIXES = {"matroska": ".webm", "mp4": ".mp4"}
"""What browsers record, by FFmpeg's name of the format, and how such a file is called."""


def rewrapped(recording: Path, target: Path) -> Path:
    """Write the pictures and sound of a recording anew, as they are, so that players know its length and can seek.

    Args:
        target: Where it is to be, without a suffix.

    Returns:
        The file that was written, `target` with the suffix of its kind.

    Raises:
        InputError: If it is no recording that a browser makes, or it is broken.
    """
    with open_container(recording) as source:
        names = source.format.name.split(",")
        suffix = next((suffix for kind, suffix in SUFFIXES.items() if kind in names), None)
        if suffix is None:
            raise InputError("The recording is neither WebM nor MP4.", "Record it with another browser.")
        written = target.with_name(target.name + suffix)
        streams = [stream for stream in source.streams if stream.type in ("video", "audio")]
        try:
            with av.open(str(written), "w") as made:
                copies = {stream.index: made.add_stream_from_template(stream) for stream in streams}
                for packet in source.demux(streams):
                    if packet.dts is not None:
                        packet.stream = copies[packet.stream.index]
                        made.mux(packet)
        except (av.error.FFmpegError, ValueError) as error:
            raise InputError(f"The recording cannot be read: {error}.", "Record it anew.") from error
    return written
