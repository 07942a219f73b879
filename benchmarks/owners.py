"""Whose tracks they are, as far as that is known without grouping them: from the truth, and from gallery photos.

In a programme the truth says who fills which side of each shot. In a film it says who is in a shot, and each track is
compared on its own with the gallery photos of those few; what resembles none of them stays unknown.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from bench import Bench, read_json
from closeup.core.settings import Settings
from closeup.core.types import Cast, Track
from closeup.documents.vectors import TrackVectors
from closeup.perception.analyzer import Analyzer
from closeup.perception.registry import cast_models
from programmes import truth_of

FARTHEST = 0.6
"""Cosine distance to the nearest gallery photo beyond which a track is left unknown: `same_person` of SFace's card."""

Owners = list[str | None]


def truth_for(bench: Bench, video: Path) -> dict[str, Any] | None:
    """The truth of a programme or clip, or None where there is none."""
    if truth_of(video).exists():
        return dict(read_json(truth_of(video)))
    truth = read_json(bench.shared / "data" / "video" / "truth.json").get(video.name)
    return None if truth is None else dict(truth)


def known_owners(bench: Bench, video: Path, cast: Cast, vectors: TrackVectors) -> Owners:
    """The owner of each track, None where unknown."""
    truth = truth_for(bench, video)
    if truth is None:
        alone = video.stem if video.stem.startswith("talk_") else None
        return [alone] * len(cast.tracks)
    if truth_of(video).exists():
        return [_on_side(truth, track, cast.video.width) for track in cast.tracks]
    return _by_gallery(truth, cast, vectors, gallery(bench, video))


def _shot_of(truth: dict[str, Any], track: Track) -> dict[str, Any] | None:
    """The truth's shot that holds most faces of a track."""
    starts = Counter(
        index
        for face in track.faces
        for index, shot in enumerate(truth["shots"])
        if shot["start"] <= face.frame < shot["end"]
    )
    return truth["shots"][starts.most_common(1)[0][0]] if starts else None


def _on_side(truth: dict[str, Any], track: Track, width: int) -> str | None:
    shot = _shot_of(truth, track)
    middle = float(np.mean([(face.box_xyxy[0] + face.box_xyxy[2]) / 2 for face in track.faces]))
    side = "left" if middle < width / 2 else "right"
    names = [person["name"] for person in shot["people"] if person["side"] in ("full", side)] if shot else []
    return names[0] if names else None


def _by_gallery(truth: dict[str, Any], cast: Cast, vectors: TrackVectors, photos: dict[str, Any]) -> Owners:
    owners: Owners = []
    for index, track in enumerate(cast.tracks):
        own = vectors.face[vectors.face_track == index]
        shot = _shot_of(truth, track)
        there = [*shot["people"], *shot.get("partial", [])] if shot else []
        distances = {name: _distance(own, photos[name]) for name in there if name in photos and len(own)}
        nearest = min(distances, key=lambda name: distances[name], default=None)
        owners.append(nearest if nearest is not None and distances[nearest] <= FARTHEST else None)
    return owners


def _distance(own: NDArray[np.float32], photos: NDArray[np.float32]) -> float:
    """Cosine distance of the mean of a track's vectors (K, D) to the nearest photo's (N, D)."""
    mean = own.mean(axis=0)
    return float((1 - photos @ (mean / np.linalg.norm(mean))).min())


def gallery(bench: Bench, video: Path) -> dict[str, NDArray[np.float32]]:
    """Vectors (N, D) of each person's gallery photos; empty where a clip has none."""
    folder = bench.shared / "data" / "video" / "cast" / video.stem
    if not folder.is_dir():
        return {}
    analyzer = Analyzer(cast_models("builtin", Settings(bench.models_dir, None)))
    found = {person.name: [_face(analyzer, photo) for photo in sorted(person.glob("*.jpg"))] for person in _in(folder)}
    vectors = {name: [vector for vector in each if vector is not None] for name, each in found.items()}
    return {name: np.stack(each) for name, each in vectors.items() if each}


def _in(folder: Path) -> Sequence[Path]:
    return sorted(path for path in folder.iterdir() if path.is_dir())


def _face(analyzer: Analyzer, photo: Path) -> NDArray[np.float32] | None:
    """The vector (D,) of a photo's largest face; a margin is added where the face fills the photo."""
    bgr = cv2.imread(str(photo))
    assert bgr is not None
    for margin in (0, 100):
        framed = cv2.copyMakeBorder(bgr, margin, margin, margin, margin, cv2.BORDER_CONSTANT)
        image = np.asarray(cv2.cvtColor(framed, cv2.COLOR_BGR2RGB), dtype=np.uint8)
        found = analyzer.detect(image)
        if len(found):
            sides = found.boxes_xyxy[:, 2] - found.boxes_xyxy[:, 0]
            crop = analyzer.embedder.crop(image, found.landmarks_xy[int(sides.argmax())])
            vector: NDArray[np.float32] = analyzer.embedder.embed(crop[None])[0]
            return vector
    return None
