"""What every face embedder owes its callers, and the exact answers of the builtin one."""

from pathlib import Path

import numpy as np
import pytest

from closeup.core.settings import Settings, read_settings
from closeup.core.types import FloatArray, Image
from closeup.media.image import read_image
from closeup.perception import embedder as module
from closeup.perception.embedder import OnnxEmbedder
from closeup.perception.protocols import FaceEmbedder
from closeup.perception.registry import RECOGNISERS, face_models, load_embedder
from closeup.weights.cards import ModelCard, card
from closeup.weights.far import threshold_for
from closeup.weights.session import open_session
from closeup.weights.store import require
from stills import astronaut, at_scale, hopper, mirrored, settings_with

POINTS = {
    "astronaut": np.array([(200.1, 101.8), (247.1, 102.6), (220.4, 124.5), (198.6, 142.8), (239.7, 143.6)], np.float32),
    "hopper": np.array([(227.3, 199.0), (307.6, 198.9), (271.3, 238.6), (229.3, 271.3), (303.7, 273.0)], np.float32),
}
"""YuNet's landmarks, so that the golden numbers depend on no detector."""

GOLDEN = {
    "astronaut": (0.0239, -0.1410, 0.1005, 0.1526, -0.0053),
    "hopper": (-0.0489, 0.0517, 0.0011, -0.0879, 0.1734),
}
"""The first five numbers of sface-2021dec."""


@pytest.fixture(scope="module", params=RECOGNISERS)
def machine(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> tuple[ModelCard, Settings]:
    """An embedder's card, and settings of a machine that has its file."""
    model = card(request.param)
    return model, read_settings() if model.pack == "builtin" else settings_with(
        tmp_path_factory.mktemp("zoo"), model.name
    )


@pytest.fixture(scope="module")
def embedder(machine: tuple[ModelCard, Settings]) -> FaceEmbedder:
    return load_embedder(*machine)


def faces(embedder: FaceEmbedder) -> Image:
    """Crops (2, S, S, 3) of the astronaut and of Hopper."""
    return np.stack([embedder.crop(astronaut(), POINTS["astronaut"]), embedder.crop(hopper(), POINTS["hopper"])])


def many_faces(embedder: FaceEmbedder) -> Image:
    """64 crops (64, S, S, 3): the two faces, each a little different every time."""
    rng = np.random.default_rng(1)
    crops = []
    for image, points in ((astronaut(), POINTS["astronaut"]), (hopper(), POINTS["hopper"])):
        for _ in range(32):
            crops.append(embedder.crop(image, points + rng.normal(0, 2, points.shape).astype(np.float32)))
    return np.stack(crops)


def test_vectors_have_unit_length(embedder: FaceEmbedder) -> None:
    noise = np.random.default_rng(0).integers(0, 256, faces(embedder).shape, dtype=np.uint8)
    for crops in (faces(embedder), noise, noise * 0, noise * 0 + 255):
        vectors = embedder.embed(crops)
        assert vectors.shape == (2, embedder.dim)
        assert vectors.dtype == np.float32
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_no_face_has_no_vector(embedder: FaceEmbedder) -> None:
    vectors = embedder.embed(faces(embedder)[:0])
    assert vectors.shape == (0, embedder.dim)
    assert vectors.dtype == np.float32


def test_crops_are_square_whatever_the_picture_and_leave_it_alone(embedder: FaceEmbedder) -> None:
    side = faces(embedder).shape[1]
    before = hopper().copy()
    for image in (hopper(), np.zeros((1, 1, 3), np.uint8), np.zeros((3, 900, 3), np.uint8)):
        crop = embedder.crop(image, POINTS["hopper"])
        assert crop.shape == (side, side, 3)
        assert crop.dtype == np.uint8
    np.testing.assert_array_equal(hopper(), before)


def test_batches_and_threads_do_not_change_a_vector(
    embedder: FaceEmbedder, machine: tuple[ModelCard, Settings], monkeypatch: pytest.MonkeyPatch
) -> None:
    crops = many_faces(embedder)
    model, settings = machine
    one_by_one = np.concatenate([embedder.embed(crop[None]) for crop in crops[::4]])
    for threads, batch in ((2, 8), (1, 64)):
        session = open_session(require(model, settings), threads=threads)
        monkeypatch.setattr(module, "BATCH", batch)
        vectors = OnnxEmbedder(model, session).embed(crops)
        np.testing.assert_allclose(vectors[::4], one_by_one, rtol=0, atol=1e-5)


def test_a_mirrored_crop_has_the_same_vector(embedder: FaceEmbedder) -> None:
    crops = faces(embedder)
    np.testing.assert_allclose(embedder.embed(crops[:, :, ::-1]), embedder.embed(crops), rtol=0, atol=1e-5)


def test_one_person_is_closer_than_two(embedder: FaceEmbedder) -> None:
    limit = 1 - threshold_for(card(embedder.card_name), 0.001).threshold
    plain = faces(embedder)
    relit = np.clip(plain * np.float32(0.8) + 10, 0, 255).astype(np.uint8)
    small = np.stack(
        [
            embedder.crop(at_scale(astronaut(), 0.6), POINTS["astronaut"] * np.float32(0.6)),
            embedder.crop(at_scale(hopper(), 0.4), POINTS["hopper"] * np.float32(0.4)),
        ]
    )
    width = hopper().shape[1]
    turned = [
        embedder.crop(mirrored(image), np.stack([width - 1 - points[:, 0], points[:, 1]], axis=1)[[1, 0, 2, 4, 3]])
        for image, points in ((astronaut(), POINTS["astronaut"]), (hopper(), POINTS["hopper"]))
    ]
    sets = [embedder.embed(crops) for crops in (plain, relit, small, np.stack(turned))]
    same = [1 - float(a[i] @ b[i]) for a in sets for b in sets for i in (0, 1)]
    others = [1 - float(a[0] @ b[1]) for a in sets for b in sets]
    assert max(same) < limit < min(others)


@pytest.mark.parametrize("name", sorted(GOLDEN))
def test_the_builtin_vectors_have_not_changed(name: str) -> None:
    builtin = load_embedder(card("sface-2021dec"), read_settings())
    image = {"astronaut": astronaut, "hopper": hopper}[name]()
    vector: FloatArray = builtin.embed(builtin.crop(image, POINTS[name])[None])[0]
    np.testing.assert_allclose(vector[:5], GOLDEN[name], rtol=0, atol=1e-3)


@pytest.mark.shared
def test_photos_of_one_person_are_closer_than_those_of_others(embedder: FaceEmbedder, shared: Path) -> None:
    detector = face_models("builtin", read_settings()).new_detector()
    folders = sorted(path for path in (shared / "data" / "lfw" / "images").iterdir() if len(list(path.iterdir())) >= 3)
    vectors, owners = [], []
    for folder in folders[:6]:
        for path in sorted(folder.iterdir())[:3]:
            image = read_image(path)[50:200, 50:200]
            found = detector.detect(image)
            if len(found):
                vectors.append(embedder.embed(embedder.crop(image, found.landmarks_xy[0])[None])[0])
                owners.append(folder.name)
    apart = 1 - np.stack(vectors) @ np.stack(vectors).T
    same = np.equal.outer(owners, owners)
    np.fill_diagonal(apart, np.nan)
    assert len(vectors) >= 15
    assert np.nanmedian(apart[same]) < np.nanquantile(apart[~same], 0.01)
