"""What recipes/matte.py learns from: pictures held out by name, views with their mattes, a loss that fits."""

import sys
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import pytest

from recipe_scripts import RECIPES, load_script

sys.path.append(str(RECIPES))

from matte_data import HELD_OUT, Example, beside, held_out, load, save, skin_share
from matte_views import part, pasted, relit, sizes, sureness

WALL, COAT = (40, 90, 200), (220, 60, 30)


def standing(name: str = "one", height: int = 300, width: int = 200) -> Example:
    """A person of one colour before a wall of another: wherever a view shows the coat, its matte is 255."""
    alpha = np.zeros((height, width), np.uint8)
    cv2.ellipse(alpha, (width // 2, height // 2), (width // 5, height // 3), 20, 0, 360, 255, -1)
    rgb = np.where(alpha[..., None] > 0, COAT, WALL).astype(np.uint8)
    return Example(name, rgb, alpha)


def empty() -> Example:
    return Example("empty", np.full((120, 240, 3), WALL, np.uint8), np.zeros((120, 240), np.uint8))


def test_the_same_pictures_are_always_held_out_in_about_the_share_asked_for() -> None:
    names = [f"{number:04}" for number in range(4000)]
    for source, share in HELD_OUT.items():
        assert np.mean([held_out(source, name) for name in names]) == pytest.approx(share, abs=0.03)
    assert [name for name in names[:40] if held_out("ccp", name)] == ["0002", "0006", "0012", "0016", "0032", "0036"]
    assert not any(held_out("told-faces", name) for name in names)


def test_examples_come_back_from_their_file_as_they_were(tmp_path: Path) -> None:
    written = [standing("a"), empty(), standing("b", 31, 17)]
    save(tmp_path / "set.npz", written)
    read = load(tmp_path / "set.npz")
    assert [each.name for each in read] == ["a", "empty", "b"]
    for before, after in zip(written, read, strict=True):
        assert np.array_equal(before.rgb, after.rgb)
        assert np.array_equal(before.alpha, after.alpha)
    assert [path.name for path in tmp_path.iterdir()] == ["set.npz"]


def test_what_is_beside_a_person_shows_nothing_of_them() -> None:
    strips = list(beside(standing(width=400)))
    assert len(strips) == 2
    assert all((strip.rgb == WALL).all() and not strip.alpha.any() for strip in strips)


def test_skin_is_told_by_its_colour() -> None:
    assert skin_share(np.full((9, 9, 3), (224, 172, 140), np.uint8)) == 1
    assert skin_share(empty().rgb) == 0


@pytest.mark.parametrize("far", [False, True])
def test_the_matte_of_a_view_is_where_its_person_is(far: bool) -> None:
    picture, chance = sizes(standing()), np.random.default_rng(3)
    shares = []
    for _ in range(40):
        rgb, alpha = part(picture, (96, 64), chance, far=far)
        assert rgb.shape == (64, 96, 3)
        assert alpha.shape == (64, 96)
        coat = np.abs(rgb.astype(int) - COAT).sum(axis=2) < 60
        sure = (alpha < 10) | (alpha > 245)
        assert np.array_equal(coat[sure], alpha[sure] > 127)
        shares.append(alpha.mean() / 255)
    assert max(shares) > 0.3
    assert np.std(shares) > 0.05  # from near and from far


def test_people_are_pasted_before_a_picture_without_any() -> None:
    chance = np.random.default_rng(4)
    for _ in range(20):
        rgb, alpha = pasted([sizes(standing()), sizes(standing())], empty(), (64, 96), chance)
        assert np.abs(rgb[alpha == 0].astype(int) - WALL).max(initial=0) <= 2
        assert (rgb[alpha == 255][:, 0].astype(int) > rgb[alpha == 255][:, 2]).all()


def test_other_light_leaves_a_picture_what_it_is() -> None:
    chance, rgb = np.random.default_rng(5), standing().rgb
    lit = [relit(rgb, chance) for _ in range(30)]
    assert all(each.shape == rgb.shape and each.dtype == np.uint8 for each in lit)
    assert np.std([each.mean() for each in lit]) > 3


def test_a_teacher_that_is_in_doubt_counts_little() -> None:
    alpha = np.array([[0, 90, 128, 200, 255]], np.uint8)
    weights = sureness(alpha, told=True)[0]
    assert weights[0] == weights[4] == 1
    assert weights[2] < weights[3] < 1
    assert weights[2] < 0.05
    assert (sureness(alpha, told=False) == 1).all()


@pytest.fixture(scope="module")
def recipe() -> ModuleType:
    pytest.importorskip("torch")
    return load_script("matte")


def test_the_right_answer_has_the_smallest_loss(recipe: ModuleType) -> None:
    torch = recipe.torch
    alpha = torch.from_numpy(standing(height=64, width=96).alpha[None, None] / np.float32(255))
    sure = torch.ones_like(alpha)

    def loss(answer: object) -> float:
        return float(recipe.matte_loss([8 * (2 * answer - 1)], alpha, sure))

    shifted = torch.roll(alpha, 6, dims=3)
    assert loss(alpha) < 0.05 < loss(shifted) < loss(1 - alpha)
    assert float(recipe.matte_loss([8 * (2 * shifted - 1)], alpha, (shifted == alpha) * 1.0 + 1e-6)) < 0.1


def test_the_file_answers_as_the_network_for_pictures_of_any_size(recipe: ModuleType, tmp_path: Path) -> None:
    pytest.importorskip("onnx")
    network = recipe.new_weights().network.eval()
    recipe.export_onnx(recipe.Exported(network).eval(), tmp_path / "matte.onnx", 32, {"alpha": [0, 2, 3]}, recipe.AGREE)
    session = recipe.open_session(tmp_path / "matte.onnx")
    pictures = np.random.default_rng(0).integers(0, 256, (2, 96, 160, 3), np.uint8)
    inputs = recipe.as_input(pictures)
    with recipe.torch.no_grad():
        wanted = recipe.torch.sigmoid(network(inputs)[0]).numpy()
    np.testing.assert_allclose(session.run(np.ascontiguousarray(inputs.numpy())), wanted, atol=2e-3)
    assert wanted.shape == (2, 1, 96, 160)


def test_a_training_learns_and_goes_on_where_it_stopped(
    recipe: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("ccp-train", "humanseg-train", "told-faces", "told-films", "ccp-dev", "humanseg-dev"):
        save(tmp_path / f"{name}.npz", [standing(str(number), 60 + number, 50) for number in range(3)])
    save(tmp_path / "nobody.npz", [empty()])
    monkeypatch.setattr(recipe, "EPOCH", 8)
    monkeypatch.setattr(recipe, "SIDES_PX", (64, 64))
    stage = recipe.Stage(epochs=1, batch=4, learning_rate=1e-3)
    monkeypatch.setattr(recipe, "STAGES", (stage,))
    recipe.train(tmp_path, tmp_path / "run")
    monkeypatch.setattr(recipe, "STAGES", (stage, stage))
    recipe.train(tmp_path, tmp_path / "run")
    assert np.float32(1e-40) * np.float32(1) > 0  # numbers near zero are numbers again
    rows = (tmp_path / "run/epochs.csv").read_text().splitlines()
    assert len(rows) == 3
    assert [row.split(",")[0] for row in rows[1:]] == ["1", "2"]
    assert recipe.answer(recipe.best(tmp_path / "run"), standing().rgb, 64).shape == (300, 200)


def test_the_way_down_is_lite0_as_imagenet_taught_it(recipe: ModuleType) -> None:
    from closeup.workbench.training.libraries import timm
    from closeup.workbench.training.weights import IMAGENET, load_start

    torch, network = recipe.torch, recipe.new_weights().network.eval()
    whole = torch.nn.Module()
    whole.backbone = timm.create_model("tf_efficientnet_lite0", num_classes=0).eval()
    load_start(whole, IMAGENET, "tf_efficientnet_lite0", Path())
    pictures = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(2)) * 2 - 1
    with torch.no_grad():
        wanted, found = whole.backbone.bn1(whole.backbone.conv_stem(pictures)), network.stem(pictures)
        for theirs, ours in zip(whole.backbone.blocks[:5], network.stages[:5], strict=True):
            wanted, found = theirs(wanted), ours(found)
    torch.testing.assert_close(found, wanted, atol=1e-3, rtol=1e-3)  # another order of sums


def test_first_layers_and_all_statistics_stay_as_they_were(recipe: ModuleType) -> None:
    network = recipe.new_weights().network.train()
    moving = {name for name, weight in network.named_parameters() if weight.requires_grad}
    assert not any(name.startswith(("stem.", "stages.0.", "stages.1.")) for name in moving)
    assert {"stages.2.0.layers.0.weight", "answer.0.weight"} <= moving
    before = {name: value.clone() for name, value in network.state_dict().items() if "running" in name}
    network(recipe.torch.rand(2, 3, 64, 64))
    after = network.state_dict()
    assert all(recipe.torch.equal(after[name], value) for name, value in before.items() if not name.startswith("ups."))
