"""Batches for the network: the same from the same generator, exact where nothing moves between pixels."""

from dataclasses import fields, replace

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.workbench.recipes.recipe import AugmentRecipe
from closeup.workbench.training import augment_pixels
from closeup.workbench.training.augment import Augmenter

MEAN, STD = (120.0, 110.0, 100.0), (60.0, 61.0, 62.0)
EVERYTHING = AugmentRecipe(
    crop=0.6,
    shift=0.1,
    zoom=0.2,
    rotation_deg=20,
    horizontal_flip=0.5,
    vertical_flip=0.5,
    brightness=0.3,
    contrast=0.5,
    saturation=1.0,
    hue_deg=30,
    grey=0.3,
    blur=0.5,
    sharpen=0.5,
    resolution=0.5,
    jpeg=0.5,
    noise=0.1,
    erasing=0.5,
)
ALONE = [
    replace(AugmentRecipe(), **{field.name: getattr(EVERYTHING, field.name)})
    for field in fields(AugmentRecipe)
    if getattr(EVERYTHING, field.name) != getattr(AugmentRecipe(), field.name)
]


def pictures(count: int = 8, side: int = 24, seed: int = 0) -> torch.Tensor:
    """Pictures (B, S, S, 3) uint8 with soft shapes, so that nothing is lost between pixels, and nothing clipped."""
    rng = np.random.default_rng(seed)
    y, x = np.linspace(0, 3, side)[:, None, None], np.linspace(0, 3, side)[None, :, None]
    waves = [
        np.sin(place * rng.uniform(1, 3, (count, 1, 1, 3)) + rng.uniform(0, 6, (count, 1, 1, 3))) for place in (y, x)
    ]
    return torch.from_numpy((120 + 40 * waves[0] + 30 * waves[1]).astype(np.uint8))


def rough_pictures() -> torch.Tensor:
    """Pictures (20, 48, 48, 3) uint8 in which every pixel is by chance."""
    return torch.from_numpy(np.random.default_rng(0).integers(0, 256, (20, 48, 48, 3)).astype(np.uint8))


def made(
    recipe: AugmentRecipe, pixels: torch.Tensor, out_px: int = 0, *, seed: int = 3, grey: bool = False
) -> np.ndarray:
    """What the recipe makes of pictures, taken back to 0 to 255: (B, 3, P, P)."""
    batch = Augmenter(recipe, MEAN, STD, grey=grey)(
        pixels, out_px or pixels.shape[1], torch.Generator().manual_seed(seed)
    )
    return back(batch)


def back(batch: torch.Tensor) -> np.ndarray:
    """A normalised batch as values from 0 to 255."""
    return batch.numpy() * np.array(STD)[:, None, None] + np.array(MEAN)[:, None, None]


def as_stored(pixels: torch.Tensor) -> np.ndarray:
    """Stored pictures in the order of batches, (B, 3, S, S)."""
    return pixels.numpy().transpose(0, 3, 1, 2).astype(np.float64)


def test_nothing_asked_leaves_every_pixel() -> None:
    pixels = pictures()
    np.testing.assert_allclose(made(AugmentRecipe(), pixels), as_stored(pixels), atol=1e-4)


def test_judging_is_training_without_augmentation() -> None:
    pixels, nothing = pictures(side=30), Augmenter(AugmentRecipe(), MEAN, STD)
    trained = nothing(pixels, 20, torch.Generator().manual_seed(0))
    assert torch.equal(trained, Augmenter(EVERYTHING, MEAN, STD).plain(pixels, 20))


@pytest.mark.parametrize("recipe", [EVERYTHING, *ALONE])
def test_same_generator_same_batch(recipe: AugmentRecipe) -> None:
    pixels = pictures()
    first, again, other = (made(recipe, pixels, seed=seed) for seed in (5, 5, 6))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("recipe", ALONE)
def test_every_augmentation_changes_pictures_within_the_range(recipe: AugmentRecipe) -> None:
    pixels = rough_pictures()
    batch = made(recipe, pixels)
    assert np.abs(batch - as_stored(pixels)).max() > 2
    assert batch.min() >= -1e-3
    assert batch.max() <= 255 + 1e-3


def test_form_of_a_batch() -> None:
    batch = Augmenter(EVERYTHING, MEAN, STD)(pictures(5, 32), 16, torch.Generator())
    assert batch.shape == (5, 3, 16, 16)
    assert batch.dtype == torch.float32
    assert batch.is_contiguous(memory_format=torch.channels_last)


@pytest.mark.parametrize(("flip", "axis"), [("horizontal_flip", 3), ("vertical_flip", 2)])
def test_flips_are_exact_and_as_often_as_asked(flip: str, axis: int) -> None:
    pixels = pictures(200, 9)
    batch, stored = made(replace(AugmentRecipe(), **{flip: 0.3}), pixels), as_stored(pixels)
    flipped = np.abs(batch - np.flip(stored, axis)).max((1, 2, 3)) < 1e-3
    kept = np.abs(batch - stored).max((1, 2, 3)) < 1e-3
    assert (flipped | kept).all()
    assert 40 <= flipped.sum() <= 80


def test_flips_within_a_warp_are_the_same_flips() -> None:
    pixels = pictures(40)
    flips = replace(AugmentRecipe(), horizontal_flip=0.5, vertical_flip=0.5)
    barely = replace(flips, rotation_deg=1e-4)
    np.testing.assert_allclose(made(barely, pixels), made(flips, pixels), atol=0.05)


def test_recipes_that_differ_in_one_thing_agree_in_the_rest() -> None:
    pixels = pictures(40)
    with_noise = made(replace(EVERYTHING, noise=0.001, erasing=0.0), pixels)
    without = made(replace(EVERYTHING, noise=0.0, erasing=0.0), pixels)
    assert np.abs(with_noise - without).max() < 2


def test_generator_moves_on_by_as_much_for_every_recipe() -> None:
    pixels, states = pictures(), []
    for recipe in (AugmentRecipe(), EVERYTHING):
        generator = torch.Generator().manual_seed(1)
        Augmenter(recipe, MEAN, STD)(pixels, 12, generator)
        states.append(generator.get_state())
    assert torch.equal(*states)


def mark(side: int, x: int, y: int) -> torch.Tensor:
    """A picture (1, S, S, 3) that is black but for a spot of 3 by 3 around (x, y)."""
    pixels = torch.zeros((1, side, side, 3), dtype=torch.uint8)
    pixels[:, y - 1 : y + 2, x - 1 : x + 2] = 255
    return pixels


def spot(batch: np.ndarray) -> tuple[float, float]:
    """Where the light of a picture (1, 3, P, P) lies in the middle: (x, y)."""
    light = batch[0].sum(0)
    ys, xs = np.mgrid[: light.shape[0], : light.shape[1]]
    return float((light * xs).sum() / light.sum()), float((light * ys).sum() / light.sum())


@given(st.integers(0, 2**32))
@settings(max_examples=25)
def test_shift_and_rotation_stay_within_their_bounds(seed: int) -> None:
    x, y = spot(made(replace(AugmentRecipe(), shift=0.1), mark(61, 30, 30), seed=seed))
    assert abs(x - 30) <= 6.2
    assert abs(y - 30) <= 6.2
    x, y = spot(made(replace(AugmentRecipe(), rotation_deg=30), mark(61, 50, 30), seed=seed))
    assert abs(np.degrees(np.arctan2(y - 30, x - 30))) <= 30.5
    assert np.hypot(x - 30, y - 30) == pytest.approx(20, abs=0.3)


@given(st.integers(0, 2**32))
@settings(max_examples=25)
def test_zoom_and_crop_change_distances_within_their_bounds(seed: int) -> None:
    x, y = spot(made(replace(AugmentRecipe(), zoom=0.25), mark(61, 40, 30), seed=seed))
    assert 10 / 1.25 - 0.1 <= x - 30 <= 10 * 1.25 + 0.1
    assert y == pytest.approx(30, abs=0.05)
    recipe = replace(AugmentRecipe(), crop=0.64, crop_centre="centre")
    x, y = spot(made(recipe, mark(61, 40, 30), seed=seed))
    assert 9.9 <= x - 30 <= 10 / 0.8 + 0.1
    assert y == pytest.approx(30, abs=0.05)


def test_crop_by_the_face_keeps_the_upper_half_and_random_crops_go_everywhere() -> None:
    by_face = replace(AugmentRecipe(), crop=0.49, crop_centre="face")
    random = replace(by_face, crop_centre="random")
    spots = [[spot(made(r, mark(60, 30, 15), seed=s)) for s in range(40)] for r in (by_face, random)]
    face_xy, random_xy = np.array(spots[0]), np.array(spots[1])
    assert np.allclose(face_xy[:, 0], 29.5 + 0.5 / 0.85, atol=0.7)
    assert (face_xy[:, 1] >= 14.9).all()  # from the top on, enlarged
    assert (face_xy[:, 1] <= 15.5 / 0.7).all()
    assert np.ptp(random_xy[:, 0]) > 6


def test_colour_steps_do_what_they_are_called() -> None:
    pixels = pictures(30)
    stored = as_stored(pixels)
    luma = np.array([0.299, 0.587, 0.114])
    brighter = made(replace(AugmentRecipe(), brightness=0.1), pixels) - stored
    assert np.ptp(brighter, axis=(1, 2, 3)).max() < 1e-3
    assert np.abs(brighter).max() <= 25.5 + 1e-3
    hues = made(replace(AugmentRecipe(), hue_deg=10), pixels)
    unclipped = ((hues > 0.5) & (hues < 254.5)).all((1, 2, 3))
    assert unclipped.sum() > 5
    drift = np.einsum("bchw,c->bhw", hues - stored, luma)[unclipped]
    assert np.abs(drift).max() < 0.1
    greys = made(replace(AugmentRecipe(), grey=1.0), pixels)
    np.testing.assert_allclose(greys, np.repeat(np.einsum("bchw,c->bhw", stored, luma)[:, None], 3, 1), atol=0.1)
    contrast = made(replace(AugmentRecipe(), contrast=0.3), pixels)
    shares = contrast.std((1, 2, 3)) / stored.std((1, 2, 3))
    assert shares.min() > 0.69
    assert shares.max() < 1.31
    assert np.ptp(shares) > 0.3


def test_grey_network_sees_no_colour_at_all() -> None:
    pixels = pictures()
    trained = made(EVERYTHING, pixels, grey=True)
    judged = back(Augmenter(EVERYTHING, MEAN, STD, grey=True).plain(pixels, 24))
    assert np.ptp(trained, axis=1).max() < 1e-3
    assert np.ptp(judged, axis=1).max() < 1e-3
    assert np.ptp(judged) > 20


def test_blur_and_resolution_take_detail_and_keep_the_mean() -> None:
    pixels = rough_pictures()
    stored = as_stored(pixels)
    for name in ("blur", "resolution"):
        batch = made(replace(AugmentRecipe(), **{name: 1.0}), pixels)
        assert (batch.std((1, 2, 3)) < 0.99 * stored.std((1, 2, 3))).all()
        assert np.abs(batch.mean((1, 2, 3)) - stored.mean((1, 2, 3))).max() < 4


def test_sharpening_raises_edges_and_keeps_the_mean() -> None:
    pixels = rough_pictures() // 3 + 80  # far enough from black and white for nothing to be clipped
    stored = as_stored(pixels)
    batch = made(replace(AugmentRecipe(), sharpen=1.0), pixels)
    assert (batch.std((1, 2, 3)) > 1.1 * stored.std((1, 2, 3))).all()
    assert np.abs(batch.mean((1, 2, 3)) - stored.mean((1, 2, 3))).max() < 1


@pytest.mark.parametrize("side", [16, 21])
def test_jpeg_rounds_as_the_standard_does(side: int, monkeypatch: pytest.MonkeyPatch) -> None:
    # OpenCV's own codec on grey pictures gives whole numbers, at most half a level away; where a cosine lies between
    # two steps, it may round the other way, which moves that block by one step of that cosine.
    monkeypatch.setattr(augment_pixels, "JPEG_QUALITIES", (60.0, 60.0))
    grey = np.asarray(pictures(6, side).numpy()[..., :1]).repeat(3, axis=3)
    batch = made(replace(AugmentRecipe(), jpeg=1.0), torch.from_numpy(grey))
    apart = []
    for made_here, one in zip(batch, grey, strict=True):
        packed = cv2.imencode(".jpg", one[..., 0], [cv2.IMWRITE_JPEG_QUALITY, 60])[1]
        expected = cv2.imdecode(packed, cv2.IMREAD_GRAYSCALE).astype(np.float64)
        apart.append(np.abs(made_here - expected).max())
        assert np.abs(made_here - one[..., 0]).max() >= 1
    assert np.median(apart) < 0.52
    assert max(apart) < 4


def test_erasing_paints_one_rectangle_of_the_size_it_says() -> None:
    pixels = pictures(60, 40)
    changed = np.abs(made(replace(AugmentRecipe(), erasing=1.0), pixels) - as_stored(pixels)).max(1) > 0.5
    for one in changed:
        ys, xs = np.nonzero(one)
        box = (np.ptp(ys) + 1) * (np.ptp(xs) + 1) / one.size
        assert 0.005 < box < 0.25
        assert one.sum() >= 0.9 * (np.ptp(ys) + 1) * (np.ptp(xs) + 1)


def test_mixup_is_the_weighted_sum() -> None:
    augmenter = Augmenter(replace(AugmentRecipe(), mixup=0.4), MEAN, STD)
    batch = augmenter.plain(pictures(), 24)
    mixed = augmenter.mix(batch, torch.Generator().manual_seed(2))
    assert augmenter.mixes
    assert 0 < mixed.share < 1
    np.testing.assert_allclose(
        mixed.pictures, mixed.share * batch + (1 - mixed.share) * batch[mixed.partner], atol=1e-5
    )
    assert sorted(mixed.partner.tolist()) == list(range(len(batch)))


def test_cutmix_share_is_what_is_left_of_each_picture() -> None:
    augmenter = Augmenter(replace(AugmentRecipe(), cutmix=1.0), MEAN, STD)
    own, other = torch.zeros((2, 3, 20, 20)), torch.ones((2, 3, 20, 20))
    batch, shares = torch.cat([own, other]), []
    for seed in range(30):
        mixed = augmenter.mix(batch, torch.Generator().manual_seed(seed))
        foreign = (mixed.pictures != batch).float().mean((1, 2, 3))
        swapped = batch[mixed.partner][:, 0, 0, 0] != batch[:, 0, 0, 0]
        np.testing.assert_allclose(foreign[swapped], 1 - mixed.share, atol=1e-6)
        assert (foreign[~swapped] == 0).all()
        shares.append(mixed.share)
    assert batch[:2].max() == 0  # the batch itself is left alone
    assert np.ptp(shares) > 0.5


def test_with_both_each_batch_takes_one() -> None:
    augmenter = Augmenter(replace(AugmentRecipe(), mixup=5.0, cutmix=5.0), MEAN, STD)
    batch = torch.arange(4.0)[:, None, None, None].expand(4, 3, 20, 20).contiguous()
    whole = [float((augmenter.mix(batch, torch.Generator().manual_seed(s)).pictures % 1).max()) for s in range(40)]
    assert 10 <= sum(value == 0 for value in whole) <= 30


def test_nothing_to_mix() -> None:
    augmenter = Augmenter(AugmentRecipe(), MEAN, STD)
    batch = augmenter.plain(pictures(), 24)
    mixed = augmenter.mix(batch, torch.Generator())
    assert not augmenter.mixes
    assert mixed.pictures is batch
    assert mixed.share == 1.0
