from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from closeup.core.errors import InputError
from closeup.core.types import Image
from closeup.features.gallery.enrol import EnrolSample
from closeup.features.gallery.guide import (
    REQUESTS,
    TIME_S,
    HeadViews,
    PoseCollector,
    collect_poses,
    same_person_threshold,
    watch_until_alive,
)
from closeup.features.gallery.liveness import LivenessCheck
from closeup.features.gallery.photos import BY_EVERY_MODEL
from closeup.perception.analyzer import AnalysedFace
from closeup.storage.records import POSES
from features.gallery import heads
from features.gallery.made_up import FakeAnalyzer, Shown, embedding, made_up_card, picture
from stand_ins import PictureSource

SAME = 0.4


class Actor:
    """Somebody before a camera who does what is said, half a second later; a look every 0.1 s."""

    def __init__(self, obeys: bool = True, seconds: float = TIME_S + 30) -> None:
        self.seconds = seconds
        self.said: list[str] = []
        self.heard: tuple[int, float] = (0, 0.0)
        self.now = np.array(heads.ANGLES["front"])
        self.obeys = obeys
        self.reader = FakeAnalyzer()
        self.reader.faces = self.faces  # type: ignore[method-assign]

    def say(self, text: str) -> None:
        self.said.append(text)

    def pictures(self) -> Iterator[tuple[float, Image]]:
        for number in range(round(self.seconds * 10)):
            if len(self.said) != self.heard[0]:
                self.heard = len(self.said), number / 10
            if self.said and self.obeys and number / 10 - self.heard[1] >= 0.4:
                wanted = next(pose for pose, request in REQUESTS.items() if self.said[-1].startswith(request))
                self.now = self.now + np.clip(np.array(heads.ANGLES[wanted]) - self.now, -8, 8)
            self.time_s = number / 10
            yield self.time_s, picture(Shown(1, number % 200))

    def faces(self, image: Image, *_: Any, **__: Any) -> tuple[AnalysedFace, ...]:
        (face,) = FakeAnalyzer().faces(image, BY_EVERY_MODEL)
        points = heads.view(self.time_s, heads.head(*self.now), 0.02).landmarks_xy
        return (replace(face, landmarks_xy=points),)


def looks(*shown: Sequence[Shown]) -> Any:
    """Look at these one after the other, half a second apart."""
    reader: Any = FakeAnalyzer()
    collector = PoseCollector(reader, SAME)
    reasons = [collector.look(n / 2, picture(*faces), reader.faces(picture(*faces))) for n, faces in enumerate(shown)]
    return collector, reasons


def test_the_best_look_at_each_pose_is_kept(reader: Any) -> None:
    collector, reasons = looks([Shown(1, 3)], [Shown(1, 1, "left")], [Shown(1, 0)], [Shown(1, 2)])
    assert reasons == ["", "", "", ""]
    samples = collector.samples("film.mp4", "ab12", keep=False)
    assert [(s.pose, s.templates[0].source, s.origin) for s in samples] == [
        ("front", "ab12:0.000", "film.mp4 at 0.0 s"),
        ("left", "ab12:0.500", "film.mp4 at 0.5 s"),
    ]
    assert collector.missing() == ("right", "down")
    assert collector.missing(3) == ("left", "right", "down")


def test_looks_of_no_use_are_said_and_counted(reader: Any) -> None:
    collector, reasons = looks([], [Shown(1)], [Shown(1), Shown(2)], [Shown(1, fault=True)], [Shown(2)], [])
    assert reasons == [
        "no face is in view",
        "",
        "more than one face is in view",
        "the face is blurred",
        "this is somebody else than before",
        "no face is in view",
    ]
    assert collector.reasons.most_common(1) == [("no face is in view", 2)]


def test_samples_are_described_by_every_model(reader: Any) -> None:
    two: Any = FakeAnalyzer((made_up_card(), made_up_card("older")))
    collector = PoseCollector(two, SAME)
    collector.look(0.0, picture(Shown(1)), two.faces(picture(Shown(1))))
    (sample,) = collector.samples("the camera", None, keep=True)
    assert [t.model for t in sample.templates] == ["made-up", "older"]
    assert sample.templates[1].vector == pytest.approx(embedding(1, 0, "older"))
    assert [t.source for t in sample.templates] == [None, None]


def film(*shown: Sequence[Shown]) -> PictureSource:
    """Shows each of these for a quarter of a second, at 20 frames a second."""
    return PictureSource((n / 20, picture(*shown[n // 5])) for n in range(len(shown) * 5))


def test_a_video_gives_its_best_frames(reader: Any) -> None:
    found = collect_poses(reader, film(*[[Shown(1, n, pose)] for n, pose in enumerate(POSES)], []), "ann.mp4")
    assert [s.pose for s in found] == sorted(POSES)


def test_a_video_without_anybody_says_why(reader: Any) -> None:
    with pytest.raises(InputError, match=r"No look at ann\.mp4 is of use: more than one face is in view in 2 of 3"):
        collect_poses(reader, film([Shown(1), Shown(2)], [Shown(1), Shown(2)], []), "ann.mp4")


def before_camera(actor: Actor, check: LivenessCheck | None = None) -> list[EnrolSample]:
    reader: Any = actor.reader
    return collect_poses(reader, PictureSource(actor.pictures()), "the camera", say=actor.say, check=check)


def test_a_camera_guides_through_the_poses(reader: Any) -> None:
    actor = Actor()
    found = before_camera(actor)
    assert [s.pose for s in found if s.pose != "up"] == ["down", "front", "left", "right"]
    assert [text for text in actor.said if "(" not in text] == [REQUESTS[p] for p in ("front", "left", "right", "down")]
    assert actor.time_s < 20


def test_who_does_nothing_is_waited_for_and_then_left(reader: Any) -> None:
    actor = Actor(obeys=False)
    found = before_camera(actor)
    poses = {s.pose for s in found}
    assert "front" in poses
    assert not poses & {"left", "right"}
    assert TIME_S <= actor.time_s < TIME_S + 1


def test_the_check_comes_first_and_all_its_looks_count(reader: Any) -> None:
    actor, check = Actor(), LivenessCheck(("left", "right"))
    found = before_camera(actor, check)
    assert check.report.state == "passed"
    assert {"front", "left", "right", "down"} <= {s.pose for s in found}


def test_a_check_that_fails_gives_nothing(reader: Any) -> None:
    actor = Actor(obeys=False)
    check = LivenessCheck(("left",))
    with pytest.raises(InputError, match="not look like a living head") as caught:
        before_camera(actor, check)
    assert "Nothing was stored" in caught.value.hint


def test_a_camera_that_stops_in_the_middle_of_the_check(reader: Any) -> None:
    actor = Actor(seconds=0.5)
    with pytest.raises(InputError, match="before the check"):
        before_camera(actor, LivenessCheck(("left",)))


@pytest.mark.parametrize("turns", [None, ("right",)])
def test_somebody_is_looked_at_until_the_front_is_good(reader: Any, turns: tuple[str, ...] | None) -> None:
    actor = Actor()
    check = LivenessCheck(turns) if turns else None
    face = watch_until_alive(actor.reader, PictureSource(actor.pictures()), actor.say, check)  # type: ignore[arg-type]
    assert face.pose.name == "front"
    assert check is None or check.report.state == "passed"


def test_nobody_before_the_camera(reader: Any) -> None:
    empty = PictureSource((n / 2, picture()) for n in range(500))
    said: list[str] = []
    with pytest.raises(InputError, match="No good look at a face came"):
        watch_until_alive(reader, empty, said.append)
    assert said == [f"{REQUESTS['front']} (No face is in view.)"]


def test_another_face_is_not_the_same(reader: Any) -> None:
    views = HeadViews(SAME)
    assert [views.of(n, reader.faces(picture(Shown(who))))[0].same for n, who in enumerate((1, 1, 2, 2))] == [
        True,
        True,
        False,
        True,
    ]


def test_requests_name_the_side_that_the_picture_shows() -> None:
    assert "your right" in REQUESTS["left"]
    assert "your left" in REQUESTS["right"]
    assert same_person_threshold(made_up_card()) == 0.4
