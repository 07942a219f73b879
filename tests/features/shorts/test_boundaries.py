from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.features.shorts.boundaries import (
    CUT_IN_SPEECH,
    EASY,
    MUTE,
    QUIET,
    Cuttable,
    Setting,
    cuttable,
    joined_spans,
    make_setting,
    pauses,
)
from closeup.features.shorts.reel import Stretch
from features.shorts.planned_cast import frame_clock


def spans(*given: tuple[float, float]) -> np.ndarray:
    return np.array(given, np.float64).reshape(-1, 2)


def setting(
    speech: Sequence[tuple[float, float]] | None, captions: Sequence[tuple[float, float]] = (), cuts: Sequence[int] = ()
) -> Setting:
    heard = None if speech is None else spans(*speech)
    return make_setting(frame_clock(1000), [0, *cuts], heard, spans(*captions))


def cut(stretch: tuple[int, int], given: Setting, **more: bool) -> Cuttable:
    found = cuttable(Stretch(*stretch), given, **more)
    assert found is not None
    return found


def test_cuts_in_silence_are_the_easiest_and_silence_is_easy() -> None:
    found = cut((100, 200), setting([], cuts=(100, 150, 200)))
    assert {frame: ease for frame, ease in found.starts.items() if ease == EASY} == {100: EASY, 150: EASY}
    assert {frame: ease for frame, ease in found.ends.items() if ease == EASY} == {150: EASY, 200: EASY}
    assert found.starts[120] == found.ends[120] == QUIET
    assert (found.rough_start, found.rough_end) == (False, False)


def test_a_short_starts_just_before_speech_and_ends_just_after_it() -> None:
    found = cut((0, 300), setting([(5.0, 8.0), (15.0, 20.0)]))
    # 0.15 s before and after, at 10 frames a second
    assert [frame for frame, ease in found.starts.items() if ease == EASY] == [0, 48, 148]
    assert [frame for frame, ease in found.ends.items() if ease == EASY] == [82, 201]
    assert not [frame for frame in (*found.starts, *found.ends) if 50 < frame < 80 or 150 < frame < 200]


def test_in_a_short_breath_both_meet_in_the_middle() -> None:
    found = cut((0, 300), setting([(5.0, 8.0), (8.4, 20.0)]))
    assert found.starts[82] == found.ends[82] == EASY


def test_a_stop_between_two_words_is_no_pause() -> None:
    found = cut((0, 300), setting([(0.0, 8.0), (8.2, 30.0)], cuts=(0, 300)))
    assert not [frame for frame in (*found.starts, *found.ends) if 0 < frame < 300]


def test_without_sound_any_time_will_do_and_cuts_are_better() -> None:
    found = cut((100, 200), setting(None, cuts=(100, 150)))
    assert found.starts[100] == found.starts[150] == EASY
    assert found.starts[110] == found.ends[190] == found.ends[200] == MUTE


def test_a_cut_is_taken_before_a_pause_just_beside_it() -> None:
    found = cut((100, 200), setting([(10.4, 12.0), (18.0, 19.7)], cuts=(100, 200)))
    assert not [frame for frame in found.starts if 100 < frame < 105]
    assert not [frame for frame in found.ends if 195 < frame < 200]
    assert found.starts[100] == found.ends[200] == EASY


def test_no_shot_flashes_at_the_start_or_the_end() -> None:
    found = cut((100, 200), setting(None, cuts=(100, 150, 200)))
    assert not [frame for frame in found.starts if 140 < frame < 150]
    assert not [frame for frame in found.ends if 150 < frame < 160]


def test_a_cut_that_speech_runs_across_is_moved_to_a_pause_nearby() -> None:
    found = cut((100, 200), setting([(9.0, 10.6), (11.5, 19.0), (19.5, 21.0)], cuts=(100, 200)))
    assert (found.start_frame, found.end_frame) == (107, 194)
    assert not found.rough_start
    assert not found.rough_end


def test_a_cut_in_speech_far_from_a_pause_stays_and_is_rough() -> None:
    found = cut((100, 200), setting([(9.0, 14.0), (15.0, 21.0)], cuts=(100, 200)))
    assert (found.start_frame, found.end_frame) == (100, 200)
    assert found.rough_start
    assert found.rough_end
    assert found.starts[100] == found.ends[200] == CUT_IN_SPEECH


def test_no_short_starts_where_a_track_begins_amid_speech() -> None:
    found = cut((100, 200), setting([(9.0, 14.0), (15.0, 21.0)]))
    assert 100 not in found.starts
    assert 200 not in found.ends


def test_edges_inside_a_caption_move_out_of_it_however_far() -> None:
    given = setting([(9.0, 14.5), (25.0, 31.0)], [(9.0, 15.0), (25.0, 31.0)], cuts=(100, 300))
    found = cut((100, 300), given)
    assert 150 <= found.start_frame < found.end_frame <= 250


def test_what_captions_keep_whole_cannot_be_shown_in_part() -> None:
    given = setting([], [(9.0, 16.0)], cuts=(100, 150))
    assert cuttable(Stretch(100, 150), given) is None
    loose = cut((100, 150), given, polish=False)
    assert (loose.start_frame, loose.end_frame, loose.starts, loose.ends) == (100, 150, {}, {})


def test_paragraphs_of_a_transcript_are_cut_in_their_pauses() -> None:
    found = cut((100, 200), setting([(9.0, 14.0), (15.0, 21.0)], [(9.0, 21.0)], cuts=(100, 200)))
    assert found.starts[148] == found.ends[142] == EASY


def test_a_caption_edge_that_is_not_on_a_frame_is_still_an_edge() -> None:
    found = cut((100, 200), setting(None, [(9.0, 12.03), (12.03, 14.0)], cuts=(100, 200)))
    assert 120 in found.starts
    assert not [frame for frame in (*found.starts, *found.ends) if 100 < frame < 120 or 120 < frame < 140]


def test_spans_join_across_small_gaps() -> None:
    assert joined_spans(spans((0, 1), (1.1, 2), (1.5, 1.7), (3, 4)), 0.25).tolist() == [[0, 2], [3, 4]]
    assert joined_spans(spans(), 0.25).shape == (0, 2)


def test_pauses_are_what_speech_leaves() -> None:
    assert pauses(spans((0, 2), (4, 5), (9, 12)), 1, 10) == [(2, 4), (5, 9)]
    assert pauses(spans(), 1, 10) == [(1, 10)]


@settings(max_examples=100)
@given(
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 8)), max_size=6),
    st.lists(st.tuples(st.integers(0, 60), st.integers(1, 8)), max_size=6),
    st.lists(st.integers(0, 60), max_size=5),
    st.booleans(),
)
def test_no_boundary_falls_into_speech_or_captions(
    speech: list[tuple[int, int]], captions: list[tuple[int, int]], cuts: list[int], sounded: bool
) -> None:
    heard = sorted((a / 2, (a + b) / 2) for a, b in speech) if sounded else None
    given = setting(heard, [(a / 2, (a + b) / 2) for a, b in captions], [10 * c for c in cuts])
    found = cuttable(Stretch(100, 300), given)
    if found is None:
        return
    assert 100 <= found.start_frame < found.end_frame <= 300
    for frame in (found.start_frame, found.end_frame, *found.starts, *found.ends):
        assert not given.breaks(frame)
    for frame, ease in (*found.starts.items(), *found.ends.items()):
        assert found.start_frame <= frame <= found.end_frame
        assert 0 < ease <= 1
        assert frame in given.cuts or not given.speaks(frame)


@pytest.mark.parametrize("frame", [150, 151])
def test_half_a_frame_decides_whether_a_caption_breaks(frame: int) -> None:
    assert setting(None, [(15.0, 15.2)]).breaks(frame) == (frame == 151)
