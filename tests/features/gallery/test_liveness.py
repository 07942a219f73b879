import random
from collections.abc import Callable, Sequence
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.core.types import FloatArray
from closeup.features.gallery.liveness import (
    COUNT,
    PARALLAX,
    TURNS,
    LivenessCheck,
    LivenessReport,
    nose_parallax,
    random_turns,
)
from closeup.perception.pose import head_pose
from features.gallery.heads import ANGLES, FACE, head, path, performance, photo, view
from stills import astronaut

ASKED = ("left", "up", "right", "down")


def watch(
    angles: Sequence[tuple[float, float]],
    shown: Callable[[float, float], FloatArray] = head,
    noise: float = 0.02,
    asked: tuple[str, ...] = ASKED,
) -> LivenessReport:
    """Show the angles one after the other, and the last one until the check ends."""
    check = LivenessCheck(asked)
    for number in range(len(angles) + 200):
        turn = angles[min(number, len(angles) - 1)]
        check.look(number / 10, [view(number / 10, shown(*turn), noise)])
        if check.report.state != "running":
            break
    return check.report


def obedient(shown: Callable[[float, float], FloatArray], noise: float = 0.02, seed: int = 0) -> LivenessReport:
    """Somebody who takes each pose half a second after it was asked for, going there in half a second."""
    check = LivenessCheck(ASKED)
    now = np.array(ANGLES["front"])
    since, wanted = 0.0, "front"
    for number in range(600):
        time_s = number / 10
        if check.report.wanted != wanted:
            since, wanted = time_s, check.report.wanted
        if wanted and time_s - since > 0.5:
            now = now + np.clip(np.array(ANGLES[wanted]) - now, -8, 8)
        report = check.look(time_s, [view(time_s, shown(float(now[0]), float(now[1])), noise, seed)])
        if report.state != "running":
            break
    return check.report


@pytest.mark.parametrize("seed", range(5))
def test_a_living_head_that_turns_as_asked_passes(seed: int) -> None:
    report = obedient(head, seed=seed)
    assert (report.state, report.reason, report.done) == ("passed", "", 4)
    assert min(report.parallax) >= PARALLAX


@pytest.mark.parametrize("seed", range(5))
def test_a_photo_that_is_tilted_as_asked_never_passes(seed: int) -> None:
    report = obedient(lambda yaw, pitch: photo(1.6 * yaw, 1.6 * (pitch - 9)), seed=seed)
    assert report.state == "failed"
    assert report.done == 0


def test_a_still_photo_fails_for_want_of_a_turn() -> None:
    report = watch([(0, 0)], photo)
    assert report.state == "failed"
    assert report.reason == "The turn left was not seen within 8 s; a flat picture cannot show one."


def test_a_photo_that_looks_turned_fails_for_its_flatness() -> None:
    # A photo of a head in profile, tilted: the pose is there, and the parallax is not.
    asked = ("left",)
    check = LivenessCheck(asked)
    for number in range(200):
        at = number / 10
        seen = head(*ANGLES["front"])
        now = view(at, seen, 0.01)
        if check.report.wanted == "left" and number > 10:
            now = replace(view(at, photo(min(number - 10, 30), 0), 0.01), pose="left")
        if check.look(at, [now]).state != "running":
            break
    assert check.report.reason == "The face turned left, and the nose stayed where a flat picture has it."


def test_another_turn_than_the_one_asked_for_fails() -> None:
    report = watch(performance(("right", "up", "right", "down")))
    assert report.state == "failed"
    assert report.reason == "The head was turned right where left was asked for."


def test_a_recording_that_turns_before_it_is_asked_fails() -> None:
    check = LivenessCheck(("left",))
    for number in range(3):
        check.look(number / 10, [view(number / 10, head(*ANGLES["front"]), 0.01)])
    assert check.report.wanted == "left"
    for time_s in (0.3, 0.4, 0.5):
        assert check.report.state == "running"  # one look may err
        check.look(time_s, [view(time_s, head(*ANGLES["left"]), 0.01)])
    assert "sooner than anybody can follow" in check.report.reason


def test_pictures_that_are_exchanged_fail_by_the_jump() -> None:
    check = LivenessCheck(("left",))
    for number in range(5):
        check.look(number / 10, [view(number / 10, head(*ANGLES["front"]), 0.01)])
    left = view(0.45, head(-80.0, 9.0))
    assert abs(left.yaw_deg) > 45
    assert "jumped from one pose to another" in check.look(0.45, [left]).reason


def test_what_else_ends_it() -> None:
    front = head(*ANGLES["front"])
    for views, reason in [
        ([view(0.3, front), view(0.3, front + 200)], "Two faces were in view."),
        ([replace(view(0.3, front), same=False)], "The face became another one."),
        ([view(0.3, front + np.float32(400))], "The face jumped from one place to another."),
    ]:
        check = LivenessCheck(ASKED)
        check.look(0.1, [view(0.1, front)])
        assert check.look(0.3, views).reason == reason
        assert check.look(0.4, [view(0.4, front)]).reason == reason  # and it stays ended


def test_a_face_that_leaves_may_have_been_exchanged() -> None:
    check = LivenessCheck(ASKED)
    check.look(0.0, [view(0.0, head(0, 9))])
    assert check.look(0.9, []).state == "running"
    assert check.look(1.2, []).reason == "The face was out of view."


def test_the_same_front_again_and_again_is_one_picture() -> None:
    assert (
        watch([ANGLES["front"]], noise=0.0).reason == "Nothing moved at all: it was one picture, shown again and again."
    )


def test_turns_are_drawn_anew_and_all_of_them_occur() -> None:
    drawn = {random_turns(rng=random.Random(seed)) for seed in range(60)}
    assert len(drawn) > 45
    assert {turn for turns in drawn for turn in turns} == set(TURNS)
    assert len(random_turns()) == COUNT
    with pytest.raises(ValueError, match="turns are"):
        LivenessCheck(("front",))


@settings(max_examples=60)
@given(yaw=st.floats(-50, 50), pitch=st.floats(-40, 40), shown=st.sampled_from(sorted(ANGLES)))
def test_a_photo_has_no_parallax_however_it_is_tilted(yaw: float, pitch: float, shown: str) -> None:
    picture = head(*ANGLES[shown])
    assert nose_parallax(photo(0, 0, picture), photo(yaw, pitch, picture)) < 1e-3


@settings(max_examples=60)
@given(yaw=st.floats(20, 50), side=st.sampled_from([-1, 1]))
def test_a_head_has_parallax_by_the_sine_of_its_turn(yaw: float, side: int) -> None:
    parallax = nose_parallax(head(0, 9), head(side * yaw, 9))
    assert parallax == pytest.approx(0.45 * np.sin(np.radians(yaw)), rel=0.4)
    assert parallax > PARALLAX


def test_points_in_one_line_say_nothing() -> None:
    line = np.column_stack([np.arange(5), np.zeros(5)]).astype(np.float32)
    assert nose_parallax(line, head(0, 9)) == 0.0
    assert nose_parallax(head(0, 9), line) == 0.0


def test_looks_before_the_first_face_are_waited_for() -> None:
    check = LivenessCheck(ASKED)
    assert check.look(0.0, []).state == "running"
    assert check.look(8.5, []).reason == "No face was seen from the front within 8 s."


def test_the_generic_path_goes_through_the_poses() -> None:
    names = [head_pose(head(*angles)).name for angles in path([ANGLES[p] for p in ("front", *ASKED)])]
    assert [n for n, m in zip(names, ["", *names], strict=False) if n != m and n != "front"] == list(ASKED)
    assert FACE.shape == (5, 3)


def test_a_real_photo_moved_before_a_real_detector_does_not_pass() -> None:
    from closeup.core.settings import read_settings
    from closeup.perception.registry import face_models

    detector = face_models("builtin", read_settings()).new_detector()
    image = astronaut()[20:300, 90:370]
    size = image.shape[1], image.shape[0]
    corners = np.array([[0, 0], [280, 0], [280, 280], [0, 280]], np.float64)
    flat = np.column_stack([(corners - 140) / 140, np.zeros(4)])
    check, found = LivenessCheck(("left", "right")), 0
    for number, yaw in enumerate([0, 0, 0, 15, 30, 40, 40, 40, 40]):
        from features.gallery.heads import turned

        points = turned(flat, -yaw, 5 * np.sin(number))
        after = points[:, :2] / (1 - points[:, 2:] / 4) * 140 + 140
        to = cv2.getPerspectiveTransform(corners.astype(np.float32), after.astype(np.float32))
        moved = cv2.warpPerspective(image, to, size, borderMode=cv2.BORDER_REPLICATE)
        faces = detector.detect(np.asarray(moved, np.uint8))
        found += len(faces) == 1
        check.look(number * 0.25, [view(number * 0.25, points_xy) for points_xy in faces.landmarks_xy])
    assert found >= 6  # else nothing was tried
    assert check.report.done == 0
    assert check.report.state == "running" or "flat" in check.report.reason
    for number in range(40):
        check.look(3 + number * 0.25, [view(3 + number * 0.25, head(0, 9))] if number % 3 == 0 else [])
    assert check.report.state == "failed"
