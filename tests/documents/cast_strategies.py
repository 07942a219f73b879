"""Hypothesis strategies for casts that hold together, and a small one made by hand."""

from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from closeup.core.types import Cast, Face, Person, Quality, Shot, Track, VideoInfo

FPS = 25
PARTS = ("total", "size", "sharpness", "pose", "exposure", "detection")

scores = st.integers(0, 10_000).map(lambda n: n / 10_000)
pixels = st.integers(-50_000, 800_000).map(lambda n: n / 100)
names = st.none() | st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
words = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
options = st.none() | st.booleans() | st.integers(-(10**9), 10**9) | scores | words
qualities = st.none() | st.builds(Quality, **dict.fromkeys(PARTS, scores))


@st.composite
def faces(draw: st.DrawFn, frame: int) -> Face:
    x, y = draw(pixels), draw(pixels)
    return Face(
        frame=frame,
        time_s=round(frame / FPS, 6),
        box_xyxy=np.array([x, y, x + draw(st.integers(1, 500)), y + draw(st.integers(1, 500))], np.float32),
        landmarks_xy=np.array(draw(st.lists(pixels, min_size=10, max_size=10)), np.float32).reshape(5, 2),
        score=draw(scores),
        quality=draw(qualities),
    )


@st.composite
def tracks(draw: st.DrawFn, number: int, shots: tuple[Shot, ...]) -> Track:
    index = draw(st.integers(0, len(shots) - 1))
    inside = st.integers(shots[index].start_frame, shots[index].end_frame - 1)
    frames = sorted(draw(st.sets(inside, min_size=1, max_size=3)))
    return Track(
        id=f"t{number}",
        shot=index,
        person=draw(st.sampled_from([None, "p1", "p2", "p7"])),
        start_frame=frames[0],
        end_frame=frames[-1] + 1,
        start_s=round(frames[0] / FPS, 6),
        end_s=round((frames[-1] + 1) / FPS, 6),
        faces=tuple(draw(faces(frame)) for frame in frames),
    )


@st.composite
def casts(draw: st.DrawFn) -> Cast:
    """Any cast that holds together, its numbers as fine as cast.json keeps them."""
    lengths = draw(st.lists(st.integers(1, 60), min_size=1, max_size=4))
    ends = np.cumsum(lengths).tolist()
    shots = tuple(Shot(e - n, e, (e - n) / FPS, e / FPS) for n, e in zip(lengths, ends, strict=True))
    made = tuple(draw(tracks(number + 1, shots)) for number in range(draw(st.integers(0, 5))))
    groups: dict[str, list[Person]] = {"people": [], "passers_by": [], "hidden": []}
    for person in ("p1", "p2", "p7"):
        own = [track for track in made if track.person == person]
        if own:
            groups[draw(st.sampled_from(sorted(groups)))].append(
                Person(
                    id=person,
                    name=draw(names),
                    portrait=f"people/{person}.jpg",
                    screen_time_s=draw(scores),
                    shots=tuple(sorted({track.shot for track in own})),
                    tracks=tuple(track.id for track in own),
                    quality=draw(scores),
                )
            )
    video = VideoInfo(
        "a.mp4", "ab" * 32, ends[-1] / FPS, Fraction(FPS), ends[-1], 640, 360, tuple(draw(st.lists(words)))
    )
    return Cast(
        video=video,
        models=draw(st.dictionaries(words, words, max_size=3)),
        options=draw(st.dictionaries(words, options, max_size=4)),
        shots=shots,
        tracks=made,
        timings_s=draw(st.dictionaries(words, scores, max_size=2)),
        **{key: tuple(people) for key, people in groups.items()},  # type: ignore[arg-type]
    )


def small_cast() -> Cast:
    """Two shots; p1 in both, p2 beside them in the second, a hidden p3, and one track of nobody."""
    shots = (Shot(0, 50, 0.0, 2.0), Shot(50, 100, 2.0, 4.0))
    plan = [("p1", 0, 0, 40, 100), ("p1", 1, 50, 90, 120), ("p2", 1, 50, 80, 400), ("p3", 0, 10, 20, 300)]
    made = tuple(_track(f"t{n}", *row) for n, row in enumerate([*plan, (None, 1, 95, 96, 250)], start=1))
    people = {
        person: Person(
            id=person,
            name=name,
            portrait=f"people/{person}.jpg",
            screen_time_s=1.6,
            shots=tuple(sorted({track.shot for track in made if track.person == person})),
            tracks=tuple(track.id for track in made if track.person == person),
            quality=0.8,
        )
        for person, name in (("p1", "Grace"), ("p2", None), ("p3", None))
    }
    return Cast(
        video=VideoInfo("talk.mp4", "ab" * 32, 4.0, Fraction(25), 100, 640, 360, ("The file is truncated.",)),
        models={"detector": "yunet-2023mar", "embedder": "sface-2021dec"},
        options={"detect_fps": 5.0, "clothing": True, "min_face": None},
        shots=shots,
        people=(people["p1"],),
        passers_by=(people["p2"],),
        hidden=(people["p3"],),
        tracks=made,
        timings_s={"reading": 1.5},
    )


def _track(name: str, person: str | None, shot: int, start: int, end: int, x: float) -> Track:
    made = tuple(_face(frame, x) for frame in range(start, end, 5))
    return Track(name, shot, person, start, end, start / FPS, end / FPS, made)


def _face(frame: int, x: float) -> Face:
    box = np.array([x, 50.126, x + 80, 150], np.float32)
    points = np.array([[x + dx, 50 + dy] for dx, dy in ((20, 30), (60, 30), (40, 55), (25, 75), (55, 75))], np.float32)
    return Face(frame, frame / FPS, box, points, 0.98765, Quality(0.8, 0.7, 0.9, 1.0, 0.6, 0.9876))
