"""Reading photos: what is said of a face, which models are used, and when the picture is looked at again."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from closeup.core.boxes import iou
from closeup.core.errors import InputError, ModelError
from closeup.core.settings import Settings, read_settings
from closeup.core.types import FloatArray, Image
from closeup.features.gallery import describe as module
from closeup.features.gallery.describe import DescribedFace, FaceReader, read_photo
from closeup.perception.pose import POSES
from closeup.perception.protocols import Detections, FaceDetector
from closeup.perception.registry import RECOGNISERS, choose_recognisers
from closeup.weights.cards import card
from closeup.weights.store import pull
from stills import FACES_XYXY, astronaut, at_scale, hopper, settings_with_zoo, still


@pytest.fixture(scope="module")
def builtin() -> FaceReader:
    return FaceReader("builtin")


@pytest.fixture(scope="module")
def pulled(tmp_path_factory: pytest.TempPathFactory, shared: Path) -> Settings:
    """A machine on which everything that the mirror has for the gallery has been pulled."""
    settings = settings_with_zoo(tmp_path_factory.mktemp("pulled"))
    pull(card("face-reid-0095"), replace(settings, models_mirror=str(shared / "models")))
    return settings


@pytest.mark.parametrize("name", ["astronaut", "hopper"])
def test_a_portrait_is_described(builtin: FaceReader, name: str) -> None:
    face = builtin.read(still(name))[0]
    assert iou(face.box_xyxy[None], np.array([FACES_XYXY[name]], np.float32))[0, 0] > 0.6
    assert face.faults == ()
    assert (face.model, face.detector, face.second_look) == ("sface-2021dec", "yunet-2023mar", False)
    assert set(face.embeddings) == {"sface-2021dec"}
    assert face.embedding.shape == (128,)
    assert np.linalg.norm(face.embedding) == pytest.approx(1, abs=1e-5)
    assert face.pose_name == "front"
    assert face.quality.detection == pytest.approx(face.score)


def test_one_person_is_above_the_threshold_and_two_are_below(builtin: FaceReader) -> None:
    from closeup.weights.far import threshold_for

    people = [[builtin.read(image)[0].embedding for image in (still(n), at_scale(still(n), 0.5))] for n in FACES_XYXY]
    limit = threshold_for(builtin.card, 0.001).threshold
    assert min(float(one @ other) for one, other in people) > limit
    assert max(float(a @ b) for a in people[0] for b in people[1]) < limit


def test_a_vector_is_the_sum_over_the_cards_zooms(builtin: FaceReader) -> None:
    points = builtin.read(hopper())[0].landmarks_xy
    embedder = builtin._embedder(builtin.card)
    assert len(builtin.card.zooms) > 1
    vectors = embedder.embed(np.stack([embedder.crop(hopper(), points, zoom) for zoom in builtin.card.zooms]))
    total = vectors.sum(axis=0)
    np.testing.assert_allclose(builtin.embed(hopper(), points), total / np.linalg.norm(total), atol=1e-6)


def test_no_face_is_no_face(builtin: FaceReader) -> None:
    assert builtin.read(np.full((200, 200, 3), 90, np.uint8)) == ()


def test_photos_are_read_upright_and_what_is_none_is_told(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "a.png"), astronaut()[..., ::-1])
    np.testing.assert_array_equal(read_photo(tmp_path / "a.png"), astronaut())
    (tmp_path / "b.png").write_text("no picture")
    with pytest.raises(InputError, match=r"b\.png is no picture"):
        read_photo(tmp_path / "b.png")


# Which models


def names(models: str, settings: Settings) -> tuple[list[str], list[str]]:
    detectors, embedders = choose_recognisers(models, settings)
    return [each.name for each in detectors], [each.name for each in embedders]


def test_with_nothing_pulled_auto_is_builtin_and_zoo_insists() -> None:
    bare = read_settings()
    assert names("auto", bare) == names("builtin", bare) == (["yunet-2023mar"], ["sface-2021dec"])
    with pytest.raises(ModelError, match="yunet-2023mar is not on this machine"):
        FaceReader("zoo", bare)
    with pytest.raises(InputError, match="no set of models"):
        FaceReader("best", bare)


def test_with_everything_pulled_auto_takes_the_best_and_keeps_the_others(pulled: Settings) -> None:
    assert names("auto", pulled) == names("zoo", pulled) == (["yunet-2023mar", "yunet-2023mar"], list(RECOGNISERS))
    assert names("builtin", pulled) == (["yunet-2023mar"], ["sface-2021dec"])
    reader = FaceReader("auto", pulled)
    assert reader.poses == POSES
    one = reader.read(hopper())[0]
    assert set(one.embeddings) == {"face-reid-0095"}
    every = reader.read(hopper(), every_model=True)[0]
    assert set(every.embeddings) == set(RECOGNISERS)
    assert every.model == one.model == "face-reid-0095"
    np.testing.assert_allclose(every.embedding, one.embedding, atol=1e-6)
    assert every.embeddings["sface-2021dec"].shape == (128,)


def test_the_two_detectors_describe_a_face_alike(builtin: FaceReader, pulled: Settings) -> None:
    zoo = FaceReader("auto", pulled)
    for name in FACES_XYXY:
        by_hog = builtin.read(still(name))[0].embedding
        by_yunet = zoo.read(still(name), every_model=True)[0].embeddings["sface-2021dec"]
        assert float(by_hog @ by_yunet) > 0.96


def test_the_recognisers_are_measured_ones_and_the_best_comes_first() -> None:
    assert all(card(name).far is not None for name in RECOGNISERS)
    assert builtin_poses() == ("front", "left", "right")


def builtin_poses() -> tuple[str, ...]:
    return FaceReader("builtin").poses


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


Reading = Callable[..., tuple[tuple[DescribedFace, ...], dict[str, Told]]]


@pytest.fixture
def reading(monkeypatch: pytest.MonkeyPatch) -> Reading:
    """Reads a picture with two detectors, YuNet and dlib's, that see what they are told."""

    def read(yunet: Told, hog: Told | None = None, **options: Any) -> tuple[tuple[DescribedFace, ...], dict[str, Told]]:
        told = {each.card_name: each for each in (yunet, hog) if each}
        cards = tuple(card(name) for name in told)
        monkeypatch.setattr(module, "choose_recognisers", lambda *_: (cards, (card("sface-2021dec"),)))
        monkeypatch.setattr(module, "new_detector", lambda each, _: told[each.name])
        return FaceReader("auto").read(astronaut(), **options), told

    return read


def boxes_of(found: tuple[DescribedFace, ...]) -> list[tuple[int, int, int]]:
    return [(int(f.box_xyxy[0]), int(f.box_xyxy[1]), int(f.box_xyxy[2] - f.box_xyxy[0])) for f in found]


def test_who_is_seen_for_sure_is_not_looked_at_again(reading: Reading) -> None:
    found, told = reading(Told("yunet-2023mar", faces((10, 10, 50, 0.9), (80, 10, 90, 0.7)), NOBODY))
    assert told["yunet-2023mar"].asked == ["first"]
    assert boxes_of(found) == [(80, 10, 90), (10, 10, 50)]  # by width times score
    assert not any(face.second_look for face in found)


def test_in_doubt_the_surer_look_counts(reading: Reading) -> None:
    for again, expected, late in (
        (faces((10, 10, 80, 0.9)), (10, 10, 80), True),
        (faces((10, 10, 80, 0.6)), (5, 5, 50), False),
        (NOBODY, (5, 5, 50), False),
    ):
        found, told = reading(Told("yunet-2023mar", faces((5, 5, 50, 0.7)), again))
        assert told["yunet-2023mar"].asked == ["first", "again"]
        assert boxes_of(found) == [expected]
        assert found[0].second_look is late
        assert any(fault.kind == "covered" for fault in found[0].faults) is not late


def test_the_other_detector_is_asked_last_and_only_believed_where_it_is_sure(reading: Reading) -> None:
    for first, again, expected, asked in (
        (faces((9, 9, 60, 0.5)), NOBODY, [(9, 9, 60)], ["first"]),
        (faces((9, 9, 60, 0.1)), faces((9, 9, 70, 0.2)), [(9, 9, 70)], ["first", "again"]),
        (faces((9, 9, 60, 0.1)), faces((9, 9, 70, 0.1)), [], ["first", "again"]),
    ):
        found, told = reading(Told("yunet-2023mar", NOBODY, NOBODY), Told("yunet-2023mar", first, again))
        assert boxes_of(found) == expected
        assert told["yunet-2023mar"].asked == ["first", "again"]
        assert told["yunet-2023mar"].asked == asked
        assert all(face.second_look and face.detector == "yunet-2023mar" for face in found)


def test_one_look_is_all_where_that_is_asked_for(reading: Reading) -> None:
    found, told = reading(Told("yunet-2023mar", NOBODY, faces((9, 9, 60, 0.9))), thorough=False)
    assert found == ()
    assert told["yunet-2023mar"].asked == ["first"]


def test_only_the_face_that_covers_the_point_is_wanted(reading: Reading) -> None:
    both = faces((0, 0, 100, 0.95), (200, 200, 60, 0.9))
    found, told = reading(Told("yunet-2023mar", both, NOBODY), covering_xy=(230, 230))
    assert boxes_of(found) == [(200, 200, 60)]
    found, told = reading(Told("yunet-2023mar", both, faces((380, 380, 40, 0.9))), covering_xy=(400, 400))
    assert boxes_of(found) == [(380, 380, 40)]
    assert told["yunet-2023mar"].asked == ["first", "again"]
    found, _ = reading(Told("yunet-2023mar", both, NOBODY), covering_xy=(400, 100))
    assert found == ()


def test_what_dlibs_detector_doubts_counts_only_where_there_is_nothing_else(reading: Reading) -> None:
    doubted, sure = (0.0, 0.0, 200.0, 0.05), (200.0, 200.0, 60.0, 0.5)
    found, _ = reading(Told("yunet-2023mar", faces(doubted, sure), NOBODY))
    assert boxes_of(found) == [(200, 200, 60)]
    found, _ = reading(Told("yunet-2023mar", faces(doubted), NOBODY))
    assert boxes_of(found) == [(0, 0, 200)]


@pytest.mark.shared
def test_a_face_that_dlib_misses_is_found_at_the_second_look(builtin: FaceReader, shared: Path) -> None:
    # A face turned by 59 degrees.
    image = read_photo(shared / "data" / "lfw" / "images" / "Ken_Watanabe" / "Ken_Watanabe_0001.jpg")
    middle: tuple[float, float] = (image.shape[1] / 2, image.shape[0] / 2)
    (face,) = builtin.read(image, covering_xy=middle)
    assert face.second_look
    vector: FloatArray = face.embedding
    assert np.isfinite(vector).all()
