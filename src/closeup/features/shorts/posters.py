"""The poster of a short: its best moment of the person, as the camera shows it."""

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from closeup.core.types import Cast, Face, Image
from closeup.features.shorts.finished import FramedPiece, Poster, time_in_short
from closeup.features.shorts.plan import Piece
from closeup.media.excerpt import excerpt_frames
from closeup.media.frame_times import FrameTimes
from closeup.media.image import encode_jpeg
from closeup.media.still import still
from closeup.media.video import DecodedFrame

JPEG_QUALITY = 90


@dataclass(frozen=True, slots=True, eq=False)
class PosterSource:
    """Where posters come from.

    Attributes:
        video: The source video; `times` when its frames are shown.
        cast: Who is in it.
        person: Id of the person whom the shorts are about.
        size_wh: Width and height of a poster in pixels: those of the finished short.
    """

    video: Path
    times: FrameTimes
    cast: Cast
    person: str
    size_wh: tuple[int, int]


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


def make_posters(source: PosterSource, shorts: Sequence[Sequence[FramedPiece]]) -> tuple[Poster, ...]:
    """Make the posters of shorts, each given by its pieces with the camera, in one pass over the video.

    Raises:
        InputError: If the video cannot be read, or is another than the one that the times are of.
    """
    wanted = [poster_frame(source.cast, source.person, [framed.piece for framed in short]) for short in shorts]
    ranges = [(frame, frame + 1) for frame in sorted(set(wanted))]
    posters: dict[int, Poster] = {}
    with closing(excerpt_frames(source.video, source.times, ranges)) as frames:
        for frame in frames:
            for number, short in enumerate(shorts):
                if wanted[number] == frame.index:
                    posters[number] = _poster(frame, short, source)
    return tuple(posters[number] for number in range(len(shorts)))


def _poster(frame: DecodedFrame, short: Sequence[FramedPiece], source: PosterSource) -> Poster:
    framed = next(each for each in short if each.piece.start_frame <= frame.index < each.piece.end_frame)
    crops = [panel[frame.index - framed.piece.start_frame] for panel in framed.framing.panels]
    image = still(frame, crops, source.size_wh)
    time_s = time_in_short([each.piece for each in short], float(frame.time))
    return Poster(encode_jpeg(image, JPEG_QUALITY), frame.index, time_s)


def scaled(picture: Image, size_wh: tuple[int, int]) -> Image:
    """A picture (H, W, 3), RGB uint8, at another size, averaged where it shrinks, smooth where it grows: (h, w, 3)."""
    method = cv2.INTER_AREA if size_wh[0] < picture.shape[1] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(picture, size_wh, interpolation=method), dtype=np.uint8)


def _quality(face: Face) -> float:
    return face.quality.total if face.quality is not None else 0.0
