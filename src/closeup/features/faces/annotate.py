"""Photos and videos with what was found drawn in: a box around every face, and beside it how it looks."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from closeup.core.boxes import fitted
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.read_ahead import read_ahead
from closeup.core.types import FloatArray, Image
from closeup.documents.faces import FoundFace, FoundFaces, VideoSpan
from closeup.features.faces.words import label_levels
from closeup.media.audio import TrackChoice, has_sound, stereo_blocks
from closeup.media.encoder import VideoEncoder
from closeup.media.markings import Mark, Marker
from closeup.media.mp4_file import SOUND_RATE_HZ
from closeup.media.sampling import shown_at_rate
from closeup.media.video import open_video
from closeup.perception.sound_choice import choose_sound_track

LONGEST_PX = 1920
"""Longer side of the annotated video; larger ones are made smaller."""

MOST_FPS = 60
HOLD_S = 0.5
"""Words stay as they are for this long, so that they can be read."""

_AHEAD = 4


def annotated_photo(image: Image, found: FoundFaces) -> Image:
    """Draw the faces of a photo into a copy of its picture, RGB (H, W, 3)."""
    numbered = len(found.faces) > 1
    marks = [
        Mark(number, _box(face.box_xyxy), label_levels(face, number if numbered else None))
        for number, face in enumerate(found.faces, 1)
    ]
    return Marker((image.shape[1], image.shape[0])).draw(image, marks)


def annotate_video(
    found: FoundFaces,
    video: Path,
    target: Path,
    *,
    audio_track: TrackChoice = None,
    progress: ProgressCallback = ignore,
) -> tuple[str, ...]:
    """Write the video again as MP4, with its sound, and its faces drawn in.

    Boxes move evenly from look to look. The rate of the frames is constant; a frame is shown until the next one comes.

    Args:
        found: What was found in it.
        target: Where the MP4 will be; replaced if it exists.
        audio_track: Which of several sound tracks is heard; 0 or None takes the one in which people speak.

    Returns:
        What was chosen, a sentence each.

    Raises:
        InputError: If the video cannot be read.
        OutputError: If the MP4 cannot be written.
        ValueError: If what was found was not found in a video.
    """
    if found.video is None:
        raise ValueError("these faces are a photo's")
    trails = _trails(found, found.video)
    with open_video(video) as reader:
        fps = min(reader.fps, Fraction(MOST_FPS))
        width, height = fitted(reader.size_wh, LONGEST_PX)
        size_wh = max(width - width % 2, 2), max(height - height % 2, 2)
        scale = np.array([size_wh[0] / reader.size_wh[0], size_wh[1] / reader.size_wh[1]] * 2)
        marker = Marker(size_wh)
        end_s = found.video.duration_s
        track, notes = choose_sound_track(video, audio_track, end_s)
        sound = stereo_blocks(video, SOUND_RATE_HZ, end_s, track=track) if has_sound(video, track) else None
        with (
            VideoEncoder(target, size_wh, fps, sound) as encoder,
            read_ahead(shown_at_rate(reader, size_wh, 1 / fps), _AHEAD) as frames,
        ):
            for time_s, picture in frames:
                encoder.write(marker.draw(picture, _marks(trails, time_s, scale)))
                progress(Progress("Drawing", time_s, end_s, "s"))
    return notes


@dataclass(frozen=True, slots=True, eq=False)
class _Trail:
    """One track: its number, the times (N,) of its looks, its boxes (N, 4) and faces, and when it is shown."""

    number: int
    times_s: NDArray[np.float64]
    boxes_xyxy: NDArray[np.float64]
    faces: tuple[FoundFace, ...]
    start_s: float
    end_s: float

    def mark(self, time_s: float, scale: NDArray[np.float64]) -> Mark:
        """Where it is at a time, in a picture whose edges are `scale` (4,) times as long, and its words."""
        box = np.array([np.interp(time_s, self.times_s, self.boxes_xyxy[:, edge]) for edge in range(4)])
        middle_s = (time_s // HOLD_S + 0.5) * HOLD_S
        nearest = int(np.abs(self.times_s - middle_s).argmin())
        return Mark(self.number, _box(box * scale), label_levels(self.faces[nearest], self.number))


def _trails(found: FoundFaces, span: VideoSpan) -> list[_Trail]:
    seen: dict[int, list[tuple[float, FoundFace]]] = defaultdict(list)
    for look in found.looks:
        for face in look.faces:
            seen[face.track or 0].append((look.time_s, face))
    return [_trail(number, looks, span) for number, looks in seen.items()]


def _trail(number: int, looks: Sequence[tuple[float, FoundFace]], span: VideoSpan) -> _Trail:
    times = np.array([time_s for time_s, _ in looks])
    cuts = np.array([0.0, *span.cuts_s, np.inf])
    shot = int(np.searchsorted(cuts, times[0], "right")) - 1
    beside_s = 0.5 / span.looks_per_s
    return _Trail(
        number,
        times,
        np.array([face.box_xyxy for _, face in looks], np.float64),
        tuple(face for _, face in looks),
        max(times[0] - beside_s, cuts[shot]),
        min(times[-1] + beside_s, cuts[shot + 1]),
    )


def _marks(trails: Sequence[_Trail], time_s: float, scale: NDArray[np.float64]) -> list[Mark]:
    about_s = time_s + 1e-6  # halves of 0.2 s are not exact
    return [trail.mark(time_s, scale) for trail in trails if trail.start_s <= about_s < trail.end_s]


def _box(box_xyxy: FloatArray | NDArray[np.float64]) -> tuple[float, float, float, float]:
    x0, y0, x1, y1 = (float(value) for value in box_xyxy)
    return x0, y0, x1, y1
