"""The virtual camera against a crop centred on the face and a fixed one: is the face whole, and is the camera calm?

Measured on the faces of the cast, five a second and interpolated, and on the faces that the detector finds on every
frame, which the camera has not seen.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from bench import Bench
from closeup.core.boxes import iou
from closeup.core.settings import Settings
from closeup.core.types import Cast, Person, Track
from closeup.documents.cast import CAST_JSON
from closeup.features.shorts.framing import FramingOptions, frame_piece
from closeup.features.shorts.options import ASPECTS
from closeup.features.shorts.plan import Piece
from closeup.media.video import open_video
from closeup.perception.registry import face_models
from films import video_of
from path_metrics import DEAD_BAND, SPIKE, Array, PathFigures, path_figures, total
from programmes import LONG, STANDARD, programme_video
from tables import Cell, Claim, Section, Table

TV = ("friends_cards_30s", "avengers_15s", "hamilton_10s", "sweden_60s")
TALKS = ("talk_d6", "talk_aoc")
HEIGHT = 1920
CAMERAS = ("closeup", "centred on the face", "centred, as wide as closeup", "fixed in the middle")
DETECT_PX = 640
"""Longer side of the picture that faces are looked for in, as `closeup cast` does."""

SAME_FACE = 0.3
"""A detection is the chosen person's where it overlaps the interpolated box by at least this (IoU)."""

LEAST_WHOLE, MOST_REVERSALS = 98.0, 0.05


@dataclass(frozen=True, eq=False)
class Filmed:
    """One video: its cast, when its frames start (N,), and the faces found on every frame, where they were looked for.

    Attributes:
        name: For the tables.
        cast: Who is in it.
        times_s: Shape (N,), seconds.
        dense: Boxes (K, 4) of each frame, or None.
    """

    name: str
    cast: Cast
    times_s: Array
    dense: list[Array] | None


def measure(bench: Bench) -> Section:
    """Film every person of every video, each shot of theirs as one piece."""
    films = list(_films(bench))
    rows: list[tuple[Cell, ...]] = []
    sums: dict[tuple[str, str], list[PathFigures]] = {}
    dense: list[tuple[Cell, ...]] = []
    for aspect in ASPECTS:
        for film in films:
            figures = _judge(film, aspect, dense=False)
            rows += [_row(film.name, aspect, camera, each) for camera, each in figures.items()]
            sums.setdefault((_group(film.name), aspect), []).append(figures[CAMERAS[0]])
            if film.dense is not None:
                figures = _judge(film, aspect, dense=True)
                dense += [_row(film.name, aspect, camera, each) for camera, each in figures.items()]
                sums.setdefault((f"{_group(film.name)}, every frame looked at", aspect), []).append(figures[CAMERAS[0]])
    heads = (
        "video",
        "aspect",
        "camera",
        "frames with the face",
        "whole %",
        "reversals/s",
        "spikes/s",
        "widths/s",
        "aside",
    )
    tables = (
        Table("On the faces of the cast, interpolated", heads, tuple(rows), _NOTE),
        Table("On faces found on every frame", heads, tuple(dense), "Frames without a detection are not counted."),
    )
    claims = tuple(_claim(group, aspect, total(figures)) for (group, aspect), figures in sums.items())
    return Section("The camera of shorts", tables, claims)


_NOTE = (
    "`whole`: the whole box of the face, as far as it lies in the picture, is in the crop. `reversals`: the speed of "
    f"the crop, in x or y, changes its sign; speeds under {DEAD_BAND} widths of the crop a second count as standing, "
    f"and a pause does not pardon. `spikes`: frames whose acceleration, in x, y or width, exceeds {SPIKE} widths a "
    "second squared, inside a shot. `widths/s`: way travelled. `aside`: from the crop's middle to the face's, on "
    "average; closeup leaves 0.1 on purpose beside a face in profile. Each shot of each listed person is one piece."
)


def _group(name: str) -> str:
    return "programmes" if "seed" in name else "talks" if name in TALKS else "TV clips"


def _films(bench: Bench) -> Iterator[Filmed]:
    programmes = () if bench.quick else (STANDARD, LONG)
    videos = {programme.name: programme_video(bench, programme) for programme in programmes}
    videos |= {name: video_of(bench, name) for name in (TV[2:3] if bench.quick else (*TV, *TALKS))}
    for name, video in videos.items():
        cast = CAST_JSON.read(bench.cast_of(video) / "cast.json")
        looked_at = name != LONG.name and name not in TALKS
        yield Filmed(name, cast, *_watch(bench, video, looked_at))


def _watch(bench: Bench, video: Path, look: bool) -> tuple[Array, list[Array] | None]:
    """When the frames start; and all faces, where they are wanted."""
    settings = Settings(bench.models_dir, None)
    detector = face_models("builtin", settings).new_detector() if look else None
    times, faces = [], []
    with open_video(video) as reader:
        factor = min(1.0, DETECT_PX / max(reader.size_wh))
        small_wh = round(reader.size_wh[0] * factor), round(reader.size_wh[1] * factor)
        for frame in reader:
            times.append(float(frame.time))
            if detector:
                faces.append(np.asarray(detector.detect(frame.rgb(small_wh)).boxes_xyxy / factor, dtype=np.float64))
    return np.array(times), faces if look else None


def _judge(film: Filmed, aspect: str, *, dense: bool) -> dict[str, PathFigures]:
    """Each camera over all shots of all people."""
    sums = dict.fromkeys(CAMERAS, PathFigures())
    picture_wh = film.cast.video.width, film.cast.video.height
    wide, high = ASPECTS[aspect]
    size_wh = HEIGHT * wide // high, HEIGHT
    for person in film.cast.people:
        for shot in person.shots:
            piece, faces = _piece(film.cast, shot), _faces(film, person, shot)
            times = film.times_s[piece.start_frame : piece.end_frame]
            ours = frame_piece(film.cast, person.id, piece, times, FramingOptions(size_wh)).panels[0]
            largest = _largest(picture_wh, wide / high)
            same = (ours[0, 2] - ours[0, 0], ours[0, 3] - ours[0, 1])
            paths = (
                ours,
                _centred(faces, picture_wh, largest),
                _centred(faces, picture_wh, same),
                _fixed(len(faces), picture_wh, largest),
            )
            seen = _found(film, piece, faces) if dense else faces
            for camera, path in zip(CAMERAS, paths, strict=True):
                sums[camera] += path_figures(times, path, seen, picture_wh)
    return sums


def _piece(cast: Cast, shot: int) -> Piece:
    each = cast.shots[shot]
    return Piece(each.start_frame, each.end_frame, each.start_s, each.end_s)


def _faces(film: Filmed, person: Person, shot: int) -> Array:
    """The person's box in each frame of a shot (N, 4), straight lines between the samples; NaN where no track runs.

    Of two tracks at one time the larger face counts.
    """
    each = film.cast.shots[shot]
    faces = np.full((each.end_frame - each.start_frame, 4), np.nan)
    tracks = [track for track in film.cast.tracks if track.shot == shot and track.person == person.id]
    for track in sorted(tracks, key=lambda track: _boxes(track)[:, 2:].mean() - _boxes(track)[:, :2].mean()):
        known = [face.time_s for face in track.faces]
        times = film.times_s[track.start_frame : track.end_frame]
        part = slice(track.start_frame - each.start_frame, track.end_frame - each.start_frame)
        faces[part] = np.stack([np.interp(times, known, side) for side in _boxes(track).T], axis=1)
    return faces


def _boxes(track: Track) -> Array:
    return np.array([face.box_xyxy for face in track.faces], dtype=np.float64)


def _found(film: Filmed, piece: Piece, faces: Array) -> Array:
    """The detection of each frame that is the person's, (N, 4); NaN where none is."""
    assert film.dense is not None
    found = np.full_like(faces, np.nan)
    for row, boxes in enumerate(film.dense[piece.start_frame : piece.end_frame]):
        if len(boxes) and not np.isnan(faces[row, 0]):
            shared = iou(np.float32(boxes), np.float32(faces[row : row + 1]))[:, 0]
            if shared.max() >= SAME_FACE:
                found[row] = boxes[int(shared.argmax())]
    return found


def _largest(picture_wh: tuple[int, int], aspect: float) -> tuple[float, float]:
    width = min(picture_wh[0], picture_wh[1] * aspect)
    return width, width / aspect


def _centred(faces: Array, picture_wh: tuple[int, int], crop_wh: tuple[float, float]) -> Array:
    """A crop with the face in its middle, frame by frame, inside the picture; where the face is away, on the way."""
    seen = np.flatnonzero(~np.isnan(faces[:, 0]))
    starts = []
    for axis, (length, limit) in enumerate(zip(crop_wh, picture_wh, strict=True)):
        middle = np.interp(np.arange(len(faces)), seen, (faces[seen, axis] + faces[seen, axis + 2]) / 2)
        inside = np.clip(middle - length / 2, 0, max(0.0, limit - length))
        starts.append(inside if length <= limit else np.full(len(faces), (limit - length) / 2))
    return np.stack([*starts, starts[0] + crop_wh[0], starts[1] + crop_wh[1]], axis=1)


def _fixed(count: int, picture_wh: tuple[int, int], crop_wh: tuple[float, float]) -> Array:
    """A crop in the middle of the picture."""
    (w, h), (width, height) = crop_wh, picture_wh
    return np.tile([(width - w) / 2, (height - h) / 2, (width + w) / 2, (height + h) / 2], (count, 1))


def _row(name: str, aspect: str, camera: str, figures: PathFigures) -> tuple[Cell, ...]:
    seconds = figures.duration_s
    return (
        name,
        aspect,
        camera,
        figures.faces,
        round(figures.whole_percent, 2),
        round(figures.reversals_per_s, 3),
        round(figures.spikes / seconds, 2),
        round(figures.travel / seconds, 3),
        round(figures.mean_aside, 3),
    )


def _claim(group: str, aspect: str, figures: PathFigures) -> Claim:
    held = figures.whole_percent >= LEAST_WHOLE and figures.reversals_per_s < MOST_REVERSALS and figures.spikes == 0
    said = f"{figures.whole_percent:.2f} %, {figures.reversals_per_s:.3f}/s, {figures.spikes}"
    return Claim(
        f"{group}, {aspect}: whole in at least {LEAST_WHOLE:.0f} %, under {MOST_REVERSALS} reversals a second, "
        f"no spike ({said})",
        held,
    )
