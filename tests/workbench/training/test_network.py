from pathlib import Path

import numpy as np
import pytest
import torch
from skimage import data

from closeup.core.errors import InputError
from closeup.learning.options import Stage
from closeup.learning.trainer import new_optimizer
from closeup.workbench.recipes.heads import settled_head
from closeup.workbench.recipes.recipe import HeadRecipe, ModelRecipe
from closeup.workbench.training.features import frozen_features
from closeup.workbench.training.network import (
    Network,
    activated,
    build_network,
    check_size,
    new_backbone,
    predict_batches,
    trainable_names,
)
from closeup.workbench.training.weights import load_start, state_bytes

HEADS = (
    settled_head(HeadRecipe("mood", classes=("sad", "glad", "none"))),
    settled_head(HeadRecipe("age", kind="value", high=100, loss="distribution")),
    settled_head(HeadRecipe("size", kind="value", low=-1, high=3)),
)


@pytest.fixture
def network() -> Network:
    torch.manual_seed(0)
    return build_network(ModelRecipe("test_efficientnet"), HEADS)


def test_answers_lie_where_they_must(network: Network) -> None:
    raw = predict_batches(network, [torch.randn(3, 3, 32, 32) * 50], flip=True)
    predictions = {head.name: activated(head, torch.from_numpy(raw[head.name] * 1000)) for head in HEADS}
    assert torch.allclose(predictions["mood"].sum(1), torch.ones(3))
    assert predictions["age"].shape == (3, 1)
    assert bool(((predictions["age"] >= 0) & (predictions["age"] <= 100)).all())
    assert bool(((predictions["size"] >= -1) & (predictions["size"] <= 3)).all())


def test_a_mirror_image_is_judged_alike(network: Network) -> None:
    picture = torch.randn(2, 3, 32, 32)
    straight, mirrored = (predict_batches(network, [batch], flip=True) for batch in (picture, picture.flip(3)))
    assert all(np.allclose(straight[name], mirrored[name], atol=1e-5) for name in straight)


def test_an_unknown_architecture_names_the_nearest() -> None:
    with pytest.raises(InputError, match="eficientnet_b0") as caught:
        build_network(ModelRecipe("eficientnet_b0"), HEADS)
    assert "efficientnet_b0" in caught.value.hint


def test_networks_that_cannot_drop_blocks_say_so() -> None:
    with pytest.raises(InputError, match="cannot drop"):
        build_network(ModelRecipe("vgg11", drop_path_rate=0.1), HEADS)
    with pytest.raises(InputError, match="cannot drop"):
        build_network(ModelRecipe("plain_s", drop_path_rate=0.1), HEADS)


@pytest.mark.parametrize("architecture", ["vgg11_bn", "resnet10t", "mobilenetv3_small_050", "plain_s"])
def test_families_are_built_and_opened_from_the_end(architecture: str) -> None:
    network = build_network(ModelRecipe(architecture), HEADS[:1])
    heads, last, everything = (trainable_names(network, train) for train in ("heads", "last-2", "all"))
    assert heads < last < everything
    assert all(name.startswith("heads.") for name in heads)
    assert network(torch.zeros(2, 3, 64, 64))["mood"].shape == (2, 3)


def test_the_plain_network_sees_no_difference_in_light() -> None:
    backbone = new_backbone("plain_s").eval()
    pictures = torch.rand(3, 3, 40, 40) * 2 - 1
    with torch.inference_mode():
        features, darker = backbone(pictures), backbone(pictures * 0.3 - 0.5)
        flat = backbone(torch.full((1, 3, 40, 40), 0.2))
    torch.testing.assert_close(features, darker, atol=1e-3, rtol=1e-3)
    assert features.shape == (3, backbone.num_features)
    assert bool(flat.isfinite().all())


def test_only_what_moves_gets_an_optimizer(network: Network) -> None:
    new_optimizer(Stage(), network, trainable_names(network, "heads"))
    assert [name for name, p in network.named_parameters() if p.requires_grad] == [
        name for name, _ in network.named_parameters() if name.startswith("heads.")
    ]


@pytest.mark.parametrize("name", ["keys", "train", "forward", "a.b"])
def test_heads_may_have_any_name(name: str) -> None:
    network = build_network(ModelRecipe("test_efficientnet"), [settled_head(HeadRecipe(name, classes=("a", "b")))])
    assert list(network(torch.zeros(2, 3, 32, 32))) == [name]


def test_weights_of_a_file_come_back(network: Network, tmp_path: Path) -> None:
    file = tmp_path / "weights.pt"
    file.write_bytes(state_bytes(network))
    other = build_network(ModelRecipe("test_efficientnet"), HEADS[1:])
    assert load_start(other, "weights.pt", "test_efficientnet", tmp_path) == "weights.pt"
    assert torch.equal(other.heads["age"].weight, network.heads["age"].weight)
    with pytest.raises(InputError, match="another architecture"):
        load_start(build_network(ModelRecipe("test_resnet"), HEADS), "weights.pt", "test_resnet", tmp_path)


@pytest.mark.parametrize("content", [b"", b"not weights", b"PK\x03\x04junk"])
def test_damaged_weights_are_refused(network: Network, tmp_path: Path, content: bytes) -> None:
    (tmp_path / "weights.pt").write_bytes(content)
    with pytest.raises(InputError, match="no file of weights"):
        load_start(network, "weights.pt", "test_efficientnet", tmp_path)


def test_missing_weights_are_named(network: Network, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no weights at"):
        load_start(network, "nowhere", "test_efficientnet", tmp_path)


def test_imagenet_has_no_other_architecture(network: Network) -> None:
    with pytest.raises(InputError, match="without a download"):
        load_start(network, "imagenet", "test_efficientnet", Path())


def test_imagenet_weights_tell_pictures_apart() -> None:
    """Two crops of one photo are nearer than crops of two; with weights by chance all pictures are alike."""
    photos = [data.astronaut(), np.stack([data.camera()] * 3, axis=2)]
    pixels = np.stack([photo[shift : shift + 400, shift : shift + 400] for photo in photos for shift in (0, 60)])
    features = frozen_features(pixels, input_px=96)
    assert features.shape == (4, 1280)
    unit = features / np.linalg.norm(features, axis=1, keepdims=True)
    alike = unit @ unit.T
    assert min(alike[0, 1], alike[2, 3]) > 0.2 + max(alike[0, 2], alike[1, 3])


def test_b0_starts_with_imagenet_convolutions_and_open_gates() -> None:
    b0, lite = (build_network(ModelRecipe(name), HEADS[:1]) for name in ("tf_efficientnet_b0", "tf_efficientnet_lite0"))
    for network, name in ((b0, "tf_efficientnet_b0"), (lite, "tf_efficientnet_lite0")):
        load_start(network, "imagenet", name, Path())
    ours, theirs = b0.state_dict(), lite.state_dict()
    shared = [name for name in theirs if name.startswith("backbone.")]
    assert all(torch.equal(ours[name], theirs[name]) for name in shared)
    gates = [name for name in ours if name.endswith("se.conv_expand.bias")]
    assert len(gates) == 16
    assert all(bool((ours[name] == 2).all()) for name in gates)


@pytest.mark.parametrize(("architecture", "px"), [("vit_tiny_patch16_224", 32), ("levit_128s", 96)])
def test_transformers_are_built_for_the_size_that_is_asked_for(architecture: str, px: int) -> None:
    network = build_network(ModelRecipe(architecture, input_px=px), HEADS[:1])
    check_size(network, architecture, px)
    with pytest.raises(InputError, match=f"cannot look at pictures of {px + 16} x {px + 16} pixels"):
        check_size(network, architecture, px + 16)
