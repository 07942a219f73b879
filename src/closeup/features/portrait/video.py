"""Videos: portraits of people that move, and their mattes, steady from frame to frame, with the exact times of both.

Two passes: the first finds cuts, times and the shots that somebody is in; the second makes the pictures.
"""

from collections.abc import Generator
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from closeup.core.errors import InputError
from closeup.core.progress import Progress, ProgressCallback
from closeup.core.read_ahead import read_ahead
from closeup.core.timebase import clock
from closeup.documents.portrait import PortraitResult
from closeup.features.portrait.options import MatteOptions, PortraitOptions
from closeup.media.audio import has_sound, stereo_blocks
from closeup.media.excerpt import excerpt_frames
from closeup.media.frame_times import FrameTimes
from closeup.media.matte_movie import MatteWriter
from closeup.media.movie import MovieWriter
from closeup.media.mp4_file import SOUND_RATE_HZ
from closeup.media.planes import Colour, Planes, frame_planes
from closeup.media.reframe import Picture
from closeup.media.sampling import Sampling
from closeup.media.video import DecodedFrame, open_video
from closeup.perception.cuts import CutDetector
from closeup.perception.focus_in_time import CutOutFrame, FocusInTime, focused_planes
from closeup.perception.kept_faces import NOBODY, Faces, FacesInTime
from closeup.perception.matte import PersonMatte
from closeup.perception.shallow_focus import PRESENT, VIDEO_PX, Lens, small_picture
from closeup.perception.sound_choice import choose_sound_track

LOOKS_PER_S = 2.0
"""How often the first pass looks whether somebody is there."""

_AHEAD = 3


@dataclass(frozen=True, slots=True, eq=False)
class VideoSource:
    """A video, and what is known of it before it is looked at.

    Attributes:
        path: The file.
        track: Which of its video tracks, counted from 1; None is its default one.
        faces: Who is kept when; None keeps everybody.
    """

    path: Path
    track: int | None = None
    faces: FacesInTime | None = None


@dataclass(frozen=True, slots=True, eq=False)
class _Watched:
    """What the first pass found: times, first frames of the shots, which of these to change, and notes."""

    times: FrameTimes
    starts: tuple[int, ...]
    wanted: frozenset[int]
    size_wh: tuple[int, int]
    colour: Colour
    notes: tuple[str, ...]

    def shot(self, frame: int) -> int:
        return int(np.searchsorted(self.starts, frame, "right")) - 1

    @property
    def left_s(self) -> float:
        """Seconds of shots that stay as they are."""
        ends = (*self.starts[1:], self.times.count)
        left = [n for n in range(len(self.starts)) if n not in self.wanted]
        return float(sum(self.times.start(ends[n]) - self.times.start(self.starts[n]) for n in left))


def portrait_video(
    source: VideoSource, target: Path, options: PortraitOptions, network: PersonMatte, progress: ProgressCallback
) -> PortraitResult:
    """Write a video again, with all but those who are kept out of focus; its sound stays as loud as it is.

    Raises:
        InputError: If it cannot be read, nobody is in it, or it was to become transparent.
        OutputError: If it cannot be written.
    """
    look = Lens(options.blur, options.shape, options.background)
    if look.transparent:
        raise InputError("A video cannot be transparent.", "Give a colour; or write its matte, which editors read.")
    watched = _watch(source, network, progress)
    width, height = size_wh = tuple(side - side % 2 for side in watched.size_wh)
    notes = [*watched.notes]
    if min(size_wh) < 2:
        raise InputError(f"{source.path} is too small.", "A video needs two pixels a side.")
    if size_wh != watched.size_wh:
        notes.append("Its sides are odd; a row or column at its end is left out.")
    end_s = float(watched.times.start(watched.times.count))
    sound_track, chosen = choose_sound_track(source.path, options.audio_track, end_s, watched.times)
    loud = has_sound(source.path, sound_track)
    sound = stereo_blocks(source.path, SOUND_RATE_HZ, end_s, track=sound_track) if loud else None
    starts = [watched.times.start(frame) for frame in range(watched.times.count + 1)]
    covered, deep = list[float](), False
    movie = MovieWriter(target, sound, size_wh=(width, height), starts=starts, colour=watched.colour)
    by_depth = look.by_depth and options.strength_by == "depth"
    with movie as writer, read_ahead(_cut_out(source, watched, network, by_depth=by_depth), _AHEAD) as frames:
        for (frame, cut), end in zip(frames, starts[1:], strict=True):
            if cut is not None:
                covered.append(float(cut.alpha.mean()))
                deep = deep or cut.strength is not None
            writer.write(_picture(focused_planes(cut, look) if cut else frame.planes(), (width, height)))
            progress(Progress("Blurring", float(end), end_s, "s"))
    return PortraitResult(
        source=str(source.path),
        output=str(target),
        width=width,
        height=height,
        keep=options.keep,
        coverage=float(np.mean(covered)) if covered else 0.0,
        blur_px=look.radius * height,
        by_depth=deep,
        frames=watched.times.count,
        duration_s=end_s,
        left_s=watched.left_s,
        notes=(*notes, *chosen),
    )


def matte_video(
    source: VideoSource, target: Path, options: MatteOptions, network: PersonMatte, progress: ProgressCallback
) -> PortraitResult:
    """Write the matte of a video as grey FFV1 in Matroska, a picture for each of its frames, without sound.

    Raises:
        InputError: If it cannot be read, or nobody is in it.
        OutputError: If it cannot be written.
    """
    watched = _watch(source, network, progress)
    width, height = watched.size_wh
    starts = [watched.times.start(frame) for frame in range(watched.times.count + 1)]
    empty, covered = np.zeros((height, width), np.float32), list[float]()
    with (
        MatteWriter(target, watched.size_wh, starts, int(options.bits)) as writer,
        read_ahead(_cut_out(source, watched, network), _AHEAD) as frames,
    ):
        for (_, cut), end in zip(frames, starts[1:], strict=True):
            alpha = empty
            if cut is not None:
                alpha = cut.alpha
                covered.append(float(alpha.mean()))
            writer.write(alpha)
            progress(Progress("Cutting out", float(end), float(starts[-1]), "s"))
    return PortraitResult(
        source=str(source.path),
        output=str(target),
        width=width,
        height=height,
        keep=options.keep,
        coverage=float(np.mean(covered)) if covered else 0.0,
        blur_px=0.0,
        by_depth=False,
        frames=watched.times.count,
        duration_s=float(starts[-1]),
        left_s=watched.left_s,
        notes=watched.notes,
    )


def _watch(source: VideoSource, network: PersonMatte, progress: ProgressCallback) -> _Watched:
    """Look through a video: its times and cuts, and in which shots somebody who is kept is seen.

    Raises:
        InputError: If it cannot be read, or there is nobody in any of them.
    """
    starts: list[Fraction] = []
    seen: dict[int, bool] = {}
    with open_video(source.path, track=source.track) as reader:
        sampling = Sampling(reader, LOOKS_PER_S, CutDetector(reader.fps), lambda frame: starts.append(frame.time))
        colour = None
        for sample in sampling:
            assert isinstance(sample.frame, DecodedFrame)
            colour = colour or sample.frame.colour
            faces = _faces_at(source, sample.frame)
            if not seen.get(sample.shot):
                small = small_picture(sample.frame.rgb(), VIDEO_PX)
                alpha = network.alpha(small.image)
                kept = 0.0 if faces is None else float((faces.chosen(alpha)[0] > 0.5).mean())
                seen[sample.shot] = kept >= PRESENT
            progress(Progress("Looking", float(sample.frame.time), reader.duration_hint_s, "s"))
        times, size_wh, notes = FrameTimes.read(starts, reader), reader.size_wh, list(reader.notes)
    assert colour is not None
    firsts = (0, *(cut.frame for cut in sampling.cuts))
    wanted = frozenset(shot for shot in range(len(firsts)) if seen.get(shot, True))
    watched = _Watched(times, firsts, wanted, size_wh, colour, ())
    if not wanted:
        raise InputError(f"Nobody is seen in {source.path}.", "Take a video that shows people.")
    if watched.left_s:
        notes.append(
            f"{len(firsts) - len(wanted)} of {len(firsts)} shots, {clock(watched.left_s)}, stay as they are: "
            "nobody to keep in focus is seen in them."
        )
    return replace(watched, notes=tuple(notes))


def _faces_at(source: VideoSource, frame: DecodedFrame) -> Faces | None:
    return NOBODY if source.faces is None else source.faces.at(frame.index, float(frame.time))


def _cut_out(
    source: VideoSource, watched: _Watched, network: PersonMatte, *, by_depth: bool = False
) -> Generator[tuple[DecodedFrame, CutOutFrame | None], None, None]:
    """Every frame, and with its matte where the picture does not stay as it is."""
    focus = FocusInTime(network, by_depth=by_depth)
    with read_ahead(excerpt_frames(source.path, watched.times, [(0, watched.times.count)]), _AHEAD) as frames:
        for frame in frames:
            shot, faces = watched.shot(frame.index), _faces_at(source, frame)
            changes = shot in watched.wanted and faces is not None
            yield frame, focus.cut_out(frame, faces, shot) if changes and faces is not None else None


def _picture(planes: Planes, size_wh: tuple[int, int]) -> Picture:
    """The planes as a picture of (width, height), yuv420p, both even."""
    frame = Picture(*size_wh, "yuv420p")
    for out, plane in zip(frame_planes(frame), (planes.y, planes.u, planes.v), strict=True):
        out[:] = plane[: out.shape[0], : out.shape[1]]
    return frame
