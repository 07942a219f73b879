import numpy as np
import pytest

from closeup.algorithms.frames.letterbox import picture_area


def picture(top: int = 0, bottom: int = 0, left: int = 0, right: int = 0) -> np.ndarray:
    """A bright picture, 100 high and 200 wide, with bars of these widths."""
    image = np.full((100, 200), 180, np.uint8)
    image[:top] = image[100 - bottom :] = 16
    image[:, :left] = image[:, 200 - right :] = 20
    return image


@pytest.mark.parametrize(
    ("bars", "area"),
    [
        ({}, (0, 0, 200, 100)),
        ({"top": 12, "bottom": 12}, (0, 14, 200, 86)),
        ({"top": 12, "bottom": 13}, (0, 14, 200, 85)),
        ({"left": 30, "right": 30}, (32, 0, 168, 100)),
        ({"left": 30, "right": 30, "top": 5, "bottom": 5}, (32, 7, 168, 93)),
    ],
)
def test_bars_are_found(bars: dict[str, int], area: tuple[int, int, int, int]) -> None:
    assert picture_area(picture(**bars)) == area


@pytest.mark.parametrize(
    "bars",
    [
        {"top": 12},  # a dark ceiling
        {"left": 60, "right": 10},  # a spotlight
        {"top": 1, "bottom": 1},  # a line that compression has left
        {"left": 80, "right": 80},  # a candle
    ],
)
def test_what_is_dark_for_other_reasons_stays(bars: dict[str, int]) -> None:
    assert picture_area(picture(**bars)) == (0, 0, 200, 100)


@pytest.mark.parametrize("bar", [17, 21])
def test_the_narrow_bars_of_a_film_in_1_85_to_1_are_found(bar: int) -> None:
    image = np.full((1080, 1920), 180, np.uint8)
    image[:bar] = image[-bar:] = 16
    assert picture_area(image) == (0, bar + 2, 1920, 1080 - bar - 2)


def test_a_video_that_is_black_throughout_has_no_bars() -> None:
    assert picture_area(np.full((100, 200), 3, np.uint8)) == (0, 0, 200, 100)


def test_something_bright_in_a_bar_is_part_of_the_picture() -> None:
    """A film whose subtitles stand in the lower bar."""
    image = picture(top=12, bottom=12)
    image[94, 90:110] = 230
    assert picture_area(image) == (0, 0, 200, 100)
