"""What is said of a face, which models are used, and when a picture is looked at again."""

from fractions import Fraction
from typing import Any

import cv2
import numpy as np
import pytest

from closeup.core.boxes import iou
from closeup.core.errors import InputError
from closeup.core.settings import Settings, read_settings
from closeup.core.types import FloatArray, Image
from closeup.media.sources import StillFrame
from closeup.perception.analyzer import AnalysedFace, Analyzer, Part
from closeup.perception.protocols import Detections, FaceDetector
from closeup.perception.registry import RECOGNISERS, FaceModels, choose, choose_recognisers, load_embedder
from closeup.weights.cards import card
from stills import FACES_XYXY, astronaut, at_scale, hopper, settings_with, still

DESCRIBED: tuple[Part, ...] = ("embedding", "faults")


@pytest.fixture(scope="module")
def builtin() -> Analyzer:
    return Analyzer("builtin")


@pytest.fixture(scope="module")
def pulled(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A machine on which everything that the mirror has for the gallery has been pulled."""
    return settings_with(tmp_path_factory.mktemp("pulled"), "face-reid-0095")


@pytest.mark.parametrize("name", ["astronaut", "hopper"])
def test_a_portrait_is_described(builtin: Analyzer, name: str) -> None:
    face = builtin.faces(still(name), DESCRIBED)[0]
    assert iou(face.box_xyxy[None], np.array([FACES_XYXY[name]], np.float32))[0, 0] > 0.6
    assert face.faults == ()
    assert (face.model, face.detector, face.augmented) == ("sface-2021dec", "yunet-2023mar", False)
    assert set(face.embeddings) == {"sface-2021dec"}
    assert face.embedding.shape == (128,)
    assert np.linalg.norm(face.embedding) == pytest.approx(1, abs=1e-5)
    assert face.pose.name == "front"
    assert face.quality.detection == pytest.approx(face.score)


def test_one_person_is_above_the_threshold_and_two_are_below(builtin: Analyzer) -> None:
    from closeup.weights.far import threshold_for

    sizes = [(still(name), at_scale(still(name), 0.5)) for name in FACES_XYXY]
    people = [[builtin.faces(image, DESCRIBED)[0].embedding for image in images] for images in sizes]
    limit = threshold_for(builtin.embedder_card, 0.001).threshold
    assert min(float(one @ other) for one, other in people) > limit
    assert max(float(a @ b) for a in people[0] for b in people[1]) < limit


def test_a_smear_says_nothing_and_a_face_does(builtin: Analyzer) -> None:
    points = builtin.faces(hopper())[0].landmarks_xy
    found = builtin.faces(hopper(), DESCRIBED)[0]
    assert "says-nothing" not in [fault.kind for fault in found.faults]
    smeared = np.asarray(cv2.GaussianBlur(hopper(), (0, 0), 25), np.uint8)
    one = Detections(found.box_xyxy[None], points[None], np.array([found.score], np.float32))
    (smear,) = builtin.analyse(smeared, one, DESCRIBED)
    assert "says-nothing" in [fault.kind for fault in smear.faults]


def test_no_face_is_no_face(builtin: Analyzer) -> None:
    assert builtin.faces(np.full((200, 200, 3), 90, np.uint8), DESCRIBED) == ()


# Large faces alone


def looked(reader: Analyzer, picture: Image, leads_only: bool) -> tuple[FloatArray, int]:
    """The boxes of the faces (N, 4) in the picture's pixels, and how wide the picture is that they were judged in."""
    faces, judged, scale = reader.look(StillFrame(0, Fraction(0), picture), leads_only=leads_only)
    return np.array([face.box_xyxy / scale for face in faces], np.float32), judged.shape[1]


def test_a_large_face_is_looked_at_in_a_smaller_picture(builtin: Analyzer) -> None:
    picture = np.full((360, 640, 3), 120, np.uint8)
    x0, y0, x1, y1 = (round(side) for side in FACES_XYXY["astronaut"])
    side = round(0.7 * (y1 - y0))
    near = astronaut()[max((y0 + y1) // 2 - side, 0) :, (x0 + x1) // 2 - side :][: 2 * side, : 2 * side]
    picture[10:350, 150:490] = cv2.resize(near, (340, 340))
    (whole, whole_px), (lead, lead_px) = (looked(builtin, picture, leads_only) for leads_only in (False, True))
    assert (len(whole), len(lead)) == (1, 1)
    assert (whole_px, lead_px) == (640, 320)
    assert iou(lead, whole)[0, 0] > 0.8


def test_without_a_large_face_all_are_looked_for(builtin: Analyzer) -> None:
    picture = np.full((360, 640, 3), 120, np.uint8)
    picture[40:120, 430:510] = cv2.resize(hopper(), (80, 80))
    (whole, whole_px), (lead, lead_px) = (looked(builtin, picture, leads_only) for leads_only in (False, True))
    assert len(whole) == 1
    assert whole_px == lead_px == 640
    np.testing.assert_array_equal(lead, whole)


# Which models


def names(models: str, settings: Settings) -> tuple[str, list[str]]:
    return choose(models, settings)[0].name, [each.name for each in choose_recognisers(models, settings)]


def test_with_nothing_pulled_every_choice_is_what_pip_brings() -> None:
    bare = read_settings()
    assert names("auto", bare) == names("zoo", bare) == names("builtin", bare) == ("yunet-2023mar", ["sface-2021dec"])
    with pytest.raises(InputError, match="no set of models"):
        Analyzer("best", bare)


def test_with_everything_pulled_auto_takes_the_best_and_keeps_the_others(pulled: Settings) -> None:
    assert names("auto", pulled) == names("zoo", pulled) == ("yunet-2023mar", list(RECOGNISERS))
    assert names("builtin", pulled) == ("yunet-2023mar", ["sface-2021dec"])
    reader = Analyzer("auto", pulled)
    one = reader.faces(hopper(), DESCRIBED)[0]
    assert set(one.embeddings) == {"face-reid-0095"}
    every = reader.faces(hopper(), ("embeddings",))[0]
    assert set(every.embeddings) == set(RECOGNISERS)
    assert every.model == one.model == "face-reid-0095"
    np.testing.assert_allclose(every.embedding, one.embedding, atol=1e-6)
    assert every.embeddings["sface-2021dec"].shape == (128,)


def test_the_recognisers_are_measured_ones_and_the_best_comes_first() -> None:
    assert all(card(name).far is not None for name in RECOGNISERS)


# Looking again, with detectors that say what they are told to


def faces(*given: tuple[float, float, float, float]) -> Detections:
    """Faces by (x, y, width, score), each with landmarks in its middle."""
    boxes = np.array([[x, y, x + w, y + w] for x, y, w, _ in given], np.float32).reshape(-1, 4)
    five = np.array([[0.3, 0.4], [0.7, 0.4], [0.5, 0.6], [0.35, 0.8], [0.65, 0.8]], np.float32)
    points = boxes[:, None, :2] + five[None] * (boxes[:, 2:] - boxes[:, :2])[:, None]
    return Detections(boxes, points.astype(np.float32), np.array([s for *_, s in given], np.float32))


NOBODY = faces()


class Told(FaceDetector):
    """A detector that sees what it was told."""

    def __init__(self, card_name: str, first: Detections, again: Detections) -> None:
        self.card_name = card_name
        self.first, self.again = first, again
        self.asked: list[str] = []

    def detect(self, image: Image) -> Detections:
        self.asked.append("first")
        return self.first

    def detect_augmented(self, image: Image) -> Detections:
        self.asked.append("again")
        return self.again

    def detect_turned(self, image: Image) -> Detections:
        self.asked.append("turned")
        return NOBODY


def read(told: Told, **options: Any) -> tuple[AnalysedFace, ...]:
    """What is read of a picture by a detector that sees what it is told."""
    models = FaceModels(
        card(told.card_name),
        (card("sface-2021dec"),),
        lambda: told,
        lambda model: load_embedder(model, read_settings()),
    )
    return Analyzer(models).faces(astronaut(), DESCRIBED, **options)


def boxes_of(found: tuple[AnalysedFace, ...]) -> list[tuple[int, int, int]]:
    return [(int(f.box_xyxy[0]), int(f.box_xyxy[1]), int(f.box_xyxy[2] - f.box_xyxy[0])) for f in found]


def test_who_is_seen_for_sure_is_not_looked_at_again() -> None:
    told = Told("yunet-2023mar", faces((10, 10, 50, 0.95), (80, 10, 90, 0.92)), NOBODY)
    found = read(told)
    assert told.asked == ["first"]
    assert boxes_of(found) == [(80, 10, 90), (10, 10, 50)]  # by width times score
    assert not any(face.augmented for face in found)


def test_in_doubt_the_surer_look_counts() -> None:
    for again, expected, late in (
        (faces((10, 10, 80, 0.9)), (10, 10, 80), True),
        (faces((10, 10, 80, 0.6)), (5, 5, 50), False),
        (NOBODY, (5, 5, 50), False),
    ):
        told = Told("yunet-2023mar", faces((5, 5, 50, 0.7)), again)
        found = read(told)
        assert told.asked[:2] == ["first", "again"]
        assert boxes_of(found) == [expected]
        assert found[0].augmented is late
        assert any(fault.kind == "covered" for fault in found[0].faults) is not late


def test_photos_that_lie_or_are_on_their_head_show_the_same_person(builtin: Analyzer) -> None:
    upright = builtin.faces(astronaut(), DESCRIBED)[0]
    for quarters in (1, 2, 3):
        turned = builtin.faces(np.ascontiguousarray(np.rot90(astronaut(), quarters)), DESCRIBED)[0]
        assert float(turned.embedding @ upright.embedding) > 0.9
        assert round(turned.pose.roll_deg / 90) % 4 == -quarters % 4
        assert not turned.faults


def test_one_face_on_its_head_beside_one_upright_is_turned_alone(builtin: Analyzer) -> None:
    both = np.hstack([astronaut(), astronaut()[::-1, ::-1]])
    left, right = sorted(builtin.faces(both, DESCRIBED), key=lambda face: float(face.box_xyxy[0]))
    assert float(left.embedding @ right.embedding) > 0.9
    assert abs(left.pose.roll_deg) < 20
    assert abs(right.pose.roll_deg) > 160


def test_one_look_is_all_where_that_is_asked_for() -> None:
    told = Told("yunet-2023mar", NOBODY, faces((9, 9, 60, 0.9)))
    found = read(told, thorough=False)
    assert found == ()
    assert told.asked == ["first"]


def test_only_the_face_that_covers_the_point_is_wanted() -> None:
    both = faces((0, 0, 100, 0.95), (200, 200, 60, 0.9))
    told = Told("yunet-2023mar", both, NOBODY)
    found = read(told, covering_xy=(230, 230))
    assert boxes_of(found) == [(200, 200, 60)]
    told = Told("yunet-2023mar", both, faces((380, 380, 40, 0.9)))
    found = read(told, covering_xy=(400, 400))
    assert boxes_of(found) == [(380, 380, 40)]
    assert told.asked[:2] == ["first", "again"]
    found = read(Told("yunet-2023mar", both, NOBODY), covering_xy=(400, 100))
    assert found == ()
