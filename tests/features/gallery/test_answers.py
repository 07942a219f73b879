"""What the gallery answers to other programs."""

from datetime import UTC, date, datetime
from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import FormatError
from closeup.features.gallery.answers import (
    ALIKES,
    CAMERA,
    CAST,
    ENROLLED,
    PAIR,
    PERSON,
    PHOTO,
    VIDEO,
    alikes_answer,
    camera_answer,
    cast_answer,
    enrol_answer,
    pair_answer,
    person_answer,
    photo_answer,
    video_answer,
)
from closeup.features.gallery.cast_people import CastAnswer
from closeup.features.gallery.enrol import AlreadyKnown, EnrolReport
from closeup.features.gallery.identify import Identification, PersonInView, VideoIdentification
from closeup.features.gallery.photos import Refused
from closeup.features.gallery.recognise import Answer
from closeup.features.gallery.similar import Alike, LookAlikes
from closeup.features.gallery.verify import Verification
from closeup.storage.records import IdentityRecord

ANN = Answer("Ann", "a1", "Ann", 0.75, 0.5, 0.001, "pairs", "made-up", 3)
FIGURES = {
    "name": "Ann",
    "identity_id": "a1",
    "nearest": "Ann",
    "similarity": 0.75,
    "threshold": 0.5,
    "far": 0.001,
    "read_from": "pairs",
    "model": "made-up",
    "candidates": 3,
    "stranger_rate": pytest.approx(0.003, abs=1e-5),
}


def test_a_photo() -> None:
    box = np.array([1.25, 2, 3, 4.04], np.float32)
    data = PHOTO.to_data(photo_answer(Path("a.jpg"), [Identification(box, 0.123456, ANN)]))
    assert data == {"photo": "a.jpg", "faces": [{"box_xyxy": [1.2, 2.0, 3.0, 4.0], "quality": 0.1235, **FIGURES}]}


def test_a_video() -> None:
    found = VideoIdentification((PersonInView(1.0, 2.5, 4, ANN),), 9, 3.0, 3.00049, ("odd",))
    assert VIDEO.to_data(video_answer(Path("a.mp4"), found)) == {
        "video": "a.mp4",
        "duration_s": 3.0,
        "looks": 9,
        "looks_per_s": 3.0,
        "people": {"Ann": [[1.0, 2.5]]},
        "sightings": [{"start_s": 1.0, "end_s": 2.5, "looks": 4, **FIGURES}],
        "notes": ["odd"],
    }


def test_a_cast_and_the_camera() -> None:
    data = CAST.to_data(cast_answer(Path("a.cast"), [CastAnswer("p1", None, ANN)]))
    assert data == {"folder": "a.cast", "people": [{"person": "p1", "called": None, "conflict": "", **FIGURES}]}
    assert CAMERA.to_data(camera_answer(ANN, "alive")) == {"liveness": "alive", **FIGURES}


def test_pairs_and_look_alikes() -> None:
    pair = Verification(True, 0.75, 0.5, 0.001, "pairs", "made-up")
    assert PAIR.to_data(pair_answer(pair, "a.jpg", "Ann")) == {
        "a": "a.jpg",
        "b": "Ann",
        "same": True,
        **{name: FIGURES[name] for name in ("similarity", "threshold", "far", "read_from", "model")},
    }
    found = LookAlikes("a.jpg", "", "gallery", 2, (Alike("Ann", 0.75, True),), 0.5, 0.001, (Refused("b.jpg", "No."),))
    assert ALIKES.to_data(alikes_answer(found)) == {
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


def test_who_is_enrolled_and_what_came_of_it() -> None:
    record = IdentityRecord("a1", "Ann", datetime(2026, 1, 2, tzinfo=UTC), None, date(2027, 1, 2), 1, ("front",))
    person = {
        "id": "a1",
        "name": "Ann",
        "created_at": "2026-01-02T00:00:00+00:00",
        "consent": None,
        "retain_until": "2027-01-02",
        "templates": 1,
        "poses": ["front"],
    }
    assert PERSON.to_data(person_answer(record)) == person
    known = AlreadyKnown("Bob", "b.jpg", 0.75, 0.5, 0.001)
    assert ENROLLED.to_data(enrol_answer(EnrolReport(record, ("front",), ("left",), (), ("a.jpg",), known))) == {
        **person,
        "added": ["front"],
        "missing": ["left"],
        "refused": [],
        "flagged": ["a.jpg"],
        "already_known": {"name": "Bob", "photo": "b.jpg", "similarity": 0.75, "threshold": 0.5, "far": 0.001},
        "notes": [],
    }


def test_an_answer_has_a_schema_and_is_read_back() -> None:
    answer = camera_answer(ANN, None)
    assert CAMERA.decode(CAMERA.encode(answer)) == answer
    assert set(CAMERA.schema()["required"]) == {*FIGURES, "liveness"}
    with pytest.raises(FormatError, match="candidates must be a whole number"):
        CAMERA.from_data(CAMERA.to_data(answer) | {"candidates": "3"})
