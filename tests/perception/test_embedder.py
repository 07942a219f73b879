"""The embedder as its card drives it, with a network that tells what it was given."""

from dataclasses import replace

import numpy as np
import pytest

from closeup.algorithms.clustering.similarity import l2_normalise
from closeup.core.errors import ModelError
from closeup.core.types import FloatArray
from closeup.perception import embedder as module
from closeup.perception.embedder import OnnxEmbedder
from closeup.weights.cards import ModelCard, card
from stills import at_scale, hopper

CARD = replace(card("sface-2021dec"), input_px=150)
SHORT = replace(CARD, dim=3)
"""Of a network that answers with three numbers, as the one below does."""

POINTS = np.array([(224, 193), (310, 192), (271, 237), (232, 273), (307, 272)], np.float32)
CORNER = np.s_[:, :, 0, 0]


class CornerNetwork:
    """Answers with the first pixel of each input, and notes what it was given."""

    def __init__(self) -> None:
        self.inputs: list[FloatArray] = []

    def run(self, inputs: FloatArray) -> FloatArray:
        self.inputs.append(inputs)
        assert inputs.flags.c_contiguous
        assert inputs.dtype == np.float32
        return np.asarray(inputs[CORNER])

    def run_all(self, inputs: FloatArray) -> list[FloatArray]:
        return [self.run(inputs)]


def crops(count: int, side: int = 4) -> np.ndarray:
    return np.random.default_rng(count).integers(0, 256, (count, side, side, 3), dtype=np.uint8)


@pytest.mark.parametrize("colour", ["RGB", "BGR"])
def test_the_network_is_given_what_the_card_says(colour: str) -> None:
    model: ModelCard = replace(CARD, colour=colour, mean=(10.0, 20.0, 30.0), std=(2.0, 4.0, 8.0))
    network = CornerNetwork()
    faces = crops(3)
    OnnxEmbedder(model, network).embed(faces)
    straight, mirrored = network.inputs
    order = [0, 1, 2] if colour == "RGB" else [2, 1, 0]
    expected = (faces[..., order].astype(np.float32) - [10, 20, 30]) / [2, 4, 8]
    np.testing.assert_allclose(straight, expected.transpose(0, 3, 1, 2), rtol=1e-6)
    np.testing.assert_array_equal(mirrored, straight[..., ::-1])


def test_a_vector_is_the_sum_for_face_and_mirror_image_at_unit_length() -> None:
    network = CornerNetwork()
    vectors = OnnxEmbedder(SHORT, network).embed(crops(2))
    straight, mirrored = network.inputs
    np.testing.assert_allclose(vectors, l2_normalise(straight[CORNER] + mirrored[CORNER]), rtol=1e-5)
    assert vectors.dtype == np.float32


def test_a_vectors_worth_is_its_length_before_it_is_made_unit_length() -> None:
    network = CornerNetwork()
    vectors, worths = OnnxEmbedder(SHORT, network).embed_with_worth(crops(2))
    straight, mirrored = (np.linalg.norm(inputs[CORNER], axis=1) for inputs in network.inputs)
    np.testing.assert_allclose(worths, (straight + mirrored) / 2, rtol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, rtol=1e-6)


@pytest.mark.parametrize("count", [0, 1, 7, 8, 9, 20])
def test_batches_hold_at_most_so_many_and_order_is_kept(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    whole = OnnxEmbedder(SHORT, CornerNetwork()).embed(crops(count))
    monkeypatch.setattr(module, "BATCH", 8)
    network = CornerNetwork()
    vectors = OnnxEmbedder(SHORT, network).embed(crops(count))
    np.testing.assert_array_equal(vectors, whole)
    assert vectors.shape == (count, 3)
    assert vectors.dtype == np.float32
    assert all(len(inputs) <= 8 for inputs in network.inputs)


def test_crops_are_aligned_to_the_cards_template_and_size() -> None:
    network = OnnxEmbedder(CARD, CornerNetwork())
    crop = network.crop(hopper(), POINTS)
    assert crop.shape == (150, 150, 3)
    assert crop.dtype == np.uint8
    # The same face, from the picture at half its size, fills the crop alike.
    half = network.crop(at_scale(hopper(), 0.5), POINTS / 2)
    assert np.abs(crop.astype(int) - half.astype(int)).mean() < 9


def test_landmarks_on_the_template_are_cut_out_pixel_for_pixel() -> None:
    image = np.random.default_rng(0).integers(0, 256, (200, 300, 3), dtype=np.uint8)
    points = np.array(CARD.alignment, np.float32) * CARD.input_px + np.array([40, 20], np.float32)
    crop = OnnxEmbedder(CARD, CornerNetwork()).crop(image, points)
    assert np.abs(crop.astype(int) - image[20:170, 40:190].astype(int)).max() <= 1


def test_beyond_the_edge_the_outermost_pixels_go_on() -> None:
    image = np.full((100, 100, 3), 77, np.uint8)
    points = np.array(CARD.alignment, np.float32) * CARD.input_px - 60
    assert (OnnxEmbedder(CARD, CornerNetwork()).crop(image, points) == 77).all()


@pytest.mark.parametrize("points", [np.full((5, 2), 3, np.float32), np.full((5, 2), np.inf, np.float32)])
def test_landmarks_in_one_place_are_refused(points: FloatArray) -> None:
    with pytest.raises(ValueError, match=r"coincide|finite"):
        OnnxEmbedder(CARD, CornerNetwork()).crop(hopper(), points)


@pytest.mark.parametrize("missing", ["alignment", "input_px", "dim"])
def test_a_card_without_size_alignment_or_dim_is_no_embedders(missing: str) -> None:
    with pytest.raises(ModelError, match="not an embedder"):
        OnnxEmbedder(replace(CARD, **{missing: None}), CornerNetwork())
