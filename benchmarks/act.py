"""Does the score of two performances say what people would? Simulated pairs, real clips changed, and strangers."""

import os
import resource
import subprocess
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from bench import Bench
from closeup.algorithms.performance.agreement import agreement, probability_overlap
from closeup.core.types import VideoInfo
from closeup.documents.act import PERFORMANCE_JSON, Performance
from closeup.documents.shorts import PersonRef
from closeup.features.act.comparing import compare, curves
from closeup.features.act.performing import RATE_HZ, read_performance
from tables import Claim, Section, Table

Curve = NDArray[np.float64]

ORIGINALS = ("pyfeat_cry_laugh_20s", "talk_d10")
STRANGERS = (*ORIGINALS, "talk_d3", "talk_aoc", "talk_d12", "talk_d18")
_X264 = ("-c:v", "libx264", "-preset", "veryfast")
CHANGES: dict[str, tuple[str, ...]] = {
    "re-encoded": (*_X264, "-crf", "32", "-c:a", "copy"),
    "slowed by 6 %": ("-vf", "setpts=1.06*PTS", "-af", "atempo=0.943", *_X264),
    "mirrored": ("-vf", "hflip", *_X264, "-c:a", "copy"),
    "1.5 s late": ("-vf", "tpad=start_duration=1.5:start_mode=clone", "-af", "adelay=1500|1500", *_X264),
    "cropped, smaller": ("-vf", "crop=iw*0.85:ih*0.9,scale=trunc(iw*0.375)*2:-2", *_X264, "-c:a", "copy"),
    "darkened": ("-vf", "eq=brightness=-0.12:contrast=0.8:gamma=0.8", *_X264, "-c:a", "copy"),
    "5 frames a second": ("-vf", "fps=5", *_X264, "-an"),
}
SWAPPED = "[0:v]trim=0:9.85,setpts=PTS-STARTPTS[a];[0:v]trim=9.85:19.7,setpts=PTS-STARTPTS[b];[b][a]concat=n=2:v=1[v]"
SAME_WANTED, STRANGER_WANTED, CPU_WANTED_S = 90.0, 20.0, 20.0
LONG_S = 180


def measure(bench: Bench) -> Section:
    """Score simulated and real pairs, blends, and take the time."""
    os.environ["CLOSEUP_MODELS_DIR"] = str(bench.models_dir)
    cost, cpu_s = _cost(bench)  # first, while the process has not yet held more
    simulated, d_prime = _simulated(8 if bench.quick else 24)
    changed, lowest = _changed(bench)
    strangers, highest = _strangers(bench)
    blended, rises = _blended(bench)
    claims = (
        Claim(f"the same clip, changed, scores {lowest:.0f} or more (wanted: {SAME_WANTED:.0f})", lowest > SAME_WANTED),
        Claim(f"strangers score {highest:.0f} or less (wanted: {STRANGER_WANTED:.0f})", highest < STRANGER_WANTED),
        Claim("the score never falls from a motionless face to the same", rises),
        Claim(f"it tells imitations from strangers best, d' {d_prime[-1]:.1f}", d_prime[-1] == max(d_prime)),
        Claim(
            f"two sides of {LONG_S / 60:.0f} minutes are compared in {cpu_s:.0f} s of processor time "
            f"(wanted: {CPU_WANTED_S:.0f})",
            cpu_s <= CPU_WANTED_S,
        ),
    )
    return Section("Performances", (simulated, changed, strangers, blended, cost), claims)


def _simulated(pairs: int) -> tuple[Table, list[float]]:
    """What each measure says of imitations, strangers and motionless faces; made curves of 30 s."""
    measures: dict[str, Callable[[Performance, Performance], float]] = {
        "mean cosine of a frame": lambda a, b: float(_cosine(curves(a), curves(b))),
        "same likeliest expression": lambda a, b: float((curves(a).argmax(1) == curves(b).argmax(1)).mean()),
        "1 - mean difference": lambda a, b: probability_overlap(curves(a), curves(b)) or 0.0,
        "concordance, as it is": lambda a, b: agreement(curves(a), curves(b)),
        "concordance, aligned": lambda a, b: compare(a, b).result.agreement or 0.0,
        "the score": lambda a, b: (compare(a, b).result.score or 0.0) / 100,
    }
    made = [_made(seed) for seed in range(pairs)]
    rows, found = [], []
    for name, value in measures.items():
        imitation, stranger, still = (np.array([value(sides[0], sides[kind]) for sides in made]) for kind in (1, 2, 3))
        spread = np.sqrt((imitation.var() + stranger.var()) / 2)
        found.append(float((imitation.mean() - stranger.mean()) / spread))
        rows.append(
            (name, *(round(float(each.mean()), 3) for each in (imitation, stranger, still)), round(found[-1], 1))
        )
    heads = ("measure", "imitation", "stranger", "motionless", "d'")
    note = (
        f"{pairs} made pairs of 30 s: imitations are as strong by 0.6, noisy, and up to a second off in time. d' is of "
        "imitations against strangers."
    )
    return Table("Simulated pairs", heads, tuple(rows), note), found


def _made(seed: int) -> tuple[Performance, ...]:
    """An original, an imitation, a stranger, and a motionless face."""
    rng = np.random.default_rng(seed)
    acted, other = _logits(rng), _logits(rng)
    times = np.arange(len(acted)) / RATE_HZ
    knots = np.arange(0, 34, 4.0)
    off = np.interp(times, knots, rng.normal(0, 0.5, len(knots)) + rng.normal(0, 0.4))
    rest = np.eye(1, 7, 6)[0] * 2
    late = np.stack([np.interp(times - off, times, column) for column in (acted - rest).T], axis=1)
    original = _softmax(acted + rng.normal(0, 0.2, acted.shape))
    imitation = _softmax(0.6 * late + rest + rng.normal(0, 0.4, acted.shape))
    stranger = _softmax(other + rng.normal(0, 0.4, acted.shape))
    still = np.tile(original.mean(axis=0), (len(original), 1))
    return tuple(_performance(each) for each in (original, imitation, stranger, still))


def _logits(rng: np.random.Generator) -> Curve:
    times = np.arange(300) / RATE_HZ
    values = np.zeros((300, 7))
    values[:, 6] = 2
    for _ in range(10):
        middle, width = rng.uniform(0, 30), rng.uniform(0.5, 2)
        values[:, rng.integers(6)] += rng.uniform(2, 6) * np.exp(-(((times - middle) / width) ** 2) / 2)
    return values


def _softmax(values: Curve) -> Curve:
    powers = np.exp(values)
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def _performance(chances: Curve) -> Performance:
    """Probabilities (T, 7) as a kept performance."""
    count = len(chances)
    return Performance(
        video=VideoInfo("made", "0" * 64, count / RATE_HZ, Fraction(10), count, 640, 360),
        person=PersonRef("p1"),
        model="made",
        expressions=("anger", "disgust", "fear", "happy", "sad", "surprise", "neutral"),
        times_s=np.arange(count) / RATE_HZ,
        probabilities=chances,
        boxes_xyxy=np.zeros((count, 4), np.float32),
        loudness_lufs=np.zeros(0),
        notes=(),
    )


def _cosine(first: Curve, second: Curve) -> float:
    lengths = np.linalg.norm(first, axis=1) * np.linalg.norm(second, axis=1)
    return float(((first * second).sum(axis=1) / lengths).mean())


def _kept(bench: Bench, name: str, *, changed: tuple[str, ...] = (), source: str = "") -> Performance:
    """The performance of a clip, or of one changed by FFmpeg; kept for a later run."""
    folder = bench.out / "act"
    folder.mkdir(exist_ok=True)
    place = folder / f"{name.replace(' ', '_')}.performance.json"
    if bench.reuse and place.is_file():
        return PERFORMANCE_JSON.read(place)
    video = bench.clips / f"{source or name}.mp4"
    if changed:
        target = folder / f"{name.replace(' ', '_')}.mp4"
        subprocess.run(["ffmpeg", "-v", "error", "-y", "-i", video, *changed, target], check=True)
        video = target
    read = read_performance(video, None, lambda _: None, side="attempt").performance
    place.write_bytes(PERFORMANCE_JSON.encode(read))
    return read


def _changed(bench: Bench) -> tuple[Table, float]:
    """Clips against themselves, changed."""
    rows, scores = [], []
    for source in ORIGINALS[: 1 if bench.quick else 2]:
        original = _kept(bench, source)
        for change, words in CHANGES.items():
            result = compare(original, _kept(bench, f"{source} {change}", changed=words, source=source)).result
            scores.append(result.score or 0.0)
            lag = "" if result.timing is None else f"{result.timing.lag_s:+.1f} s"
            rows.append((source, change, scores[-1], _range(result.interval), lag))
    swapped = ("-filter_complex", SWAPPED, "-map", "[v]", *_X264, "-an")
    result = compare(
        _kept(bench, ORIGINALS[0]), _kept(bench, "halves swapped", changed=swapped, source=ORIGINALS[0])
    ).result
    rows.append((ORIGINALS[0], "halves swapped", result.score, _range(result.interval), ""))
    heads = ("clip", "against itself", "score", "95 % interval", "lag found")
    return Table("Clips against themselves", heads, tuple(rows), "Halves swapped is another performance."), min(scores)


def _range(interval: tuple[float, float] | None) -> str:
    return "" if interval is None else f"{interval[0]:.0f} to {interval[1]:.0f}"


def _strangers(bench: Bench) -> tuple[Table, float]:
    """Clips against other people's."""
    kept = {name: _kept(bench, name) for name in STRANGERS[: 3 if bench.quick else None]}
    results = [compare(kept[first], kept[second]).result for first in kept for second in kept if first != second]
    scores = np.array([result.score for result in results if result.score is not None])
    row = (len(results), len(scores), round(float(scores.mean()), 1), float(np.median(scores)), float(scores.max()))
    heads = ("pairs", "with a score", "mean", "median", "highest")
    note = "The others have less than half of the original's time in common, and no score."
    return Table("Strangers", heads, (row,), note), float(scores.max())


def _blended(bench: Bench) -> tuple[Table, bool]:
    """An attempt that goes from motionless to the original."""
    original = _kept(bench, ORIGINALS[0])
    rest = np.median(original.probabilities, axis=0)
    parts = np.linspace(0, 1, 11)
    scores = [
        compare(original, replace(original, probabilities=rest + part * (original.probabilities - rest))).result.score
        for part in parts
    ]
    known = [score or 0.0 for score in scores]
    rows = tuple((f"{part:.0%}", score) for part, score in zip(parts, known, strict=True))
    return Table("From motionless to the same", ("of the original's movement", "score"), rows), known == sorted(known)


def _cost(bench: Bench) -> tuple[Table, float]:
    """Processor time of two sides of three minutes at 640x360."""
    long = bench.out / "act" / "three_minutes.mp4"
    long.parent.mkdir(exist_ok=True)
    source = bench.clips / f"{ORIGINALS[0]}.mp4"
    if not long.is_file():
        words = ["-stream_loop", "9", "-i", source, "-t", str(LONG_S), "-vf", "scale=640:360", *_X264, "-c:a", "aac"]
        subprocess.run(["ffmpeg", "-v", "error", "-y", *words, long], check=True)
    before, peak = _cpu_s(), _peak_mb()
    read = read_performance(long, None, lambda _: None, side="attempt").performance
    one_side_s = _cpu_s() - before
    compare(read, read)
    both_s = _cpu_s() - before + one_side_s
    rows = (
        ("decoding one side alone", round(_decoding_s(long), 1)),
        ("one side", round(one_side_s, 1)),
        ("both sides and the comparison", round(both_s, 1)),
    )
    note = f"Memory grew by {_peak_mb() - peak:.0f} MB while one side was read."
    return Table("Processor seconds, 3 minutes of 640x360", ("what", "processor s"), rows, note), both_s


def _decoding_s(video: Path) -> float:
    """Processor seconds of decoding a video and nothing else."""
    before = _cpu_s()
    with av.open(str(video)) as container:
        stream = container.streams.video[0]
        stream.thread_type = "AUTO"
        for _ in container.decode(stream):
            pass
    return _cpu_s() - before


def _cpu_s() -> float:
    """Processor seconds of this process, all its threads."""
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def _peak_mb() -> float:
    """The most memory that this process has held so far, in MB of 10^6 bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
