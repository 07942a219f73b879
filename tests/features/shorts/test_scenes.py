"""All scenes of a person cut together, from drawn videos with two people and stand-in models."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import InputError, OutputError
from closeup.documents.cast import CAST_JSON
from closeup.features.cast import operations, together
from closeup.features.cast.folder import CastFolder
from closeup.features.cast.together import make_album_folder, make_season_folder
from closeup.features.shorts.options import ReelOptions
from closeup.features.shorts.scenes import make_reel
from closeup.features.shorts.source import open_source
from closeup.media.audio import has_sound, read_sound
from closeup.media.video import open_video
from features.cast.drawn_photos import write_photo
from features.cast.stand_in_video import BLUE, RED, Drawn, DrawnShot, stand_in_models, write_video
from features.shorts.drawn_cast import FPS, WITH_RED, share_of, write_drawn_cast
from filmed import SOUND_HZ
from media.tones import strength

SMALL = ReelOptions(side_px=144)


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_drawn_cast(tmp_path_factory.mktemp("drawn"))


@pytest.fixture(scope="module")
def silent(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Another cast, of a video without sound in which Red is seen for two seconds, then Blue."""
    place = tmp_path_factory.mktemp("silent")
    video = write_video(
        place / "two.mp4", (DrawnShot(50, 8, (Drawn(RED, 60, 90),)), DrawnShot(60, 9, (Drawn(BLUE, 200, 170),)))
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(together, "cast_models", lambda _: stand_in_models())
        make_season_folder([video], place / "two.cast")
    return place / "two.cast"


def red(folder: Path, name: str = "") -> str:
    """The id of Red, the one who is first seen; called `name` from now on, if one is given."""
    cast = CAST_JSON.read(folder / "cast.json")
    identity = str(cast.tracks[0].person)
    person = next(p for p in cast.people if p.id == identity)
    if name and person.name != name:
        CastFolder(folder).edit(lambda scene: operations.name_person(scene, identity, name))
    return identity


def test_a_reel_has_all_scenes_of_the_person_and_no_others(drawn: Path, tmp_path: Path) -> None:
    made = make_reel([drawn], red(drawn), tmp_path / "red.mp4", SMALL)
    frames = sum(end - start for start, end in WITH_RED)
    assert [(scene["start_s"], scene["end_s"]) for scene in made["scenes"]] == [
        (start / FPS, end / FPS) for start, end in WITH_RED
    ]
    assert [scene["at_s"] for scene in made["scenes"]] == [0.0, 3.0, 6.0]
    assert made["duration_s"] == pytest.approx(frames / FPS)
    with open_video(tmp_path / "red.mp4") as reader:
        pictures = [frame.rgb() for frame in reader]
    assert len(pictures) == frames
    assert pictures[0].shape == (144, 256, 3)
    assert min(share_of(picture, RED) for picture in pictures) > 0.01
    assert has_sound(tmp_path / "red.mp4", None)
    assert made["notes"] == []


def test_an_upright_reel_keeps_the_person_in_it(drawn: Path, tmp_path: Path) -> None:
    make_reel([drawn], red(drawn), tmp_path / "red.mp4", ReelOptions(aspect="9:16", side_px=144))
    with open_video(tmp_path / "red.mp4") as reader:
        assert reader.size_wh == (144, 256)
        assert min(share_of(frame.rgb(), RED) for frame in reader) > 0.03


def test_scenes_of_several_videos_follow_each_other_whatever_their_sound(
    drawn: Path, silent: Path, tmp_path: Path
) -> None:
    red(drawn, "Red")
    red(silent, "Red")
    made = make_reel([silent, drawn], "red", tmp_path / "red.mp4", SMALL)
    assert [Path(scene["video"]).name for scene in made["scenes"]] == ["two.mp4", *["film.mp4"] * 3]
    with open_video(tmp_path / "red.mp4") as reader:
        pictures = [frame.rgb() for frame in reader]
        assert float(reader.end_time) == pytest.approx(made["duration_s"])
    assert len(pictures) == 50 + 220
    assert min(share_of(picture, RED) for picture in pictures) > 0.01
    assert has_sound(tmp_path / "red.mp4", None)


def test_a_season_is_one_folder_for_a_reel(silent: Path, tmp_path: Path) -> None:
    made = make_reel([silent], red(silent), tmp_path / "red.mp4", SMALL)
    assert len(made["scenes"]) == 1
    assert made["notes"] == ["None of the videos has sound."]


def test_an_id_says_nothing_in_several_casts(drawn: Path, silent: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="p1 is somebody else in each of 2 casts"):
        make_reel([drawn, silent], "p1", tmp_path / "x.mp4", SMALL)
    with pytest.raises(InputError, match="nobody called 'Zoe'"):
        make_reel([drawn, silent], "Zoe", tmp_path / "x.mp4", SMALL)


def test_who_is_in_one_cast_only_is_said_of_the_other(drawn: Path, silent: Path, tmp_path: Path) -> None:
    other = next(p.id for p in CAST_JSON.read(silent / "cast.json").people if p.id != red(silent))
    CastFolder(silent).edit(lambda scene: operations.name_person(scene, other, "Bluebell"))
    made = make_reel([drawn, silent], "Bluebell", tmp_path / "x.mp4", SMALL)
    assert {Path(scene["video"]).name for scene in made["scenes"]} == {"two.mp4"}
    assert "There is nobody called 'Bluebell' in the cast." in made["notes"][0]


def test_a_reel_is_not_replaced_unasked_and_options_are_checked(drawn: Path, tmp_path: Path) -> None:
    (tmp_path / "red.mp4").write_bytes(b"mine")
    with pytest.raises(OutputError, match="exists already"):
        make_reel([drawn], red(drawn), tmp_path / "red.mp4", SMALL)
    assert (tmp_path / "red.mp4").read_bytes() == b"mine"
    for wrong in ({"aspect": "5:1"}, {"side_px": 145}, {"most_fps": 0.0}):
        with pytest.raises(InputError):
            ReelOptions(**wrong)  # type: ignore[arg-type]


def test_albums_have_no_scenes_and_seasons_no_single_video(silent: Path, tmp_path: Path) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(together, "cast_models", lambda _: stand_in_models())
        make_album_folder([write_photo(tmp_path / "a.jpg", 1, [(RED, 40)])], tmp_path / "a.cast")
    with pytest.raises(InputError, match="is an album"):
        make_reel([tmp_path / "a.cast"], "p1", tmp_path / "x.mp4", SMALL)
    for folder in (tmp_path / "a.cast", silent):
        with pytest.raises(InputError, match="is the cast of"):
            open_source(folder, "p1")


def test_sizes_are_even() -> None:
    for aspect, wanted in (
        ("16:9", (1920, 1080)),
        ("9:16", (1080, 1920)),
        ("4:5", (1080, 1350)),
        ("1:1", (1080, 1080)),
    ):
        assert ReelOptions(aspect=aspect).size_wh == wanted
    assert all(np.array(ReelOptions(side_px=130).size_wh) % 2 == 0)


def test_a_reel_mixes_sound_tracks_where_that_is_wanted(tmp_path: Path) -> None:
    at_s = np.arange(365 * SOUND_HZ // FPS) / SOUND_HZ
    cast = write_drawn_cast(tmp_path, (0.1 * np.sin(2 * np.pi * 6000 * at_s)).astype(np.float32))
    strengths = {}
    for track in (1, 2, "mix"):
        made = make_reel([cast], red(cast), tmp_path / "red.mp4", replace(SMALL, audio_track=track), overwrite=True)
        sound = read_sound(tmp_path / "red.mp4", 0, made["duration_s"], rate_hz=SOUND_HZ, channels=1)
        # Speech is heard from 5.5 s on, and the scene that begins at 5 s from 3 s on in the reel.
        spoken = sound[round(3.6 * SOUND_HZ) : round(5.4 * SOUND_HZ)]
        strengths[track] = {hz: strength(spoken, SOUND_HZ, hz).mean() for hz in (100, 6000)}
        assert made["notes"] == (["Its 2 sound tracks are mixed: track 1, track 2."] if track == "mix" else [])
    assert strengths[1][6000] < 0.2 * strengths["mix"][6000]
    assert strengths[2][100] < 0.2 * strengths["mix"][100]
