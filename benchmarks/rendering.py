"""Rendering against one ffmpeg command that does a fixed crop, scale and encode with the same encoder settings."""

import os
import shutil
import sys
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from statistics import median
from typing import Any

import av

from bench import Bench, BenchError, Finished, run_process
from closeup.media.frame_times import read_frame_times
from closeup.media.mp4_file import SOUND_BIT_RATE, SOUND_RATE_HZ
from closeup.media.video import open_video
from closeup.media.video_codec import X264_OPTIONS
from films import video_of
from tables import Cell, Claim, Section, Table, spread

SIZE_WH = (1080, 1920)
WANTED = 1.3
"""Times ffmpeg's wall time that rendering may take."""

CORES = 2
REPEATS = 5
FFMPEG = "one ffmpeg command"
WAYS = (FFMPEG, "closeup, still camera", "closeup, moving camera")


@dataclass(frozen=True, slots=True)
class Source:
    """A clip to render from, played so many times."""

    clip: str
    times: int


SOURCES = (Source("sweden_60s", 1), Source("friends_cards_30s", 1), Source("crowd_walk_4s", 6))


def measure(bench: Bench) -> Section:
    """Race the ways from each source, in turns."""
    ffmpeg = find_ffmpeg()
    if ffmpeg is None:
        return Section("Rendering", (), remarks=("No ffmpeg was found: install it, or imageio-ffmpeg, to compare.",))
    sources = SOURCES[1:2] if bench.quick else SOURCES
    rows: list[tuple[Cell, ...]] = []
    claims = []
    for source in sources:
        video = evened(bench, video_of(bench, source.clip), source.times)
        with open_video(video) as reader:
            source_wh = reader.size_wh
        runs = race(bench, ffmpeg, video, source_wh, 1 if bench.quick else REPEATS)
        rows += [_row(source, source_wh, way, runs) for way in WAYS]
        for way in WAYS[1:]:
            times = _wall(runs[way]) / _wall(runs[FFMPEG])
            text = f"{source_wh[0]}x{source_wh[1]}, {way}: {times:.2f} times ffmpeg's wall time (at most {WANTED})"
            claims.append(Claim(text, times <= WANTED))
    settings = " ".join(f"-{name} {value}" for name, value in X264_OPTIONS.items())
    note = (
        f"To {SIZE_WH[0]}x{SIZE_WH[1]} on {CORES} cores, libx264 {settings}, AAC; medians of processes, in turns. "
        "closeup also reads the frames' times and levels the sound (R 128). Its moving camera goes from side to side "
        "in 10 s: other pictures than those of ffmpeg's fixed crop, and not as easy or hard to encode."
    )
    columns = ("source", "way", "seconds", "min to max", "processor s", "peak MB", "MB", "x ffmpeg")
    return Section("Rendering", (Table("Rendering", columns, tuple(rows), note),), tuple(claims))


def find_ffmpeg() -> str | None:
    """The ffmpeg on the machine, else imageio-ffmpeg's."""
    if found := shutil.which("ffmpeg"):
        return found
    try:
        import imageio_ffmpeg
    except ImportError:
        return None
    return str(imageio_ffmpeg.get_ffmpeg_exe())


def evened(bench: Bench, video: Path, times: int) -> Path:
    """The clip so many times over, packets copied, its pictures and sound from time 0.

    With a late start ffmpeg repeats frames, and would be timed with work that others do not do.
    """
    target = bench.out / "rendering" / f"{video.stem}-x{times}.mp4"
    target.parent.mkdir(parents=True, exist_ok=True)
    length, begins = read_frame_times(video), Fraction(0)
    with av.open(str(target), "w") as out:
        streams: dict[str, Any] = {}
        for _ in range(times):
            with av.open(str(video)) as source:
                own = (source.streams.video[0], source.streams.audio[0])
                streams = streams or {stream.type: out.add_stream_from_template(stream) for stream in own}
                for packet in source.demux(own):
                    if packet.dts is None or packet.pts is None or packet.pts * packet.time_base < length.origin:
                        continue  # sound before the first picture
                    shift = round((begins - length.origin) / packet.time_base)
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    packet.stream = streams[packet.stream.type]
                    out.mux(packet)
            begins += length.end
    return target


def race(
    bench: Bench, ffmpeg: str, video: Path, source_wh: tuple[int, int], repeats: int
) -> dict[str, list[tuple[Finished, int]]]:
    """Each way `repeats` times, each time beginning with another one: what it took, and bytes written."""
    runs: dict[str, list[tuple[Finished, int]]] = {way: [] for way in WAYS}
    times = read_frame_times(video)
    known = (str(times.count), repr(times.end_s))
    output = bench.out / "rendering" / "out.mp4"
    output.parent.mkdir(parents=True, exist_ok=True)
    for repeat in range(repeats):
        for place in range(len(WAYS)):
            way = WAYS[(place + repeat) % len(WAYS)]
            load = os.getloadavg()[0]
            if way == FFMPEG:
                command = ffmpeg_command(ffmpeg, video, source_wh, output)
            else:
                script = str(Path(__file__).with_name("render_worker.py"))
                size = f"{SIZE_WH[0]}x{SIZE_WH[1]}"
                command = [sys.executable, script, str(video), str(output), size, way.split()[1], *known]
            done = run_process(command, bench.environment(), cores=CORES)
            if done.code:
                raise BenchError(f"{way} failed on {video.name}:\n{done.errors}")
            runs[way].append((done, output.stat().st_size))
            print(f"{video.stem}, {way}: {done.wall_s:.1f} s, load {load:.2f}", file=sys.stderr, flush=True)
    return runs


def ffmpeg_command(ffmpeg: str, video: Path, source_wh: tuple[int, int], output: Path) -> list[str]:
    """The fixed crop of full height in the middle, scaled, with closeup's encoder settings."""
    width, height = source_wh
    crop = round(height * SIZE_WH[0] / SIZE_WH[1] / 2) * 2
    filters = f"crop={crop}:{height}:{(width - crop) // 2}:0,scale={SIZE_WH[0]}:{SIZE_WH[1]}:flags=bicubic"
    encoder = [word for name, value in X264_OPTIONS.items() for word in (f"-{name}", value)]
    sound = ["-c:a", "aac", "-b:a", str(SOUND_BIT_RATE), "-ar", str(SOUND_RATE_HZ), "-ac", "2"]
    return [
        *(ffmpeg, "-v", "error", "-nostdin", "-y", "-i", str(video), "-vf", filters),
        *("-c:v", "libx264", *encoder, "-pix_fmt", "yuv420p", *sound, "-movflags", "+faststart", str(output)),
    ]


def _wall(runs: list[tuple[Finished, int]]) -> float:
    return median(done.wall_s for done, _ in runs)


def _row(
    source: Source, source_wh: tuple[int, int], way: str, runs: dict[str, list[tuple[Finished, int]]]
) -> tuple[Cell, ...]:
    finished = [done for done, _ in runs[way]]
    name = f"{source.clip}, {source_wh[0]}x{source_wh[1]}" + (f", {source.times} times" if source.times > 1 else "")
    return (
        name,
        way,
        round(_wall(runs[way]), 1),
        spread([done.wall_s for done in finished]),
        round(median(done.cpu_s for done in finished), 1),
        round(max(done.peak_mb for done in finished)),
        round(runs[way][-1][1] / 1e6, 1),
        round(_wall(runs[way]) / _wall(runs[FFMPEG]), 2),
    )
