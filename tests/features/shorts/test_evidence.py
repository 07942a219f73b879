"""All evidence of small films that are made here, and of a real clip."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import InputError
from closeup.core.settings import Settings
from closeup.core.types import Cast
from closeup.features.shorts import evidence as module
from closeup.features.shorts.evidence import NEVER_LARGE, NO_SOUND, Evidence, gather
from closeup.features.shorts.interest import WEIGHTS, interest
from closeup.perception import expression
from closeup.weights.cards import card
from features.shorts.planned_cast import planned_cast
from filmed import scenery, write_film
from sounds import hiss, talk

CAST = planned_cast([20, 30], {"p1": [(0, 20)], "p2": [(20, 50)]})
SEEN = {"presence", "motion", "company", "novelty", "rhythm"}
HEARD = {"speech", "loudness", "bursts"}


def film(path: Path, sound: np.ndarray | None) -> Path:
    pictures = [scenery(1, (320, 180))] * 20 + [scenery(2, (320, 180))] * 30
    return write_film(path / "film.mp4", pictures, 10, sound)


@pytest.fixture
def bare(tmp_path: Path) -> Settings:
    """No model has been pulled."""
    return Settings(tmp_path / "models", None)


def check(found: Evidence, count: int) -> None:
    """What holds for any evidence."""
    assert found.parts.keys() | found.absent.keys() == set(WEIGHTS)
    assert not found.parts.keys() & found.absent.keys()
    assert len(found.times_s) == len(found.looks) == count
    for curve in found.parts.values():
        assert (curve.shape, curve.dtype) == ((count,), np.float32)
        known = curve[np.isfinite(curve)]
        assert len(known)
        assert ((known >= 0) & (known <= 1)).all()
    total = interest(found).total
    assert ((total >= 0) & (total <= 1)).all()


def test_every_part_is_there_or_absent_with_its_reason(
    tmp_path: Path, bare: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expression, "is_shipped", lambda *_: False)
    found = gather(film(tmp_path, (talk(5.0) + hiss(5.0))), CAST, "p1", settings=bare)
    check(found, 50)
    assert found.parts.keys() == SEEN | HEARD
    assert "closeup models pull faceapi-expression" in found.absent["expression"]
    assert (found.parts["presence"][:20] > 0).all()
    assert (found.parts["presence"][20:] == 0).all()
    assert (found.parts["company"] > 0).tolist() == [False] * 20 + [True] * 30
    np.testing.assert_allclose(found.parts["novelty"], [0.6] * 20 + [0.4] * 30, atol=0.05)
    assert found.speech is not None
    assert found.frame_times.count == 50


def test_without_sound_three_parts_are_absent(tmp_path: Path, bare: Settings) -> None:
    found = gather(film(tmp_path, None), CAST, "p2", settings=bare)
    check(found, 50)
    assert {name for name, why in found.absent.items() if why == NO_SOUND} == HEARD
    assert found.speech is None


def test_sound_shorter_than_the_pictures_is_silent_at_its_end(tmp_path: Path, bare: Settings) -> None:
    found = gather(film(tmp_path, talk(2.13)), CAST, "p1", settings=bare)
    check(found, 50)
    assert (found.parts["loudness"][30:] == 0).all()


class Sober:
    """In an expression judge's place."""

    def __init__(self, settings: Settings) -> None:
        pass

    def crop(self, image: np.ndarray, box_xyxy: np.ndarray, landmarks_xy: np.ndarray) -> np.ndarray:
        return np.zeros((2, 2, 3), np.uint8)

    def strengths(self, crops: np.ndarray) -> np.ndarray:
        return np.full(len(crops), 0.25, np.float32)


@pytest.fixture
def _judged(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "missing", lambda _: None)
    monkeypatch.setattr(module, "ExpressionJudge", Sober)


@pytest.mark.usefixtures("_judged")
def test_with_a_model_expressions_are_judged_where_the_person_is(tmp_path: Path, bare: Settings) -> None:
    found = gather(film(tmp_path, None), CAST, "p1", settings=bare)
    check(found, 50)
    assert (found.parts["expression"][:20] == 0.25).all()
    assert np.isnan(found.parts["expression"][20:]).all()


@pytest.mark.usefixtures("_judged")
def test_faces_that_are_too_small_to_judge_are_said_to_be(tmp_path: Path, bare: Settings) -> None:
    def small(cast: Cast) -> Cast:
        face = replace(cast.tracks[0].faces[0], box_xyxy=np.array([10, 10, 25, 25], np.float32))
        return replace(cast, tracks=(replace(cast.tracks[0], faces=(face,)), *cast.tracks[1:]))

    found = gather(film(tmp_path, None), small(CAST), "p1", settings=bare)
    check(found, 50)
    assert found.absent["expression"] == NEVER_LARGE


def test_somebody_else_is_refused_before_any_work(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no p9 in the cast"):
        gather(tmp_path / "not there.mp4", CAST, "p9")


@pytest.mark.shared
def test_laughter_in_a_sitcom_is_heard_between_its_lines(shared: Path, tmp_path: Path) -> None:
    model = card(expression.CARD_NAME)
    shutil.copy(shared / "models" / model.file, tmp_path / model.file)
    clip = shared / "data" / "video" / "clips" / "friends_cards_30s.mp4"
    cast = planned_cast([104, 166, 131, 51, 101, 127], {"p1": [(280, 400)]})
    at_24 = 1001 / 2400  # the cast above counts ten frames a second

    def timed(cast: Cast) -> Cast:
        shots = tuple(replace(s, start_s=s.start_s * at_24, end_s=s.end_s * at_24) for s in cast.shots)
        track = cast.tracks[0]
        faces = tuple(replace(face, time_s=face.time_s * at_24) for face in track.faces)
        tracks = (replace(track, start_s=track.start_s * at_24, end_s=track.end_s * at_24, faces=faces),)
        return replace(cast, shots=shots, tracks=tracks)

    found = gather(clip, timed(cast), "p1", settings=Settings(tmp_path, None))
    check(found, 285)
    bursts = found.parts["bursts"]  # its sound begins 1.6 s before its first picture
    assert bursts[36:58].mean() > 0.5
    assert bursts[157:200].mean() > 0.7
    assert bursts[75:140].mean() < 0.05
    assert found.parts["speech"][75:140].mean() > 0.9
