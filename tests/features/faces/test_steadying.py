"""Faces followed from look to look, and means along their tracks."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from closeup.documents.faces import ClassAnswer, Look, ValueAnswer, VideoSpan
from closeup.features.faces.steadying import follow, steadied
from features.faces.made_up import classes, face, quality

SPAN = VideoSpan(10.0, 5.0, ())


def looks(*rows: tuple[float, ...], **changes: object) -> list[Look]:
    """One look for each row of left edges."""
    return [Look(5 * n, 0.2 * n, tuple(face(x, **changes) for x in row)) for n, row in enumerate(rows)]


def tracks(followed: tuple[Look, ...]) -> list[list[int | None]]:
    return [[each.track for each in look.faces] for look in followed]


def test_faces_keep_their_number() -> None:
    assert tracks(follow(looks((10, 200), (14, 198), (), (20, 195)), SPAN)) == [[1, 2], [1, 2], [], [1, 2]]


def test_nothing_goes_on_across_a_cut() -> None:
    span = replace(SPAN, cuts_s=(0.15, 0.5))
    assert tracks(follow(looks((10,), (10,), (10,), (10,)), span)) == [[1], [2], [2], [3]]


def test_one_odd_look_does_not_change_the_word() -> None:
    happy = [0.9, 0.9, 0.1, 0.9, 0.9, 0.9]
    seen = [Look(n, 0.2 * n, (face(happy=value, track=1),)) for n, value in enumerate(happy)]
    said = [look.faces[0].answers["expression"] for look in steadied(seen)]
    assert all(isinstance(answer, ClassAnswer) and answer.name == "happy" for answer in said)
    third = said[2]
    assert isinstance(third, ClassAnswer)
    assert third.probability == pytest.approx((4 * 0.9 + 0.1) / 5)
    assert sum(third.probabilities.values()) == pytest.approx(1)


def test_ages_and_quality_are_means_of_one_track_only() -> None:
    def at(age: float, level: float, track: int) -> object:
        return face(100.0 * track, track=track, quality=quality(level), answers={"age": ValueAnswer(age, "years")})

    seen = [Look(0, 0.0, (at(20, 0.2, 1), at(60, 0.9, 2))), Look(1, 0.2, (at(30, 0.4, 1),))]
    first, other = steadied(seen)[0].faces
    assert first.answers["age"] == ValueAnswer(pytest.approx(25), "years")
    assert first.quality.total == pytest.approx(0.3)
    assert other.answers["age"] == ValueAnswer(60, "years")


def test_a_face_too_small_to_judge_stays_without_an_answer() -> None:
    seen = [Look(0, 0.0, (face(track=1),)), Look(1, 0.2, (face(track=1, answers={}),))]
    before, after = steadied(seen)
    assert before.faces[0].answers["expression"] == face().answers["expression"]
    assert after.faces[0].answers == {}


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30))
def test_means_lie_between_what_they_are_made_of(values: list[float]) -> None:
    seen = [
        Look(n, 0.2 * n, (face(track=1, answers={"gender": classes(female=value, male=1 - value)}),))
        for n, value in enumerate(values)
    ]
    for number, look in enumerate(steadied(seen)):
        near = values[max(number - 2, 0) : number + 3]
        answer = look.faces[0].answers["gender"]
        assert isinstance(answer, ClassAnswer)
        assert min(near) - 1e-9 <= answer.probabilities["female"] <= max(near) + 1e-9
        assert answer.probability == max(answer.probabilities.values())
