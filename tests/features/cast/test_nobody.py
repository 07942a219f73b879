from dataclasses import replace

import pytest

from closeup.core.types import Cast, Quality
from closeup.features.cast.nobody import why_nobody
from features.cast.fake_cast import fake_cast, fake_track


def empty(*, size: float = 80.0, score: float = 0.9, sharpness: float = 0.8, faces: int = 2) -> Cast:
    """A cast of nobody, with one track whose faces are alike."""
    track = fake_track(1, range(0, 5 * max(faces, 1), 5), 100, size=size)
    quality = Quality(0.5, 0.5, sharpness, 0.9, 0.7, score)
    track = replace(track, faces=tuple(replace(face, score=score, quality=quality) for face in track.faces))
    options: dict[str, bool | int | float | str | None] = {"min_face_px": 24}
    return replace(fake_cast(), people=(), passers_by=(), tracks=(track,) if faces else (), options=options)


@pytest.mark.parametrize(
    ("cast", "words"),
    [
        (empty(faces=0), "No picture that was looked at shows a face. Backs of heads, faces under about 14 pixels"),
        (
            empty(size=18),
            "2 pictures of faces were found, but all are smaller than the 24 pixels asked for; the largest has 18.",
        ),
        (
            empty(score=0.7, faces=1),
            "1 picture of a face was found, but none surely is one: the detector gives the best 0.70, and 0.85",
        ),
        (empty(sharpness=0.05), "2 pictures of faces were found, but all are blurred"),
        (empty(), "2 pictures of faces were found, but none is seen long and clearly enough"),
    ],
)
def test_the_likely_cause_is_said(cast: Cast, words: str) -> None:
    assert why_nobody(cast).startswith(words)


def test_somebody_needs_no_cause() -> None:
    cast = fake_cast()
    for some in (cast, replace(cast, people=()), replace(cast, people=(), passers_by=(), hidden=cast.people)):
        assert why_nobody(some) == ""


def test_a_cast_that_says_nothing_of_its_models_gets_an_answer() -> None:
    bare = replace(empty(size=18, score=0.1), options={}, models={})
    assert why_nobody(bare).endswith("none is seen long and clearly enough to know a person by.")
