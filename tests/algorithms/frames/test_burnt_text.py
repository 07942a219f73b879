"""Text that lies over a film is found, what is in the scene is not; on pictures that are painted here."""

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from closeup.algorithms.frames.burnt_text import burnt_text

Grey = NDArray[np.uint8]
SIZE_WH = (480, 360)
LOOKS = 16
SHOWN = (4, 11)
"""The looks between which a caption is there."""


def scene(look: int, seed: int = 1, speed_px: int = 9) -> Grey:
    """Soft blobs that move on from look to look, with the noise of a camera."""
    rng = np.random.default_rng(seed)
    wide = cv2.resize(rng.integers(30, 200, (8, 30)).astype(np.uint8), (SIZE_WH[0] * 3, SIZE_WH[1]))
    noise = np.random.default_rng(look).normal(0, 2, (SIZE_WH[1], SIZE_WH[0]))
    here = wide[:, look * speed_px : look * speed_px + SIZE_WH[0]]
    return np.clip(here + noise, 0, 255).astype(np.uint8)


def written(picture: Grey, text: str, at_xy: tuple[int, int], level: int = 240, ground: int | None = None) -> Grey:
    """A picture with a line of text on it, outlined, or on a ground of one level."""
    picture, (x, y), how = picture.copy(), at_xy, (cv2.FONT_HERSHEY_SIMPLEX, 0.7)
    if ground is None:
        cv2.putText(picture, text, at_xy, *how, 10, 6, cv2.LINE_AA)
    else:
        (width, height), _ = cv2.getTextSize(text, *how, 2)
        cv2.rectangle(picture, (x - 10, y - height - 8), (x + width + 10, y + 10), ground, -1)
    return np.asarray(cv2.putText(picture, text, at_xy, *how, level, 2, cv2.LINE_AA), np.uint8)


def captioned(speed_px: int = 9, **how: int) -> list[Grey]:
    looks = [scene(look, speed_px=speed_px) for look in range(LOOKS)]
    shown = range(SHOWN[0], SHOWN[1] + 1)
    return [written(p, "What did she say to you?", (90, 320), **how) if n in shown else p for n, p in enumerate(looks)]


def spans(found: list[tuple[int, int, tuple[int, int, int, int]]]) -> tuple[int, int, int, int]:
    """From which look to which, and from which row to which, all lines together are."""
    firsts, lasts, boxes = zip(*found, strict=True)
    return min(firsts), max(lasts), min(box[1] for box in boxes), max(box[3] for box in boxes)


@pytest.mark.parametrize("speed_px", [0, 2, 9], ids=["still", "slow", "fast"])
@pytest.mark.parametrize("how", [{}, {"level": 15, "ground": 240}, {"level": 240, "ground": 10}], ids=str)
def test_a_caption_is_found_where_and_while_it_is_there(speed_px: int, how: dict[str, int]) -> None:
    first, last, top, bottom = spans(burnt_text(captioned(speed_px, **how)))
    assert (first, last) == SHOWN
    assert top == pytest.approx(300, abs=6)
    assert bottom == pytest.approx(324, abs=6)


def test_a_caption_that_outlives_cuts_is_found() -> None:
    scenes = [scene(0, seed=number // 4, speed_px=0) for number in range(16)]
    looks = [written(picture, "We never talked about it", (90, 320)) for picture in scenes]
    assert spans(burnt_text(looks))[:2] == (0, 15)


def test_a_caption_that_fades_in_and_out_is_found() -> None:
    looks = [scene(0, speed_px=0)] * LOOKS
    shown = [0.0] * 4 + [0.5] + [1.0] * 6 + [0.5] + [0.0] * 4
    looks = [
        cv2.addWeighted(p, 1 - part, written(p, "What did she say to you?", (90, 320)), part, 0)
        for p, part in zip(looks, shown, strict=True)
    ]
    first, last, *_ = spans(burnt_text(looks))
    assert first in (4, 5)
    assert last in (10, 11)


@pytest.mark.parametrize("speed_px", [0, 9])
def test_a_scene_without_text_has_none(speed_px: int) -> None:
    assert burnt_text([scene(look, speed_px=speed_px) for look in range(LOOKS)]) == []


def test_a_sign_in_a_still_scene_does_not_lie_over_it() -> None:
    sign = written(scene(0), "PUBLIC LIBRARY", (120, 150), level=15, ground=240)
    assert burnt_text([sign] * LOOKS) == []


def test_a_sign_that_moves_with_the_camera_does_not_lie_over_it() -> None:
    looks = [written(scene(look), "PUBLIC LIBRARY", (150 - 6 * look, 150)) for look in range(LOOKS)]
    assert burnt_text(looks) == []


def test_pickets_that_something_passes_are_no_text() -> None:
    looks = []
    for look in range(LOOKS):
        picture = scene(look)
        for x in range(60, 420, 12):
            picture[300:324, x : x + 4] = 240
            picture[300:324, x - 3 : x] = picture[300:324, x + 4 : x + 7] = 10
        looks.append(picture)
    assert burnt_text(looks) == []


def test_no_look_and_one_look_have_no_text() -> None:
    assert burnt_text([]) == burnt_text(captioned()[5:6]) == []
