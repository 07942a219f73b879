"""What the documents of shorts and faces still share with the reader of cast.json."""

import re
from collections.abc import Iterable
from fractions import Fraction
from typing import Any

from closeup.core.strict_json import Node
from closeup.core.timebase import fraction_from_text, fraction_to_text
from closeup.core.types import FAR as FAR
from closeup.core.types import VideoInfo

NAME_PATTERN = re.compile(r"[^\x00-\x1f\x7f]{1,200}")
PERSON_PATTERN = re.compile(r"p[1-9][0-9]{0,8}")
SHA256_PATTERN = re.compile(r"[0-9a-f]{64}")
_FPS = re.compile(r"[1-9][0-9]{0,11}/[1-9][0-9]{0,11}")


def _read_notes(fields: dict[str, Node]) -> tuple[str, ...]:
    return tuple(note.text() for note in fields["notes"].items()) if "notes" in fields else ()


def round_time(seconds: float) -> float:
    """Seconds as cast.json holds them: to a microsecond."""
    return round(float(seconds), 6) + 0.0  # + 0.0 turns -0.0 into 0.0


def round_score(score: float) -> float:
    """A score or quality as cast.json holds it: to four digits."""
    return round(float(score), 4) + 0.0


def round_pixels(coordinates: Iterable[float]) -> list[float]:
    """Coordinates as cast.json holds them: to 0.01 pixel."""
    return [round(float(value), 2) + 0.0 for value in coordinates]


def video_to_json(video: VideoInfo) -> dict[str, Any]:
    """What is known of a video as JSON values; `read_video_info` reads them."""
    return {
        # A file name that is not UTF-8 reaches Python with stand-ins that no UTF-8 file can hold.
        "path": video.path.encode("utf-8", "surrogateescape").decode("utf-8", "replace"),
        "sha256": video.sha256,
        "duration_s": round_time(video.duration_s),
        "fps": fraction_to_text(video.fps),
        "frames": video.frames,
        "width": video.width,
        "height": video.height,
        "notes": list(video.notes),
    } | ({} if video.track is None else {"track": video.track})


def read_video_info(node: Node) -> VideoInfo:
    """What is known of a video, from its object in a document.

    Raises:
        FormatError: If anything is wrong with it.
    """
    names = ("path", "sha256", "duration_s", "fps", "frames", "width", "height")
    fields = node.fields(names, ("notes", "track"))
    return VideoInfo(
        path=fields["path"].text(),
        sha256=fields["sha256"].text("64 hexadecimal digits", SHA256_PATTERN),
        duration_s=fields["duration_s"].number(low=0),
        fps=_read_fps(fields["fps"]),
        frames=fields["frames"].integer(low=0),
        width=fields["width"].integer(low=1),
        height=fields["height"].integer(low=1),
        notes=_read_notes(fields),
        track=fields["track"].integer(low=1) if "track" in fields else None,
    )


def _read_fps(node: Node) -> Fraction:
    return fraction_from_text(node.text('a rate such as "30000/1001"', _FPS))


def read_name(node: Node) -> str | None:
    """A person's name, or None for null.

    Raises:
        FormatError: If it is neither.
    """
    return None if node.value is None else node.text("null or one line of up to 200 characters", NAME_PATTERN)
