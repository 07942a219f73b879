from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.core.types import FloatArray, Image
from closeup.features.cast.candidates import MAX_CANDIDATES, MIN_GAP_S, MIN_QUALITY, Candidate, Candidates, embedded
from features.cast.fake_cast import FPS, fake_face

CROP = np.zeros((4, 4, 3), np.uint8)


def candidate(frame: int, quality: float, clothing: FloatArray | None = None) -> Candidate:
    return Candidate(fake_face(frame, 100, quality=quality), CROP.copy(), clothing)


def kept(*offered: tuple[int, float]) -> list[tuple[int, float]]:
    """Frame and quality of what is chosen, after offering (frame, quality) one by one."""
    candidates = Candidates()
    for frame, quality in offered:
        candidates.offer(candidate(frame, quality))
    return [(chosen.face.frame, chosen.face.quality_total) for chosen in candidates.chosen()]


QUALITIES = st.lists(st.tuples(st.integers(1, 20), st.floats(0, 1)), min_size=1, max_size=60).map(
    lambda steps: [(sum(step for step, _ in steps[:i]), quality) for i, (_, quality) in enumerate(steps)]
)
"""Faces of one track as they come: frames ascend."""


@given(QUALITIES)
def test_few_good_faces_far_apart_are_chosen_by_time_and_the_best_is_one_of_them(
    offered: list[tuple[int, float]],
) -> None:
    chosen = kept(*offered)
    best = max(quality for _, quality in offered)
    assert 1 <= len(chosen) <= MAX_CANDIDATES
    assert best in [quality for _, quality in chosen]
    assert all((b - a) / FPS >= MIN_GAP_S for (a, _), (b, _) in pairwise(chosen))
    assert set(chosen) <= set(offered)
    if best >= MIN_QUALITY:
        assert min(quality for _, quality in chosen) >= MIN_QUALITY
    else:
        assert len(chosen) == 1


@given(QUALITIES)
def test_a_face_is_the_best_picture_when_it_beats_all_before_it(offered: list[tuple[int, float]]) -> None:
    candidates, best = Candidates(), -1.0
    for frame, quality in offered:
        assert candidates.offer(candidate(frame, quality)) == (quality > best)
        best = max(best, quality)
    assert candidates.best_total == best


def test_memory_does_not_grow_with_the_track() -> None:
    candidates = Candidates()
    rng = np.random.default_rng(0)
    for frame in range(0, 5000, 5):
        candidates.offer(candidate(frame, float(rng.uniform()), np.eye(8, dtype=np.float32)[frame % 8]))
    assert len(candidates._kept) <= MAX_CANDIDATES
    assert len(candidates._clothing) <= 3 * MAX_CANDIDATES


def test_a_better_neighbour_takes_the_place_of_a_worse_one() -> None:
    assert kept((0, 0.5), (5, 0.7)) == [(5, 0.7)]
    assert kept((0, 0.7), (5, 0.5)) == [(0, 0.7)]
    assert kept((0, 0.5), (5, 0.5)) == [(0, 0.5)]
    assert kept((0, 0.5), (20, 0.5), (10, 0.6)) == [(10, 0.6)]


def test_the_worst_makes_room() -> None:
    falling = kept(*[(20 * n, 0.9 - 0.1 * n) for n in range(6)])
    assert [frame for frame, _ in falling] == [0, 20, 40, 60]
    rising = kept(*[(20 * n, 0.3 + 0.1 * n) for n in range(6)])
    assert [frame for frame, _ in rising] == [40, 60, 80, 100]


def test_two_faces_of_one_moment_can_be_told_apart() -> None:
    """Faces hold arrays, whose equality is an array: only who they are may be asked for."""
    assert kept((0, 0.5), (0, 0.6), (0, 0.4)) == [(0, 0.6)]


def test_smears_are_left_out_unless_there_is_nothing_else() -> None:
    assert kept((0, 0.05), (25, 0.5), (50, 0.02)) == [(25, 0.5)]
    assert kept((0, 0.05), (25, 0.08), (50, 0.02)) == [(25, 0.08)]


def test_a_face_that_was_not_judged_counts_nothing() -> None:
    face = candidate(0, 0.5)
    assert replace(face.face, quality=None).quality_total == 0


def test_clothing_is_the_mean_of_what_was_seen_at_unit_length() -> None:
    candidates = Candidates()
    assert candidates.clothing() is None
    candidates.offer(candidate(0, 0.5))
    assert candidates.clothing() is None
    x, y = np.eye(2, dtype=np.float32)
    for frame, worn in ((20, x), (40, y), (60, None)):
        candidates.offer(candidate(frame, 0.5, worn))
    worn = candidates.clothing()
    assert worn is not None
    assert worn.dtype == np.float32
    assert worn.tolist() == pytest.approx([0.5**0.5, 0.5**0.5])


class Counting:
    """Says of a crop what its first value is, and remembers it."""

    card_name, dim = "counting", 2

    def __init__(self) -> None:
        self.seen: list[int] = []

    def embed_with_worth(self, crops: Image) -> tuple[FloatArray, FloatArray]:
        values = crops[:, 0, 0, 0].astype(np.float32)
        self.seen += values.astype(int).tolist()
        return np.stack([values, -values], axis=1), values + 1

    def embed(self, crops: Image) -> FloatArray:
        return self.embed_with_worth(crops)[0]

    def crop(self, image: Image, landmarks_xy: FloatArray) -> Image:
        raise NotImplementedError


def test_each_face_goes_through_the_network_once() -> None:
    faces = [candidate(frame, 0.5) for frame in (0, 10, 20)]
    for value, face in enumerate(faces):
        face.crop[...] = value
    embedder = Counting()
    first, _ = embedded(faces[:2], embedder)
    vectors, worths = embedded([faces[1], faces[2], faces[0]], embedder)
    assert embedder.seen == [0, 1, 2]
    np.testing.assert_array_equal(vectors[[2, 0]], first)
    assert worths.tolist() == [2, 3, 1]
