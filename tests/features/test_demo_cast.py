"""The demo programme, whose cast is exact, through the whole of the main job with the builtin models."""

import importlib.util
from pathlib import Path
from typing import Any

import pytest

from closeup.core.types import Cast
from closeup.documents.cast import CAST_JSON
from closeup.features.cast import scan
from closeup.features.cast.find import CastOptions, find_cast
from closeup.features.demo import programme
from closeup.features.demo.programme import SIZE_WH, make_programme, truth
from closeup.perception import embedder

pytestmark = pytest.mark.skipif(
    not all(importlib.util.find_spec(name) for name in ("matplotlib", "skimage")),
    reason='the portraits come with: pip install "closeup[demo]"',
)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("demo") / "demo.mp4"
    make_programme(path)
    return path


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three of its shots, the middle one with both people, each two fifths as long."""
    path = tmp_path_factory.mktemp("demo") / "short.mp4"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(programme, "_SHOTS", tuple((0.4 * seconds, panels) for seconds, panels in programme._SHOTS[2:5]))
        make_programme(path)
    return path


def side_of(cast: Cast, shot: int, person: str) -> str:
    """In which part of the picture a person is in a shot."""
    own = [track for track in cast.tracks if track.shot == shot and track.person == person]
    middles = [(face.box_xyxy[0] + face.box_xyxy[2]) / 2 for track in own for face in track.faces]
    sides = {"left" if middle < SIZE_WH[0] / 2 else "right" for middle in middles}
    assert len(sides) == 1
    return sides.pop()


def test_the_demo_has_the_two_people_in_their_shots_and_nobody_else(demo: Path) -> None:
    cast, exact = find_cast(demo, CastOptions(models="builtin", detect_fps=2)), truth()
    assert [(shot.start_frame, shot.end_frame) for shot in cast.shots] == [
        (shot["start"], shot["end"]) for shot in exact["shots"]
    ]
    assert (len(cast.people), cast.passers_by) == (2, ())
    # Who has which id is told by the shots in which only one of the two is seen; then everything must agree.
    owner: dict[str, str] = {}
    for index, shot in enumerate(exact["shots"]):
        present = [person.id for person in cast.people if index in person.shots]
        assert len(present) == len(shot["people"]), f"shot {index}"
        if len(present) == 1:
            assert owner.setdefault(shot["people"][0]["name"], present[0]) == present[0], f"shot {index}"
    assert sorted(owner) == exact["people"]
    assert len(set(owner.values())) == 2
    for index, shot in enumerate(exact["shots"]):
        for person in shot["people"]:
            if person["side"] != "full":
                assert side_of(cast, index, owner[person["name"]]) == person["side"]


def told(cast: Cast) -> dict[str, Any]:
    """cast.json but for the timings."""
    return {**CAST_JSON.to_data(cast), "timings_s": None}


def test_batches_and_threads_do_not_change_the_cast(short: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    casts = []
    for batch, workers in ((1, 1), (8, 2), (64, 1)):
        monkeypatch.setattr(embedder, "BATCH", batch)
        monkeypatch.setattr(scan, "worker_count", lambda count=workers: count)
        casts.append(find_cast(short, CastOptions(models="builtin", detect_fps=2.5)))
    assert len(casts[0].people) == 2
    assert told(casts[0]) == told(casts[1]) == told(casts[2])
