"""One frame: in whose pixels everything is, and which detections are let through."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.core.boxes import fitted
from closeup.core.types import FloatArray, Image
from closeup.features.cast.looking import Sighting, look
from closeup.perception.analyzer import DETAIL_PX, DETECT_PX, Analyzer
from closeup.perception.protocols import Detections, FaceDetector
from closeup.perception.quality import face_chip, judge
from closeup.perception.registry import FaceModels
from closeup.weights.cards import card

PLACES = np.array([(0.3, 0.4), (0.7, 0.4), (0.5, 0.6), (0.35, 0.8), (0.65, 0.8)], np.float32)


def detections(*boxes: tuple[float, ...]) -> Detections:
    """Faces with these boxes, and landmarks where they are in a face."""
    xyxy = np.array(boxes, np.float32).reshape(-1, 4)
    points = xyxy[:, None, :2] + PLACES * (xyxy[:, None, 2:] - xyxy[:, None, :2])
    return Detections(xyxy, points.astype(np.float32), np.linspace(0.9, 0.5, len(xyxy), dtype=np.float32))


@dataclass
class Frame:
    """Stands for a decoded frame of `size_wh`, and notes in which sizes it was asked for."""

    size_wh: tuple[int, int]
    index: int = 7
    time: Fraction = Fraction(7, 25)
    asked: list[tuple[int, int]] = field(default_factory=list)

    def rgb(self, size_wh: tuple[int, int] | None = None) -> Image:
        self.asked.append(size_wh or self.size_wh)
        width, height = self.asked[-1]
        return np.tile(np.linspace(40, 220, width).astype(np.uint8)[None, :, None], (height, 1, 3))


class Finder(FaceDetector):
    """Finds faces at fixed parts of the picture."""

    card_name = "yunet-2023mar"

    def __init__(self, *parts: tuple[float, ...]) -> None:
        self.parts = parts
        self.seen: list[tuple[int, ...]] = []

    def detect(self, image: Image) -> Detections:
        self.seen.append(image.shape)
        wh = np.array([image.shape[1], image.shape[0]] * 2, np.float32)
        return detections(*[tuple(np.array(part) * wh) for part in self.parts])


class Embedder:
    card_name, dim = "sface-2021dec", 128

    def crop(self, image: Image, landmarks_xy: FloatArray) -> Image:
        return np.full((8, 8, 3), image.shape[1] % 251, np.uint8)

    def embed(self, crops: Image) -> FloatArray:
        raise AssertionError("looking embeds nothing")

    def embed_with_worth(self, crops: Image) -> tuple[FloatArray, FloatArray]:
        raise AssertionError("looking embeds nothing")


def looked(make: Callable[[], Any], frame: Any, *, with_clothing: bool = True) -> Sighting:
    return look(analyzer(make), frame, with_clothing=with_clothing)


def analyzer(make: Callable[[], Any]) -> Analyzer:
    return Analyzer(FaceModels(card("yunet-2023mar"), (card("sface-2021dec"),), make, lambda _: Embedder()))


@pytest.mark.parametrize("size_wh", [(320, 180), (640, 360), (1280, 720), (3840, 2160), (1080, 1920)])
def test_faces_are_looked_for_small_judged_large_and_told_in_pixels_of_the_frame(size_wh: tuple[int, int]) -> None:
    finder, frame = Finder((0.4, 0.2, 0.6, 0.5)), Frame(size_wh)
    sighting = looked(lambda: finder, frame)
    assert frame.asked[0] == fitted(size_wh, DETECT_PX)
    assert max(finder.seen[0]) <= DETECT_PX
    (found,) = sighting.candidates
    truth = np.array([0.4, 0.2, 0.6, 0.5]) * [*size_wh, *size_wh]
    np.testing.assert_allclose(found.face.box_xyxy, truth, atol=0.01 * max(size_wh))
    np.testing.assert_allclose(found.face.landmarks_xy[2], truth[:2] + [0.5, 0.6] * (truth[2:] - truth[:2]), rtol=0.02)
    assert (found.face.frame, found.face.time_s) == (7, 0.28)
    assert sighting.picture is not None
    assert max(sighting.picture.shape) <= DETAIL_PX
    assert sighting.picture.shape[1] == pytest.approx(sighting.picture_scale * size_wh[0])
    scale = np.float32(sighting.picture_scale)
    points = found.face.landmarks_xy * scale
    judged = judge(face_chip(sighting.picture, points), found.face.box_xyxy * scale, points, found.face.score)
    assert found.face.quality is not None
    assert found.face.quality.size == pytest.approx(judged.size, abs=1e-3)


def test_a_frame_without_a_face_is_only_looked_at_small() -> None:
    frame = Frame((1920, 1080))
    sighting = looked(Finder, frame)
    assert frame.asked == [(640, 360)]
    assert (sighting.candidates, sighting.picture) == ((), None)


def test_boxes_are_cut_to_the_frame() -> None:
    (found,) = looked(lambda: Finder((-0.1, -0.1, 0.4, 0.4)), Frame((640, 360))).candidates
    assert found.face.box_xyxy.tolist() == pytest.approx([0, 0, 256, 144])


def test_clothing_is_described_only_where_it_is_wanted() -> None:
    part = (0.4, 0.1, 0.55, 0.3)
    with_it = looked(lambda: Finder(part), Frame((640, 360)))
    without = looked(lambda: Finder(part), Frame((640, 360)), with_clothing=False)
    assert with_it.candidates[0].clothing is not None
    assert without.candidates[0].clothing is None


def test_every_thread_has_a_detector_of_its_own() -> None:
    made: list[int] = []
    together = threading.Barrier(2, timeout=10)

    def make() -> Finder:
        made.append(threading.get_ident())
        together.wait()
        return Finder()

    own = analyzer(Finder)
    own._models = replace(own._models, new_detector=make)
    with ThreadPoolExecutor(2) as pool:
        for count in (2, 6):
            list(pool.map(lambda frame: own.look(frame), [Frame((64, 36)) for _ in range(count)]))  # type: ignore[arg-type]
    assert len(made) == len(set(made)) == 2


@given(st.integers(1, 9000), st.integers(1, 9000), st.sampled_from([DETECT_PX, DETAIL_PX]))
def test_pictures_are_made_smaller_never_larger_and_never_empty(width: int, height: int, longer: int) -> None:
    fit = fitted((width, height), longer)
    assert min(fit) >= 1
    assert max(fit) <= max(longer, 1)
    assert fit[0] <= width
    assert fit[1] <= height
    if max(width, height) > longer:
        assert max(fit) == longer
    else:
        assert fit == (width, height)
