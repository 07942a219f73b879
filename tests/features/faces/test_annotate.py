"""Annotated photos and videos: what is drawn, where and when."""

from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from closeup.core.progress import Progress
from closeup.documents.faces import Look
from closeup.features.faces.annotate import annotate_video, annotated_photo
from closeup.media.audio import has_sound, read_sound
from closeup.media.encoder import VideoEncoder
from closeup.media.video import open_video
from features.faces.made_up import face, film, photo
from media.tones import strength, write_tones

GREY = np.full((180, 320, 3), 90, np.uint8)


def write(path: Path, frames: int, size_wh: tuple[int, int] = (320, 180), fps: int = 10) -> Path:
    """A plain grey video."""
    with VideoEncoder(path, size_wh, Fraction(fps)) as encoder:
        for _ in range(frames):
            encoder.write(np.full((size_wh[1], size_wh[0], 3), 90, np.uint8))
    return path


def drawn_at(path: Path) -> list[tuple[bool, bool]]:
    """Of each frame: whether something is drawn in its left and its right half."""
    with open_video(path) as reader:
        pictures = [frame.rgb() for frame in reader]
    return [
        tuple((np.abs(half.astype(int) - 90) > 60).any() for half in np.split(each, 2, axis=1)) for each in pictures
    ]


def test_a_photo_has_a_box_around_every_face() -> None:
    drawn = annotated_photo(GREY, photo(face(10), face(250)))
    assert (GREY == 90).all()
    for x in (10, 250):
        assert (np.abs(drawn[30:60, x - 1 : x + 2].astype(int) - 90) > 60).any(axis=(1, 2)).all()
        assert (drawn[35:60, x + 5 : x + 35] == 90).all()  # the face itself stays free


def test_a_video_has_boxes_while_faces_are_there(tmp_path: Path) -> None:
    video = write(tmp_path / "a.mp4", 40)
    looks = [Look(2 * n, 0.2 * n, (face(20, track=1),) if 5 <= n < 10 else ()) for n in range(20)]
    reports: list[Progress] = []
    annotate_video(film(*looks), video, tmp_path / "out.mp4", progress=reports.append)
    shown = drawn_at(tmp_path / "out.mp4")
    assert len(shown) == 40
    assert [left for left, _ in shown] == [9 <= frame < 19 for frame in range(40)]
    assert not any(right for _, right in shown)
    assert reports[-1].total == 4.0


def test_a_video_keeps_its_sound(tmp_path: Path) -> None:
    seconds = np.arange(48000, dtype=np.float32) / 48000
    tone = 0.3 * np.stack([np.sin(2 * np.pi * 440 * seconds), np.zeros_like(seconds)], axis=1)
    with VideoEncoder(tmp_path / "a.mp4", (64, 48), Fraction(10), iter([tone[:700], tone[700:]])) as encoder:
        for _ in range(10):
            encoder.write(np.full((48, 64, 3), 90, np.uint8))
    annotate_video(film(Look(0, 0.0, ()), duration_s=1.0), tmp_path / "a.mp4", tmp_path / "out.mp4")
    heard = read_sound(tmp_path / "out.mp4", 0, 1, rate_hz=48000, channels=2)
    assert np.abs(heard - tone).mean() < 0.01
    annotate_video(film(Look(0, 0.0, ()), duration_s=0.3), write(tmp_path / "b.mp4", 3), tmp_path / "silent.mp4")
    assert not has_sound(tmp_path / "silent.mp4")


def test_several_sound_tracks_are_mixed_or_one_is_chosen(tmp_path: Path) -> None:
    video, found = write_tones(tmp_path / "a.mkv", [(440, 1.0), (1000, 2.0)]), film(Look(0, 0.0, ()), duration_s=4.0)
    wanted = {"mix": {440: 1.0, 1000: 2.0}, 2: {1000: 2.0}, 0: {440: 1.0}}
    for track, begins in wanted.items():
        notes = annotate_video(found, video, tmp_path / "out.mp4", audio_track=track)
        heard = read_sound(tmp_path / "out.mp4", 0, 4, rate_hz=16_000, channels=2)
        loud = {hz: np.flatnonzero(strength(heard, 16_000, hz) > 0.05) / 100 for hz in (440, 1000)}
        assert {hz: each[0] for hz, each in loud.items() if len(each)} == pytest.approx(begins, abs=0.03)
        assert len(notes) == (track != 2)


def test_boxes_move_from_look_to_look_and_not_across_a_cut(tmp_path: Path) -> None:
    video = write(tmp_path / "a.mp4", 20)
    looks = [
        Look(0, 0.0, (face(10, track=1),)),
        Look(10, 1.0, (face(270, track=1),)),
        Look(12, 1.2, (face(10, track=2),)),
    ]
    annotate_video(film(*looks, cuts_s=(1.1,), duration_s=2.0), video, tmp_path / "out.mp4")
    shown = drawn_at(tmp_path / "out.mp4")
    assert shown[0] == (True, False)
    assert shown[10] == (False, True)
    assert shown[11] == (True, False)


def test_odd_sizes_become_even(tmp_path: Path) -> None:
    video = write(tmp_path / "a.mp4", 3, (322, 182))
    annotate_video(film(Look(0, 0.0, ()), duration_s=0.3), video, tmp_path / "out.mp4")
    with open_video(tmp_path / "out.mp4") as reader:
        assert reader.size_wh == (322, 182)


def test_a_photo_is_no_video(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="photo"):
        annotate_video(photo(), tmp_path / "a.mp4", tmp_path / "out.mp4")


def test_nothing_is_left_when_it_is_stopped(tmp_path: Path) -> None:
    video = write(tmp_path / "a.mp4", 10)

    def stop(_: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        annotate_video(film(Look(0, 0.0, ())), video, tmp_path / "out.mp4", progress=stop)
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]
