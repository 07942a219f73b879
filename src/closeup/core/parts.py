"""A cast of several files, an album or a season: in which file a moment lies, and the cast of one file by itself."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from pathlib import PurePath

from closeup.core.timebase import clock
from closeup.core.types import TIME, Cast, CastPart, Person, Shot, Track


def part_at(cast: Cast, frame: int) -> CastPart | None:
    """The part that a frame, as the cast counts, lies in; None in the cast of a single video."""
    place = bisect_right(cast.parts, frame, key=lambda part: part.start_frame) - 1
    return cast.parts[place] if place >= 0 else None


def moment(cast: Cast, frame: int, time_s: float) -> str:
    """Where something is to be seen, for people: "at 1:02 (62.00 s)", "in holiday/img_3.jpg"."""
    part = part_at(cast, frame)
    if part is None:
        return f"at {clock(time_s)} ({time_s:.2f} s)"
    if cast.kind == "album":
        return f"in {'/'.join(PurePath(part.video.path).parts[-2:])}"
    at_s = time_s - part.start_s
    return f"at {clock(at_s)} ({at_s:.2f} s) of {PurePath(part.video.path).name}"


def part_cast(cast: Cast, part: CastPart) -> Cast:
    """The cast of one part by itself, counted from its own first frame.

    Ids stay: people are those who are seen in it, and tracks keep theirs.
    """
    end = part.start_frame + part.video.frames
    places = [n for n, shot in enumerate(cast.shots) if part.start_frame <= shot.start_frame < end]
    tracks = tuple(track for track in cast.tracks if part.start_frame <= track.start_frame < end)
    moved = (-part.start_frame, -part.start_s)
    own = {track.id: track for track in tracks}

    def seen(people: Sequence[Person]) -> tuple[Person, ...]:
        return tuple(_within(person, own, places[0]) for person in people if own.keys() & set(person.tracks))

    return replace(
        cast,
        video=part.video,
        kind="video",
        parts=(),
        shots=tuple(shifted_shot(cast.shots[n], *moved) for n in places),
        tracks=tuple(shifted_track(track, *moved, -places[0]) for track in tracks),
        people=seen(cast.people),
        passers_by=seen(cast.passers_by),
        hidden=seen(cast.hidden),
        notes=(),
    )


def _within(person: Person, own: dict[str, Track], first_shot: int) -> Person:
    """A person as far as some tracks go."""
    kept = [own[name] for name in person.tracks if name in own]
    total_s, end_s = 0.0, 0.0
    for track in sorted(kept, key=lambda track: track.start_s):
        total_s += max(0.0, track.end_s - max(track.start_s, end_s))
        end_s = max(end_s, track.end_s)
    shots = tuple(sorted({track.shot - first_shot for track in kept}))
    return replace(person, tracks=tuple(t.id for t in kept), shots=shots, screen_time_s=TIME.round(total_s))


def shifted_shot(shot: Shot, frames: int, by_s: float) -> Shot:
    """A shot so many frames and seconds later."""
    start_s, end_s = (TIME.round(max(0.0, at_s + by_s)) for at_s in (shot.start_s, shot.end_s))
    return Shot(shot.start_frame + frames, shot.end_frame + frames, start_s, end_s)


def shifted_track(track: Track, frames: int, by_s: float, shots: int) -> Track:
    """A track so many frames, seconds and shots later."""
    return replace(
        track,
        shot=track.shot + shots,
        start_frame=track.start_frame + frames,
        end_frame=track.end_frame + frames,
        start_s=TIME.round(max(0.0, track.start_s + by_s)),
        end_s=TIME.round(max(0.0, track.end_s + by_s)),
        faces=tuple(
            replace(face, frame=face.frame + frames, time_s=TIME.round(max(0.0, face.time_s + by_s)))
            for face in track.faces
        ),
    )
