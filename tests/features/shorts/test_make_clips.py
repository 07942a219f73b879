"""Shorts of real clips, from the cast to the rendered file."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from closeup.core.types import Cast
from closeup.features.cast.find import CastOptions, make_cast_folder
from closeup.features.cast.folder import CastFolder
from closeup.features.shorts import planning
from closeup.features.shorts.boundaries import CROSSING_S
from closeup.features.shorts.evidence import Evidence, gather
from closeup.features.shorts.make import make_shorts
from closeup.features.shorts.options import ShortsOptions
from closeup.features.shorts.plan import Plan
from closeup.features.shorts.reel import seen_frames
from closeup.media.audio import read_sound
from closeup.media.frame_times import read_frame_times
from closeup.media.loudness import integrated_loudness
from closeup.media.video import open_video

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("clips")


def cast_of(clip: str, shared: Path, place: Path) -> Path:
    folder = place / f"{clip}.cast"
    make_cast_folder(shared / "data" / "video" / "clips" / f"{clip}.mp4", folder, CastOptions(detect_fps=2.5))
    return folder


def made(folder: Path, person: str, output: Path, options: ShortsOptions) -> tuple[Plan, Evidence]:
    """The shorts, and the evidence that they were chosen by."""
    kept: list[Evidence] = []

    def keeping(*words: object, **named: object) -> Evidence:
        kept.append(gather(*words, **named))  # type: ignore[arg-type]
        return kept[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(planning, "gather", keeping)
        plan = make_shorts(folder, person, output, options)
    return plan, kept[0]


def check_edges(plan: Plan, cast: Cast, speech: np.ndarray) -> None:
    """Shorts start and end at cuts (or up to three blended frames inside of them) or in pauses."""
    cuts = np.array([0, *(shot.end_frame for shot in cast.shots)])
    for short in plan.shorts:
        first, last = short.pieces[0], short.pieces[-1]
        for frame, time_s in ((first.start_frame, first.start_s), (last.end_frame, last.end_s)):
            across = (speech[:, 0] < time_s - CROSSING_S) & (time_s + CROSSING_S < speech[:, 1])
            assert np.abs(cuts - frame).min() <= 3 or not across.any()


def check_files(plan: Plan, folder: Path, size_wh: tuple[int, int]) -> None:
    """Files are as long as planned and as loud as they should be."""
    for short in plan.shorts:
        path = folder / f"{short.id}.mp4"
        times = read_frame_times(path)
        assert times.count == sum(piece.end_frame - piece.start_frame for piece in short.pieces)
        assert times.end_s == pytest.approx(short.length_s, abs=1e-3)
        with open_video(path) as reader:
            assert reader.size_wh == size_wh
        sound = read_sound(path, times.start(0), times.end, rate_hz=48_000, channels=2, frame_times=times)
        loudness = integrated_loudness(sound, 48_000)
        assert loudness is not None
        assert -17 < loudness < -13


def test_a_scene_of_a_series(shared: Path, place: Path) -> None:
    folder = cast_of("friends_cards_30s", shared, place)
    cast = CastFolder(folder).cast()
    options = ShortsOptions(count=3, min_length_s=4, max_length_s=10, height=128)
    plan, evidence = made(folder, "p1", place / "friends", options)
    assert len(plan.shorts) == 2
    assert evidence.speech is not None
    check_edges(plan, cast, evidence.speech)
    check_files(plan, place / "friends", (72, 128))
    seen = seen_frames(cast, cast.people[0], cast.video.frames)
    for short in plan.shorts:
        shown = np.concatenate([seen[piece.start_frame : piece.end_frame] for piece in short.pieces])
        assert shown.mean() > 0.9
        assert 4 <= short.length_s <= 10
    spans = sorted((piece.start_frame, piece.end_frame) for short in plan.shorts for piece in short.pieces)
    assert all(a[1] <= b[0] for a, b in pairwise(spans))


def test_one_shot_of_somebody_who_talks(shared: Path, place: Path) -> None:
    folder = cast_of("talk_d6", shared, place)
    plan, evidence = made(folder, "p1", place / "talk", ShortsOptions(count=1, height=128))
    assert evidence.speech is not None
    check_edges(plan, CastFolder(folder).cast(), evidence.speech)
    check_files(plan, place / "talk", (72, 128))
    assert all(15 <= short.length_s <= 45 for short in plan.shorts)
    assert all(len(short.pieces) == 1 for short in plan.shorts)
