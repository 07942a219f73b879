from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.algorithms.reframing.composition import CropArea
from closeup.core.errors import InputError
from closeup.core.types import Cast
from closeup.features.shorts.captioning import CaptionOverlay
from closeup.features.shorts.framing import (
    FramedPiece,
    FramingOptions,
    Pair,
    follow_both,
    frame_piece,
    pair_of,
    pieces_by_layout,
    shown_text,
)
from closeup.media.frame_times import read_frame_times
from closeup.media.subtitles import Cue, Subtitles
from documents.cast_strategies import casts
from features.shorts.framed_cast import FPS, Seen, at, boxes, framed_cast, piece, times, walk
from filmed import write_film

UPRIGHT = FramingOptions((1080, 1920))
SPLIT = FramingOptions((1080, 1920), layout="split")
SIZES = [(1080, 1920), (1080, 1080), (1080, 1350), (540, 960)]


def _crops(cast: Cast, start: int, end: int, options: FramingOptions = UPRIGHT) -> np.ndarray:
    framing = frame_piece(cast, "p1", piece(start, end), times(start, end), options)
    assert framing.layout == "follow"
    assert len(framing.panels) == 1
    return framing.panels[0]


@st.composite
def _casts(draw: st.DrawFn) -> tuple[Cast, list[Seen]]:
    """One to three shots of somebody who strolls about, in a wide, square or upright picture."""
    size_wh = draw(st.sampled_from([(640, 360), (480, 480), (360, 640), (1920, 1080)]))
    shots = draw(st.lists(st.integers(1, 60), min_size=1, max_size=3))
    seen, start = [], 0
    for length in shots:
        x0 = draw(st.floats(0, size_wh[0]))
        x1 = x0 + draw(st.floats(-0.1, 0.1)) * min(size_wh)
        width = draw(st.floats(0.03, 0.6)) * size_wh[0]
        wh = width, 1.3 * width
        begin = start + draw(st.integers(0, length - 1))
        y = draw(st.floats(0.2, 0.8)) * size_wh[1]
        seen.append(Seen("p1", begin, start + length, walk(x0, x1, 2.0, y), wh, draw(st.floats(-1, 1))))
        start += length
    return framed_cast(shots, seen, size_wh), seen


@settings(max_examples=25)
@given(_casts(), st.sampled_from(SIZES))
def test_every_frame_has_a_crop_of_exact_aspect_with_the_whole_face(made, size_wh):
    cast, seen = made
    n = cast.video.frames
    crops = _crops(cast, 0, n, FramingOptions(size_wh))
    assert crops.shape == (n, 4)
    assert crops.dtype == np.float64
    sides = crops[:, 2:] - crops[:, :2]
    np.testing.assert_allclose(sides[:, 0] * size_wh[1], sides[:, 1] * size_wh[0], rtol=1e-9)
    picture = [cast.video.width, cast.video.height] * 2
    for each in seen:
        frames = np.arange(each.start, each.end)
        faces, around = np.clip(boxes(each, frames), 0, picture), crops[frames]
        slack = 0.02 * sides[:, 0].max()
        assert (around[:, :2] <= faces[:, :2] + slack).all()
        assert (faces[:, 2:] <= around[:, 2:] + slack).all()


@settings(max_examples=20)
@given(_casts())
def test_inside_of_a_shot_nothing_jumps_and_the_zoom_stays(made):
    cast, _ = made
    crops = _crops(cast, 0, cast.video.frames)
    for shot in cast.shots:
        own = crops[shot.start_frame : shot.end_frame]
        width = own[0, 2] - own[0, 0]
        assert np.ptp(own[:, 2] - own[:, 0]) < 1e-6
        assert np.abs(np.diff(own[:, :2], axis=0)).max(initial=0) < 0.1 * width
        if len(own) > 2:
            assert np.abs(np.diff(own[:, :2], 2, axis=0)).max() * FPS**2 < 2.0 * width


@settings(max_examples=20)
@given(_casts(), st.integers(1, 10_000))
def test_the_same_video_later_in_another_has_the_same_crops(made, later):
    cast, _ = made
    by = later / FPS
    moved = replace(
        cast,
        shots=(
            replace(cast.shots[0], start_frame=0, end_frame=later, start_s=0.0, end_s=by),
            *(
                replace(s, start_frame=s.start_frame + later, end_frame=s.end_frame + later, start_s=0.0, end_s=0.0)
                for s in cast.shots
            ),
        ),
        tracks=tuple(
            replace(
                t,
                shot=t.shot + 1,
                start_frame=t.start_frame + later,
                end_frame=t.end_frame + later,
                faces=tuple(replace(f, frame=f.frame + later, time_s=f.time_s + by) for f in t.faces),
            )
            for t in cast.tracks
        ),
    )
    n = cast.video.frames
    here = _crops(cast, 0, n)
    there = frame_piece(moved, "p1", piece(later, later + n), times(0, n) + by, UPRIGHT).panels[0]
    np.testing.assert_allclose(there, here, atol=0.05)


@settings(max_examples=25)
@given(casts(), st.sampled_from(SIZES), st.sampled_from(["follow", "split"]))
def test_whatever_the_cast_holds_the_crops_are_finite_and_of_exact_aspect(cast, size_wh, layout):
    n = cast.video.frames
    for person in (*cast.people, *cast.passers_by, *cast.hidden):
        framing = frame_piece(cast, person.id, piece(0, n), times(0, n), FramingOptions(size_wh, layout))
        for crops in framing.panels:
            assert np.isfinite(crops).all()
            assert crops.shape == (n, 4)
            sides = crops[:, 2:] - crops[:, :2]
            aspect = size_wh[0] * len(framing.panels) / size_wh[1]
            np.testing.assert_allclose(sides[:, 0] / sides[:, 1], aspect, rtol=1e-9)


def test_the_camera_jumps_at_the_cut():
    cast = framed_cast([50, 50], [Seen("p1", 0, 50, at(150)), Seen("p1", 50, 100, at(500))])
    crops = _crops(cast, 20, 90)
    assert len(np.unique(np.round(crops[:30], 6), axis=0)) == 1
    assert len(np.unique(np.round(crops[30:], 6), axis=0)) == 1
    assert crops[30, 0] - crops[29, 0] == pytest.approx(350)


def test_each_shot_has_a_zoom_of_its_own():
    cast = framed_cast([50, 50], [Seen("p1", 0, 50, at(150)), Seen("p1", 50, 100, at(400), (280, 340))])
    crops = _crops(cast, 0, 100)
    widths = crops[:, 2] - crops[:, 0]
    assert widths[0] == pytest.approx(202.5)
    assert widths[-1] > 280


@pytest.mark.parametrize("frames", [(0, 1), (49, 50), (50, 51), (99, 100), (49, 51)])
def test_a_piece_of_a_frame_or_two(frames):
    cast = framed_cast([50, 50], [Seen("p1", 0, 50, at(150)), Seen("p1", 50, 100, at(500))])
    crops = _crops(cast, *frames)
    middles = (crops[:, 0] + crops[:, 2]) / 2
    np.testing.assert_allclose(middles, [150 if f < 50 else 500 for f in range(*frames)])


def test_frames_may_lie_anywhere_in_time():
    cast = framed_cast([100], [Seen("p1", 0, 100, walk(200, 400, 4))])
    uneven = np.cumsum(np.random.default_rng(3).uniform(0.005, 0.075, 100))
    uneven *= 4 / uneven[-1]
    crops = frame_piece(cast, "p1", piece(0, 100), uneven, UPRIGHT).panels[0]
    middles = np.interp(uneven, [0, 3.8], [200, 390])  # the last sample is at 3.8 s; it holds to the end
    assert (crops[:, 0] <= middles - 30).all()
    assert (middles + 30 <= crops[:, 2]).all()


def test_bars_of_the_source_are_not_shown():
    cast = framed_cast([50], [Seen("p1", 0, 50, at(300))])
    crops = _crops(cast, 0, 50, replace(UPRIGHT, area_xyxy=(0.0, 45.0, 640.0, 315.0)))
    np.testing.assert_allclose(crops[:, [1, 3]], np.tile([45, 315], (50, 1)))


def _talk() -> Cast:
    """Two far apart, then one alone, then the two again."""
    pair = [Seen("p1", 0, 60, at(120)), Seen("p2", 0, 60, at(500))]
    alone = [Seen("p1", 60, 120, at(320))]
    return framed_cast([60, 60, 60], [*pair, *alone, Seen("p1", 120, 180, at(500)), Seen("p2", 120, 180, at(120))])


def test_two_far_apart_are_shown_split_where_that_is_asked_for():
    cast = _talk()
    framing = frame_piece(cast, "p1", piece(0, 60), times(0, 60), SPLIT)
    assert framing.layout == "split"
    upper, lower = framing.panels
    for crops, middle in ((upper, 120), (lower, 500)):
        sides = crops[:, 2:] - crops[:, :2]
        np.testing.assert_allclose(sides[:, 0] * 960, sides[:, 1] * 1080, rtol=1e-9)
        assert (crops[:, 0] < middle - 30).all()
        assert (crops[:, 2] > middle + 30).all()
    assert (upper[:, 2] <= lower[:, 0] + 1e-6).all()  # neither shows the other
    assert frame_piece(cast, "p1", piece(0, 60), times(0, 60), UPRIGHT).layout == "follow"


def test_a_piece_with_other_shots_too_is_not_split_as_a_whole():
    framing = frame_piece(_talk(), "p1", piece(0, 180), times(0, 180), SPLIT)
    assert framing.layout == "follow"


def test_a_piece_is_cut_where_the_layout_changes():
    cast = _talk()
    parts = pieces_by_layout(cast, "p1", piece(5, 170), times(5, 170), SPLIT)
    assert parts == (piece(5, 60), piece(60, 120), piece(120, 170))
    layouts = [frame_piece(cast, "p1", part, times(part.start_frame, part.end_frame), SPLIT).layout for part in parts]
    assert layouts == ["split", "follow", "split"]
    assert pieces_by_layout(cast, "p1", piece(5, 170), times(5, 170), UPRIGHT) == (piece(5, 170),)
    assert pieces_by_layout(cast, "p1", piece(0, 40), times(0, 40), SPLIT) == (piece(0, 40),)


def test_a_person_who_is_not_there_is_named():
    cast = framed_cast([50], [Seen("p1", 0, 50, at(300))])
    for work in (frame_piece, pieces_by_layout):
        with pytest.raises(InputError, match="no p9 in the cast; there is p1"):
            work(cast, "p9", piece(0, 50), times(0, 50), SPLIT)


def test_a_piece_beyond_the_video_is_an_error():
    cast = framed_cast([50], [Seen("p1", 0, 50, at(300))])
    with pytest.raises(InputError, match="last shot with frame 50"):
        frame_piece(cast, "p1", piece(40, 60), times(40, 60), UPRIGHT)


@pytest.mark.parametrize("wrong", [times(0, 49), times(0, 0), times(0, 50)[::-1], np.full(50, np.nan)])
def test_times_must_be_one_for_each_frame_and_ascend(wrong):
    cast = framed_cast([50], [Seen("p1", 0, 50, at(300))])
    with pytest.raises(ValueError):
        frame_piece(cast, "p1", piece(0, 50), wrong, UPRIGHT)


FRAME = CropArea((0.0, 0.0, 640.0, 360.0), 9 / 16, 432.0)
CHOSEN = Seen("p1", 0, 100, at(120))


def _pair(*seen: Seen, end: int = 100) -> Pair | None:
    return pair_of(framed_cast([100], seen), "p1", 0, (np.arange(end), times(0, end)), FRAME)


def _middle(subject) -> float:
    return float(subject.boxes_xyxy[subject.weight > 0][:, [0, 2]].mean())


def test_two_who_are_far_apart_are_a_pair():
    pair = _pair(CHOSEN, Seen("p2", 0, 100, at(500)))
    assert pair is not None
    assert tuple(map(_middle, pair)) == pytest.approx((120, 500))


def test_of_several_the_largest_is_the_other():
    pair = _pair(CHOSEN, Seen("p2", 0, 100, at(350), (40, 50)), Seen(None, 0, 100, at(560), (70, 90)))
    assert pair is not None
    assert _middle(pair[1]) == pytest.approx(560)


@pytest.mark.parametrize(
    "other",
    [
        Seen("p2", 0, 100, at(220)),  # one picture holds both
        Seen("p2", 0, 50, at(500)),  # there for half of the time
        Seen("p2", 0, 100, at(500), (12, 16)),  # far behind
        Seen("p1", 0, 100, at(500)),  # the same person, in a mirror
    ],
    ids=["near", "brief", "small", "mirror"],
)
def test_one_picture_does(other):
    assert _pair(CHOSEN, other) is None


def test_alone_there_is_no_pair():
    assert _pair(CHOSEN) is None


def test_a_flicker_is_not_split():
    assert _pair(CHOSEN, Seen("p2", 0, 100, at(500)), end=30) is None


def test_a_face_that_crosses_the_middle_is_not_cut():
    pair = _pair(Seen("p1", 0, 100, walk(120, 330, 3)), Seen("p2", 0, 100, at(560)))
    assert pair is not None
    upper, lower = follow_both(times(0, 100), pair, FRAME, (1080, 960))
    faces = pair[0].boxes_xyxy
    assert (upper[:, 0] <= faces[:, 0] + 2).all()
    assert (faces[:, 2] <= upper[:, 2] + 2).all()
    assert lower[:, 2].max() <= 640 + 1e-6


def test_close_ups_fill_their_panels_without_leaving_the_picture():
    big = (190.0, 300.0)
    pair = _pair(Seen("p1", 0, 100, at(480, 200), big), Seen("p2", 0, 100, at(150, 200), big))
    assert pair is not None
    for crops in follow_both(times(0, 100), pair, FRAME, (1080, 960)):
        assert crops[:, :2].min() >= -1e-6
        assert (crops[:, 2:] <= np.array([640, 360]) + 1e-6).all()


def test_text_in_the_video_is_known_and_captions_keep_off_it(tmp_path: Path):
    """From 1 to 3.8 s a caption is burnt into 640x360; the camera shows its middle, and leaves out 0.2 s."""
    rng = np.random.default_rng(3)
    wide = cv2.resize(rng.integers(30, 200, (6, 24, 3)).astype(np.uint8), (2400, 360))
    pictures = [np.ascontiguousarray(wide[:, frame * 6 : frame * 6 + 640]) for frame in range(100)]
    for picture in pictures[25:95]:
        for level, width in ((10, 8), (245, 2)):
            cv2.putText(picture, "What did she say to you?", (130, 320), 0, 0.9, (level,) * 3, width, cv2.LINE_AA)
    video = write_film(tmp_path / "film.mp4", pictures)
    crops = np.tile([218.75, 0.0, 421.25, 360.0], (100, 1))
    framed = [FramedPiece(piece(a, b), (crops[a:b],), "follow") for a, b in ((0, 55), (60, 100))]
    times_s, size_wh = read_frame_times(video), (270, 480)
    rows = shown_text(video, framed, times_s, size_wh)
    assert rows[:, 0].min() == pytest.approx(1.0, abs=0.3)
    assert rows[:, 0].max() == pytest.approx(3.6, abs=0.3)
    assert rows[:, 2].min() == pytest.approx(480 * 295 / 360, abs=16)
    assert rows[:, 4].max() == pytest.approx(480 * 327 / 360, abs=16)
    assert rows[:, 1].min() == 0
    assert rows[:, 3].max() == 270
    words = Subtitles((Cue(0.1, 0.6, "one line"), Cue(1.1, 1.9, "one line")))
    usual = CaptionOverlay(words, size_wh)
    on_it = rows.copy()
    on_it[:, [2, 4]] += usual.at(0.3)[1][1] - rows[:, 2].mean()
    overlay = CaptionOverlay(words, size_wh, text=on_it)
    assert overlay.off_text == 1
    assert overlay.at(0.3)[1] == usual.at(0.3)[1]
    picture, (_, top) = overlay.at(1.5)
    assert top + len(picture) <= on_it[:, 2].min() + 1 or top >= on_it[:, 4].max() - 1
