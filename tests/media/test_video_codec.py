"""Encoders: each is tried before it is used, the one that is asked for or none is taken, and that is said."""

import os
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import get_args

import av
import numpy as np
import pytest

from closeup.cli import shared_flags
from closeup.core.errors import InputError
from closeup.media import video_codec as module
from closeup.media.encoder import VideoEncoder
from closeup.media.movie import MovieWriter
from closeup.media.planes import Colour
from closeup.media.video_codec import CHOICES, ENCODERS, VideoCodec, choose_encoder, encoder_notes, fault

BT709 = Colour(1, 1, 1)


@pytest.fixture(autouse=True)
def _nothing_taken_yet(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(module, "_TAKEN", set())
    yield
    fault.cache_clear()


def with_faults(monkeypatch: pytest.MonkeyPatch, works: set[str]) -> None:
    """From now on only these encoders work."""
    monkeypatch.setattr(module, "fault", lambda name: "" if name in works else "the card is missing")


@pytest.mark.parametrize(
    ("works", "taken"),
    [({"libx264", "nvenc", "svtav1"}, "libx264"), ({"nvenc", "svtav1"}, "nvenc"), ({"svtav1"}, "svtav1")],
)
def test_auto_takes_the_first_that_works(monkeypatch: pytest.MonkeyPatch, works: set[str], taken: str) -> None:
    with_faults(monkeypatch, works)
    assert choose_encoder("auto") == taken


@pytest.mark.parametrize("name", ENCODERS)
def test_what_is_asked_for_is_taken_or_refused_with_what_works(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    with_faults(monkeypatch, {name})
    assert choose_encoder(name) == name
    with_faults(monkeypatch, set(ENCODERS) - {name})
    with pytest.raises(InputError, match=f"{name} cannot encode video here: the card is missing") as caught:
        choose_encoder(name)
    assert caught.value.code == "encoder.absent"
    assert ", ".join(each for each in ENCODERS if each != name) in caught.value.hint


def test_no_encoder_at_all_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with_faults(monkeypatch, set())
    with pytest.raises(InputError, match="No encoder of video works here"):
        choose_encoder("auto")


def test_an_unknown_encoder_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(InputError, match="no encoder called 'h265'") as caught:
        choose_encoder("h265")
    assert all(name in caught.value.hint for name in CHOICES)


def test_one_that_ffmpeg_was_built_without_or_that_fails_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ENCODERS, "none", VideoCodec("h264_nowhere", ""))
    assert fault("none") == "FFmpeg was built without it"
    monkeypatch.setitem(ENCODERS, "odd", VideoCodec("libx264", "", {"preset": "unheard-of"}))
    assert fault("odd")
    monkeypatch.setitem(ENCODERS, "wrong", VideoCodec("libx264", "", pixels="yuv411p"))
    assert fault("wrong")


@pytest.mark.parametrize("name", [name for name in ENCODERS if name in ("libx264", "svtav1")])
def test_an_encoder_that_works_here_writes_both_kinds_of_files(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    if reason := fault(name):
        pytest.skip(f"{name} does not work here: {reason}")
    monkeypatch.setenv("CLOSEUP_ENCODER", name)
    grey = [np.full((240, 320, 3), level, np.uint8) for level in (30, 120, 210)]
    with VideoEncoder(tmp_path / "a.mp4", (320, 240), Fraction(25)) as encoder:
        for image in grey:
            encoder.write(image)
    starts = [Fraction(0), Fraction(1, 30), Fraction(1, 10), Fraction(1, 5)]
    with MovieWriter(tmp_path / "b.mp4", None, size_wh=(320, 240), starts=starts, colour=BT709) as movie:
        for image in grey:
            movie.write(av.VideoFrame.from_ndarray(image, format="rgb24").reformat(format="yuv420p"))
    wanted = {"libx264": "h264", "svtav1": "av1"}[name]
    for path, times in (("a.mp4", [0, 0.04, 0.08]), ("b.mp4", [float(start) for start in starts[:-1]])):
        with av.open(tmp_path / path) as container:
            assert container.streams.video[0].codec_context.codec.canonical_name == wanted
            frames = list(container.decode(video=0))
        assert [frame.time for frame in frames] == pytest.approx(times, abs=1e-4)
        levels = [float(frame.to_ndarray(format="gray").mean()) for frame in frames]
        assert levels == sorted(levels)
        assert levels[2] - levels[0] > 100
    assert encoder_notes() == ([] if name == "libx264" else ["Video was encoded by svtav1 (libsvtav1)."])
    assert capfd.readouterr().err == ""


def test_the_flag_names_what_there_is() -> None:
    assert get_args(shared_flags.Encoder) == CHOICES


@pytest.mark.skipif(not hasattr(os, "sched_getscheduler"), reason="this system has no policies of scheduling")
def test_no_encoder_leaves_the_process_with_a_real_time_priority() -> None:
    for name in ENCODERS:
        fault(name)
    tasks = [int(task.name) for task in Path("/proc/self/task").iterdir()]
    assert {os.sched_getscheduler(task) for task in tasks} == {os.SCHED_OTHER}
