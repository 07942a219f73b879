from pathlib import Path

import pytest

from closeup.core.errors import InputError, ModelError
from closeup.core.settings import Settings, read_settings
from closeup.perception.registry import (
    CHOICES,
    DETECTOR,
    EMBEDDER,
    RECOGNISERS,
    choose,
    choose_recognisers,
    face_models,
)
from closeup.weights.cards import card
from stills import hopper


@pytest.fixture
def bare(tmp_path: Path) -> Settings:
    """A machine on which nothing has been pulled."""
    return Settings(models_dir=tmp_path / "models", models_mirror=None)


def give(settings: Settings, name: str) -> None:
    """Put a file of the right length where the model is looked for; choosing reads no more than that."""
    settings.models_dir.mkdir(exist_ok=True)
    with (settings.models_dir / card(name).file).open("wb") as file:
        file.truncate(card(name).bytes)


def recognisers(models: str, settings: Settings) -> list[str]:
    return [each.name for each in choose_recognisers(models, settings)]


def test_every_name_has_a_card_of_its_task() -> None:
    assert (card(DETECTOR).task, card(DETECTOR).pack) == ("detector", "builtin")
    assert (card(EMBEDDER).task, card(EMBEDDER).pack) == ("embedder", "builtin")
    assert all(card(name).task == "embedder" and card(name).far for name in RECOGNISERS)


@pytest.mark.parametrize("models", CHOICES)
def test_faces_are_found_and_told_apart_by_what_pip_brings(bare: Settings, models: str) -> None:
    assert [each.name for each in choose(models, bare)] == [DETECTOR, EMBEDDER]
    assert not bare.models_dir.exists()


def test_the_gallery_takes_the_best_embedder_on_the_machine(bare: Settings) -> None:
    assert recognisers("auto", bare) == recognisers("zoo", bare) == recognisers("builtin", bare) == [EMBEDDER]
    give(bare, "face-reid-0095")
    assert recognisers("auto", bare) == recognisers("zoo", bare) == list(RECOGNISERS)
    assert recognisers("builtin", bare) == [EMBEDDER]


def test_a_damaged_file_is_said_and_not_passed_over(bare: Settings) -> None:
    bare.models_dir.mkdir()
    (bare.models_dir / card("face-reid-0095").file).write_bytes(b"half of it")
    with pytest.raises(ModelError, match="damaged"):
        choose_recognisers("auto", bare)


@pytest.mark.parametrize("models", ["", "best", "AUTO"])
def test_another_set_of_models_is_refused_with_the_choices(bare: Settings, models: str) -> None:
    with pytest.raises(InputError) as caught:
        choose(models, bare)
    assert all(choice in (caught.value.hint or "") for choice in CHOICES)


def test_the_builtin_models_work_with_nothing_pulled() -> None:
    models = face_models("builtin", read_settings())
    first, second = models.new_detector(), models.new_detector()
    assert first is not second
    faces = first.detect(hopper())
    assert len(faces) == 1
    assert first.card_name == models.detector_card.name == DETECTOR
    embedder = models.new_embedder(models.embedder_cards[0])
    assert embedder.card_name == models.embedder_cards[0].name == EMBEDDER
    crops = embedder.crop(hopper(), faces.landmarks_xy[0])[None]
    vectors, worths = embedder.embed_with_worth(crops)
    assert vectors.shape == (1, 128)
    assert worths[0] > card(EMBEDDER).thresholds["sure"].value


def test_every_threshold_that_the_cast_asks_for_is_on_the_card() -> None:
    asked = {"same_person", "two_people", "sure", "legible", "cluster", "attach", "attach_margin"}
    asked |= {"face_hard", "face_soft", "face_veto", "clothing_hard", "clothing_soft"}
    assert asked <= card(EMBEDDER).thresholds.keys()
    assert 0 < card(DETECTOR).thresholds["founding"].value < 1
