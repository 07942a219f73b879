"""The result folder: everything in it, nothing half, nobody's files lost."""

import html
import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import opentimelineio as otio
import pytest

from closeup.core.errors import OutputError
from closeup.features.shorts.finished import Handover
from closeup.features.shorts.folder import folder_at, is_only_planned, is_ours, write_handover
from closeup.features.shorts.interest import read_curves
from closeup.features.shorts.plan_json import read_plan
from closeup.features.shorts.shorts_json import read_shorts
from closeup.media.subtitles import read_subtitles

from .finished_shorts import make_handover

RENDERED = {"plan.json", "shorts.json", "interest.csv", "timeline.otio", "timeline.edl", "preview.html"}
RENDERED |= {f"{name}.{kind}" for name in ("s1", "s2") for kind in ("mp4", "jpg", "srt", "vtt")}
PLANNED = {"plan.json", "interest.csv", "preview.html", "s1.jpg", "s2.jpg"}


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
    assert [one.id for one in read_shorts(target / "shorts.json").shorts] == ["s1", "s2"]
    assert read_plan(target / "plan.json").person == "p1"
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
    assert names(target) == {*PLANNED - {"s2.jpg"}, "s1.mp4", "shorts.json", "timeline.otio", "timeline.edl",
                             "s1 final mix.wav", "edit"}  # fmt: skip
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
