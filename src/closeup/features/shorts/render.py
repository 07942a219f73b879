"""A short from its pieces and the camera's path: decoded once, encoded once, exact to the frame and in step with sound.

Three threads work at once: one decodes, one reframes, one encodes (and libx264 has threads of its own).
"""

import math
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np

from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.read_ahead import read_ahead
from closeup.core.types import FloatArray
from closeup.documents.shorts import SoundRecord
from closeup.features.shorts.finished import RenderedInfo
from closeup.features.shorts.focus import PersonFocus
from closeup.features.shorts.framing import FramedPiece
from closeup.features.shorts.plan import Piece
from closeup.media.audio import TrackChoice, has_sound, read_sound
from closeup.media.excerpt import excerpt_frames
from closeup.media.frame_times import FrameTimes
from closeup.media.loudness import Levelled, level
from closeup.media.movie import MovieWriter
from closeup.media.mp4_file import SOUND_RATE_HZ
from closeup.media.planes import Colour
from closeup.media.reframe import Drawing, Overlay, Picture, reframe
from closeup.media.video import open_video

_AHEAD = 4
"""Pictures that wait between two threads: enough that none stands still, and 50 MB of 4K at most."""

_SAME_RATE = 0.02
"""Part of a rate by which it may be above the most that is asked for."""

_FADE_S = 0.005
"""Sound fades out and in where two pieces that are apart meet: at full level, a jump of the wave would click."""


def render_short(
    video: Path,
    pieces: Sequence[FramedPiece],
    output: Path,
    *,
    frame_times: FrameTimes,
    size_wh: tuple[int, int],
    overlay: Overlay | None = None,
    sound_track: TrackChoice = None,
    most_fps: float = math.inf,
    focus: PersonFocus | None = None,
    progress: ProgressCallback = ignore,
) -> RenderedInfo:
    """Render pieces of a video, one after the other, as an MP4 (H.264, yuv420p, AAC).

    Every frame keeps its exact time, whatever the frame rate; pieces follow each other without a gap, and the sound is
    cut at the same times, brought to about -14 LUFS. The file appears whole or, after an error or Ctrl-C, not at all.

    Args:
        video: Where the pieces are from.
        pieces: In the order of the video, not overlapping; at least one.
        output: The MP4 to write; replaced if it exists.
        frame_times: Of the video.
        size_wh: Width and height in pixels, even.
        overlay: What is drawn over the picture.
        sound_track: Which of the video's sound tracks is heard.
        most_fps: Frames a second that are shown at most.
        focus: Who alone is in focus; None leaves the pictures as they are.

    Raises:
        InputError: If the video cannot be read, or is another than the one that the times are of.
        OutputError: If the file cannot be written, or the disk is full.
        ValueError: If pieces, crops or size make no sense.
    """
    footage = [VideoPieces(video, pieces, frame_times, sound_track, focus)]
    return render_footage(footage, output, size_wh=size_wh, overlay=overlay, most_fps=most_fps, progress=progress)


@dataclass(frozen=True, slots=True, eq=False)
class VideoPieces:
    """What is shown of one video.

    Attributes:
        video: The file.
        pieces: In the order of the video, not overlapping; at least one.
        frame_times: Of the video.
        sound_track: Which of its sound tracks is heard.
        focus: Who alone is in focus; None leaves the pictures as they are.
    """

    video: Path
    pieces: Sequence[FramedPiece]
    frame_times: FrameTimes
    sound_track: TrackChoice = None
    focus: PersonFocus | None = None


def render_footage(
    footage: Sequence[VideoPieces],
    output: Path,
    *,
    size_wh: tuple[int, int],
    overlay: Overlay | None = None,
    most_fps: float = math.inf,
    progress: ProgressCallback = ignore,
) -> RenderedInfo:
    """Render pieces of one video after the other into one movie; arguments and errors are those of `render_short`.

    The sound of each video is brought to its level by itself; one without sound is silent. The colours are told to be
    those of the first.
    """
    starts, ends = list[Fraction](), [Fraction(0)]
    for each in footage:
        _require_crops(each.pieces, each.frame_times)
        pieces = [framed.piece for framed in each.pieces]
        times = short_times(pieces, each.frame_times)
        starts += [ends[-1] + times[place] for place in shown_frames(pieces, each.frame_times, most_fps)]
        ends.append(ends[-1] + times[-1])
    starts.append(ends[-1])
    sounds = [_levelled_sound(each) for each in footage]
    first = footage[0]
    with open_video(first.video, track=first.frame_times.track, canvas_wh=first.frame_times.canvas_wh) as reader:
        colour = next(iter(reader)).colour
    pictures: Generator[Picture, None, None] = _reframed(footage, size_wh, most_fps)
    if overlay:
        pictures = _drawn_over(pictures, overlay, starts, colour)
    movie = MovieWriter(output, _joined_sound(sounds, ends), size_wh=size_wh, starts=starts, colour=colour)
    with read_ahead(pictures, _AHEAD) as finished, movie as writer:
        for picture, end in zip(finished, starts[1:], strict=True):
            writer.write(picture)
            progress(Progress("Rendering", float(end), float(starts[-1]), "s"))
    told = next((sound for sound in sounds if sound), None)
    return RenderedInfo(
        frames=len(starts) - 1,
        duration_s=float(starts[-1]),
        sound=SoundRecord(told.loudness_in_lufs, told.gain_db) if told else None,
    )


def _reframed(
    footage: Sequence[VideoPieces], size_wh: tuple[int, int], most_fps: float
) -> Generator[Picture, None, None]:
    """The pictures that are shown, video by video, as the camera sees them."""
    for each in footage:
        shown = shown_frames([framed.piece for framed in each.pieces], each.frame_times, most_fps)
        every = [crop for framed in each.pieces for crop in zip(*framed.panels, strict=True)]
        crops, wanted = [every[place] for place in shown], set(shown)
        ranges = [(framed.piece.start_frame, framed.piece.end_frame) for framed in each.pieces]
        with read_ahead(excerpt_frames(each.video, each.frame_times, ranges), _AHEAD) as frames:
            chosen = (frame for place, frame in enumerate(frames) if place in wanted)
            planes = each.focus.planes(chosen, each.pieces) if each.focus else (frame.planes() for frame in chosen)
            with closing(planes):
                yield from (reframe(picture, own, size_wh) for picture, own in zip(planes, crops, strict=False))


def _joined_sound(sounds: Sequence[Levelled | None], ends: Sequence[Fraction]) -> FloatArray | None:
    """The sound (N, 2) of one video after the other, each as long as its pictures; None where none of them has any.

    `ends` has the start of the first, and then the end of each, in seconds.
    """
    if not any(sounds):
        return None
    parts = []
    for sound, (start, end) in zip(sounds, pairwise(ends), strict=True):
        length = round(end * SOUND_RATE_HZ) - round(start * SOUND_RATE_HZ)
        part = sound.sound[:length] if sound else np.zeros((length, 2), np.float32)
        parts.append(np.pad(part, ((0, length - len(part)), (0, 0))))
    return np.concatenate(parts)


def shown_frames(pieces: Sequence[Piece], frame_times: FrameTimes, most_fps: float) -> list[int]:
    """Which frames of a short are shown, counted through its pieces: all, or every second or fourth of a fast video."""
    steps_s = np.diff(frame_times.starts_s)
    rate = 1 / float(np.median(steps_s)) if len(steps_s) else most_fps
    step, shown, before = max(1, math.ceil(rate / most_fps - _SAME_RATE)), list[int](), 0
    for piece in pieces:
        count = piece.end_frame - piece.start_frame
        shown += range(before, before + count, step)
        before += count
    return shown


def short_times(pieces: Sequence[Piece], frame_times: FrameTimes) -> list[Fraction]:
    """When each frame of a short begins on its own clock, in seconds, exact, and then when the last one ends."""
    times, begins = [], Fraction(0)
    for piece in pieces:
        shift = begins - frame_times.start(piece.start_frame)
        times += [frame_times.start(frame) + shift for frame in range(piece.start_frame, piece.end_frame)]
        begins = frame_times.start(piece.end_frame) + shift
    return [*times, begins]


def _require_crops(pieces: Sequence[FramedPiece], frame_times: FrameTimes) -> None:
    bounds = [bound for each in pieces for bound in (each.piece.start_frame, each.piece.end_frame)]
    if not pieces or bounds != sorted(bounds) or bounds[0] < 0 or bounds[-1] > frame_times.count:
        raise ValueError(f"pieces {bounds} are not in order, or not in a video of {frame_times.count} frames")
    for each in pieces:
        shape = (each.piece.end_frame - each.piece.start_frame, 4)
        shapes = [crops.shape for crops in each.panels]
        if shape[0] < 1 or len(shapes) not in (1, 2) or any(found != shape for found in shapes):
            raise ValueError(f"one or two panels with crops of shape {shape} are needed, got {shapes}")


def _drawn_over(
    pictures: Generator[Picture, None, None], overlay: Overlay, starts: Sequence[Fraction], colour: Colour
) -> Generator[Picture, None, None]:
    """The pictures with what is to be seen over each, by when it starts."""
    drawing: Drawing | None = None
    with closing(pictures):
        for picture, start in zip(pictures, starts, strict=False):
            over = overlay.at(float(start))
            if over is not None:
                if drawing is None or drawing.rgba is not over[0] or drawing.top_left_xy != over[1]:
                    drawing = Drawing(*over, colour)
                drawing.draw(picture)
            yield picture


def _levelled_sound(footage: VideoPieces) -> Levelled | None:
    """The pieces' sound, one after the other, at its level; None where the video has none."""
    video, frame_times, track = footage.video, footage.frame_times, footage.sound_track
    if not has_sound(video, track):
        return None
    pieces, parts = [framed.piece for framed in footage.pieces], []
    for piece, (length, apart) in zip(pieces, _lengths(pieces, frame_times), strict=True):
        start, end = frame_times.start(piece.start_frame), frame_times.start(piece.end_frame)
        part = read_sound(video, start, end, rate_hz=SOUND_RATE_HZ, channels=2, frame_times=frame_times, track=track)
        # Lengths are rounded on the short's clock, so that sound does not drift against pictures from join to join.
        part = np.pad(part[:length], ((0, max(length - len(part), 0)), (0, 0)), mode="edge")
        parts.append(_faded(part, fade_in=apart[0], fade_out=apart[1]))
    return level(np.concatenate(parts), SOUND_RATE_HZ)


def _lengths(pieces: Sequence[Piece], frame_times: FrameTimes) -> Iterator[tuple[int, tuple[bool, bool]]]:
    """Samples of each piece, and whether its start and its end are apart from what is heard before and after."""
    end, samples = Fraction(0), 0
    for index, piece in enumerate(pieces):
        end += frame_times.start(piece.end_frame) - frame_times.start(piece.start_frame)
        until = round(end * SOUND_RATE_HZ)
        before = index == 0 or pieces[index - 1].end_frame != piece.start_frame
        after = index + 1 == len(pieces) or pieces[index + 1].start_frame != piece.end_frame
        yield until - samples, (before, after)
        samples = until


def _faded(sound: FloatArray, *, fade_in: bool, fade_out: bool) -> FloatArray:
    """Sound (N, C) that begins and ends softly where it is asked for."""
    count = min(round(_FADE_S * SOUND_RATE_HZ), len(sound) // 2)
    ramp = ((np.arange(count) + 0.5) / max(count, 1)).astype(np.float32)[:, None]
    sound = sound.copy()
    if fade_in:
        sound[:count] *= ramp
    if fade_out and count:
        sound[-count:] *= ramp[::-1]
    return sound
