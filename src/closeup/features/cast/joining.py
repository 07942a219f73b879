"""Scans of several files put one behind the other, so that an album or a season is grouped, kept and edited as one.

A file that was part of the cast before keeps its place on the count of frames, and one that is new comes behind all
that ever were: what the user has said of faces still finds them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from closeup.core.errors import InputError
from closeup.core.parts import shifted_shot, shifted_track
from closeup.core.types import TIME, Cast, CastKind, CastPart, Shot, Track, VideoInfo
from closeup.core.whole import output_error
from closeup.core.words import about
from closeup.documents.vectors import TrackVectors
from closeup.features.cast.folder import CAST, CastFolder
from closeup.features.cast.portraits import PictureFiles, photo_name
from closeup.features.cast.scan import Scan
from closeup.perception.clothing import DIM as CLOTHING_DIM


class EarlierParts:
    """What an older cast of the same kind knows of its files, so that only new ones need to be looked at.

    Attributes:
        places: Hash of a file to the part that it was.
        sha256: The hash that the whole goes by; None where there is no older cast.
        end: The first frame, and the second, that no part has ever had.
    """

    def __init__(self, folder: Path, kind: CastKind, models: Mapping[str, str], options: Mapping[str, object]) -> None:
        """Read the older cast in a folder, if there is one.

        Args:
            folder: A result folder, or a place where there is none.
            kind: What it must be of.
            models: Its files are looked at anew where they were looked at by other models,
            options: or with other options.
        """
        self.places: dict[str, CastPart] = {}
        self.sha256: str | None = None
        self.end = (0, 0.0)
        self._cast: Cast | None = None
        if not (folder / CAST).is_file():
            return
        kept = CastFolder(folder)
        try:
            cast = kept.cast()
            if cast.kind != kind:
                return
            self.sha256, self.end = cast.video.sha256, (cast.video.frames, cast.video.duration_s)
            self.places = {part.video.sha256: part for part in cast.parts}
            if cast.models == models and cast.options == options:
                self._vectors, self._pictures = kept.vectors(cast), kept.pictures(cast)
                self._starts = np.array([track.start_frame for track in cast.tracks], np.int64)
                self._shot_starts = np.array([shot.start_frame for shot in cast.shots], np.int64)
                self._cast = cast
        except InputError:  # `carry_over` says that it is damaged
            return

    def scan(self, sha256: str) -> Scan | None:
        """What is known of the file with this hash; None where it must be looked at."""
        part = self.places.get(sha256)
        if self._cast is None or part is None:
            return None
        back = (-part.start_frame, -part.start_s)
        first, last = self._between(self._starts, part)
        first_shot, last_shot = self._between(self._shot_starts, part)
        tracks = self._cast.tracks[first:last]
        pictures = {track.id: self._pictures[track.id] for track in tracks}
        if (name := photo_name(part.start_frame)) in self._pictures:
            pictures[photo_name(0)] = self._pictures[name]
        return Scan(
            part.video,
            tuple(shifted_shot(shot, *back) for shot in self._cast.shots[first_shot:last_shot]),
            tuple(shifted_track(track, *back, -first_shot) for track in tracks),
            self._vectors.of_tracks(first, last, part.start_frame),
            pictures,
        )

    @staticmethod
    def _between(starts: NDArray[np.int64], part: CastPart) -> tuple[int, int]:
        """Which of some things in order, by their first frames (N,), lie in a part: the first, and behind the last."""
        first, last = np.searchsorted(starts, [part.start_frame, part.start_frame + part.video.frames]).tolist()
        return first, last


class Joiner:
    """Takes scans, in any order; their pictures go to disk at once, so that memory stays flat."""

    def __init__(self, earlier: EarlierParts, folder: Path) -> None:
        """Start.

        Args:
            earlier: Where files have been before.
            folder: Where pictures lie until the result is written.
        """
        self._earlier, self._folder = earlier, folder
        self._end = earlier.end
        self._added: list[tuple[CastPart, Scan, Mapping[str, Path]]] = []

    def __len__(self) -> int:
        return len(self._added)

    def add(self, scan: Scan, taken: str | None = None) -> None:
        """Take the scan of one file: a video, or a photo with when it was taken."""
        part = self._earlier.places.get(scan.video.sha256)
        if part is None:
            start_frame, start_s = self._end
            self._end = start_frame + scan.video.frames, TIME.round(start_s + scan.video.duration_s)
        else:
            start_frame, start_s = part.start_frame, part.start_s
        paths = {}
        for name, picture in scan.pictures.items():
            paths[name] = self._folder / f"{len(self._added)}-{name}.jpg"
            try:
                paths[name].write_bytes(picture)
            except OSError as error:
                raise output_error(self._folder, error) from error
        self._added.append((CastPart(scan.video, start_frame, start_s, taken), replace(scan, pictures={}), paths))

    def joined(self, kind: CastKind, path: str, embedder: tuple[str, int], notes: Sequence[str]) -> Scan:
        """All scans as one, in the order of their places; at least one.

        Args:
            kind: What they are together.
            path: What they are called together.
            embedder: Name and dimension of the model of the vectors.
            notes: What is odd about the whole, a sentence each.
        """
        ordered = sorted(self._added, key=lambda added: added[0].start_frame)
        shots, tracks, pictures = list[Shot](), list[Track](), dict[str, Path]()
        for part, scan, paths in ordered:
            first_shot, first_track = len(shots), len(tracks)
            shots += [shifted_shot(shot, part.start_frame, part.start_s) for shot in scan.shots]
            for number, track in enumerate(scan.tracks, first_track + 1):
                moved = shifted_track(track, part.start_frame, part.start_s, first_shot)
                tracks.append(replace(moved, id=f"t{number}", person=None))
                pictures[f"t{number}"] = paths[track.id]
            if photo_name(0) in paths:
                pictures[photo_name(part.start_frame)] = paths[photo_name(0)]
        parts = tuple(part for part, _, _ in ordered)
        video = self._whole(parts, path, notes)
        vectors = _joined_vectors(parts, [scan.vectors for _, scan, _ in ordered], *embedder)
        return Scan(video, tuple(shots), tuple(tracks), vectors, PictureFiles(pictures), kind, parts)

    def _whole(self, parts: Sequence[CastPart], path: str, notes: Sequence[str]) -> VideoInfo:
        """All files as if they were one; by a hash of its own that stays when files come and go."""
        named = sha256("".join(sorted(part.video.sha256 for part in parts)).encode()).hexdigest()
        odd = [about(part.video.path, note) for part in parts for note in part.video.notes]
        return VideoInfo(
            path=path,
            sha256=self._earlier.sha256 or named,
            duration_s=self._end[1],
            fps=parts[0].video.fps,
            frames=self._end[0],
            width=max(part.video.width for part in parts),
            height=max(part.video.height for part in parts),
            notes=(*notes, *odd),
        )


def _joined_vectors(
    parts: Sequence[CastPart], vectors: Sequence[TrackVectors], embedder: str, dim: int
) -> TrackVectors:
    """The vectors of all parts, counted as the whole counts."""
    offsets = np.cumsum([0, *(len(each.clothing) for each in vectors)])
    return TrackVectors(
        face=np.concatenate([np.empty((0, dim), np.float32), *(v.face for v in vectors)]),
        face_track=np.concatenate([v.face_track + offset for v, offset in zip(vectors, offsets, strict=False)]),
        face_frame=np.concatenate([v.face_frame + p.start_frame for v, p in zip(vectors, parts, strict=True)]),
        face_quality=np.concatenate([v.face_quality for v in vectors]),
        face_worth=np.concatenate([v.face_worth for v in vectors]),
        clothing=np.concatenate([np.empty((0, CLOTHING_DIM), np.float32), *(v.clothing for v in vectors)]),
        embedder=embedder,
    )
