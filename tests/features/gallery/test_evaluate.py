"""Evaluating a list of pairs, with photos whose embeddings are known; and LFW's own where they are at hand."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from closeup.core.errors import InputError
from closeup.core.progress import Progress
from closeup.core.types import FloatArray, Image
from closeup.documents.gallery import EVALUATION
from closeup.features.gallery.evaluate import evaluate_pairs
from closeup.media.image import encode_jpeg
from closeup.perception.analyzer import Analyzer
from closeup.weights.cards import card

PEOPLE, PHOTOS, FOLDS, PER_FOLD = 12, 4, 3, 6


@dataclass(frozen=True)
class SeenFace:
    embedding: FloatArray
    augmented: bool


class GreyReader:
    """Knows people by how grey their photo is, an embedding for each; a white photo has no face."""

    detector_card = card("yunet-2023mar")
    embedder_card = card("sface-2021dec")

    def __init__(self, blur: float) -> None:
        rng = np.random.default_rng(0)
        self._people = rng.normal(0, 1, (PEOPLE, 32))
        self._noise = rng
        self._blur = blur
        self.asked: list[tuple[float, float]] = []

    def faces(self, image: Image, _: object, *, covering_xy: tuple[float, float]) -> tuple[SeenFace, ...]:
        self.asked.append(covering_xy)
        grey = int(image[0, 0, 0])
        if grey > 250:
            return ()
        vector = self._people[grey // 20] + self._noise.normal(0, self._blur, 32)
        return (SeenFace((vector / np.linalg.norm(vector)).astype(np.float32), augmented=grey == 20),)


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder for each person, "p00" and so on, with four photos; and a list of pairs, list.txt."""
    for person in range(PEOPLE):
        folder = tmp_path / f"p{person:02d}"
        folder.mkdir()
        for number in range(1, PHOTOS + 1):
            content = encode_jpeg(np.full((16, 24, 3), person * 20, np.uint8))
            (folder / f"p{person:02d}_{number:04d}.jpg").write_bytes(content)
    lines = [f"{FOLDS}\t{PER_FOLD}"]
    for fold in range(FOLDS):
        lines += [f"p{i:02d}\t{fold + 1}\t{fold + 2}" for i in range(PER_FOLD)]
        lines += [f"p{i:02d}\t{fold + 1}\tp{i + PER_FOLD:02d}\t{fold + 1}" for i in range(PER_FOLD)]
    (tmp_path / "list.txt").write_text("\n".join(lines))
    return tmp_path


def evaluated(photos: Path, blur: float, **told: Any) -> Any:
    reader: Any = GreyReader(blur)
    return evaluate_pairs(reader, photos, photos / "list.txt", **told)


def test_clear_faces_are_all_judged_rightly(photos: Path) -> None:
    result = evaluated(photos, 0.05)
    assert (result.pairs, result.folds, result.photos) == (36, 3, 42)
    assert (result.accuracy, result.accuracy_deviation, result.eer) == (1, 0, 0)
    assert result.tar_at_far == {"0.01": 1, "0.001": 1}
    assert (result.not_found, result.missing, result.lost_pairs, result.accuracy_where_found) == (0, (), 0, 1)
    assert result.models == {"detector": "yunet-2023mar", "embedder": "sface-2021dec"}
    assert result.seconds_per_photo > 0
    assert result.second_looks == 4  # of p01, whose grey is 20
    assert result.similarities.shape == (36,)
    for each in result.intervals.values():
        assert each.accuracy == (1, 1)


def test_blurred_faces_cost_and_the_intervals_hold_the_figures(photos: Path) -> None:
    result = evaluated(photos, 1.5)
    assert 0.5 < result.accuracy < 1
    assert result.eer > 0
    assert list(result.intervals) == ["by_pair", "by_person"]
    for each in result.intervals.values():
        assert each.accuracy[0] <= result.accuracy <= each.accuracy[1]
        assert each.eer[0] <= result.eer <= each.eer[1]
        assert each.tar_at_far["0.01"][0] <= result.tar_at_far["0.01"] <= each.tar_at_far["0.01"][1]


def test_a_photo_without_a_face_makes_its_pairs_two_people(photos: Path) -> None:
    white = encode_jpeg(np.full((16, 24, 3), 255, np.uint8))
    (photos / "p00" / "p00_0002.jpg").write_bytes(white)  # in two pairs of one person, and in one of two
    result = evaluated(photos, 0.05)
    assert (result.not_found, result.missing, result.lost_pairs) == (1, ("p00_0002",), 2)
    assert result.accuracy == pytest.approx(1 - 2 / 36)
    assert result.accuracy_where_found == 1
    assert (result.similarities == -1).sum() == 3
    assert result.tar_at_far["0.01"] == pytest.approx(16 / 18)


def test_where_no_face_is_found_at_all_everything_is_two_people(photos: Path) -> None:
    white = encode_jpeg(np.full((16, 24, 3), 255, np.uint8))
    for path in photos.glob("*/*.jpg"):
        path.write_bytes(white)
    result = evaluated(photos, 0.05)
    assert result.accuracy == 0.5
    assert result.accuracy_where_found is None
    assert json.loads(json.dumps(EVALUATION.to_data(result), allow_nan=False))["not_found"] == 42


def test_the_face_in_the_middle_is_meant_and_progress_is_told(photos: Path) -> None:
    reader: Any = GreyReader(0.05)
    told: list[Progress] = []
    evaluate_pairs(reader, photos, photos / "list.txt", told.append)
    assert set(reader.asked) == {(12.0, 8.0)}
    assert told[0] == Progress("Describing", 0, 42, "photos")
    assert told[-1] == Progress("Describing", 42, 42, "photos")


def test_the_table_has_the_figures_by_the_names_that_people_know(photos: Path) -> None:
    table = json.loads(json.dumps(EVALUATION.to_data(evaluated(photos, 1.5)), allow_nan=False))
    for name in ("accuracy", "accuracy_deviation", "eer", "not_found", "seconds_per_photo"):
        assert isinstance(table[name], int | float)
    assert set(table["tar_at_far"]) == {"0.01", "0.001"}
    assert set(table["intervals"]) == {"by_pair", "by_person"}


def test_one_fold_has_no_other_to_take_a_threshold_from(photos: Path) -> None:
    (photos / "list.txt").write_text("1\np00\t1\t2\np00\t1\tp01\t1\n")
    with pytest.raises(InputError, match="one fold"):
        evaluated(photos, 0.05)


def test_a_photo_that_is_no_picture_is_named(photos: Path) -> None:
    (photos / "p03" / "p03_0001.jpg").write_bytes(b"not a picture")
    with pytest.raises(InputError, match=r"p03_0001\.jpg"):
        evaluated(photos, 0.05)


@pytest.mark.shared
def test_a_few_pairs_of_lfw_are_told_apart(shared: Path, tmp_path: Path) -> None:
    lfw = shared / "data" / "lfw"
    lines = (lfw / "pairs_folds1-4.txt").read_text().splitlines()
    short = ["2\t5", *lines[1:6], *lines[301:306], *lines[601:606], *lines[901:906]]
    (tmp_path / "pairs.txt").write_text("\n".join(short))
    result = evaluate_pairs(Analyzer("builtin"), lfw, tmp_path / "pairs.txt")
    assert result.not_found == 0
    assert result.accuracy >= 0.95
