"""Are the cuts exact? Frame numbers burned into the pictures, and claps: a flash and a click at once."""

import sys
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from bench import ROOT, Bench
from closeup.features.shorts.finished import FramedPiece
from closeup.features.shorts.plan import Piece
from closeup.features.shorts.render import render_short, short_times
from closeup.media.audio import read_sound
from closeup.media.frame_times import FrameTimes, read_frame_times
from closeup.media.video import open_video
from tables import Cell, Claim, Section, Table

sys.path.append(str(ROOT / "tests"))  # the videos are those of the tests

import numbered_video
from numbered_video import Numbered, Sound, constant, variable

SIZE_WH = (270, 480)
COUNT = 900
QUICK_COUNT = 300
SAME_S = 1e-6
"""The end of a video is known as a float only."""

NTSC = Fraction(30000, 1001)
OPEN_GROUPS = (("x264-params", "open-gop=1:bframes=5:b-pyramid=normal:keyint=60:min-keyint=60:scenecut=0"),)


@dataclass(frozen=True, slots=True)
class Found:
    """What a rendered short shows and sounds like, against what it should."""

    wanted: list[int]
    shown: list[int]
    times_off_s: float
    sound_off_s: float
    sound_off_frames: float

    @property
    def held(self) -> bool:
        """Whether each frame is the right one, at its time, and no click is a frame or more from its flash."""
        return self.shown == self.wanted and self.times_off_s < SAME_S and self.sound_off_frames < 1


def videos(count: int) -> dict[str, tuple[str, Numbered]]:
    """What is rendered: file name and video by title."""
    plain = Numbered(constant(count, Fraction(25)), (320, 180), sound=Sound(), gop=60)
    return {
        "25": ("a.mp4", plain),
        "29.97": ("a.mp4", replace(plain, starts=constant(count, NTSC))),
        "30": ("a.mp4", replace(plain, starts=constant(count, Fraction(30)))),
        "variable, 15 to 80 ms": ("a.mp4", replace(plain, starts=variable(count))),
        "29.97, B-frames in open groups": ("a.mp4", replace(plain, starts=constant(count, NTSC), options=OPEN_GROUPS)),
        "29.97, sound 0.4 s late": (
            "a.mp4",
            replace(plain, starts=constant(count, NTSC), sound=Sound(rate_hz=44100, start_s=Fraction(2, 5))),
        ),
        "variable, turned, clock from 2 s": (
            "a.mov",
            replace(plain, starts=variable(count), size_wh=(180, 320), rotation=90, delay_s=Fraction(2)),
        ),
        "29.97, Matroska (stamps in ms)": (
            "a.mkv",
            replace(plain, starts=constant(count, NTSC), tick=Fraction(1, 1000)),
        ),
    }


def measure(bench: Bench) -> Section:
    """Render shorts of several pieces from videos of all rates, and read them again."""
    count = QUICK_COUNT if bench.quick else COUNT
    folder = bench.out / "exactness"
    folder.mkdir(parents=True, exist_ok=True)
    rows: list[tuple[Cell, ...]] = []
    claims = []
    for title, (name, video) in videos(count).items():
        found = look(folder, name, video)
        wrong = sum(a != b for a, b in zip(found.wanted, found.shown, strict=False))
        rows.append(
            (
                title,
                f"{len(found.wanted)} / {len(found.shown)}",
                f"{found.wanted[0]} / {found.shown[0]}",
                f"{found.wanted[-1]} / {found.shown[-1]}",
                wrong + abs(len(found.wanted) - len(found.shown)),
                round(1000 * found.times_off_s, 3),
                round(1000 * found.sound_off_s, 2),
                round(found.sound_off_frames, 3),
            )
        )
        claims.append(Claim(f"{title}: every frame, every time, every clap within one frame", found.held))
    columns = (
        "frame rate",
        "frames wanted / shown",
        "first",
        "last",
        "wrong frames",
        "times off, ms",
        "sound off, ms",
        "in frames",
    )
    note = (
        "Each short has five pieces, two of which touch, with a clap in each; numbers are read from every frame that "
        "was rendered, times from its file. `sound off` is the largest distance of a click from its flash."
    )
    return Section("Exactness", (Table("Cuts and sound", columns, tuple(rows), note),), tuple(claims))


def look(folder: Path, name: str, video: Numbered) -> Found:
    """Render a video's five pieces, and compare."""
    count = len(video.starts)
    ranges = [(int(count * at), int(count * at) + count // 9) for at in (0.03, 0.25, 0.48)]
    ranges += [(ranges[-1][1], ranges[-1][1] + 17), (count - count // 12, count)]
    claps = [(start + end) // 2 for start, end in ranges]
    path = numbered_video.write(folder / name, replace(video, claps=claps))
    times = read_frame_times(path)
    box = np.array(numbered_video.upright_crop(video.size_wh))
    pieces = [Piece(start, end, float(times.start(start)), float(times.start(end))) for start, end in ranges]
    framed = [
        FramedPiece(piece, (np.tile(box, (piece.end_frame - piece.start_frame, 1)),), "follow") for piece in pieces
    ]
    output = folder / "short.mp4"
    render_short(path, framed, output, frame_times=times, size_wh=SIZE_WH)
    return compare(output, pieces, times)


def compare(output: Path, pieces: Sequence[Piece], times: FrameTimes) -> Found:
    """Read a short again."""
    wanted = [frame for piece in pieces for frame in range(piece.start_frame, piece.end_frame)]
    starts = short_times(pieces, times)
    numbers, seen, flashes = [], [], []
    with open_video(output) as reader:
        for frame in reader:
            picture = frame.rgb()
            numbers.append(numbered_video.read(picture))
            seen.append(frame.time)
            if numbered_video.flashes(picture):
                flashes.append(frame.index)
        # Where frames are of different lengths and B-frames are about, an MP4 tells the end of the last one only here.
        seen.append(Fraction(reader.duration_hint_s or 0).limit_denominator(10**7))
    off = max(abs(a - b) for a, b in zip(starts, seen, strict=True)) if len(starts) == len(seen) else Fraction(1)
    clicks = heard(output, starts[-1])
    if len(clicks) != len(flashes):
        return Found(wanted, numbers, float(off), float("inf"), float("inf"))
    apart = [abs(click - float(seen[flash])) for click, flash in zip(clicks, flashes, strict=True)]
    lasts = [float(seen[flash + 1] - seen[flash]) for flash in flashes]
    frames = max(distance / last for distance, last in zip(apart, lasts, strict=True))
    return Found(wanted, numbers, float(off), max(apart), frames)


def heard(output: Path, end: Fraction) -> list[float]:
    """When clicks begin, in seconds."""
    level = np.abs(read_sound(output, 0, end, rate_hz=48000, channels=1)[:, 0])
    loud = np.flatnonzero(level > 0.3 * level.max()) / 48000
    return [float(time) for index, time in enumerate(loud) if index == 0 or time - loud[index - 1] > 0.1]
