"""A short that is framed, illustrated and, where so wanted, rendered: what the result folder is written from."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from closeup.core.types import Cast, Face, Image
from closeup.documents.shorts import SoundRecord
from closeup.features.shorts.focus import PersonFocus
from closeup.features.shorts.framing import FramedPiece
from closeup.features.shorts.interest import Interest
from closeup.features.shorts.options import ShortsOptions
from closeup.features.shorts.plan import Piece, Plan, Short
from closeup.media.excerpt import excerpt_frames
from closeup.media.frame_times import FrameTimes
from closeup.media.image import encode_jpeg
from closeup.media.still import still
from closeup.media.subtitles import Subtitles
from closeup.media.video import DecodedFrame


@dataclass(frozen=True, slots=True)
class RenderedInfo:
    """What became of a short.

    Attributes:
        frames: How many it shows.
        duration_s: How long it lasts, in seconds.
        sound: What was done to its sound; None where the video has none.
    """

    frames: int
    duration_s: float
    sound: SoundRecord | None


@dataclass(frozen=True, slots=True)
class Poster:
    """A still picture of a short.

    Attributes:
        jpeg: As large as the short's own frames.
        frame: Index of the frame in the source video.
        time_s: When it is seen in the short, in seconds.
    """

    jpeg: bytes
    frame: int
    time_s: float


@dataclass(frozen=True, slots=True, eq=False)
class FinishedShort:
    """A short that is ready for the result folder.

    Attributes:
        short: As in the plan.
        framed: Its pieces with the camera, in order; together they are the short's pieces.
        poster: A good moment of it.
        captions: On the short's own clock, or None where there are none for the video.
        rendered: Of its MP4, or None where it is only planned.
    """

    short: Short
    framed: tuple[FramedPiece, ...]
    poster: Poster
    captions: Subtitles | None = None
    rendered: RenderedInfo | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Handover:
    """All that goes into a result folder.

    Attributes:
        plan: What was chosen.
        options: What it was chosen and made with.
        cast: Who is in the video.
        cast_folder: Where that lies.
        video: The source video.
        size_wh: Width and height of the finished pictures.
        shorts: One for each of the plan, in its order: all rendered or none.
        interest: The curves that the shorts were chosen by; None where they are not at hand.
        time_code: Of the video's first frame, where it carries one.
    """

    plan: Plan
    options: ShortsOptions
    cast: Cast
    cast_folder: Path
    video: Path
    size_wh: tuple[int, int]
    shorts: tuple[FinishedShort, ...]
    interest: Interest | None = None
    time_code: str | None = None

    def __post_init__(self) -> None:
        ids = [finished.short.id for finished in self.shorts]
        if ids != [short.id for short in self.plan.shorts]:
            raise ValueError(f"the plan's shorts are others than {', '.join(ids)}")
        if len({finished.rendered is None for finished in self.shorts}) > 1:
            raise ValueError("some shorts are rendered, others are not")

    @property
    def rendered(self) -> bool:
        """Whether there are MP4s."""
        return any(finished.rendered is not None for finished in self.shorts)

    @property
    def sound(self) -> bool:
        """Whether they have sound, which all have if the source has."""
        return any(finished.rendered is not None and finished.rendered.sound is not None for finished in self.shorts)


def time_in_short(pieces: Sequence[Piece], time_s: float) -> float:
    """When a moment of the source video is seen in a short of these pieces, in seconds.

    A moment that the short leaves out is taken as the next one that it shows, or its end.
    """
    at_s = 0.0
    for piece in pieces:
        if time_s < piece.end_s:
            return at_s + max(0.0, time_s - piece.start_s)
        at_s += piece.length_s
    return at_s


JPEG_QUALITY = 90


def poster_frame(cast: Cast, person: str, pieces: Sequence[Piece]) -> int:
    """The frame of the pieces with the best picture of the person's face, of equals the earliest.

    Where none of their faces was looked at, the middle of the longest piece. There must be at least one piece.
    """
    faces = [
        face
        for track in cast.tracks
        if track.person == person
        for face in track.faces
        if any(piece.start_frame <= face.frame < piece.end_frame for piece in pieces)
    ]
    if faces:
        return min(faces, key=lambda face: (-_quality(face), -face.score, face.frame)).frame
    longest = max(pieces, key=lambda piece: piece.length_s)
    return (longest.start_frame + longest.end_frame) // 2


def make_posters(
    shorts: Sequence[Sequence[FramedPiece]],
    *,
    video: Path,
    times: FrameTimes,
    cast: Cast,
    person: str,
    size_wh: tuple[int, int],
    focus: PersonFocus | None = None,
) -> tuple[Poster, ...]:
    """Make the posters of shorts about a person, each given by its pieces with the camera, in one pass over the video.

    Args:
        times: When the video's frames are shown.
        person: Their id in the cast.
        size_wh: Width and height of a poster in pixels: those of the finished short.
        focus: Who alone is in focus; None leaves the pictures as they are.

    Raises:
        InputError: If the video cannot be read, or is another than the one that the times are of.
    """
    wanted = [poster_frame(cast, person, [framed.piece for framed in short]) for short in shorts]
    ranges = [(frame, frame + 1) for frame in sorted(set(wanted))]
    posters: dict[int, Poster] = {}
    with closing(excerpt_frames(video, times, ranges)) as frames:
        for frame in frames:
            for number, short in enumerate(shorts):
                if wanted[number] == frame.index:
                    posters[number] = _poster(frame, short, size_wh, focus)
    return tuple(posters[number] for number in range(len(shorts)))


def _poster(
    frame: DecodedFrame, short: Sequence[FramedPiece], size_wh: tuple[int, int], focus: PersonFocus | None
) -> Poster:
    framed = next(each for each in short if each.piece.start_frame <= frame.index < each.piece.end_frame)
    crops = [panel[frame.index - framed.piece.start_frame] for panel in framed.panels]
    planes = next(focus.planes([frame], short)) if focus else None
    image = still(frame, crops, size_wh, planes)
    time_s = time_in_short([each.piece for each in short], float(frame.time))
    return Poster(encode_jpeg(image, JPEG_QUALITY), frame.index, time_s)


def scaled(picture: Image, size_wh: tuple[int, int]) -> Image:
    """A picture (H, W, 3), RGB uint8, at another size, averaged where it shrinks, smooth where it grows: (h, w, 3)."""
    method = cv2.INTER_AREA if size_wh[0] < picture.shape[1] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size_wh, interpolation=method), dtype=np.uint8)


def _quality(face: Face) -> float:
    return face.quality.total if face.quality is not None else 0.0
