"""From a cast folder to finished shorts, over a drawn video whose cast stand-in models have found."""

import errno
import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pytest

from closeup.core.errors import FormatError, InputError, OutputError
from closeup.core.progress import Progress
from closeup.core.types import Image
from closeup.features.cast import operations
from closeup.features.cast.folder import CastFolder
from closeup.features.shorts import make
from closeup.features.shorts.make import (
    default_folder,
    finished_size,
    make_folder,
    make_shorts,
    plan_shorts,
    render_plan,
)
from closeup.features.shorts.options import ShortsOptions
from closeup.media.audio import has_sound, read_sound
from closeup.media.frame_times import read_frame_times
from closeup.media.movie import MovieWriter
from closeup.media.video import open_video
from features.cast.stand_in_video import BLUE, RED
from features.shorts.drawn_cast import FPS, WITH_RED, contents, share_of, write_drawn_cast
from filmed import SOUND_HZ
from media import tones

OPTIONS = ShortsOptions(count=2, min_length_s=2.5, max_length_s=5, height=128)
FILES = ["interest.csv", "plan.json", "preview.html", "s1.jpg", "s1.mp4", "s2.jpg", "s2.mp4"]
FILES += ["shorts.json", "timeline.edl", "timeline.otio"]


class Made(NamedTuple):
    """A cast folder, and the shorts of Red that were made from it."""

    cast: Path
    shorts: Path


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Made:
    cast = write_drawn_cast(tmp_path_factory.mktemp("drawn"))
    red = next(p.id for p in CastFolder(cast).cast().people if len(p.shots) == 3 and 0 in p.shots)
    CastFolder(cast).edit(lambda scene: operations.name_person(scene, red, "Red"))
    make_shorts(cast, "Red", cast.parent / "red.shorts", OPTIONS)
    return Made(cast, cast.parent / "red.shorts")


@pytest.fixture
def copy(made: Made, tmp_path: Path) -> Made:
    """Both and the video in a folder of their own."""
    shutil.copytree(made.cast.parent, tmp_path, dirs_exist_ok=True)
    return Made(tmp_path / made.cast.name, tmp_path / made.shorts.name)


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def frames(path: Path) -> list[Image]:
    with open_video(path) as reader:
        return [frame.rgb() for frame in reader]


def planned(folder: Path) -> list[dict[str, Any]]:
    shorts: list[dict[str, Any]] = json.loads((folder / "plan.json").read_text(encoding="utf-8"))["shorts"]
    return shorts


def frame_numbers(short: dict[str, Any]) -> list[int]:
    spans = [(round(p["start_s"] * FPS), round(p["end_s"] * FPS)) for p in short["pieces"]]
    return [frame for start, end in spans for frame in range(start, end)]


def test_the_folder_is_whole(made: Made) -> None:
    assert names(made.shorts) == FILES
    assert [short["id"] for short in planned(made.shorts)] == ["s1", "s2"]


def test_every_frame_shows_the_person_and_comes_from_a_shot_with_them(made: Made) -> None:
    for short in planned(made.shorts):
        shown, numbers = frames(made.shorts / f"{short['id']}.mp4"), frame_numbers(short)
        assert len(shown) == len(numbers)
        assert all(any(low <= number < high for low, high in WITH_RED) for number in numbers)
        assert min(share_of(image, RED) for image in shown) > 0.05
        assert shown[0].shape == (128, 72, 3)


def test_lengths_are_as_asked_for_and_shorts_do_not_overlap(made: Made) -> None:
    numbers = [frame_numbers(short) for short in planned(made.shorts)]
    assert all(2.5 * FPS <= len(each) <= 5 * FPS for each in numbers)
    assert not set(numbers[0]) & set(numbers[1])
    for short, each in zip(planned(made.shorts), numbers, strict=True):
        assert read_frame_times(made.shorts / f"{short['id']}.mp4").count == len(each)


def test_speech_is_heard_where_it_is_seen(made: Made) -> None:
    """The short that shows the talk from 5.5 to 7.5 s sounds then, and not before."""
    short = next(s for s in planned(made.shorts) if 160 in frame_numbers(s))
    path = made.shorts / f"{short['id']}.mp4"
    assert has_sound(path)
    begins = (frame_numbers(short).index(160) - 160 + 5.5 * FPS) / FPS
    times = read_frame_times(path)
    sound = read_sound(path, times.start(0), times.end, rate_hz=16_000, channels=1, frame_times=times)[:, 0]
    level = np.sqrt([np.square(part).mean() for part in np.array_split(sound, max(1, len(sound) // 800))])
    heard = np.flatnonzero(level > 0.2 * level.max()) * 0.05
    assert heard[0] == pytest.approx(begins, abs=0.15)


def test_a_mix_has_all_sound_tracks_in_step(tmp_path: Path) -> None:
    """A tone of 6 kHz from 7 s on in the second track, and speech in the first; either is heard when it is seen."""
    at_s = np.arange(365 * SOUND_HZ // FPS) / SOUND_HZ
    tone = np.where(at_s >= 7.0, 0.1 * np.sin(2 * np.pi * 6000 * at_s), 0).astype(np.float32)
    cast = write_drawn_cast(tmp_path, tone)
    _, plan = make_folder(cast, "p1", replace(OPTIONS, audio_track="mix"), output=tmp_path / "a.shorts")
    note = "Its 2 sound tracks are mixed: track 1, track 2."
    assert note in plan.notes
    written = json.loads((tmp_path / "a.shorts" / "plan.json").read_text(encoding="utf-8"))
    assert written["options"]["audio_track"] == "mix"
    assert note in written["notes"]
    short = next(s for s in planned(tmp_path / "a.shorts") if 170 in frame_numbers(s))
    again = render_plan(tmp_path / "a.shorts" / "plan.json", tmp_path / "b.shorts")
    assert note in again.notes
    for folder in ("a.shorts", "b.shorts"):
        path = tmp_path / folder / f"{short['id']}.mp4"
        times = read_frame_times(path)
        sound = read_sound(path, 0, times.end, rate_hz=16_000, channels=1, frame_times=times)
        spoken, sung = tones.strength(sound, 16_000, 100), tones.strength(sound, 16_000, 6000)
        seen = np.array(frame_numbers(short)) / FPS
        for heard, from_s, to_s in ((spoken, 5.5, 7.5), (sung, 7.0, 99)):
            loud = [heard[4 * n : 4 * n + 4].mean() for n in range(len(seen))]
            inside, outside = (seen > from_s + 0.1) & (seen < to_s - 0.1), (seen < from_s - 0.1) | (seen > to_s + 0.1)
            assert np.median(np.array(loud)[inside]) > 5 * np.max(np.array(loud)[outside], initial=0.0)


def test_runs_with_the_same_input_give_the_same(made: Made, tmp_path: Path) -> None:
    again = tmp_path / "red.shorts"
    assert make_shorts(made.cast, "red", again, OPTIONS) == plan_shorts(made.cast, "Red", OPTIONS)
    old, new = contents(made.shorts), contents(again)
    # Paths in the plan are relative to where it lies; the encoder may differ by a bit on a busy machine.
    for name in ("interest.csv", "shorts.json", "timeline.edl"):
        assert old[name] == new[name], name
    assert planned(again) == planned(made.shorts)


def test_planning_alone_writes_nothing(copy: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    before = names(copy.cast.parent)
    monkeypatch.chdir(copy.cast.parent)
    plan = plan_shorts("film.cast", "Red", OPTIONS, video="film.mp4")
    assert [short.id for short in plan.shorts] == ["s1", "s2"]
    assert names(copy.cast.parent) == before


def test_progress_goes_up_to_the_end(made: Made, tmp_path: Path) -> None:
    told: list[Progress] = []
    plan = make_shorts(made.cast, "Red", tmp_path / "a.shorts", OPTIONS, progress=told.append)
    stages = list(dict.fromkeys(report.stage for report in told))
    assert stages[0] == "Checking the video"
    assert stages[-2:] == ["Rendering", "Writing"]
    done = [report.done for report in told if report.stage == "Rendering"]
    total = sum(short.length_s for short in plan.shorts)
    assert done == sorted(done)
    assert done[-1] == pytest.approx(total)
    assert {report.total for report in told if report.stage == "Rendering"} == {total}


def plan_for(made: Made, place: Path) -> Path:
    make_folder(made.cast, "Red", OPTIONS, output=place, plan_only=True)
    return place / "plan.json"


def edit(plan: Path, change: Callable[[dict[str, Any]], None]) -> None:
    data = json.loads(plan.read_text(encoding="utf-8"))
    change(data)
    plan.write_text(json.dumps(data), encoding="utf-8")


def test_a_plan_can_be_edited_and_rendered_where_it_lies(copy: Made) -> None:
    place = copy.cast.parent / "plan"
    plan = plan_for(copy, place)
    assert names(place) == ["camera.json", "interest.csv", "plan.json", "preview.html", "s1.jpg", "s2.jpg"]

    def by_hand(data: dict[str, Any]) -> None:
        data["shorts"] = [
            {"pieces": [{"start_s": 0.4, "end_s": 1.0}, {"start_s": 10.401, "end_s": 11.6}], "title": "Mine"}
        ]

    edit(plan, by_hand)
    rendered = render_plan(plan, place)
    assert names(place) == [name for name in FILES if not name.startswith("s2")]
    (short,) = rendered.shorts
    assert [(piece.start_frame, piece.end_frame) for piece in short.pieces] == [(10, 25), (260, 290)]
    assert short.reason == "Chosen by hand."
    assert short.parts["presence"] > 0.2
    assert len(frames(place / "s1.mp4")) == 45
    with pytest.raises(OutputError, match="exists already"):
        render_plan(plan, place)
    render_plan(plan, place, overwrite=True)


def test_a_plan_that_is_not_edited_gives_the_same_shorts(made: Made, copy: Made) -> None:
    plan = plan_for(copy, copy.cast.parent / "plan")
    render_plan(plan, copy.cast.parent / "there")
    assert planned(copy.cast.parent / "there") == planned(made.shorts)
    assert names(copy.cast.parent / "there") == FILES


def test_moments_that_were_moved_have_another_reason(copy: Made) -> None:
    plan = plan_for(copy, copy.cast.parent / "plan")
    before = planned(plan.parent)[0]

    def move(data: dict[str, Any]) -> None:
        first = data["shorts"][0]
        first["pieces"], first["reason"] = [{"start_s": 3.2, "end_s": 4.8}], "Old words."

    edit(plan, move)
    moved = render_plan(plan, copy.cast.parent / "there").shorts[0]
    assert moved.reason != "Old words."
    assert moved.parts["presence"] == 0 < before["parts"]["presence"]


def test_a_plan_of_another_video_is_refused(copy: Made) -> None:
    plan = plan_for(copy, copy.cast.parent / "plan")
    edit(plan, lambda data: data["video"].update(sha256="00" * 32))
    with pytest.raises(InputError, match="of another video than the cast"):
        render_plan(plan, copy.cast.parent / "there")
    edit(plan, lambda data: data["person"].update(id="p77"))
    with pytest.raises(InputError, match="nobody called 'p77'"):
        render_plan(plan, copy.cast.parent / "there")
    plan.write_text("{}")
    with pytest.raises(FormatError):
        render_plan(plan, copy.cast.parent / "there")


def test_captions_are_cut_alongside_and_drawn(copy: Made, tmp_path: Path) -> None:
    file = tmp_path / "film.srt"
    file.write_text("1\n00:00:05,500 --> 00:00:07,400\nSome words\n", encoding="utf-8")
    plain = replace(OPTIONS, captions=file, count=1, height=256)
    for name, options in (("plain", plain), ("burned", replace(plain, burn_captions=True))):
        make_shorts(copy.cast, "Red", tmp_path / name, options)
    (short,) = planned(tmp_path / "plain")
    at = frame_numbers(short).index(160)
    text = (tmp_path / "plain" / f"{short['id']}.srt").read_text(encoding="utf-8")
    assert text.count("Some words") == 1
    difference = np.abs(
        frames(tmp_path / "plain" / f"{short['id']}.mp4")[at].astype(int)
        - frames(tmp_path / "burned" / f"{short['id']}.mp4")[at]
    )
    assert (difference.max(axis=2) > 100).mean() > 0.002


def test_a_video_without_sound_gives_shorts_without_sound_and_says_so(tmp_path: Path) -> None:
    cast = write_drawn_cast(tmp_path, sound=False)
    red = next(p.id for p in CastFolder(cast).cast().people if 0 in p.shots)
    plan = make_shorts(cast, red, tmp_path / "shorts", replace(OPTIONS, count=1))
    assert any("no sound" in note for note in plan.notes)
    assert plan.absent.keys() >= {"speech", "loudness"}
    assert not has_sound(tmp_path / "shorts" / "s1.mp4")
    assert min(share_of(image, RED) for image in frames(tmp_path / "shorts" / "s1.mp4")) > 0.05


def test_the_other_person_has_other_shorts(made: Made, tmp_path: Path) -> None:
    blue = next(p.id for p in CastFolder(made.cast).cast().people if p.name is None)
    make_shorts(made.cast, blue, tmp_path / "blue", replace(OPTIONS, min_length_s=1.5, aspect="1:1", layout="split"))
    shown = [image for s in planned(tmp_path / "blue") for image in frames(tmp_path / "blue" / f"{s['id']}.mp4")]
    assert shown[0].shape == (128, 128, 3)
    assert min(share_of(image, BLUE) for image in shown) > 0.05


def test_without_a_place_it_lies_beside_the_cast(made: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    cast = CastFolder(made.cast).cast()
    expected = made.cast.parent / f"film-{cast.people[0].id}.shorts"
    assert default_folder(made.cast, cast, cast.people[0]) == expected
    monkeypatch.chdir(made.cast)
    assert default_folder(Path(), cast, cast.people[0]) == expected.resolve()


@pytest.mark.parametrize(
    ("aspect", "height", "size"),
    [
        ("9:16", 1920, (1080, 1920)),
        ("4:5", 1350, (1080, 1350)),
        ("1:1", 1080, (1080, 1080)),
        ("9:16", 1280, (720, 1280)),
    ],
)
def test_sizes_are_even(aspect: str, height: int, size: tuple[int, int]) -> None:
    assert finished_size(ShortsOptions(aspect=aspect, height=height)) == size
    assert finished_size(ShortsOptions(aspect=aspect, height=258))[0] % 2 == 0


def test_the_place_is_checked_before_the_work(copy: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(make, "find_video", lambda *_: pytest.fail("the video was read"))
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").touch()
    for place, overwrite, words in (
        (copy.shorts, False, "exists already"),
        (tmp_path / "mine", True, "other things in it"),
        (copy.cast, True, "other things in it"),
        (tmp_path / "film.mp4", True, "is a file, not a folder"),
    ):
        with pytest.raises(OutputError, match=words):
            make_shorts(copy.cast, "Red", place, OPTIONS, overwrite=overwrite)
    monkeypatch.setattr(os, "access", lambda *_: False)
    with pytest.raises(OutputError, match="may not write"):
        make_shorts(copy.cast, "Red", tmp_path / "new", OPTIONS)


@pytest.mark.parametrize(("free", "stage"), [(60_000, "make_plan"), (70_000, "render_short")])
def test_no_space_is_said_as_soon_as_it_is_known(
    free: int, stage: str, copy: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the rule 2.5 s of 72 x 128 pixels take 0.014 MB, and their sound 0.05 MB."""
    monkeypatch.setattr(make, stage, lambda *_: pytest.fail("the work went on"))
    usage = type(shutil.disk_usage(tmp_path))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage(10**9, 10**9 - free, free))
    before = names(tmp_path)
    with pytest.raises(OutputError, match=r"need about \d MB, and 0 MB are free") as caught:
        make_shorts(copy.cast, "Red", tmp_path / "new", OPTIONS)
    assert caught.value.code == "shorts.space"
    assert names(tmp_path) == before


def test_a_split_that_nothing_calls_for_is_noted(copy: Made) -> None:
    options = replace(OPTIONS, layout="split", aspect="1:1")
    place = copy.cast.parent / "plan"
    _, plan = make_folder(copy.cast, "Red", options, output=place, plan_only=True)
    assert make.NOT_SPLIT not in plan.notes  # the shot of both is among them
    alone = [{"pieces": [{"start_s": 0.0, "end_s": 2.6}]}]
    edit(place / "plan.json", lambda data: data.update(shorts=alone))
    assert make.NOT_SPLIT in render_plan(place / "plan.json", place).notes


def test_a_full_disk_while_rendering_leaves_what_was_there(copy: Made, monkeypatch: pytest.MonkeyPatch) -> None:
    before, beside = contents(copy.shorts), names(copy.cast.parent)
    written, write = [0], MovieWriter.write

    def full(self: MovieWriter, *words: Any) -> None:
        written[0] += 1
        if written[0] == 70:
            raise OutputError("Cannot write s1.mp4: No space left on device.")
        write(self, *words)

    monkeypatch.setattr(MovieWriter, "write", full)
    with pytest.raises(OutputError, match="No space left"):
        make_shorts(copy.cast, "Red", copy.shorts, OPTIONS, overwrite=True)
    assert contents(copy.shorts) == before
    assert names(copy.cast.parent) == beside


@pytest.mark.parametrize("call", ["write_bytes", "write_text"])
def test_a_full_disk_while_writing_leaves_what_was_there(
    call: str, copy: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, beside = contents(copy.shorts), names(copy.cast.parent)

    def full(self: Path, *words: Any, **more: Any) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, call, full)
    with pytest.raises(OutputError, match="No space left"):
        make_folder(copy.cast, "Red", OPTIONS, output=copy.shorts, overwrite=True, plan_only=True)
    assert contents(copy.shorts) == before
    assert names(copy.cast.parent) == beside


@pytest.mark.parametrize("stage", ["Watching", "Listening", "Rendering", "Writing"])
def test_stopping_at_any_stage_leaves_what_was_there(stage: str, copy: Made) -> None:
    before, beside = contents(copy.shorts), names(copy.cast.parent)

    def stop(progress: Progress) -> None:
        if progress.stage == stage and progress.done > (0.5 if stage == "Rendering" else -1):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        make_shorts(copy.cast, "Red", copy.shorts, OPTIONS, overwrite=True, progress=stop)
    assert contents(copy.shorts) == before
    assert names(copy.cast.parent) == beside


def test_too_little_of_a_person_is_said_with_what_works(made: Made, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="Red") as caught:
        make_shorts(made.cast, "Red", tmp_path / "a", ShortsOptions())
    length = str(caught.value.facts["length"])
    assert caught.value.code == "shorts.shorter"
    options = replace(OPTIONS, count=1, min_length_s=float(length), max_length_s=45)
    assert len(plan_shorts(made.cast, "Red", options).shorts) == 1
