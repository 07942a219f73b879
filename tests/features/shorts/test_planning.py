from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import FormatError, InputError
from closeup.core.types import Cast
from closeup.features.shorts import planning
from closeup.features.shorts.choice import Window
from closeup.features.shorts.evidence import Evidence
from closeup.features.shorts.options import ShortsOptions
from closeup.features.shorts.planning import MOST_FRAMES, make_plan, rough_clock, without_blends
from closeup.features.shorts.source import ShortsSource
from closeup.features.shorts.watching import grid
from closeup.media.frame_times import FrameTimes, read_frame_times
from features.shorts.planned_cast import FPS, frame_times, planned_cast
from filmed import scenery, write_film

SHOTS = [60, 40, 80, 40, 60]
SEEN = {"p1": [(0, 60), (100, 180), (220, 280)], "p2": [(60, 98)], "p3": [(185, 191)]}
SHORT = ShortsOptions(count=2, min_length_s=4, max_length_s=7)


def evidence(cast: Cast, speech: list[tuple[float, float]] | None = None) -> Evidence:
    """Two parts, of which one rises slowly to the middle of the video."""
    times_s = grid(cast.video.duration_s)
    rise = 1 - np.abs(times_s / cast.video.duration_s - 0.5)
    return Evidence(
        times_s=times_s,
        frame_times=frame_times(cast.video.frames),
        parts={"presence": rise.astype(np.float32), "motion": np.full(len(times_s), 0.4, np.float32)},
        absent={"speech": "the video has no sound"} if speech is None else {},
        speech=None if speech is None else np.array(speech, np.float64).reshape(-1, 2),
        looks=np.eye(len(times_s), dtype=np.float32),
    )


@pytest.fixture
def source(monkeypatch: pytest.MonkeyPatch) -> ShortsSource:
    cast = planned_cast(SHOTS, SEEN, {"p1": "Ann"})
    monkeypatch.setattr(planning, "gather", lambda video, cast, person, progress, **how: evidence(cast))
    monkeypatch.setattr(planning, "without_blends", lambda video, times, cuts, windows, min_length_s: windows)
    monkeypatch.setattr(planning, "lead_s", lambda source: 0.0)
    return ShortsSource(Path("film.cast"), cast, cast.people[0], Path("film.mp4"))


def speaking(monkeypatch: pytest.MonkeyPatch, *speech: tuple[float, float]) -> None:
    monkeypatch.setattr(planning, "gather", lambda video, cast, person, progress, **how: evidence(cast, list(speech)))


def test_a_plan_says_what_and_why(source: ShortsSource) -> None:
    plan = make_plan(source, SHORT).plan
    assert (plan.person, plan.person_name, plan.video) == ("p1", "Ann", source.cast.video)
    assert [short.id for short in plan.shorts] == ["s1", "s2"]
    assert plan.shorts[0].interest >= plan.shorts[1].interest
    assert plan.weights.keys() == {"presence", "motion"}
    assert plan.absent == {"speech": "the video has no sound"}
    for short in plan.shorts:
        assert 4 <= short.length_s <= 7
        assert short.parts.keys() == {"presence", "motion"}
        assert short.parts["motion"] == pytest.approx(0.4)
        assert short.reason.endswith(".")
        for piece in short.pieces:
            assert (piece.start_s, piece.end_s) == (piece.start_frame / FPS, piece.end_frame / FPS)
            assert any(a <= piece.start_frame < piece.end_frame <= b for a, b in SEEN["p1"])
    assert make_plan(source, SHORT).plan == plan


def test_the_interest_reaches_the_choice(source: ShortsSource) -> None:
    plan = make_plan(source, replace(SHORT, count=1, max_length_s=4)).plan
    assert 100 <= plan.shorts[0].pieces[0].start_frame < 180  # the middle of the video


def test_without_sound_it_says_so(source: ShortsSource, monkeypatch: pytest.MonkeyPatch) -> None:
    assert any("no sound" in note for note in make_plan(source, SHORT).plan.notes)
    speaking(monkeypatch, (11.0, 13.0))
    assert make_plan(source, SHORT).plan.notes == ()


def test_speech_is_not_cut(source: ShortsSource, monkeypatch: pytest.MonkeyPatch) -> None:
    speaking(monkeypatch, (10.5, 15.2), (15.8, 19.0))
    plan = make_plan(source, replace(SHORT, count=1, max_length_s=5.5)).plan
    assert [(p.start_frame, p.end_frame) for p in plan.shorts[0].pieces] == [(100, 153)]  # from the cut to a breath


def srt(*spans: tuple[float, float], said: Sequence[str] = ()) -> str:
    """Captions of the first minute."""
    times = (f"00:00:{a:06.3f} --> 00:00:{b:06.3f}".replace(".", ",") for a, b in spans)
    texts = said or ["Words"] * len(spans)
    return "".join(f"{n}\n{time}\n{text}\n\n" for n, (time, text) in enumerate(zip(times, texts, strict=True), start=1))


def test_captions_are_not_cut(source: ShortsSource, tmp_path: Path) -> None:
    file = tmp_path / "film.srt"
    file.write_text(srt((10.5, 15.2), (15.2, 18.9)))
    planned = make_plan(source, replace(SHORT, count=1, captions=file))
    assert planned.captions is not None
    edges = {edge for p in planned.plan.shorts[0].pieces for edge in (p.start_s, p.end_s)}
    assert not [edge for edge in edges if 10.5 < edge < 15.2 or 15.2 < edge < 18.9]


def test_shorts_are_named_by_what_is_said_in_them(source: ShortsSource, tmp_path: Path) -> None:
    file = tmp_path / "film.srt"
    said = ("Hello and welcome to the show.", "So the harbour of Rotterdam is the largest in Europe.", "(laughs)")
    file.write_text(srt((5, 9.5), (10.5, 17.5), (22.2, 22.6), said=said))
    plan = make_plan(source, replace(SHORT, captions=file, titles=True)).plan
    assert {short.title for short in plan.shorts} == {"The harbour of Rotterdam is the largest in Europe", None}
    unnamed = next(short.id for short in plan.shorts if short.title is None)
    assert f"The captions say nothing that could be a title of {unnamed}." in plan.notes
    assert {short.title for short in make_plan(source, replace(SHORT, captions=file)).plan.shorts} == {None}


def test_without_captions_no_short_is_named_and_that_is_said(source: ShortsSource) -> None:
    plan = make_plan(source, replace(SHORT, titles=True)).plan
    assert {short.title for short in plan.shorts} == {None}
    assert any("titles are made from captions, and there are none" in note for note in plan.notes)


def test_captions_that_leave_too_little_are_cut_at_jumps_only_and_it_is_said(
    source: ShortsSource, tmp_path: Path
) -> None:
    file = tmp_path / "film.srt"
    file.write_text(srt((2.5, 10.4), (10.4, 17.9), (17.9, 25.2)))
    plan = make_plan(source, replace(SHORT, count=1)).plan
    assert not any("caption" in note for note in plan.notes)
    with_captions = replace(SHORT, count=1, captions=file, min_length_s=14, max_length_s=30)
    plan = make_plan(source, with_captions).plan
    assert any("may cut off a caption" in note for note in plan.notes)
    first, last = plan.shorts[0].pieces[0], plan.shorts[0].pieces[-1]
    assert first.start_s <= 2.5
    assert last.end_s >= 25.2


def test_captions_that_leave_no_start_or_end_are_said(source: ShortsSource, tmp_path: Path) -> None:
    file = tmp_path / "film.srt"
    file.write_text(srt((0, 7), (7, 14), (14.5, 21.5), (21.5, 28)))
    asked = replace(SHORT, captions=file, min_length_s=12, max_length_s=15)
    with pytest.raises(InputError, match="pauses of speech, outside captions") as caught:
        make_plan(source, asked)
    assert (caught.value.code, caught.value.facts) == ("shorts.longer", {"length": "20"})
    file.write_text(srt((0, 7), (7, 14), (14.5, 21.5), (21.5, 29)))
    with pytest.raises(InputError, match="outside captions") as caught:
        make_plan(source, asked)
    assert (caught.value.code, caught.value.facts) == ("shorts.shorter-or-bare", {"length": "10"})


def test_captions_that_cannot_be_read_are_said_before_the_work(
    source: ShortsSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "gather", lambda *_: pytest.fail("the video was read"))
    file = tmp_path / "film.srt"
    file.write_text("Dear diary\n")
    with pytest.raises(FormatError):
        make_plan(source, replace(SHORT, captions=file))
    file.write_text("1\n01:00:10,500 --> 01:00:15,200\nFrom another film\n")
    with pytest.raises(FormatError, match="captions begin at 1:00:1"):
        make_plan(source, replace(SHORT, captions=file))
    with pytest.raises(InputError):
        make_plan(source, replace(SHORT, captions=tmp_path / "no.srt"))


def test_too_little_of_a_person_says_how_much_and_what_would_work(
    source: ShortsSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "gather", lambda *_: pytest.fail("the video was read"))
    with pytest.raises(InputError, match=r"p1 \(Ann\) is on screen for 20\.0 s in all, .* 20\.0 s at most") as caught:
        make_plan(source, replace(SHORT, min_length_s=30, max_length_s=45))
    assert (caught.value.code, caught.value.facts) == ("shorts.shorter", {"length": "20"})
    with pytest.raises(InputError, match=r"p3 is on screen for 0\.6 s in all, too little for any short") as caught:
        make_plan(replace(source, person=source.cast.people[2]), SHORT)
    assert caught.value.hint == "Choose somebody who is seen longer, such as p1 (Ann)."


def test_what_is_said_to_work_works(source: ShortsSource) -> None:
    shortest = ShortsOptions(min_length_s=20, max_length_s=20)
    assert len(make_plan(source, shortest).plan.shorts) == 1


def test_lengths_that_no_boundaries_have_say_what_would_work(
    source: ShortsSource, monkeypatch: pytest.MonkeyPatch
) -> None:
    speaking(monkeypatch, (0.0, 5.9), (10.05, 15.0), (15.5, 17.9), (22.0, 28.0))
    exact = replace(SHORT, count=1, min_length_s=5.7, max_length_s=5.8)
    with pytest.raises(
        InputError, match=r"No start and end for a short of p1 \(Ann\) lie 5\.7 to 5\.8 s apart"
    ) as caught:
        make_plan(source, exact)
    assert (caught.value.code, caught.value.facts) == ("shorts.longer", {"length": "6"})
    assert len(make_plan(source, replace(exact, max_length_s=6)).plan.shorts) == 1


def test_fewer_than_were_asked_for_are_noted(source: ShortsSource) -> None:
    plan = make_plan(source, replace(SHORT, count=9)).plan
    assert 1 <= len(plan.shorts) < 9
    assert any(f"Only {len(plan.shorts)} of 9 shorts can be made" in note for note in plan.notes)


def test_the_rough_clock_is_exact_at_cuts() -> None:
    cast = planned_cast(SHOTS, SEEN)
    assert rough_clock(cast).starts_s == pytest.approx(np.arange(281) / FPS)


CUTS = [0, 30, 60, 90, 120]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five shots of 30 frames: frame 59 is half of both, 90 and 91 are a third and two thirds, 115 to 119 dissolve."""
    pictures = [scenery(1 + index // 30) for index in range(150)]
    for frame, share in {59: 0.5, 90: 0.67, 91: 0.33, **{114 + n: 1 - n / 6 for n in range(1, 6)}}.items():
        before, after = (
            scenery(frame // 30 + (frame < 90 or frame > 100)),
            scenery(2 + frame // 30 - (89 < frame < 100)),
        )
        pictures[frame] = np.rint(share * before + (1 - share) * after).astype(np.uint8)
    return write_film(tmp_path_factory.mktemp("blends") / "film.mp4", pictures)


@pytest.fixture(scope="module")
def times(video: Path) -> FrameTimes:
    return read_frame_times(video)


def trimmed(video: Path, times: FrameTimes, *pieces: tuple[int, int], least_s: float = 0) -> list[tuple[int, int]]:
    (window,) = without_blends(video, times, CUTS, [Window(pieces, 0.5, 0.5, 1.0)], least_s)
    return list(window.pieces)


def test_clean_cuts_stay(video: Path, times: FrameTimes) -> None:
    assert trimmed(video, times, (0, 30)) == [(0, 30)]
    assert trimmed(video, times, (30, 58), (125, 150)) == [(30, 58), (125, 150)]


def test_a_piece_ends_before_a_blend_and_starts_behind_one(video: Path, times: FrameTimes) -> None:
    assert trimmed(video, times, (30, 60)) == [(30, 59)]
    assert trimmed(video, times, (40, 60), (90, 110)) == [(40, 59), (92, 110)]
    assert trimmed(video, times, (60, 90)) == [(60, 90)]


def test_a_blend_inside_of_a_piece_is_left_as_it_is(video: Path, times: FrameTimes) -> None:
    assert trimmed(video, times, (30, 90)) == [(30, 90)]


def test_a_dissolve_is_left_out_in_part_only(video: Path, times: FrameTimes) -> None:
    ((start, end),) = trimmed(video, times, (95, 120))
    assert start == 95
    assert 120 - MOST_FRAMES <= end <= 120


def test_a_window_does_not_become_too_short(video: Path, times: FrameTimes) -> None:
    assert trimmed(video, times, (30, 60), least_s=29 / 25) == [(30, 59)]
    assert trimmed(video, times, (30, 60), least_s=30 / 25) == [(30, 60)]


def test_no_windows_need_no_look(video: Path, times: FrameTimes) -> None:
    assert without_blends(video, times, CUTS, [], 5) == ()


def test_captions_are_moved_by_where_the_pictures_begin(
    source: ShortsSource, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(planning, "lead_s", lambda source: 2.0)
    file = tmp_path / "film.srt"
    file.write_text(srt((3, 4), (6, 7)))
    captions, notes = planning.read_captions(replace(SHORT, captions=file), source)
    assert captions is not None
    assert [(cue.start_s, cue.end_s) for cue in captions.cues] == [(1.0, 2.0), (4.0, 5.0)]
    assert any("begin 2.0 s after the file" in note for note in notes)


def test_what_is_odd_about_the_video_is_said_with_its_shorts(source: ShortsSource) -> None:
    odd = replace(source.cast, video=replace(source.cast.video, notes=("It is HDR video.",)))
    assert "It is HDR video." in make_plan(replace(source, cast=odd), SHORT).plan.notes
