"""What the gallery answers to other programs."""

from dataclasses import asdict
from datetime import UTC, date, datetime
from typing import Any

import numpy as np
import pytest

from closeup.core.errors import FormatError
from closeup.documents.gallery import (
    ALIKES,
    CAMERA,
    CAST,
    ENROLLED,
    EVALUATION,
    IMPORTED,
    PAIR,
    PERSON,
    PHOTO,
    STANDING,
    VIDEO,
    Alike,
    AlreadyKnown,
    CameraAnswer,
    CastFolderAnswer,
    CastPersonAnswer,
    EnrolledFace,
    EnrolReport,
    FaceAnswer,
    IdentityRecord,
    ImportReport,
    Intervals,
    LookAlikes,
    NotEnrolled,
    PairsEvaluation,
    PhotoAnswer,
    PhotoFace,
    Refused,
    Standing,
    Verification,
    VideoAnswer,
    VideoSighting,
)

FIGURES: dict[str, Any] = {
    "name": "Ann",
    "identity_id": "a1",
    "nearest": "Ann",
    "similarity": 0.75,
    "threshold": 0.5,
    "far": 0.001,
    "read_from": "pairs",
    "model": "made-up",
    "candidates": 3,
    "stranger_rate": 0.003,
    "flagged": False,
}
RECORD = IdentityRecord("a1", "Ann", datetime(2026, 1, 2, tzinfo=UTC), None, date(2027, 1, 2), 1, ("front",))
PERSON_DATA = {
    "id": "a1",
    "name": "Ann",
    "created_at": "2026-01-02T00:00:00+00:00",
    "consent": None,
    "retain_until": "2027-01-02",
    "templates": 1,
    "poses": ["front"],
}


def test_a_photo() -> None:
    face = PhotoFace(**FIGURES, box_xyxy=np.array([1.25, 2, 3, 4.04], np.float32), quality=0.123456)
    data = PHOTO.to_data(PhotoAnswer(photo="a.jpg", faces=(face,)))
    assert data == {"photo": "a.jpg", "faces": [{"box_xyxy": [1.2, 2.0, 3.0, 4.0], "quality": 0.1235, **FIGURES}]}
    assert PHOTO.from_data(data).faces[0].box_xyxy.shape == (4,)


def test_a_video() -> None:
    seen = VideoSighting(**FIGURES, start_s=1.0, end_s=2.5, looks=4)
    found = VideoAnswer(
        video="a.mp4",
        duration_s=3.00049,
        looks=9,
        looks_per_s=3.0,
        people={"Ann": ((1.0, 2.5),)},
        sightings=(seen,),
        notes=("odd",),
    )
    assert VIDEO.to_data(found) == {
        "video": "a.mp4",
        "duration_s": 3.0,
        "looks": 9,
        "looks_per_s": 3.0,
        "people": {"Ann": [[1.0, 2.5]]},
        "sightings": [{"start_s": 1.0, "end_s": 2.5, "looks": 4, **FIGURES}],
        "notes": ["odd"],
    }


def test_a_cast_and_the_camera() -> None:
    person = CastPersonAnswer(**FIGURES, person="p1", called=None)
    assert CAST.to_data(CastFolderAnswer(folder="a.cast", people=(person,))) == {
        "folder": "a.cast",
        "people": [{"person": "p1", "called": None, "conflict": "", **FIGURES}],
    }
    assert CAMERA.to_data(CameraAnswer(**FIGURES, liveness="passed")) == {"liveness": "passed", **FIGURES}


def test_pairs_and_look_alikes_without_their_pictures() -> None:
    figures = {name: FIGURES[name] for name in ("similarity", "threshold", "far", "read_from", "model")}
    pair = {"a": "a.jpg", "b": "Ann", "same": True, **figures}
    assert PAIR.to_data(Verification(**pair)) == pair
    found = LookAlikes(
        photo="a.jpg",
        among="gallery",
        compared=2,
        threshold=0.5,
        far=0.001,
        found=(Alike(name="Ann", similarity=0.75, distance=0.25, same=True, picture="data:"),),
        skipped=(Refused("b.jpg", "No."),),
        picture="data:",
    )
    assert ALIKES.to_data(found) == {
        "photo": "a.jpg",
        "among": "gallery",
        "compared": 2,
        "threshold": 0.5,
        "far": 0.001,
        "found": [{"name": "Ann", "similarity": 0.75, "distance": 0.25, "same": True}],
        "skipped": [{"photo": "b.jpg", "reason": "No."}],
        "unreadable": 0,
        "notes": [],
    }


def test_who_is_enrolled_and_what_there_is_of_them() -> None:
    assert PERSON.to_data(RECORD) == PERSON_DATA
    assert PERSON.from_data(PERSON_DATA) == RECORD
    face = {"pose": "left", "yaw_deg": -30.1, "pitch_deg": 1.0, "quality": 0.5, "models": ("made-up",), "picture": True}
    marks = {"flagged": False, "in_doubt": True, "flagged_by": ("made-up",)}
    standing = Standing(
        **asdict(RECORD),
        missing=("front",),
        faces=(EnrolledFace(number=7, created_at=RECORD.created_at, **face, **marks),),  # type: ignore[arg-type]
    )
    lists = {"models": ["made-up"], "flagged_by": ["made-up"], "created_at": PERSON_DATA["created_at"]}
    shown = {"face": 7, **face, **marks, **lists}
    assert STANDING.to_data(standing) == {**PERSON_DATA, "missing": ["front"], "faces": [shown]}


def test_what_came_of_enrolling() -> None:
    known = AlreadyKnown(name="Bob", photo="b.jpg", similarity=0.75, threshold=0.5, far=0.001)
    report = EnrolReport(**asdict(RECORD), added=("front",), missing=("left",), flagged=("a.jpg",), already_known=known)
    data = {
        **PERSON_DATA,
        "added": ["front"],
        "missing": ["left"],
        "refused": [],
        "flagged": ["a.jpg"],
        "already_known": {"name": "Bob", "photo": "b.jpg", "similarity": 0.75, "threshold": 0.5, "far": 0.001},
        "notes": [],
    }
    assert ENROLLED.to_data(report) == data
    wrong = NotEnrolled(name="Nil", error="No.", hint="Try.", code="some", facts={"known": object()})
    assert IMPORTED.to_data(ImportReport(people=(report, wrong))) == {
        "people": [data, {"name": "Nil", "error": "No.", "hint": "Try.", "code": "some"}],
        "ignored": [],
        "notes": [],
    }


def test_an_evaluation_without_its_similarities() -> None:
    ends = Intervals(accuracy=(0.5, 1.0), tar_at_far={"0.01": (0.5, 1.0)}, eer=(0.0, 0.5))
    figures: dict[str, Any] = {
        "models": {"embedder": "made-up"},
        "pairs": 4,
        "photos": 8,
        "folds": 2,
        "accuracy": 0.75,
        "accuracy_deviation": 0.25,
        "accuracies": (0.5, 1.0),
        "thresholds": (0.4, 0.5),
        "tar_at_far": {"0.01": 0.75},
        "eer": 0.25,
        "not_found": 1,
        "missing": ("Ann_0001",),
        "second_looks": 0,
        "lost_pairs": 1,
        "accuracy_where_found": None,
        "seconds_per_photo": 0.01,
    }
    data = EVALUATION.to_data(PairsEvaluation(**figures, intervals={"by_pair": ends}, similarities=np.zeros(4)))
    assert data["intervals"] == {
        "by_pair": {"accuracy": [0.5, 1.0], "tar_at_far": {"0.01": [0.5, 1.0]}, "eer": [0.0, 0.5]}
    }
    assert list(data) == [*figures, "intervals"]


def test_an_answer_has_a_schema_and_is_read_back() -> None:
    answer = CameraAnswer(**FIGURES, liveness=None)
    assert CAMERA.decode(CAMERA.encode(answer)) == answer
    assert set(CAMERA.schema()["required"]) == {*FIGURES, "liveness"} - {"flagged"}
    assert asdict(FaceAnswer(**FIGURES)) == FIGURES
    with pytest.raises(FormatError, match="candidates must be a whole number"):
        CAMERA.from_data(CAMERA.to_data(answer) | {"candidates": "3"})
