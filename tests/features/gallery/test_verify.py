from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from closeup.core.errors import InputError, ModelError
from closeup.core.types import Image
from closeup.features.gallery.enrol import enrol
from closeup.features.gallery.verify import verify, verify_identity
from closeup.perception.analyzer import AnalysedFace
from closeup.perception.gates import Fault
from closeup.storage.gallery import GalleryStore
from features.gallery.made_up import FakeAnalyzer, Shown, embedding, made_up_card, photo


def test_one_person_and_two(reader: Any, tmp_path: Path) -> None:
    a, b, other = (photo(tmp_path / f"{n}.png", Shown(p, n)) for n, p in enumerate((1, 1, 2)))
    same = verify(reader, a, b)
    assert same.same
    assert same.similarity == pytest.approx(float(embedding(1, 0) @ embedding(1, 1)))
    assert (same.threshold, same.far, same.read_from, same.model) == (0.5, 0.001, "made-up pairs", "made-up")
    assert not verify(reader, a, other).same
    assert verify(reader, b, a).similarity == pytest.approx(same.similarity)


def test_the_rate_moves_the_threshold(reader: Any, tmp_path: Path) -> None:
    a, b = photo(tmp_path / "a.png", Shown(1)), photo(tmp_path / "b.png", Shown(1, 1))
    thresholds = [verify(reader, a, b, far).threshold for far in (0.1, 0.01, 0.001, 0.0001)]
    assert thresholds == sorted(thresholds)
    assert len(set(thresholds)) == 4


def test_photos_of_no_use(reader: Any, tmp_path: Path) -> None:
    good, none = photo(tmp_path / "a.png", Shown(1)), photo(tmp_path / "b.png")
    two = photo(tmp_path / "c.png", Shown(2), Shown(1))
    with pytest.raises(InputError, match=r"No face was found in .*b\.png"):
        verify(reader, good, none)
    with pytest.raises(InputError, match=r"c\.png is in doubt"):
        verify(reader, two, good)
    assert not verify(reader, two, good, largest=True).same


class Blind(FakeAnalyzer):
    """One whose vectors of the second variant say nothing."""

    def faces(self, image: Image, *args: Any, **options: Any) -> tuple[AnalysedFace, ...]:
        fault = Fault("says-nothing", "It tells nothing.") if image[0, 0, 1] == 2 else None
        return tuple(replace(face, faults=(fault,) if fault else ()) for face in super().faces(image, *args, **options))


def test_a_face_that_says_nothing_is_refused_and_not_called_another_person(tmp_path: Path) -> None:
    good, poor = photo(tmp_path / "a.png", Shown(1)), photo(tmp_path / "b.png", Shown(1, 2))
    with pytest.raises(InputError, match=r"b\.png is of no use\. It tells nothing"):
        verify(Blind(), good, poor)  # type: ignore[arg-type]


def test_somebody_enrolled(store: GalleryStore, reader: Any, tmp_path: Path) -> None:
    enrol(store, reader, "Ann", [photo(tmp_path / f"{n}.png", Shown(1, n)) for n in range(3)])
    new, stranger = photo(tmp_path / "new.png", Shown(1, 9)), photo(tmp_path / "other.png", Shown(2))
    assert verify_identity(store, reader, new, "ann").same
    assert not verify_identity(store, reader, stranger, "ann").same
    with pytest.raises(InputError, match="Zoe"):
        verify_identity(store, reader, new, "Zoe")


def test_somebody_whom_only_another_model_knows(store: GalleryStore, reader: Any, tmp_path: Path) -> None:
    old, both = FakeAnalyzer((made_up_card("older"),)), FakeAnalyzer((made_up_card(), made_up_card("older")))
    enrol(store, old, "Ann", [photo(tmp_path / "1.png", Shown(1))])  # type: ignore[arg-type]
    new = photo(tmp_path / "new.png", Shown(1, 9))
    with pytest.raises(ModelError, match="of older"):
        verify_identity(store, reader, new, "Ann")
    result = verify_identity(store, both, new, "Ann")  # type: ignore[arg-type]
    assert (result.same, result.model) == (True, "older")
