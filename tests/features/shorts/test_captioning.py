"""Captions cut to a short's clock, the spans no cut may fall into, and the overlay."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.core.errors import FormatError
from closeup.features.shorts.captioning import (
    CaptionOverlay,
    check_captions,
    check_letters,
    cut_captions,
    moved,
    unbreakable,
)
from closeup.features.shorts.plan import Piece
from closeup.media.caption_style import CaptionStyle
from closeup.media.captions import CaptionArtist
from closeup.media.subtitles import Cue, Subtitles, Word, word_places

TOLD = Cue(10.0, 14.0, "one two\nthree", (Word(10.0, 11.0, "one"), Word(11.0, 13.0, "two"), Word(13.0, 14.0, "three")))


def piece(start_s: float, end_s: float) -> Piece:
    return Piece(round(start_s * 25), round(end_s * 25), start_s, end_s)


def test_captions_move_to_the_shorts_clock():
    captions = Subtitles((Cue(1.0, 2.0, "before"), Cue(10.5, 11.5, "first"), Cue(40.0, 42.0, "second")))
    cut = cut_captions(captions, [piece(10.0, 12.0), piece(39.5, 43.0)])
    assert cut.cues == (Cue(0.5, 1.5, "first"), Cue(2.5, 4.5, "second"))


def test_a_caption_cut_in_part_keeps_the_words_spoken_there():
    (cue,) = cut_captions(Subtitles((TOLD,)), [piece(10.8, 13.6)]).cues
    assert (cue.start_s, cue.end_s) == (0.0, pytest.approx(2.8))
    assert cue.text == "two\nthree"
    assert [(w.text, round(w.start_s, 3), round(w.end_s, 3)) for w in cue.words] == [
        ("two", 0.2, 2.2),
        ("three", 2.2, 2.8),
    ]
    assert word_places(cue) == ((0, 3), (4, 9))


def test_without_word_times_they_are_spread_over_the_letters():
    captions = Subtitles((Cue(0.0, 10.0, "aa bb\ncccc dd"),))
    texts = [cut_captions(captions, [piece(low, low + 2.0)]).cues[0].text for low in (0.0, 2.0, 5.0, 8.0)]
    assert texts == ["aa", "bb", "cccc", "dd"]
    assert cut_captions(captions, [piece(0.0, 10.0)]).cues == captions.cues


def test_a_piece_between_two_words_has_none():
    assert cut_captions(Subtitles((Cue(0.0, 10.0, "long"),)), [piece(0.0, 2.0)]).cues == ()
    assert cut_captions(Subtitles((Cue(0.0, 10.0, "a b"),)), [piece(0.0, 5.0)]).cues[0].text == "a"


def test_a_flash_of_a_caption_is_dropped_and_a_short_one_kept():
    captions = Subtitles((Cue(0.0, 3.0, "a b c"), Cue(3.0, 3.05, "d")))
    assert [cue.text for cue in cut_captions(captions, [piece(2.95, 6.0)]).cues] == ["d"]


def test_unbreakable_spans_are_words_or_whole_captions():
    captions = Subtitles((Cue(1.0, 4.0, "x"), Cue(3.0, 5.0, "y"), Cue(5.0, 6.0, "z"), TOLD))
    assert unbreakable(captions).tolist() == [[1, 5], [5, 6], [10, 11], [11, 13], [13, 14]]
    assert unbreakable(Subtitles(())).shape == (0, 2)


def test_captions_that_do_not_fit_the_video():
    captions = Subtitles((Cue(10.0, 20.0, "a"), Cue(50.0, 60.0, "b")), ("odd",))
    assert check_captions(captions, 61.0) == ("odd",)
    with pytest.raises(FormatError, match=r"The captions begin at 0:10, and the video ends at 0:05"):
        check_captions(captions, 5.0)
    assert "run on to 1:00, and the video ends at 0:40" in check_captions(captions, 40.0)[1]
    assert "cover 0:10 to 1:00 of 5:00 only" in check_captions(captions, 300.0)[1]


def test_letters_that_cannot_be_drawn_are_said(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("closeup.media.captions.system_font", lambda letters: None)
    assert check_letters(Subtitles((Cue(0, 1, "안녕 hi"),))) == ()
    whole, signs = check_letters(Subtitles((Cue(0, 1, "hi 😀"), Cue(1, 2, "漢, hello 😀"))))
    assert whole.startswith("1 of 2 captions are not drawn into the picture")
    assert "漢" in whole
    assert "cannot draw 😀;" in signs


def test_a_caption_that_cannot_be_drawn_whole_is_not_drawn(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("closeup.media.captions.system_font", lambda letters: None)
    overlay = CaptionOverlay(Subtitles((Cue(0, 1, "漢字, hello"), Cue(1, 2, "hello 😀"))), (270, 480))
    assert overlay.at(0.5) is None
    assert overlay.at(1.5) is not None


def test_captions_count_from_where_the_pictures_begin():
    captions = Subtitles((Cue(0.5, 1.5, "gone"), Cue(1.0, 3.0, "a b"), Cue(3.0, 4.0, "c")), ("A note.",))
    assert moved(captions, 2.0) == Subtitles((Cue(0.0, 1.0, "b"), Cue(1.0, 2.0, "c")), ("A note.",))
    assert moved(captions, 0.0) is captions


def hides(overlay: CaptionOverlay, time_s: float, box: tuple[float, ...]) -> bool:
    drawn = overlay.at(time_s)
    assert drawn is not None
    picture, (x, y) = drawn
    rows, columns = np.nonzero(picture[..., 3] > 40)
    x0, y0, x1, y1 = box
    inside = (columns + x >= x0) & (columns + x < x1) & (rows + y >= y0) & (rows + y < y1)
    return bool(inside.any())


@pytest.mark.parametrize(
    "boxes",
    [
        [(100.0, 330.0, 170.0, 400.0)],  # where captions usually stand
        [(80.0, 60.0, 190.0, 180.0), (80.0, 280.0, 190.0, 400.0)],  # two people, one above the other
        [(20.0, 120.0, 250.0, 470.0)],  # one very near
    ],
)
@pytest.mark.parametrize("text", ["one line", "a caption of two lines, as long as they come"])
def test_captions_keep_off_all_faces(boxes: list[tuple[float, ...]], text: str):
    rows = np.array([(time_s, *box) for time_s in np.arange(0, 3, 0.1) for box in boxes])
    size_wh = (270, 480)
    usual = CaptionOverlay(Subtitles((Cue(0.0, 3.0, text),)), size_wh)
    overlay = CaptionOverlay(Subtitles((Cue(0.0, 3.0, text),)), size_wh, rows)
    assert any(hides(usual, 0.5, box) for box in boxes)
    assert not any(hides(overlay, 0.5, box) for box in boxes)
    picture, (_, y) = overlay.at(0.5) or (np.zeros(0), (0, 0))
    assert y >= 0
    assert y + len(picture) <= 480


def test_a_face_counts_while_it_is_there_only():
    rows = np.array([(time_s, 100.0, 330.0, 170.0, 400.0) for time_s in np.arange(0, 1, 0.1)])
    overlay = CaptionOverlay(Subtitles((Cue(0.0, 1.0, "one"), Cue(5.0, 6.0, "one"))), (270, 480), rows)
    first, later = overlay.at(0.5), overlay.at(5.5)
    assert first is not None
    assert later is not None
    assert first[1] != later[1]


def shown(overlay: CaptionOverlay, time_s: float) -> int | None:
    found = overlay.at(time_s)
    return None if found is None else id(found)


def test_the_overlay_shows_each_caption_at_its_time():
    overlay = CaptionOverlay(Subtitles((Cue(1.0, 2.0, "one"), Cue(2.0, 3.0, "two"), Cue(5.0, 6.0, "one"))), (270, 480))
    assert [overlay.at(time_s) for time_s in (0.0, 0.999, 3.0, 4.0, 6.0, 99.0)] == [None] * 6
    assert overlay.at(1.0) is overlay.at(1.5)
    assert overlay.at(1.999) is not overlay.at(2.0)
    first, later = overlay.at(1.0), overlay.at(5.5)
    assert first is not None
    assert later is not None
    assert (first[0] == later[0]).all()
    picture, (x, y) = first
    assert picture.dtype == np.uint8
    assert picture.shape[2] == 4
    assert x + picture.shape[1] <= 270
    assert y + picture.shape[0] <= 480


def test_long_captions_are_paged_by_the_words_as_they_are_spoken():
    text = "여러분 안녕하십니까. 육군 부대에서 코로나19 집단 감염이 일어났습니다."
    untold = CaptionOverlay(Subtitles((Cue(0.0, 10.0, text),)), (1080, 1920))
    times = np.arange(0.0, 10.0, 0.1)
    turns = [b for a, b in pairwise(times) if shown(untold, a) != shown(untold, b)]
    letters = [len(part) for part in text.replace(" ", "").split(".")]
    assert len(turns) == 1
    assert turns[0] == pytest.approx(10 * (letters[0] + 1) / (sum(letters) + 2), abs=0.11)
    words = text.split()
    starts = [0.0, 1.0, 7.0, *(7.0 + 0.5 * n for n in range(1, len(words) - 2)), 10.0]
    told = tuple(Word(a, b, word) for (a, b), word in zip(pairwise(starts), words, strict=True))
    unlit = CaptionStyle(highlight="")
    overlay = CaptionOverlay(Subtitles((Cue(0.0, 10.0, text, told),)), (1080, 1920), style=unlit)
    assert [b for a, b in pairwise(times) if shown(overlay, a) != shown(overlay, b)] == [pytest.approx(7.0)]


def test_two_at_once_are_both_shown_where_each_has_one_line():
    alone, both, long = "short", "other", "a line so long, it needs two lines surely"
    overlay = CaptionOverlay(Subtitles((Cue(0.0, 3.0, alone), Cue(1.0, 2.0, both))), (1080, 1920))
    heights = [overlay.at(time_s)[0].shape[0] for time_s in (0.5, 1.5, 2.5)]
    assert heights[0] == heights[2] < heights[1]
    overlay = CaptionOverlay(Subtitles((Cue(0.0, 3.0, alone), Cue(1.0, 2.0, long))), (1080, 1920))
    only = CaptionOverlay(Subtitles((Cue(1.0, 2.0, long),)), (1080, 1920))
    assert (overlay.at(1.2)[0] == only.at(1.2)[0]).all()


TIMES = st.integers(0, 600).map(lambda tenths: tenths / 10)
CUES = st.lists(st.tuples(TIMES, st.integers(1, 100), st.text("ab 가.\n-", max_size=12)), max_size=6)


@st.composite
def captions(draw: st.DrawFn) -> Subtitles:
    cues = [Cue(start_s, start_s + tenths / 10, text.strip()) for start_s, tenths, text in draw(CUES) if text.strip()]
    return Subtitles(tuple(sorted(cues, key=lambda cue: (cue.start_s, cue.end_s))))


@settings(deadline=None)
@given(captions(), st.lists(TIMES, min_size=2, max_size=8, unique=True).map(sorted))
def test_whatever_is_cut_lies_inside_the_short(subtitles, edges):
    pieces = [piece(low, high) for low, high in zip(edges[::2], edges[1::2], strict=False)]
    cut = cut_captions(subtitles, pieces)
    length_s = sum(p.length_s for p in pieces)
    assert list(cut.cues) == sorted(cut.cues, key=lambda cue: (cue.start_s, cue.end_s))
    for cue in cut.cues:
        assert -1e-9 <= cue.start_s < cue.end_s <= length_s + 1e-9
        assert cue.text.strip()
    spans = unbreakable(subtitles)
    assert (spans[:, 0] < spans[:, 1]).all()
    assert (spans[1:, 0] >= spans[:-1, 1]).all()


@settings(deadline=None)
@given(captions(), st.lists(TIMES, max_size=20))
def test_the_overlay_shows_something_exactly_while_a_caption_with_letters_runs(subtitles, times):
    overlay = CaptionOverlay(subtitles, (90, 160))
    for time_s in times:
        running = any(cue.start_s <= time_s < cue.end_s for cue in subtitles.cues)
        assert (overlay.at(time_s) is not None) == running


def test_the_word_that_is_spoken_is_lit_while_it_is() -> None:
    words = (Word(0.0, 1.0, "one"), Word(1.0, 2.0, "two"), Word(2.5, 3.0, "three"))
    overlay = CaptionOverlay(Subtitles((Cue(0.0, 4.0, "one two three", words),)), (1080, 1920))
    shown = {time_s: overlay.at(time_s) for time_s in (0.1, 0.9, 1.1, 1.9, 2.2, 2.6, 3.5)}
    pictures = {time_s: found[0] for time_s, found in shown.items() if found}
    assert pictures[0.1] is pictures[0.9]
    assert pictures[1.1] is pictures[1.9]
    assert pictures[2.2] is pictures[3.5]  # nobody speaks
    assert len({id(picture) for picture in pictures.values()}) == 4
    assert len({found[1] for found in shown.values() if found}) == 1  # it stays where it is
    lit = [np.flatnonzero((pictures[time_s] != pictures[2.2]).any(axis=(0, 2))) for time_s in (0.1, 1.1, 2.6)]
    assert lit[0][-1] < lit[1][0]
    assert lit[1][-1] < lit[2][0]


def test_captions_without_word_times_and_lines_from_right_to_left_are_not_lit() -> None:
    for cue in (
        Cue(0.0, 4.0, "one two"),
        Cue(0.0, 4.0, "א ב", (Word(0.0, 2.0, "א"), Word(2.0, 4.0, "ב"))),
    ):
        overlay = CaptionOverlay(Subtitles((cue,)), (1080, 1920))
        first, later = overlay.at(0.5), overlay.at(3.5)
        assert (first and first[0]) is (later and later[0])


def test_two_lines_that_would_hide_a_face_are_shown_one_by_one() -> None:
    """Between two faces, one above the other, there is room for one line: that is where both are shown, in turn."""
    size_wh, text = (540, 960), "it was not my brother but he did not listen"
    width = CaptionArtist(size_wh)
    (page,) = width.pages(text)
    one, two = (width.place(page.lines[:count]) for count in (1, 2))
    room = (one[3] - one[1] + two[3] - two[1]) // 2
    seam = 480
    boxes = ((60, 0, 480, seam - room // 2), (60, seam + room // 2, 480, 960))
    air = [(y1 - y0) * 0.06 for _, y0, _, y1 in boxes]
    faces = np.array(
        [
            (time_s, 60, y0 + a, 480, y1 - a)
            for time_s in np.arange(0, 4, 0.2)
            for (_, y0, _, y1), a in zip(boxes, air, strict=True)
        ]
    )
    overlay = CaptionOverlay(Subtitles((Cue(0.0, 4.0, text),)), size_wh, faces)
    first, second = overlay.at(0.5), overlay.at(3.5)
    assert first is not None
    assert second is not None
    assert first[0].shape[0] == second[0].shape[0] == one[3] - one[1]
    for picture, (_, top) in (first, second):
        assert seam - room // 2 - 12 <= top <= top + picture.shape[0] <= seam + room // 2 + 12
    free = CaptionOverlay(Subtitles((Cue(0.0, 4.0, text),)), size_wh).at(0.5)
    assert free is not None
    assert free[0].shape[0] == two[3] - two[1]


def test_a_dash_whose_line_was_cut_off_goes_with_it() -> None:
    cue = Cue(0.0, 4.0, "- What did she say?\n- Nothing at all.")
    text = cut_captions(Subtitles((cue,)), [Piece(0, 55, 0.0, 2.35)]).cues[0].text
    assert text == "- What did she say?"
