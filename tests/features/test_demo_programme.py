import hashlib
import importlib.util
import subprocess
import sys
from fractions import Fraction
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from closeup.core.errors import DependencyError, OutputError
from closeup.core.progress import Progress
from closeup.features.demo import programme
from closeup.features.demo.programme import (
    COLLINS,
    FPS,
    HOPPER,
    SIZE_WH,
    PersonPanel,
    View,
    make_programme,
    plan,
    truth,
)
from closeup.media.video import open_video

FACES_XYXY = {HOPPER: (161, 137, 376, 352), COLLINS: (179, 83, 266, 170)}
"""Where the faces are in the stills."""

needs_portraits = pytest.mark.skipif(
    not all(importlib.util.find_spec(name) for name in ("matplotlib", "skimage")),
    reason='the portraits come with: pip install "closeup[demo]"',
)


def face_in_panel(panel: PersonPanel, view: View, width: int) -> tuple[float, float, float, float]:
    """The face in panel pixels, xyxy, before mirroring."""
    scale = width / view.width
    x0, y0, x1, y1 = FACES_XYXY[panel.person]
    return (
        (x0 - view.x) * scale + width / 2,
        (y0 - view.y) * scale + SIZE_WH[1] / 2,
        (x1 - view.x) * scale + width / 2,
        (y1 - view.y) * scale + SIZE_WH[1] / 2,
    )


def test_the_plan_has_no_gaps_and_both_people_alone_and_together():
    shots = plan()
    assert shots[0].start_frame == 0
    assert all(a.end_frame == b.start_frame for a, b in pairwise(shots))
    assert all(shot.end_frame - shot.start_frame >= 2 * FPS for shot in shots)
    assert 24 <= shots[-1].end_frame / FPS <= 30
    casts = [shot.people for shot in shots]
    assert {(HOPPER,), (COLLINS,), (HOPPER, COLLINS), (COLLINS, HOPPER)} == set(casts)
    assert any(a == b for a, b in pairwise(casts))  # one still twice in a row: only a cut tells the shots apart


def test_every_face_is_whole_and_large_enough_for_any_detector():
    for shot in plan():
        width = SIZE_WH[0] // len(shot.panels)
        for panel in shot.panels:
            for view in (panel.start, panel.end):
                x0, y0, x1, y1 = face_in_panel(panel, view, width)
                assert x1 - x0 >= 80
                assert x0 >= 0
                assert y0 >= 0
                assert x1 <= width
                assert y1 <= SIZE_WH[1]


def test_truth_is_the_plan_as_plain_json():
    whole = truth()
    assert whole["fps"] == 25
    assert whole["frames"] == plan()[-1].end_frame
    assert whole["people"] == [COLLINS, HOPPER]
    assert [(s["start"], s["end"]) for s in whole["shots"]] == [(s.start_frame, s.end_frame) for s in plan()]
    assert whole["shots"][3]["people"] == [{"name": HOPPER, "side": "left"}, {"name": COLLINS, "side": "right"}]
    assert whole["shots"][0]["people"] == [{"name": HOPPER, "side": "full"}]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("programme") / "demo.mp4"
    make_programme(path)
    return path


@needs_portraits
def test_the_programme_is_what_the_plan_says(made: Path):
    with open_video(made) as reader:
        small = [frame.rgb((64, 36)).astype(np.int16) for frame in reader]
    assert (reader.size_wh, reader.fps, reader.frames) == (SIZE_WH, Fraction(25), plan()[-1].end_frame)
    assert reader.notes == ()
    change = [np.abs(a - b).mean() for a, b in pairwise(small)]
    cuts = {shot.start_frame - 1 for shot in plan()[1:]}
    at_cuts = min(change[i] for i in cuts)
    elsewhere = max(c for i, c in enumerate(change) if i not in cuts)
    assert at_cuts > 20
    assert at_cuts > 5 * elsewhere
    # Every shot moves: its first and last frame differ.
    assert all(np.abs(small[s.start_frame] - small[s.end_frame - 1]).mean() > 2 for s in plan())


@needs_portraits
def test_its_cuts_are_cuts_to_a_detector_with_its_default_settings(made: Path):
    from scenedetect import ContentDetector, detect

    found = [start.frame_num for start, _ in detect(str(made), ContentDetector())]
    assert found == [shot.start_frame for shot in plan()]


@needs_portraits
def test_it_is_the_same_every_time_and_tells_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(programme, "_SHOTS", tuple((0.2, panels) for _, panels in programme._SHOTS[2:5]))
    told: list[Progress] = []
    hashes = set()
    for name in ("a.mp4", "b.mp4"):
        make_programme(tmp_path / name, told.append)
        hashes.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert len(hashes) == 1
    assert [(p.done, p.total) for p in told[:4]] == [(0, 15), (5, 15), (10, 15), (15, 15)]


@pytest.mark.parametrize("spec", [None, SimpleNamespace(submodule_search_locations=["/nowhere"])])
def test_without_the_portraits_it_says_what_to_install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spec: object):
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: spec)
    with pytest.raises(DependencyError, match="needs a portrait from the package matplotlib") as caught:
        make_programme(tmp_path / "a.mp4")
    assert caught.value.code == "demo.portrait"
    assert list(tmp_path.iterdir()) == []


@needs_portraits
def test_a_place_that_cannot_be_written(tmp_path: Path):
    with pytest.raises(OutputError, match="Cannot write"):
        make_programme(tmp_path / "none" / "a.mp4")


@needs_portraits
def test_neither_package_is_imported():
    code = (
        "import sys; from closeup.features.demo import programme\n"
        "programme._still(programme.HOPPER); programme._still(programme.COLLINS)\n"
        "print([m for m in ('matplotlib', 'skimage', 'pooch') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
