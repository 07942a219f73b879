"""A face that the search has missed and somebody has drawn: looked for where it was drawn, and followed from there."""

from bisect import bisect_right
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np

from closeup.core.boxes import iou
from closeup.core.types import Face, FloatArray, Image, Track
from closeup.documents.edits import Edits, FaceAnchor, TrackAnchor
from closeup.documents.vectors import TrackVectors
from closeup.features.cast.anchors import MIN_IOU, TrackFinder
from closeup.features.cast.candidates import Candidate, Candidates, embedded
from closeup.features.cast.growing import EndedTrack, build_tracks, build_vectors
from closeup.features.cast.looking import in_frame
from closeup.features.cast.options import CastOptions
from closeup.features.cast.portraits import best_face, head_and_shoulders, track_picture
from closeup.features.cast.scan import Scan
from closeup.media.excerpt import excerpt_frames
from closeup.media.frame_times import FrameTimes, read_frame_times
from closeup.media.video import DecodedFrame
from closeup.perception import clothing
from closeup.perception.analyzer import AnalysedFace, Analyzer
from closeup.perception.protocols import Detections
from closeup.perception.quality import face_chip, judge

REACH_S = 2.0
"""A drawn face is followed so far before and behind, within its shot."""

AROUND, LOOK_PX = 3.0, 320
"""It is looked for in a square of so many of its sides, which is brought to this size: missed faces are small."""

DRAWN_IOU = 0.15
"""From which overlap on the detected face is the drawn one: people draw whole heads."""

_POINTS = np.array([[0.3, 0.38], [0.7, 0.38], [0.5, 0.58], [0.35, 0.78], [0.65, 0.78]], np.float32)
"""Where the five points of an upright face lie in its box, in shares of it: of a face that no detector finds."""


def with_face(
    scan: Scan, video: Path, times: FrameTimes, *, analyzer: Analyzer, options: CastOptions, drawn: FaceAnchor
) -> tuple[Scan, str]:
    """Add the track of a drawn face, and give its id; a track that has the face already is that track.

    A face that the detector does not find even there is taken as it was drawn: one face, which is compared with none.

    Args:
        scan: Of the video.
        video: The file.
        times: Of its frames.
        analyzer: With the models of the scan.
        options: Those of the scan.
        drawn: The frame, and the box in pixels of the upright frame.

    Raises:
        InputError: If the video cannot be read, or has changed.
    """
    found = TrackFinder(scan.tracks).find([TrackAnchor("t0", (drawn,))])
    if found:
        return scan, scan.tracks[next(iter(found))].id
    track = _Following(scan, analyzer, options).run(video, times, drawn)
    return _added(scan, track, analyzer, options)


def drawn_again(scan: Scan, video: Path, analyzer: Analyzer, options: CastOptions, edits: Edits) -> Scan:
    """A new scan with all faces that were drawn before, so that the edits find them."""
    every = [each.drawn for each in edits.operations if each.drawn and each.video_sha256 == scan.video.sha256]
    times = read_frame_times(video, scan.video) if every else None
    for drawn in every:
        assert times is not None
        scan, _ = with_face(scan, video, times, analyzer=analyzer, options=options, drawn=drawn.faces[0])
    return scan


class _Following:
    """Looks for one face from where it was drawn, forwards and backwards."""

    def __init__(self, scan: Scan, analyzer: Analyzer, options: CastOptions) -> None:
        self._scan, self._analyzer, self._options = scan, analyzer, options
        self._taken = TrackFinder(scan.tracks)

    def run(self, video: Path, times: FrameTimes, drawn: FaceAnchor) -> EndedTrack:
        """The face's track, as far as it is followed."""
        frame, *corners = drawn
        frames = self._frames(video, times, frame)
        box = np.array(corners, np.float32)
        first = self._look(frames[frame], box, DRAWN_IOU, thorough=True)
        if first is None:
            return _ended([self._as_drawn(frames[frame], box)], frames, ())
        seen = [first]
        for way in (sorted(f for f in frames if f > frame), sorted((f for f in frames if f < frame), reverse=True)):
            last = first.face
            for number in way:
                candidate = self._look(frames[number], last.box_xyxy, MIN_IOU, thorough=False)
                if candidate is None or self._is_taken(candidate.face):
                    break
                seen.append(candidate)
                last = candidate.face
        seen.sort(key=lambda candidate: candidate.face.frame)
        chosen = Candidates()
        for candidate in seen:
            chosen.offer(candidate)
        best = chosen.chosen()
        return _ended(seen, frames, best, embedded(best, self._analyzer.embedder), chosen.clothing())

    def _frames(self, video: Path, times: FrameTimes, frame: int) -> dict[int, DecodedFrame]:
        """The frames that are looked at, as often as the video was searched, the drawn one among them."""
        shot = next(each for each in self._scan.shots if each.start_frame <= frame < each.end_frame)
        fps = float(self._scan.video.fps)
        step, reach = max(1, round(fps / self._options.detect_fps)), round(REACH_S * fps)
        low, high = max(shot.start_frame, frame - reach), min(shot.end_frame, frame + reach + 1)
        wanted = set(range(frame, low - 1, -step)) | set(range(frame, high, step))
        read = excerpt_frames(video, times, [(min(wanted), max(wanted) + 1)])
        return {each.index: each for each in read if each.index in wanted}

    def _look(self, frame: DecodedFrame, box: FloatArray, least: float, *, thorough: bool) -> Candidate | None:
        picture = frame.rgb()
        side = AROUND * float((box[2:] - box[:2]).max())
        low = np.maximum(np.floor((box[:2] + box[2:]) / 2 - side / 2), 0).astype(int)
        part = picture[low[1] : low[1] + round(side), low[0] : low[0] + round(side)]
        if min(part.shape[:2], default=0) < 2:
            return None
        factor = LOOK_PX / max(part.shape[:2])
        size_wh = max(1, round(part.shape[1] * factor)), max(1, round(part.shape[0] * factor))
        method = cv2.INTER_CUBIC if factor > 1 else cv2.INTER_AREA
        enlarged = np.ascontiguousarray(cv2.resize(part, size_wh, interpolation=method), np.uint8)
        faces = self._analyzer.faces(enlarged, thorough=thorough)
        if not faces:
            return None
        boxes = np.stack([face.box_xyxy for face in faces]) / np.float32(factor) + np.tile(low, 2).astype(np.float32)
        overlaps = iou(box[None], boxes)[0]
        best = int(overlaps.argmax())
        if overlaps[best] < least:
            return None
        points = faces[best].landmarks_xy / np.float32(factor) + low.astype(np.float32)
        found = Detections(boxes[[best]], points[None], np.array([faces[best].score], np.float32))
        return self._candidate(frame, picture, self._analyzer.analyse(picture, found)[0])  # judged as large as it is

    def _as_drawn(self, frame: DecodedFrame, box: FloatArray) -> Candidate:
        picture = frame.rgb()
        points = (box[:2] + _POINTS * (box[2:] - box[:2])).astype(np.float32)
        quality = judge(face_chip(picture, points), box, points, 0.0)
        return self._candidate(
            frame, picture, AnalysedFace(box_xyxy=box, landmarks_xy=points, score=0.0, quality=quality)
        )

    def _candidate(self, frame: DecodedFrame, picture: Image, face: AnalysedFace) -> Candidate:
        crop = self._analyzer.embedder.crop(picture, face.landmarks_xy)
        worn = clothing.describe(picture, face.box_xyxy) if self._options.clothing else None
        return Candidate(in_frame(face, frame, 1.0), crop, worn)

    def _is_taken(self, face: Face) -> bool:
        """Whether another track has this face."""
        x0, y0, x1, y1 = face.box_xyxy.tolist()
        return bool(self._taken.find([TrackAnchor("t0", ((face.frame, x0, y0, x1, y1),))]))


def _ended(
    seen: Sequence[Candidate],
    frames: dict[int, DecodedFrame],
    chosen: Sequence[Candidate],
    found: tuple[FloatArray, FloatArray] | None = None,
    worn: FloatArray | None = None,
) -> EndedTrack:
    best = best_face(candidate.face for candidate in seen)
    vectors: Future[tuple[FloatArray, FloatArray]] = Future()
    if found is not None:
        vectors.set_result(found)
    return EndedTrack(
        faces=tuple(candidate.face for candidate in seen),
        picture=track_picture(head_and_shoulders(frames[best.frame].rgb(), best)),
        embedded=tuple(candidate.face for candidate in chosen),
        vectors=vectors,
        clothing=worn,
    )


def _added(scan: Scan, ended: EndedTrack, analyzer: Analyzer, options: CastOptions) -> tuple[Scan, str]:
    """The scan with one more track, which stands by its start among the others and has a number of its own."""
    number = 1 + max((int(track.id[1:]) for track in scan.tracks), default=0)
    rate_hz = min(options.detect_fps, float(scan.video.fps))
    track: Track = replace(build_tracks([ended], scan.shots, 1 / rate_hz)[0], id=f"t{number}")
    place = bisect_right(scan.tracks, track.start_frame, key=lambda each: each.start_frame)
    if not ended.embedded:
        dim = scan.vectors.face.shape[1]
        ended.vectors.set_result((np.empty((0, dim), np.float32), np.empty(0, np.float32)))
    own = build_vectors([ended], analyzer.embedder_card.name, analyzer.embedder.dim)
    tracks = (*scan.tracks[:place], track, *scan.tracks[place:])
    vectors = _with_row(scan.vectors, own, place)
    return replace(scan, tracks=tracks, vectors=vectors, pictures={**scan.pictures, track.id: ended.picture}), track.id


def _with_row(vectors: TrackVectors, own: TrackVectors, place: int) -> TrackVectors:
    """The vectors of all tracks with those of one more, which is the one at `place`."""
    row = int(np.searchsorted(vectors.face_track, place))
    behind = np.where(vectors.face_track >= place, vectors.face_track + 1, vectors.face_track)
    known = not len(vectors.face_worth) or not np.isnan(vectors.face_worth).all()
    worth = own.face_worth if known else np.full_like(own.face_worth, np.nan)
    width = vectors.clothing.shape[1]
    worn = own.clothing if own.clothing.shape[1] == width else np.full((1, width), np.nan, np.float32)
    return TrackVectors(
        face=np.insert(vectors.face, row, own.face, axis=0),
        face_track=np.insert(behind, row, own.face_track + place),
        face_frame=np.insert(vectors.face_frame, row, own.face_frame),
        face_quality=np.insert(vectors.face_quality, row, own.face_quality),
        face_worth=np.insert(vectors.face_worth, row, worth),
        clothing=np.insert(vectors.clothing, place, worn, axis=0),
        embedder=vectors.embedder,
    )
