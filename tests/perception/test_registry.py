from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import InputError, ModelError
from closeup.core.settings import Settings, read_settings
from closeup.perception.registry import (
    CHOICES,
    DETECTORS,
    EMBEDDERS,
    LANDMARKS,
    better_detector,
    choose,
    face_models,
    landmark_map,
)
from closeup.weights.cards import card
from stills import hopper

BUILTIN = ("dlib-hog", "dlib-resnet-128")


@pytest.fixture
def bare(tmp_path: Path) -> Settings:
    """A machine on which nothing has been pulled."""
    return Settings(models_dir=tmp_path / "models", models_mirror=None)


def give(settings: Settings, name: str) -> None:
    """Put a file of the right length where the model is looked for; `choose` reads no more than that."""
    settings.models_dir.mkdir(exist_ok=True)
    with (settings.models_dir / card(name).file).open("wb") as file:
        file.truncate(card(name).bytes)


def chosen(models: str, settings: Settings) -> tuple[str, str]:
    detector, embedder = choose(models, settings)
    return detector.name, embedder.name


def test_every_name_has_a_card_of_its_task() -> None:
    for names, task in ((DETECTORS, "detector"), (EMBEDDERS, "embedder")):
        for pack, name in names.items():
            assert (card(name).task, card(name).pack) == (task, pack)
    assert card(LANDMARKS).task == "landmarks"


def test_without_pulled_models_auto_is_builtin_and_zoo_insists(bare: Settings) -> None:
    assert chosen("auto", bare) == chosen("builtin", bare) == BUILTIN
    assert chosen("zoo", bare) == ("yunet-2023mar", "dlib-resnet-128")
    with pytest.raises(ModelError) as caught:
        face_models("zoo", bare)
    assert caught.value.facts["name"] == "yunet-2023mar"
    assert not bare.models_dir.exists()


def test_a_pulled_detector_is_taken_unless_builtin_is_asked_for(bare: Settings) -> None:
    give(bare, "yunet-2023mar")
    assert chosen("auto", bare) == chosen("zoo", bare) == ("yunet-2023mar", "dlib-resnet-128")
    assert chosen("builtin", bare) == BUILTIN


def test_a_pulled_embedder_goes_with_the_pulled_detector(bare: Settings) -> None:
    give(bare, "sface-2021dec")
    assert chosen("auto", bare) == chosen("builtin", bare) == BUILTIN
    assert chosen("zoo", bare) == ("yunet-2023mar", "sface-2021dec")
    give(bare, "yunet-2023mar")
    assert chosen("auto", bare) == ("yunet-2023mar", "sface-2021dec")
    assert chosen("builtin", bare) == BUILTIN


@pytest.mark.parametrize("models", ["auto", "zoo"])
def test_a_damaged_file_is_said_and_not_passed_over(bare: Settings, models: str) -> None:
    bare.models_dir.mkdir()
    (bare.models_dir / card("yunet-2023mar").file).write_bytes(b"half of it")
    with pytest.raises(ModelError, match="damaged"):
        face_models(models, bare)


@pytest.mark.parametrize("models", ["", "best", "AUTO"])
def test_another_set_of_models_is_refused_with_the_choices(bare: Settings, models: str) -> None:
    with pytest.raises(InputError) as caught:
        choose(models, bare)
    assert all(choice in (caught.value.hint or "") for choice in CHOICES)


def test_a_better_detector_is_named_where_it_could_be_pulled_and_only_there(bare: Settings) -> None:
    builtin = {"detector": "dlib-hog", "embedder": "dlib-resnet-128"}
    assert better_detector(builtin, bare) == card("yunet-2023mar")
    assert better_detector({"detector": "yunet-2023mar"}, bare) is None
    assert better_detector({}, bare) is None
    give(bare, "yunet-2023mar")
    assert better_detector(builtin, bare) is None


def test_a_damaged_detector_does_not_break_a_run_that_did_without_it(bare: Settings) -> None:
    bare.models_dir.mkdir()
    (bare.models_dir / card("yunet-2023mar").file).write_bytes(b"half of it")
    assert chosen("builtin", bare) == BUILTIN
    assert better_detector({"detector": "dlib-hog"}, bare) == card("yunet-2023mar")


def test_the_builtin_models_work_with_nothing_pulled() -> None:
    models = face_models("builtin", read_settings())
    assert (models.detector_card.name, models.embedder_card.name) == BUILTIN
    first, second = models.new_detector(), models.new_detector()
    assert first is not second
    faces = first.detect(hopper())
    assert first.card_name == models.detector_card.name
    assert models.embedder.card_name == models.embedder_card.name
    assert models.embedder.embed(models.embedder.crop(hopper(), faces.landmarks_xy[0])[None]).shape == (1, 128)


def test_the_zoos_models_are_those_of_its_cards(zoo: Settings) -> None:
    models = face_models("auto", zoo)
    assert (models.detector_card.name, models.embedder_card.name) == ("yunet-2023mar", "dlib-resnet-128")
    assert models.new_detector().card_name == "yunet-2023mar"
    assert len(models.new_detector().detect(hopper())) == 1


def test_every_threshold_that_the_cast_asks_for_is_on_the_cards() -> None:
    asked = {"same_person", "two_people", "cluster", "attach", "face_hard", "face_soft", "face_veto"}
    asked |= {"clothing_hard", "clothing_soft"}
    for name in EMBEDDERS.values():
        assert asked <= card(name).thresholds.keys()
    for name in DETECTORS.values():
        assert 0 < card(name).thresholds["founding"].value < 1


def test_the_map_of_landmarks_is_finite_and_read_once() -> None:
    assert landmark_map().shape == (11, 10)
    assert np.isfinite(landmark_map()).all()
    assert landmark_map() is landmark_map()
