"""Memory: does it stay under the limit in an hour of video, and grow by the records of faces only?"""

import tracemalloc
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av

from bench import Bench, BenchError
from closeup.documents.cast import CAST_JSON
from films import video_of
from programmes import LONG, STANDARD, programme_video
from tables import Claim, Section, Table

LIMIT_MB = 1500
FACELESS = "pyfeat_no_face_4s"
GROWTH_MB = 30
"""What a longer video without faces may take more: noise of the allocator, and the decoder's buffers."""


@dataclass(frozen=True, slots=True)
class Held:
    """Memory of one run: at its peak, and in the middle of the work."""

    minutes: float
    faces: int
    peak_mb: float
    middle_mb: float
    wall_s: float
    json_mb: float


def measure(bench: Bench) -> Section:
    """Cast programmes of 2, 10 and 60 minutes, the last one looped, and a faceless clip looped to two lengths."""
    video, short = programme_video(bench, LONG if not bench.quick else STANDARD), programme_video(bench, STANDARD)
    films = [short, looped(bench, video, 3)] if bench.quick else [short, video, looped(bench, video, 6)]
    runs = [run(bench, film) for film in films]
    blank = video_of(bench, FACELESS)
    empty = [run(bench, looped(bench, blank, times)) for times in ((5, 10) if bench.quick else (15, 150))]
    record = record_bytes(bench, films[-2])
    more_faces = runs[-1].faces - runs[-2].faces
    growth = runs[-1].peak_mb - runs[-2].peak_mb
    longest, empty_growth = runs[-1], empty[1].peak_mb - empty[0].peak_mb
    claims = (
        Claim(f"{longest.minutes:.0f} minutes: {longest.peak_mb:.0f} MB, under {LIMIT_MB}", longest.peak_mb < LIMIT_MB),
        Claim(
            f"without faces, {empty_growth:+.0f} MB from {empty[0].minutes:.0f} to {empty[1].minutes:.0f} minutes",
            empty_growth < GROWTH_MB,
        ),
    )
    remark = (
        f"From {runs[-2].minutes:.0f} to {longest.minutes:.0f} minutes the peak changes by {growth:+.0f} MB "
        f"({1000 * growth / more_faces:.1f} kB for each of {more_faces} more faces); a face's record in memory, with "
        f"its share of tracks and people, takes {record / 1000:.1f} kB, and is written as JSON at the end."
    )
    tables = (
        _table("Programmes", runs),
        _table(f"{FACELESS}, looped", empty),
    )
    return Section("Memory", tables, claims, remarks=(remark,))


def run(bench: Bench, video: Path) -> Held:
    """Cast a video and watch its memory."""
    folder = bench.out / "memory" / f"{video.stem}.cast"
    folder.parent.mkdir(parents=True, exist_ok=True)
    words = ("cast", str(video), "-o", str(folder), "--overwrite", "--quiet")
    done = bench.closeup(*words, sample_s=0.1)
    if done.code:
        raise BenchError(f"closeup cast {video.name} failed:\n{done.errors}")
    cast = CAST_JSON.read(folder / "cast.json")
    faces = sum(len(track.faces) for track in cast.tracks)
    middle = [mb for at, mb in done.rss_mb if 0.5 * done.wall_s <= at <= 0.6 * done.wall_s]
    json_mb = (folder / "cast.json").stat().st_size / 1e6
    return Held(cast.video.duration_s / 60, faces, done.peak_mb, max(middle, default=0.0), done.wall_s, json_mb)


def record_bytes(bench: Bench, video: Path) -> float:
    """What the record of one sampled face takes in memory, with its share of tracks and people."""
    path = bench.out / "memory" / f"{video.stem}.cast" / "cast.json"
    CAST_JSON.read(path)  # what is loaded on first use is not part of the records
    tracemalloc.start()
    cast = CAST_JSON.read(path)
    held = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return held / sum(len(track.faces) for track in cast.tracks)


def looped(bench: Bench, video: Path, times: int) -> Path:
    """The video that many times over, its packets copied, not encoded again."""
    target = bench.out / "programmes" / f"{video.stem}-x{times}.mp4"
    if target.exists():
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".part.mp4")
    with av.open(str(partial), "w") as out:
        stream, shift = None, 0
        for _ in range(times):
            with av.open(str(video)) as source:
                own = source.streams.video[0]
                stream = stream or out.add_stream_from_template(own)
                length = _length(video)
                for packet in source.demux(own):
                    if packet.dts is None or packet.pts is None:
                        continue
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    packet.stream = stream
                    out.mux(packet)
                shift += round(length / own.time_base) if own.time_base else 0
    partial.rename(target)
    return target


def _length(video: Path) -> Fraction:
    """Seconds from the first frame's start to the last one's end."""
    with av.open(str(video)) as source:
        own = source.streams.video[0]
        rate = own.average_rate or Fraction(25)
        return sum(1 for packet in source.demux(own) if packet.pts is not None) / rate


def _table(title: str, runs: list[Held]) -> Table:
    heads = ("minutes", "sampled faces", "peak MB", "MB halfway", "seconds", "x real time", "cast.json MB")
    rows = tuple(
        (
            round(held.minutes, 1),
            held.faces,
            round(held.peak_mb),
            round(held.middle_mb),
            round(held.wall_s, 1),
            round(held.minutes * 60 / held.wall_s, 1),
            round(held.json_mb, 1),
        )
        for held in runs
    )
    return Table(title, heads, rows)
