"""Styles of captions: presets, files of one's own, and what they do to the picture."""

from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import FormatError, InputError
from closeup.media.caption_style import PLAIN, CaptionStyle, caption_style, is_style_file, presets
from closeup.media.captions import CaptionArtist

SIZE = (1080, 1920)
LINE = "one two three"


def drawn(style: CaptionStyle, lit: tuple[tuple[int, int, int], ...] = ()) -> np.ndarray:
    """A line in a style, RGBA."""
    return CaptionArtist(SIZE, None, style).draw([LINE], None, lit)[0]


def colours(picture: np.ndarray) -> set[str]:
    """The colours of pixels that cover all below."""
    return {bytes(pixel).hex() for pixel in picture[picture[..., 3] == 255][:, :3]}


def test_every_preset_is_a_style_and_plain_is_the_default() -> None:
    assert presets()[PLAIN] == CaptionStyle() == caption_style(PLAIN)
    assert len(set(presets().values())) == len(presets()) >= 5


def test_an_unknown_preset_names_the_nearest() -> None:
    with pytest.raises(InputError, match="no caption style called 'boxd'") as caught:
        caption_style("boxd")
    assert caught.value.hint == "Did you mean boxed?"


def test_a_file_changes_what_it_says_and_leaves_the_rest_plain(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text('[mine]\ncolour = "#ff0000"\nposition = "top"\n[other]\nsize = 0.1\n')
    style = caption_style(str(tmp_path / "mine.toml"))
    assert style == CaptionStyle(colour="#ff0000", position="top")
    assert is_style_file("a/MINE.TOML")
    assert not is_style_file("boxed")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ('[mine]\ncolor = "#ff0000"\n', "not known: 'color'"),
        ('[mine]\ncolour = "red"\n', "colour must be a colour such as"),
        ("[mine]\nsize = 3\n", "size must be a number from 0.02 to 0.2"),
        ('[mine]\nposition = "left"\n', "position must be"),
        ("size = 0.1\n", "holds no caption style"),
        ("", "holds no caption style"),
        ("[mine\n", "is not valid TOML"),
    ],
)
def test_a_file_that_is_wrong_says_where(text: str, problem: str, tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(text)
    with pytest.raises(FormatError, match=r"mine\.toml") as caught:
        caption_style(str(tmp_path / "mine.toml"))
    assert problem in caught.value.message


def test_a_missing_file_and_one_that_is_no_text(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Cannot read"):
        caption_style(str(tmp_path / "none.toml"))
    (tmp_path / "bytes.toml").write_bytes(b"\xff\xfe\xff")
    with pytest.raises(FormatError, match="UTF-8"):
        caption_style(str(tmp_path / "bytes.toml"))


def test_letters_have_the_colour_and_the_outline_of_the_style() -> None:
    found = colours(drawn(CaptionStyle(colour="#ff0000", outline="#0000ff")))
    assert {"ff0000", "0000ff"} <= found
    assert not {"ffffff", "000000"} & found
    assert "000000" not in colours(drawn(CaptionStyle(outline="")))


def test_a_box_lies_behind_all_of_the_line() -> None:
    picture = drawn(CaptionStyle(outline="", box="#00ff00"))
    rows, columns = picture.shape[:2]
    assert tuple(picture[rows // 2, columns // 20]) == (0, 255, 0, 255)
    half = drawn(CaptionStyle(outline="", box="#00ff0080"))
    assert tuple(half[rows // 2, columns // 20]) == (0, 255, 0, 128)
    assert picture[0, 0, 3] == 0  # round corners


def test_size_and_place_are_those_of_the_style() -> None:
    small, large = (CaptionArtist(SIZE, None, CaptionStyle(size=size)).place([LINE]) for size in (0.04, 0.08))
    assert large[3] - large[1] > 1.5 * (small[3] - small[1])
    tops = [CaptionArtist(SIZE, None, CaptionStyle(position=at)).place([LINE])[1] for at in ("top", "middle", "bottom")]
    assert tops == sorted(tops)
    box = CaptionArtist(SIZE).box_xyxy
    assert tops[0] == box[1]
    for at in ("top", "middle", "bottom"):
        place = CaptionArtist(SIZE, None, CaptionStyle(position=at)).place([LINE, LINE])
        assert box[1] <= place[1] <= place[3] <= box[3]


def test_the_word_that_is_lit_alone_has_the_other_colour() -> None:
    style = CaptionStyle(highlight="#ff0000")
    plain, lit = drawn(style), drawn(style, ((0, 4, 7),))
    differ = np.flatnonzero((plain != lit).any(axis=(0, 2)))
    width = plain.shape[1]
    assert 0.25 * width < differ[0] < differ[-1] < 0.6 * width  # "two", between "one" and "three"
    assert "ff0000" in colours(lit)
    assert "ff0000" not in colours(plain)
    np.testing.assert_array_equal(drawn(CaptionStyle(highlight=""), ((0, 4, 7),)), plain)


def test_pages_say_where_each_word_stands() -> None:
    text = "I told him that the man in the house was not my brother"
    for page in CaptionArtist(SIZE).pages(text):
        for line, places in zip(page.lines, page.places, strict=True):
            assert [text[start:end] for start, end, _, _ in places] == line.split()
            assert [line[start:end] for _, _, start, end in places] == line.split()
