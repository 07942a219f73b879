"""Captions as pictures, judged by their pixels."""

from importlib import resources
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.core.errors import InputError
from closeup.media.captions import FULL_SCREEN, IN_FEED, CaptionArtist, font_for, left_out_signs, safe_box
from closeup.media.typeface import missing_letters

UPRIGHT = (1080, 1920)
LETTERS = st.text(
    st.sampled_from([*"abc WMg.,?! -", *"가나다힣 뷁값 ", "\n", "é", "…", "😀", "漢", "\u200d", "ᄀ"]), max_size=60
)


def ink(lines: list[str], size_wh: tuple[int, int] = UPRIGHT) -> np.ndarray:
    """Where the letters themselves are, (H, W) bool, cut to them."""
    picture, _ = CaptionArtist(size_wh).draw(lines)
    white = (picture[..., 3] > 128) & (picture[..., 0] > 128)
    rows, columns = np.flatnonzero(white.any(axis=1)), np.flatnonzero(white.any(axis=0))
    return white[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]


def test_hangul_is_drawn_as_hangul():
    """ㅣ and ㅡ are bars, ㅇ is a ring, and 이 is that ring with the bar to its right."""
    upright, level = ink(["ㅣ"]), ink(["ㅡ"])
    assert upright.mean() > 0.9
    assert upright.shape[0] > 4 * upright.shape[1]
    assert level.mean() > 0.9
    assert level.shape[1] > 4 * level.shape[0]
    ring = ink(["ㅇ"])
    middle = tuple(side // 2 for side in ring.shape)
    assert not ring[middle]
    assert ring[middle[0], 0]
    assert ring[0, middle[1]]
    syllable = ink(["이"])
    columns = syllable.any(axis=0)
    gaps = np.flatnonzero(~columns)
    assert gaps.size  # ring and bar stand apart
    bar = syllable[:, gaps[-1] + 1 :]
    assert bar.mean() > 0.9
    left = syllable[:, : gaps[0]]
    assert not left[left.shape[0] // 2, left.shape[1] // 2]


def test_every_syllable_has_a_picture_of_its_own():
    drawn = {ink([syllable]).tobytes() for syllable in "가나다라마바사아자차카타파하힣뷁"}
    assert len(drawn) == 16


def test_syllables_stand_beside_each_other_and_lines_below_each_other():
    one, two = ink(["가"]), ink(["가가"])
    assert two.shape[0] == pytest.approx(one.shape[0], abs=1)
    assert 1.7 * one.shape[1] < two.shape[1] < 2.6 * one.shape[1]
    stacked = ink(["가", "가"])
    assert stacked.shape[0] > 2 * one.shape[0]
    assert not stacked.any(axis=1).all()


def test_letters_are_white_with_a_dark_outline_and_nothing_around():
    picture, _ = CaptionArtist(UPRIGHT).draw(["가나 Wy"])
    alpha, grey = picture[..., 3], picture[..., 0]
    assert (picture[..., 0] == picture[..., 1]).all()
    assert (picture[..., 1] == picture[..., 2]).all()
    white = (grey > 250) & (alpha == 255)
    assert white.any()
    near = np.zeros_like(white)
    rows, columns = np.nonzero(white)
    for dy, dx in ((0, 9), (0, -9), (9, 0), (-9, 0)):
        near[np.clip(rows + dy, 0, len(near) - 1), np.clip(columns + dx, 0, near.shape[1] - 1)] = True
    dark = near & (grey < 40)
    assert alpha[dark].mean() > 150
    assert alpha[0].max() == alpha[-1].max() == alpha[:, 0].max() == alpha[:, -1].max() == 0


def test_half_covered_pixels_of_letters_are_not_darkened_twice():
    """Straight alpha: where a letter's edge meets its opaque outline the grey is coverage, and alpha stays full."""
    picture, _ = CaptionArtist(UPRIGHT).draw(["O"])
    edge = (picture[..., 0] > 60) & (picture[..., 0] < 200)
    assert edge.any()
    assert picture[..., 3][edge].min() > 240


@pytest.mark.parametrize(
    ("size_wh", "margins"), [((1080, 1920), FULL_SCREEN), ((1080, 1350), IN_FEED), ((1080, 1080), IN_FEED)]
)
def test_safe_box(size_wh, margins):
    x0, y0, x1, y1 = safe_box(size_wh)
    assert (x0 / size_wh[0], 1 - x1 / size_wh[0]) == (pytest.approx(margins.side, abs=0.001),) * 2
    assert y0 / size_wh[1] == pytest.approx(margins.top, abs=0.001)
    assert 1 - y1 / size_wh[1] == pytest.approx(margins.bottom, abs=0.001)


def test_safe_box_of_a_phone_in_pixels():
    assert safe_box(UPRIGHT) == (164, 269, 916, 1440)


@settings(deadline=None)
@given(LETTERS, st.sampled_from([(1080, 1920), (270, 480), (1080, 1080), (864, 1080), (90, 160), (32, 32)]))
def test_captions_stay_in_the_safe_box(text, size_wh):
    artist = CaptionArtist(size_wh)
    x0, y0, x1, y1 = artist.box_xyxy
    pages = artist.pages(text)
    assert [page.start for page in pages] == sorted(page.start for page in pages)
    for page in pages:
        assert 0 <= page.start < page.end <= len(text)
        assert 1 <= len(page.lines) <= 2
    for page in pages[:1]:
        picture, (x, y) = artist.draw(page.lines)
        assert picture.dtype == np.uint8
        height, width, channels = picture.shape
        assert channels == 4
        assert x0 <= x
        assert x + width <= x1
        assert y0 <= y
        assert y + height <= y1
        assert picture[..., 3].any()


@settings(deadline=None)
@given(LETTERS)
def test_pages_hold_all_that_can_be_drawn(text):
    missing = set(missing_letters(text)) | {"\u200d"}
    shown = "".join("".join(page.lines) for page in CaptionArtist(UPRIGHT).pages(text))
    kept = "".join(letter for letter in text if letter not in missing and not letter.isspace())
    assert shown.replace(" ", "") == kept


def test_words_stay_whole_in_hangul_too():
    text = "여러분 안녕하십니까 육군 부대에서 코로나19 집단 감염이 일어났습니다"
    pages = CaptionArtist(UPRIGHT).pages(text)
    assert len(pages) > 1
    words = [word for page in pages for line in page.lines for word in line.split()]
    assert words == text.split()
    assert [text[page.start : page.end].split() for page in pages] == [" ".join(p.lines).split() for p in pages]


def test_a_word_wider_than_the_line_is_parted():
    artist = CaptionArtist(UPRIGHT)
    pages = artist.pages("가" * 40)
    assert "".join("".join(page.lines) for page in pages) == "가" * 40
    assert all((page.start, page.end) == (0, 40) for page in pages)


def test_two_speakers_are_kept_apart():
    artist = CaptionArtist(UPRIGHT)
    assert [page.lines for page in artist.pages("- Hi.\n- Who is it?")] == [("- Hi.", "- Who is it?")]
    long = "- Hi.\n- Who is it, and what do you want?\n- Me."
    assert [page.lines for page in artist.pages(long)] == [
        ("- Hi.",),
        ("- Who is it, and what", "do you want?"),
        ("- Me.",),
    ]
    assert [(page.start, page.end) for page in artist.pages(long)] == [(0, 5), (6, 40), (41, 46)]


def test_what_the_font_cannot_draw_is_named_and_left_out():
    assert missing_letters("Hi 😀, 漢字 and 😀 안녕 é ♪ 👩\u200d👧\ufe0f") == "😀漢字👩👧"
    assert missing_letters("plain") == ""
    assert CaptionArtist(UPRIGHT).pages("Hi 😀 漢 all")[0].lines == ("Hi all",)
    assert CaptionArtist(UPRIGHT).pages("😀 😀") == ()


def test_too_small_a_picture():
    with pytest.raises(ValueError, match="too small"):
        CaptionArtist((31, 100))


ARABIC = "\u0645\u0631\u062d\u0628\u0627"


def test_other_scripts_are_drawn_in_a_font_of_the_system(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("closeup.media.captions.system_font", lambda letters: tmp_path if letters == ARABIC else None)
    assert font_for(f"{ARABIC} \U0001f600") == (tmp_path, "")
    assert font_for("Hello \U0001f600") == (None, "")
    assert font_for("Hello, \u6f22\u5b57") == (None, "\u6f22\u5b57")


def test_signs_are_left_out_and_letters_are_not() -> None:
    assert left_out_signs("Hi \U0001f600") == "\U0001f600"
    assert font_for("\U0001f600") == (None, "")


def test_a_font_of_the_users_is_the_only_one_asked(tmp_path: Path) -> None:
    own = tmp_path / "own.woff2"
    own.write_bytes(resources.files("closeup.media").joinpath("fonts", "Pretendard-Bold.woff2").read_bytes())
    assert font_for("Hello", own) == (own, "")
    assert font_for(ARABIC[:2], own) == (own, ARABIC[:2])
    (tmp_path / "none.ttf").write_bytes(b"no font")
    with pytest.raises(InputError, match=r"none\.ttf cannot be read as a font"):
        font_for("Hello", tmp_path / "none.ttf")
