"""The result folder: everything in it, nothing half, nobody's files lost."""

import html
import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import opentimelineio as otio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.algorithms.reframing.key_frames import interpolate_keys
from closeup.core.errors import OutputError
from closeup.documents.shorts import SHORTS_JSON, KeyFrame
from closeup.features.shorts.finished import Handover
from closeup.features.shorts.folder import encode_shorts, folder_at, is_only_planned, is_ours, write_handover
from closeup.features.shorts.framing import FramedPiece
from closeup.features.shorts.interest import read_curves
from closeup.features.shorts.plan import read_plan
from closeup.media.subtitles import read_subtitles

from .finished_shorts import make_handover, piece

HANDOVER = make_handover()
RENDERED = {"plan.json", "shorts.json", "interest.csv", "timeline.otio", "timeline.edl", "preview.html"}
RENDERED |= {f"{name}.{kind}" for name in ("s1", "s2") for kind in ("mp4", "jpg", "srt", "vtt")}
PLANNED = {"plan.json", "camera.json", "interest.csv", "preview.html", "s1.jpg", "s2.jpg"}


def write(target: Path, handover: Handover, *, overwrite: bool = False) -> None:
    with folder_at(target).writing(overwrite=overwrite, replaced=is_ours) as part:
        for finished in handover.shorts:
            if finished.rendered is not None:
                (part / f"{finished.short.id}.mp4").write_bytes(b"video of " + finished.short.id.encode())
        write_handover(part, handover, target)


def interrupted(target: Path) -> None:
    with folder_at(target).writing(overwrite=True, replaced=is_ours) as part:
        (part / "s1.mp4").write_bytes(b"half")
        raise KeyboardInterrupt


def names(folder: Path) -> set[str]:
    return {entry.name for entry in folder.iterdir()}


def test_rendered_shorts(tmp_path):
    target = tmp_path / "film.shorts"
    handover = make_handover()
    write(target, handover)
    assert names(target) == RENDERED
    assert [one.id for one in SHORTS_JSON.read(target / "shorts.json").shorts] == ["s1", "s2"]
    assert read_plan(target / "plan.json").person.id == "p1"
    assert read_curves(target / "interest.csv", {}).times_s.shape == (400,)
    assert [cue.text for cue in read_subtitles(target / "s1.srt").cues] == ["Hello 안녕", "there"]
    assert read_subtitles(target / "s1.srt") == read_subtitles(target / "s1.vtt")
    assert len(list(otio.adapters.read_from_file(str(target / "timeline.otio")).tracks)) == 2
    assert (target / "timeline.edl").read_text("utf-8").startswith("TITLE: film - 유나\nFCM: NON-DROP FRAME\n")
    assert (target / "s1.jpg").read_bytes() == handover.shorts[0].poster.jpeg
    assert "film.shorts/plan.json" in (target / "preview.html").read_text("utf-8")
    assert not is_only_planned(target)


def test_only_planned_shorts(tmp_path):
    target = tmp_path / "film.shorts"
    write(target, make_handover(rendered=False))
    assert names(target) == PLANNED
    assert is_only_planned(target)


def test_without_captions_and_curves(tmp_path):
    target = tmp_path / "film.shorts"
    write(target, replace(make_handover(captions=False), interest=None))
    assert names(target) == {name for name in RENDERED - {"interest.csv"} if not name.endswith(("srt", "vtt"))}


def test_the_notes_of_the_timeline_reach_people(tmp_path):
    """At 10 frames a second edited in 30 every frame is on the grid; a rate that varies is not."""
    handover = make_handover()
    video = replace(handover.plan.video, fps=Fraction(2837, 100))
    target = tmp_path / "film.shorts"
    write(target, replace(handover, plan=replace(handover.plan, video=video)))
    notes = json.loads((target / "shorts.json").read_text("utf-8"))["notes"]
    assert notes[0] == "A note."
    assert "times are rounded" in notes[1]
    assert notes[1] in html.unescape((target / "preview.html").read_text("utf-8"))


def test_the_same_handover_gives_the_same_bytes(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        write(tmp_path / name / "film.shorts", make_handover())
    for entry in (tmp_path / "a/film.shorts").iterdir():
        other = (tmp_path / "b/film.shorts" / entry.name).read_bytes()
        assert entry.name == "plan.json" or entry.read_bytes() == other  # the plan says where the cast lies from there


def test_the_old_folder_stays_until_the_new_one_is_whole(tmp_path):
    target = tmp_path / "film.shorts"
    write(target, make_handover())
    before = {entry.name: entry.read_bytes() for entry in target.iterdir()}
    with pytest.raises(OutputError, match="exists already"):
        write(target, make_handover(title="new"))
    with pytest.raises(KeyboardInterrupt):
        interrupted(target)
    assert {entry.name: entry.read_bytes() for entry in target.iterdir()} == before
    assert names(tmp_path) == {"film.shorts"}


def test_replacing_leaves_nothing_old_of_ours_and_keeps_what_is_not_ours(tmp_path):
    target = tmp_path / "film.shorts"
    write(target, make_handover())
    (target / "s1 final mix.wav").write_bytes(b"mine")
    (target / "edit").mkdir()
    (target / "edit" / "project.prproj").write_bytes(b"mine too")
    write(target, make_handover(spans=(((20, 80),),), captions=False), overwrite=True)
    planned = PLANNED - {"s2.jpg", "camera.json"}
    rendered = {"s1.mp4", "shorts.json", "timeline.otio", "timeline.edl"}
    assert names(target) == planned | rendered | {"s1 final mix.wav", "edit"}
    assert (target / "edit" / "project.prproj").read_bytes() == b"mine too"


def test_a_folder_of_other_things_is_never_replaced(tmp_path):
    (tmp_path / "letter.txt").write_text("dear", "utf-8")
    with pytest.raises(OutputError, match="other things in it"):
        write(tmp_path, make_handover(), overwrite=True)
    assert names(tmp_path) == {"letter.txt"}


def test_a_missing_video_is_noticed(tmp_path):
    target = tmp_path / "film.shorts"
    place = folder_at(target).writing(overwrite=False)
    with pytest.raises(OutputError, match=r"s1\.mp4 is missing"), place as part:
        write_handover(part, make_handover(), target)
    assert names(tmp_path) == set()


def crops_of(path: tuple[KeyFrame, ...]) -> np.ndarray:
    frames, boxes = np.array([key[0] for key in path]), np.array([key[1:] for key in path])
    return interpolate_keys(frames - frames[0], boxes, int(frames[-1] - frames[0]) + 1)


def test_the_record_says_what_was_rendered():
    handover = make_handover(title="끝")
    record = SHORTS_JSON.decode(encode_shorts(handover, ["Another."]))
    assert (record.video, record.weights, record.absent) == (
        handover.plan.video,
        handover.plan.weights,
        handover.plan.absent,
    )
    assert record.notes == ("A note.", "Another.")
    first = record.shorts[0]
    assert (first.title, first.length_s, first.frames, first.interest) == ("끝", 13.0, 130, 0.6)
    assert (first.sound.loudness_lufs_in, first.sound.gain_db) == (-23.46, 9.46)
    assert first.files == {"video": "s1.mp4", "poster": "s1.jpg", "srt": "s1.srt", "vtt": "s1.vtt"}
    assert [(one.start_frame, one.end_frame, one.at_s, one.layout) for one in first.pieces] == [
        (20, 80, 0.0, "split"),
        (120, 190, 6.0, "follow"),
    ]
    (bare, _) = SHORTS_JSON.decode(encode_shorts(make_handover(captions=False, sound=False))).shorts
    assert (bare.files, bare.sound) == ({"video": "s1.mp4", "poster": "s1.jpg"}, None)
    for short, finished in zip(record.shorts, handover.shorts, strict=True):
        for one, source in zip(short.pieces, finished.framed, strict=True):
            for path, crops in zip(one.camera, source.panels, strict=True):
                assert np.abs(crops_of(path) - crops).max() <= 0.05
                assert len(path) < len(crops) / 2


def test_a_short_that_nobody_judged_has_no_interest():
    handover = make_handover()
    shorts = tuple(replace(short, parts={}, interest=0.0) for short in handover.plan.shorts)
    finished = tuple(replace(one, short=short) for one, short in zip(handover.shorts, shorts, strict=True))
    bare = replace(handover, plan=replace(handover.plan, shorts=shorts), shorts=finished)
    assert SHORTS_JSON.decode(encode_shorts(bare)).shorts[0].interest is None


@settings(deadline=None)
@given(
    st.lists(st.lists(st.floats(-1e4, 1e4), min_size=2, max_size=2), min_size=1, max_size=30),
    st.floats(1, 3000),
)
def test_any_camera_comes_back(corners, size):
    corner = np.array(corners)
    crops = np.concatenate([corner, corner + size], axis=1)
    short = replace(HANDOVER.plan.shorts[0], pieces=(piece(10, 10 + len(crops)),))
    one = FramedPiece(short.pieces[0], (crops,), "follow")
    rendered = replace(HANDOVER.shorts[0].rendered, frames=len(crops))
    finished = replace(HANDOVER.shorts[0], short=short, framed=(one,), rendered=rendered)
    handover = replace(HANDOVER, plan=replace(HANDOVER.plan, shorts=(short,)), shorts=(finished,))
    (record,) = SHORTS_JSON.decode(encode_shorts(handover)).shorts
    assert np.abs(crops_of(record.pieces[0].camera[0]) - crops).max() <= 0.05


def test_what_is_only_planned_has_no_record():
    with pytest.raises(ValueError, match="s1 is not rendered"):
        encode_shorts(make_handover(rendered=False))
