import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from closeup.core.types import Image
from closeup.media.image import decode_image, encode_jpeg
from closeup.workbench.look.duplicates import NEAR
from closeup.workbench.look.measure import MEAN_PX, MEASURES, PictureMeasures, blur_effect, measure, outline
from stills import at_scale, mirrored, still


def value(image: Image, name: str) -> float:
    return float(measure(image, b"x" * 100).values[[each.name for each in MEASURES].index(name)])


def grey(image: Image) -> Image:
    return np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)


def test_plain_pictures_have_plain_values() -> None:
    half = np.full((40, 60, 3), 51, np.uint8)
    assert (value(half, "width"), value(half, "height"), value(half, "bytes")) == (60, 40, 100)
    assert value(half, "brightness") == pytest.approx(0.2)
    assert value(half, "contrast") == value(half, "colour") == 0
    halves = half.copy()
    halves[:, :30] = 0
    halves[:, 30:] = 255
    assert value(halves, "contrast") == pytest.approx(1)
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 255
    assert value(red, "colour") == 1


@given(arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3))))
def test_any_picture_can_be_measured(image: Image) -> None:
    found = measure(image, b"")
    assert np.isfinite(found.values).all()
    assert ((found.values[3:] >= 0) & (found.values[3:] <= 1)).all()
    assert found.small.shape == (MEAN_PX, MEAN_PX, 3)
    length = float(np.linalg.norm(found.outline))
    assert length == 0 or length == pytest.approx(1, abs=1e-5)


def test_blur_grows_with_blur_whatever_the_contrast() -> None:
    picture = grey(still("hopper"))
    blurs = [blur_effect(np.asarray(cv2.GaussianBlur(picture, (0, 0), s), np.uint8)) for s in (0.5, 1, 2, 4, 8)]
    assert blurs == sorted(blurs)
    assert blurs[-1] - blurs[0] > 0.3
    dull = np.asarray(100 + picture / 4, np.uint8)
    assert blur_effect(dull) == pytest.approx(blur_effect(picture), abs=0.06)


def test_blur_agrees_with_scikit_image() -> None:
    """skimage.measure.blur_effect takes Sobel's operator where the paper has differences of neighbours."""
    theirs = pytest.importorskip("skimage.measure").blur_effect
    for sigma in (0.5, 2, 5):
        picture = np.asarray(cv2.GaussianBlur(grey(still("astronaut")), (0, 0), sigma), np.uint8)
        assert blur_effect(picture) == pytest.approx(theirs(picture, h_size=9), abs=0.1)


def test_the_edges_of_blur() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (64, 64), dtype=np.uint8)
    assert blur_effect(noise) < 0.2
    assert blur_effect(np.full((64, 64), 7, np.uint8)) == 1
    assert blur_effect(np.zeros((1, 9), np.uint8)) == 1


def changes() -> list[Image]:
    """The same photo, saved again, halved, brightened, blurred, and cut a little."""
    image = still("astronaut")
    bright = np.clip(image.astype(np.float32) * 1.2 + 10, 0, 255).astype(np.uint8)
    blurred = np.asarray(cv2.GaussianBlur(image, (0, 0), 3), np.uint8)
    return [decode_image(encode_jpeg(image, 40), ""), at_scale(image, 0.5), bright, blurred, image[8:, 8:]]


def test_a_changed_copy_has_nearly_the_same_outline() -> None:
    first = outline(grey(still("astronaut")))
    assert all(float(first @ outline(grey(image))) > NEAR for image in changes())


def test_other_pictures_have_other_outlines() -> None:
    first = outline(grey(still("astronaut")))
    for other in (still("hopper"), mirrored(still("astronaut")), still("astronaut")[100:, 60:]):
        assert float(first @ outline(grey(other))) < 0.6


def test_blank_pictures_have_none() -> None:
    assert not outline(np.full((50, 50), 9, np.uint8)).any()


def hashes(image: Image, content: bytes) -> PictureMeasures:
    return measure(image, content)


def test_the_same_picture_in_two_files_has_one_pixel_hash() -> None:
    image = still("hopper")
    first, second = hashes(image, b"a"), hashes(image.copy(), b"b")
    assert first.pixel_hash == second.pixel_hash
    assert first.pixel_hash != hashes(image[:-1], b"a").pixel_hash
    flat = np.zeros((4, 6, 3), np.uint8)
    assert hashes(flat, b"").pixel_hash != hashes(flat.reshape(6, 4, 3), b"").pixel_hash, "the shape counts"
