"""The single pass, over drawn videos whose truth is exact."""

import threading
import time
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest

from closeup.core.errors import CloseupError, ModelError
from closeup.core.progress import Progress, ignore
from closeup.core.types import Image
from closeup.documents.vectors import encode_vectors
from closeup.features.cast import scan as module
from closeup.features.cast.candidates import MAX_CANDIDATES
from closeup.features.cast.looking import Sighting
from closeup.features.cast.looking import look as original
from closeup.features.cast.options import CastOptions
from closeup.features.cast.scan import Scan, scan_video, worker_count
from closeup.media.image import decode_jpeg
from closeup.media.sources import Frame
from closeup.perception import cuts
from closeup.perception.analyzer import Analyzer
from closeup.perception.protocols import Detections
from features.cast.stand_in_video import (
    BLUE,
    COLOURS,
    GREEN,
    RED,
    SIZE_WH,
    ColourDetector,
    ColourEmbedder,
    Drawn,
    DrawnShot,
    background,
    stand_in_analyzer,
    who_is,
    write_video,
)

SHOTS = (
    DrawnShot(30, 1, (Drawn(RED, 60, 90),)),
    DrawnShot(26, 2, (Drawn(BLUE, 200, 170),)),
    DrawnShot(20, 3),
    DrawnShot(40, 4, (Drawn(RED, 40, 60), Drawn(BLUE, 220, 200))),
    DrawnShot(26, 5, (Drawn(GREEN, 130, 130),)),
)
STARTS = [0, 30, 56, 76, 116]
FRAMES = 142
WHO = [RED, BLUE, RED, BLUE, GREEN]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("drawn") / "drawn.mp4", SHOTS)


def test_every_shot_has_a_small_picture(video: Path) -> None:
    pictures = scanned(video).pictures
    assert {name for name in pictures if name.startswith("shot")} == {f"shot-{number}" for number in range(5)}
    for number, shot in enumerate(SHOTS):
        small = decode_jpeg(pictures[f"shot-{number}"])
        assert small.shape == (120, 213, 3)
        expected = cv2.resize(background(shot.background), (213, 120), interpolation=cv2.INTER_AREA)
        edge = np.s_[:30, :]  # above the faces
        assert np.abs(small[edge].astype(int) - expected[edge]).mean() < 12


def scanned(path: Path, detect_fps: float = 5.0) -> Scan:
    return scan_video(path, stand_in_analyzer(), CastOptions(detect_fps=detect_fps), ignore)


def people_of(scan: Scan) -> list[int]:
    """Who each track is, by its vectors, which must agree."""
    owners = []
    for index in range(len(scan.tracks)):
        own = scan.vectors.face[scan.vectors.face_track == index]
        assert 1 <= len(own) <= MAX_CANDIDATES
        assert (own == own[0]).all()
        owners.append(int(own[0].argmax()))
    return owners


def same(a: Scan, b: Scan) -> bool:
    """Whether two scans agree in every bit."""
    return (
        (a.video, a.shots, a.pictures) == (b.video, b.shots, b.pictures)
        and encode_vectors(a.vectors) == encode_vectors(b.vectors)
        and repr(a.tracks) == repr(b.tracks)
        and all(
            np.array_equal(one.box_xyxy, other.box_xyxy) and np.array_equal(one.landmarks_xy, other.landmarks_xy)
            for left, right in zip(a.tracks, b.tracks, strict=True)
            for one, other in zip(left.faces, right.faces, strict=True)
        )
    )


@pytest.mark.parametrize("detect_fps", [1, 2.5, 5, 25])
def test_shots_and_tracks_are_those_that_were_drawn(video: Path, detect_fps: float) -> None:
    scan = scanned(video, detect_fps)
    assert [shot.start_frame for shot in scan.shots] == STARTS
    assert [shot.end_frame for shot in scan.shots] == [*STARTS[1:], FRAMES]
    assert [shot.end_s for shot in scan.shots] == pytest.approx([frame / 25 for frame in (*STARTS[1:], FRAMES)])
    assert [track.shot for track in scan.tracks] == [0, 1, 3, 3, 4]
    assert people_of(scan) == WHO
    for track in scan.tracks:
        shot = scan.shots[track.shot]
        assert all(shot.start_frame <= face.frame < shot.end_frame for face in track.faces)
        expected = (shot.end_frame - shot.start_frame) / 25 * min(detect_fps, 25)
        assert expected - 2 <= len(track.faces) <= expected + 2


def test_faces_lie_where_they_were_drawn(video: Path) -> None:
    first = scanned(video).tracks[0]
    for face in first.faces:
        x = 60 + 30 * face.frame / 29
        np.testing.assert_allclose(face.box_xyxy, [x, 60, x + 48, 108], atol=2.5)
        assert face.time_s == pytest.approx(face.frame / 25)
        assert face.quality is not None


def test_every_track_has_a_picture_of_the_right_person(video: Path) -> None:
    scan = scanned(video)
    assert [name for name in scan.pictures if name[0] == "t"] == [track.id for track in scan.tracks]
    for track, owner in zip(scan.tracks, WHO, strict=True):
        picture = decode_jpeg(scan.pictures[track.id]).reshape(-1, 3).astype(int)
        colourful = picture[np.ptp(picture, axis=1) > 120]
        assert len(colourful) > 0.05 * len(picture)
        assert who_is(np.median(colourful, axis=0)) == owner


def test_two_scans_agree_in_every_bit_whatever_the_threads(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = scanned(video)
    for workers in (1, 2, 5):
        monkeypatch.setattr(module, "worker_count", lambda count=workers: count)
        assert same(scanned(video), first)


def test_slow_and_uneven_detectors_change_nothing(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = scanned(video)
    monkeypatch.setattr(module, "worker_count", lambda: 3)

    def look(analyzer: Analyzer, frame: Frame, *, with_clothing: bool, leads_only: bool) -> Sighting:
        time.sleep(0.004 * (frame.index // 5 % 3))
        return original(analyzer, frame, with_clothing=with_clothing)

    monkeypatch.setattr(module, "look", look)
    assert same(scanned(video), first)


def test_only_few_frames_wait_however_slow_the_detector_is(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "WAITING_PIXELS", 3 * SIZE_WH[0] * SIZE_WH[1])
    monkeypatch.setattr(module, "worker_count", lambda: 1)
    looked, told, most, lock = [0], [0], [0], threading.Lock()

    def look(analyzer: Analyzer, frame: Frame, *, with_clothing: bool, leads_only: bool) -> Sighting:
        time.sleep(0.004)
        with lock:
            looked[0] += 1
        return original(analyzer, frame, with_clothing=with_clothing)

    def watch(progress: Progress) -> None:
        with lock:
            told[0] += 1  # once for every frame that is handed over
            most[0] = max(most[0], told[0] - looked[0])

    monkeypatch.setattr(module, "look", look)
    scan = scan_video(video, stand_in_analyzer(), CastOptions(detect_fps=12.5), watch)
    assert people_of(scan) == WHO
    # Three may wait, one is being looked at, and one was handed over just now.
    assert 3 <= most[0] <= 3 + 2


def test_only_the_best_few_faces_of_a_track_are_embedded(video: Path) -> None:
    analyzer = stand_in_analyzer()
    scan = scan_video(video, analyzer, CastOptions(detect_fps=25.0), ignore)
    assert isinstance(analyzer.embedder, ColourEmbedder)
    faces = sum(len(track.faces) for track in scan.tracks)
    assert len(scan.vectors.face) <= MAX_CANDIDATES * len(scan.tracks)
    assert sum(analyzer.embedder.asked) < faces / 3


def test_a_cut_that_nobody_saw_breaks_the_track(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_video(
        tmp_path / "jump.mp4", [DrawnShot(50, 1, (Drawn(RED, 100, 100),)), DrawnShot(50, 1, (Drawn(BLUE, 100, 100),))]
    )
    monkeypatch.setattr(cuts.CutDetector, "step", lambda self, index, image: [])
    scan = scanned(path)
    assert len(scan.shots) == 1
    assert people_of(scan) == [RED, BLUE]
    first, second = scan.tracks
    assert first.faces[-1].frame < 50 <= second.faces[0].frame
    assert len(first.faces) + len(second.faces) == 20


def test_a_cut_ends_the_track_of_who_stays_in_their_place(tmp_path: Path) -> None:
    still = (Drawn(RED, 100, 100),)
    scan = scanned(write_video(tmp_path / "stays.mp4", [DrawnShot(27, 1, still), DrawnShot(27, 2, still)]))
    assert [track.shot for track in scan.tracks] == [0, 1]
    assert scan.tracks[0].faces[-1].frame < 27 <= scan.tracks[1].faces[0].frame
    assert people_of(scan) == [RED, RED]


def test_a_track_goes_on_over_a_missed_detection_and_not_over_a_long_absence(tmp_path: Path) -> None:
    seen = DrawnShot(40, 1, (Drawn(RED, 100, 100),))
    for gone, tracks in ((5, 1), (50, 2)):
        path = write_video(tmp_path / f"gone{gone}.mp4", [seen, DrawnShot(gone, 1), seen])
        scan = scanned(path)
        assert len(scan.shots) == 1
        assert people_of(scan) == [RED] * tracks


@pytest.mark.parametrize("fps", [Fraction(30000, 1001), Fraction(50), Fraction(8), Fraction(2), Fraction(1)], ids=str)
def test_any_frame_rate_gives_the_same_people(tmp_path: Path, fps: Fraction) -> None:
    """Where frames are rarer than the samples asked for, a sample is a frame."""
    shots = [DrawnShot(24, 1, (Drawn(RED, 90, 95),)), DrawnShot(24, 2, (Drawn(BLUE, 200, 195),))]
    scan = scanned(write_video(tmp_path / "rate.mp4", shots, fps))
    assert [shot.start_frame for shot in scan.shots] == [0, 24]
    assert people_of(scan) == [RED, BLUE]
    assert scan.tracks[0].end_s == pytest.approx(float(24 / fps), abs=max(0.11, float(0.5 / fps)))


def test_looking_more_often_than_there_are_frames_is_looking_at_every_frame(video: Path) -> None:
    assert same(scanned(video, 25), scanned(video, 60))


@pytest.mark.parametrize("frames", [1, 2, 4])
def test_a_video_of_a_few_frames_can_be_scanned(tmp_path: Path, frames: int) -> None:
    scan = scanned(write_video(tmp_path / "short.mp4", [DrawnShot(frames, 1, (Drawn(RED, 100, 100),))]), 25)
    assert [(shot.start_frame, shot.end_frame) for shot in scan.shots] == [(0, frames)]
    assert [len(track.faces) for track in scan.tracks] == [frames]


def test_a_video_without_faces_has_shots_and_nothing_else(tmp_path: Path) -> None:
    scan = scanned(write_video(tmp_path / "empty.mp4", [DrawnShot(30, 1), DrawnShot(30, 2)]))
    assert len(scan.shots) == 2
    assert (scan.tracks, list(scan.pictures)) == ((), ["shot-0", "shot-1"])
    assert scan.vectors.face.shape == (0, 128)


def test_what_goes_wrong_beside_the_decoder_is_raised_at_once(video: Path) -> None:
    class Broken(ColourDetector):
        def detect(self, image: Image) -> Detections:
            raise ModelError("The detector is broken.", "Pull it again.")

    before = threading.active_count()
    with pytest.raises(CloseupError, match="broken"):
        scan_video(video, stand_in_analyzer(Broken), CastOptions(), ignore)
    assert threading.active_count() <= before


def test_an_answer_that_is_no_face_does_not_end_the_scan(video: Path) -> None:
    class Wild(ColourDetector):
        def detect(self, image: Image) -> Detections:
            found = super().detect(image)
            boxes = np.array([[-90, -90, -20, -20], [400, 20, 460, 90], [np.nan] * 4, [50, 10, 90, 50]], np.float32)
            points = np.repeat(boxes[:, None, :2], 5, axis=1)
            return Detections(
                np.concatenate([found.boxes_xyxy, boxes]),
                np.concatenate([found.landmarks_xy, points]),
                np.concatenate([found.scores, np.full(4, 0.9, np.float32)]),
            )

    assert same(scan_video(video, stand_in_analyzer(Wild), CastOptions(), ignore), scanned(video))


def test_progress_ascends_to_the_end(video: Path) -> None:
    told: list[Progress] = []
    scan_video(video, stand_in_analyzer(), CastOptions(), told.append)
    done = [progress.done for progress in told]
    assert done == sorted(done)
    assert FRAMES / 25 - 0.2 <= done[-1] <= FRAMES / 25
    assert [progress.total for progress in told] == pytest.approx([FRAMES / 25] * len(told))


def test_there_is_a_worker_for_each_core_and_eight_at_most() -> None:
    assert 1 <= worker_count() <= 8


def test_the_drawn_faces_are_told_apart_by_colour() -> None:
    assert [who_is(np.array(colour, np.float32)) for colour in COLOURS] == [RED, BLUE, GREEN]
