"""Videos in which it is known where something goes on: passages of one talker, lively, dull, or lively in one way only.

Pictures come from three clips in which a talker's face is now calm and now not, by eye; talk from a fourth, laughter
from a comedy with an audience, music from a sixth; applause is made here. (The scales by which laughter is heard were
read off that comedy, for want of another.)
"""

import json
import random
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray

from bench import Bench

FPS, SIZE_WH, SOUND_HZ = 25, (640, 360), 16_000
PASSAGE_S = 20.0

Pictures = list[NDArray[np.uint8]]
Sound = NDArray[np.float32]

CALM = {"talk_d18": [(0.0, 1.8), (5.5, 6.9)], "talk_d19": [(3.5, 4.9)], "talk_d3": [(1.9, 3.2), (5.7, 6.5)]}
MOVED = {"talk_d18": [(2.1, 3.1), (3.8, 5.1)], "talk_d19": [(5.1, 6.0), (7.5, 8.3)], "talk_d3": [(9.9, 11.7)]}
"""Stretches of each clip in seconds in which the face shows nothing, or a lot; by eye, five pictures a second."""

LAUGHTER_S = ((5.0, 7.6), (17.2, 21.8))
"""Where the audience laughs in the comedy, seconds of its sound track."""


@dataclass(frozen=True, slots=True)
class Kind:
    """What a passage is like.

    Attributes:
        large: The talker's face fills a good part of the picture, else a tenth of its height.
        moved: The face shows something and moves at its own speed; else it is calm, and slowed down.
        loud: Loud talk, with laughter or applause after it; else quiet talk in a quiet room.
        music: Loud music instead of talk.
        other: Somebody else is on screen.
    """

    large: bool = False
    moved: bool = False
    loud: bool = False
    music: bool = False
    other: bool = False


LIVELY = "lively"
KINDS = {
    LIVELY: Kind(large=True, moved=True, loud=True),
    "dull": Kind(),
    "large only": Kind(large=True),
    "moved only": Kind(moved=True),
    "loud only": Kind(loud=True),
    "music": Kind(large=True, music=True),
    "large and moved": Kind(large=True, moved=True),
    "large and loud": Kind(large=True, loud=True),
    "moved and loud": Kind(moved=True, loud=True),
    "somebody else": Kind(large=True, moved=True, loud=True, other=True),
}
PLAN = {LIVELY: 3, "somebody else": 1, "dull": 2} | {
    kind: 1 for kind in KINDS if " only" in kind or " and " in kind or kind == "music"
}
"""How many passages of each kind a video has, in an order of its own."""


@dataclass(frozen=True, slots=True)
class Passage:
    """A stretch of a made video, in seconds."""

    kind: str
    start_s: float
    end_s: float


@dataclass(frozen=True, slots=True)
class Made:
    """A made video: its passages, and the shots [start, end) in frames that show the talker."""

    video: Path
    talker: str
    passages: tuple[Passage, ...]
    talker_frames: tuple[tuple[int, int], ...]


def made_video(bench: Bench, seed: int) -> Made:
    """The video of a seed, made now unless it was made before."""
    folder = bench.out / "lively"
    folder.mkdir(parents=True, exist_ok=True)
    video = folder / f"lively-{seed}.mp4"
    truth = video.with_suffix(".truth.json")
    if not truth.exists():
        made = _make(bench, video, random.Random(seed))
        truth.write_text(json.dumps(asdict(made) | {"video": video.name}, indent=1), encoding="utf-8")
    read = json.loads(truth.read_text(encoding="utf-8"))
    passages = tuple(Passage(**passage) for passage in read["passages"])
    return Made(video, read["talker"], passages, tuple((a, b) for a, b in read["talker_frames"]))


def _make(bench: Bench, video: Path, rng: random.Random) -> Made:
    people = sorted(CALM)
    talker = rng.choice(people)
    other = rng.choice([name for name in people if name != talker])
    pictures = {name: _pictures(bench.clips / f"{name}.mp4") for name in (talker, other)}
    sounds = _Sounds(bench, rng)
    kinds = [kind for kind, count in PLAN.items() for _ in range(count)]
    rng.shuffle(kinds)
    passages, talker_frames, sound = [], [], []
    frames = 0
    with av.open(str(video), "w") as container:
        stream = container.add_stream("libx264", rate=FPS, options={"crf": "21", "preset": "veryfast"})
        stream.width, stream.height, stream.pix_fmt = *SIZE_WH, "yuv420p"
        audio = container.add_stream("aac", rate=SOUND_HZ, layout="mono")
        for kind in kinds:
            start = frames
            name = other if KINDS[kind].other else talker
            for picture in _shots(pictures[name], name, KINDS[kind], rng):
                container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
                frames += 1
            sound.append(sounds.of(KINDS[kind], frames / FPS - sum(map(len, sound)) / SOUND_HZ))
            passages.append(Passage(kind, start / FPS, frames / FPS))
            if name == talker:
                talker_frames.append((start, frames))
        container.mux(stream.encode(None))
        _mux_sound(container, audio, np.concatenate(sound))
    return Made(video, talker, tuple(passages), tuple(talker_frames))


def _shots(clip: Pictures, name: str, kind: Kind, rng: random.Random) -> Iterator[NDArray[np.uint8]]:
    """The pictures of one passage: shots of 4 to 7 s, each framed and lit in its own way."""
    left_s = PASSAGE_S
    while left_s > 0:
        length_s = min(left_s, rng.uniform(4, 7))
        if left_s - length_s < 2:
            length_s = left_s
        left_s -= length_s
        first_s, last_s = rng.choice((MOVED if kind.moved else CALM)[name])
        height = rng.uniform(400, 480) if kind.large else rng.uniform(78, 96)
        across, light, mirror = rng.uniform(0.3, 0.7), rng.uniform(0.85, 1.1), rng.random() < 0.5
        speed = 1.0 if kind.moved else 0.3
        for number in range(round(length_s * FPS)):
            # There and back again, as often as it takes.
            span = (last_s - first_s) * FPS
            place = abs((number * speed + span) % (2 * span) - span)
            picture = clip[min(len(clip) - 1, int(first_s * FPS + place))]
            yield _framed(picture[:, ::-1] if mirror else picture, height, across, light)


def _framed(picture: NDArray[np.uint8], height: float, across: float, light: float) -> NDArray[np.uint8]:
    """A square picture at a height in pixels, before its own blur."""
    width, limit = SIZE_WH
    small = cv2.resize(picture, (round(height), round(height)), interpolation=cv2.INTER_AREA)
    back = cv2.GaussianBlur(cv2.resize(picture, (width // 8, limit // 8)), (0, 0), 4)
    canvas = cv2.resize(back, SIZE_WH)
    left = int((width - small.shape[1]) * across)
    top = max(0, (limit - small.shape[0]) // 2)
    shown = small[: limit - top]
    canvas[top : top + shown.shape[0], left : left + shown.shape[1]] = shown
    return np.clip(canvas.astype(np.float32) * light, 0, 255).astype(np.uint8)


def _pictures(path: Path) -> Pictures:
    """All pictures of a clip, RGB, 25 a second."""
    found: Pictures = []
    with av.open(str(path)) as container:
        for frame in container.decode(video=0):
            while frame.time is not None and frame.time >= len(found) / FPS:
                found.append(frame.to_ndarray(format="rgb24"))
    return found


class _Sounds:
    """Sound for passages."""

    def __init__(self, bench: Bench, rng: random.Random) -> None:
        self._talk = _levelled(_sound(bench.clips / "talk_aoc.mp4"), 0.08)
        self._music = _levelled(_sound(bench.clips / "talk_d12.mp4"), 0.1)
        comedy = _sound(bench.clips / "friends_cards_30s.mp4")
        self._laughs = [_levelled(comedy[int(a * SOUND_HZ) : int(b * SOUND_HZ)], 0.08) for a, b in LAUGHTER_S]
        self._random = rng
        self._noise = np.random.default_rng(rng.randrange(2**32))

    def of(self, kind: Kind, duration_s: float) -> Sound:
        """Sound for so many seconds."""
        count = round(duration_s * SOUND_HZ)
        if kind.music:
            sound = np.resize(self._music, count)
        elif kind.loud:
            sound = np.zeros(0, np.float32)
            while len(sound) < count:
                start = self._random.randrange(len(self._talk) // 2)
                talk = self._talk[start : start + int(self._random.uniform(3, 4) * SOUND_HZ)]
                sound = np.concatenate([sound, talk, self._cheer()])
        else:
            sound = 0.08 * np.resize(np.roll(self._talk, self._random.randrange(len(self._talk))), count)
        room = self._noise.normal(0, 0.0005, count)
        return np.asarray(sound[:count] + room, np.float32)

    def _cheer(self) -> Sound:
        return self._random.choice(self._laughs) if self._random.random() < 0.5 else self._applause(3.0)

    def _applause(self, duration_s: float) -> Sound:
        """Eighty pairs of hands, three to five claps a second each."""
        sound = np.zeros(int(duration_s * SOUND_HZ) + 2000)
        time = np.arange(320) / SOUND_HZ
        for _ in range(80):
            every = self._noise.uniform(0.2, 0.33)
            for start_s in np.arange(self._noise.uniform(0, every), duration_s, every):
                place = int((start_s + self._noise.uniform(0, 0.04)) * SOUND_HZ)
                ring = np.sin(2 * np.pi * self._noise.uniform(800, 2400) * time)
                sound[place : place + 320] += (ring + self._noise.normal(0, 1, 320)) * np.exp(-time / 0.005)
        swell = np.minimum(1, np.minimum(np.arange(len(sound)), np.arange(len(sound))[::-1]) / (0.3 * SOUND_HZ))
        return _levelled(sound * swell, 0.09)


def _sound(path: Path) -> Sound:
    """The sound of a clip, mono, from its own beginning."""
    with av.open(str(path)) as container:
        resampler = av.AudioResampler("fltp", "mono", SOUND_HZ)
        blocks = [made.to_ndarray()[0] for frame in container.decode(audio=0) for made in resampler.resample(frame)]
    return np.concatenate(blocks)


def _levelled(sound: NDArray[np.floating], rms: float) -> Sound:
    return np.asarray(sound * (rms / np.sqrt(np.mean(np.square(sound)))), np.float32)


def _mux_sound(container: av.container.OutputContainer, stream: av.AudioStream, sound: Sound) -> None:
    for start in range(0, len(sound), 1024):
        frame = av.AudioFrame.from_ndarray(
            np.ascontiguousarray(sound[None, start : start + 1024]).clip(-1, 1), format="fltp", layout="mono"
        )
        frame.sample_rate, frame.pts = SOUND_HZ, start
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))
