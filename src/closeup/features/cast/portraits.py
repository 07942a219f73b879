"""The pictures of a cast: one for each track, the portrait of each person, and a strip of a few more."""

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from closeup.algorithms.reframing.headshot import portrait_box
from closeup.core.errors import FormatError
from closeup.core.types import Cast, Face, Image, Person, Track
from closeup.core.whole import write_whole
from closeup.media.image import decode_jpeg, encode_jpeg

PICTURE_HEIGHT = 480
"""Height in pixels of a track's picture, where the frame has that much to give."""

BLACK = 24
"""Up to this a pixel may be part of a black bar, of 255; compression leaves bars not quite black."""

MOST_ENLARGED = 2.0
"""A small face is enlarged this much and no more: beyond it there is nothing to see."""

STRIP_PICTURES = 6
STRIP_HEIGHT = 240
STRIP_GAP = 6
"""A strip shows up to six pictures of this height, this many pixels apart."""


def best_face(faces: Iterable[Face]) -> Face:
    """The face to show: the highest quality, then the detector's score, then the earliest.

    A face whose quality was not judged counts 0. There must be at least one.
    """
    return min(faces, key=lambda face: (-face.quality_total, -face.score, face.time_s))


def person_tracks(cast: Cast, person: Person) -> tuple[Track, ...]:
    """The tracks of a person of the cast, by start.

    Raises:
        FormatError: If the cast has no track of one of the ids.
    """
    by_id = {track.id: track for track in cast.tracks}
    missing = [name for name in person.tracks if name not in by_id]
    if missing or not person.tracks:
        raise FormatError(f"{person.id} has no track {', '.join(missing)}".rstrip() + ".")
    return tuple(sorted((by_id[name] for name in person.tracks), key=lambda track: track.start_frame))


def portrait_track(tracks: Sequence[Track], chosen: str | None = None) -> Track:
    """The track whose picture shows a person: the `chosen` one of these, else the best, of equals the earliest.

    There must be at least one track.
    """
    tracks = [track for track in tracks if track.id == chosen] or tracks
    return min(tracks, key=lambda track: (-best_face(track.faces).quality_total, track.start_frame, track.id))


def spread_tracks(tracks: Sequence[Track], most: int) -> tuple[Track, ...]:
    """Up to `most` tracks to show, by time: the best of each shot, and spread over the video where shots are many.

    The shots are parted into `most` runs of about equal length, and each run sends its best.
    """
    by_shot: dict[int, list[Track]] = {}
    for track in tracks:
        by_shot.setdefault(track.shot, []).append(track)
    best = [portrait_track(by_shot[shot]) for shot in sorted(by_shot)]
    count = min(most, len(best))
    edges = [len(best) * step // count for step in range(count + 1)] if count else [0]
    return tuple(portrait_track(best[low:high]) for low, high in itertools.pairwise(edges))


def head_and_shoulders(frame: Image, face: Face) -> Image:
    """What a track's picture shows of a frame (H, W, 3), RGB uint8: a part of it, (h, w, 3), the caller's own.

    The black bars of a letterboxed video stay out.
    """
    top, bottom = _between_bars(frame)
    if top <= face.box_xyxy[1] and face.box_xyxy[3] <= bottom:
        down = np.array([0, top], np.float32)
        frame = frame[top:bottom]
        face = replace(face, box_xyxy=face.box_xyxy - np.tile(down, 2), landmarks_xy=face.landmarks_xy - down)
    x0, y0, x1, y1 = portrait_box(face.box_xyxy, face.landmarks_xy, (frame.shape[1], frame.shape[0])).tolist()
    return frame[y0:y1, x0:x1].copy()


def track_picture(part: Image) -> bytes:
    """The JPEG of what `head_and_shoulders` cut out of a frame, (H, W, 3), RGB uint8.

    480 pixels high, or less where that would enlarge the frame's pixels more than twice.
    """
    return encode_jpeg(resize_to_height(part, min(PICTURE_HEIGHT, round(MOST_ENLARGED * part.shape[0]))))


def _between_bars(frame: Image) -> tuple[int, int]:
    """The rows of a frame (H, W, 3) between the black bars above and below it, the last exclusive; else all rows.

    Bars are as high below as above; a dark picture, which has no such edges, keeps its rows.
    """
    height = frame.shape[0]
    lit = np.flatnonzero((frame[:, ::8] > BLACK).any(axis=(1, 2)))
    if not len(lit):
        return 0, height
    above, below = int(lit[0]), height - 1 - int(lit[-1])
    if abs(above - below) > 0.02 * height or not 0.03 * height <= above <= 0.3 * height:
        return 0, height
    return above, height - below


def resize_to_height(image: Image, height: int) -> Image:
    """A picture (H, W, 3), RGB uint8, at another height with the same aspect: (height, about W * height / H, 3)."""
    if height == image.shape[0]:
        return np.ascontiguousarray(image)
    width = max(1, round(image.shape[1] * height / image.shape[0]))
    method = cv2.INTER_AREA if height < image.shape[0] else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, (width, height), interpolation=method), dtype=np.uint8)


def photo_name(frame: int) -> str:
    """What the picture of an album's photo is called beside those of tracks, by the frame that it is."""
    return f"photo-{frame}"


def shot_name(number: int) -> str:
    """What the small picture of a video's shot is called beside those of tracks; counted from 0."""
    return f"shot-{number}"


class PictureFiles(Mapping[str, bytes]):
    """JPEGs by name that lie on disk and are read when they are asked for, however many they are."""

    def __init__(self, paths: Mapping[str, Path]) -> None:
        """Take name to file."""
        self._paths = paths

    def __getitem__(self, name: str) -> bytes:
        return read_picture(self._paths[name])

    def __iter__(self) -> Iterator[str]:
        return iter(self._paths)

    def __len__(self) -> int:
        return len(self._paths)


def person_pictures(cast: Cast, tracks_dir: Path, people_dir: Path) -> None:
    """Write ID.jpg and ID-strip.jpg for everyone: people, passers-by and hidden.

    ID.jpg is the picture of their best track, or of the one that was chosen, byte for byte; ID-strip.jpg up to six
    pictures from different shots side by side. Each file is replaced whole; the folder is made if need be.

    Args:
        cast: Whose pictures.
        tracks_dir: Holds the pictures of all tracks, ID.jpg.
        people_dir: Where to write.

    Raises:
        FormatError: If a track's picture is missing or cannot be read.
        OutputError: If `people_dir` cannot be written.
    """
    people_dir.mkdir(parents=True, exist_ok=True)
    for person in (*cast.people, *cast.passers_by, *cast.hidden):
        tracks = person_tracks(cast, person)
        shown = portrait_track(tracks, person.portrait_track)
        write_whole(people_dir / f"{person.id}.jpg", read_picture(_path(tracks_dir, shown)))
        chosen = spread_tracks(tracks, STRIP_PICTURES)
        strip = _strip([decode_jpeg(read_picture(_path(tracks_dir, track))) for track in chosen])
        write_whole(people_dir / f"{person.id}-strip.jpg", encode_jpeg(strip))


def read_picture(path: Path) -> bytes:
    """A JPEG of the result folder.

    Raises:
        FormatError: If it is not there or cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise FormatError(
            f"The picture {path} cannot be read: {error.strerror or error}.",
            "The folder is damaged: make the cast anew.",
            code="cast.damaged",
        ) from error


def _path(tracks_dir: Path, track: Track) -> Path:
    """Where the picture of a track lies."""
    return tracks_dir / f"{track.id}.jpg"


def _strip(pictures: Sequence[Image]) -> Image:
    """Pictures (H, W, 3) side by side on white, all as high as the highest but at most `STRIP_HEIGHT`: (h, w, 3)."""
    height = min(STRIP_HEIGHT, max(picture.shape[0] for picture in pictures))
    gap = np.full((height, STRIP_GAP, 3), 255, dtype=np.uint8)
    parts: list[Image] = []
    for picture in pictures:
        parts += [gap, resize_to_height(picture, height)]
    return np.hstack(parts[1:])
