"""How long the choice takes over two hours of made-up footage, and how far from the best it may be."""

import time
from itertools import pairwise

import numpy as np

from closeup.core.types import FloatArray
from closeup.features.shorts.boundaries import Cuttable, cuttable, make_setting
from closeup.features.shorts.choice import Footage, choose
from closeup.features.shorts.reel import FrameClock, Stretch
from closeup.features.shorts.watching import GRID_HZ
from tables import Cell, Table

FPS, LENGTH_S, SHOTS = 25, 7200, 1500
KINDS = ("speech", "no sound", "one shot")


def measure_choice(counts: tuple[int, ...] = (3, 10)) -> Table:
    """Choose shorts of 15 to 45 s from two hours that show somebody in every second shot, or throughout."""
    rows: list[tuple[Cell, ...]] = []
    for kind in KINDS:
        footage = _footage(kind)
        boundaries = sum(len(part.starts) for part in footage.stretches)
        for count in counts:
            started = time.perf_counter()
            windows, shortfall = choose(footage, count, 15, 45)
            took_s = time.perf_counter() - started
            worth = sum(window.worth for window in windows)
            share = round(100 * shortfall / worth, 2)
            rows.append((kind, len(footage.stretches), boundaries, count, len(windows), round(took_s, 1), share))
    heads = ("footage", "stretches", "boundaries", "asked for", "chosen", "s", "shortfall %")
    note = (
        "Two hours at 25 frames a second, made by chance: shots of 5 s on average of which half show the person (or "
        "one that does throughout), sentences of 3 s, interest that wanders, sixty scenes that look unlike. "
        "`shortfall`: by how much a better set could exist at most, in % of the worth of this one; 0 is proven best."
    )
    return Table("The choice over two hours", heads, tuple(rows), note)


def _footage(kind: str) -> Footage:
    rng = np.random.default_rng(1)
    frames, moments = LENGTH_S * FPS, LENGTH_S * GRID_HZ
    clock = FrameClock(np.arange(frames + 1) / FPS, 1 / FPS)
    inner = [] if kind == "one shot" else rng.integers(1, frames, SHOTS).tolist()
    cuts = sorted({0, *inner, frames})
    own = [span for span in pairwise(cuts) if kind == "one shot" or rng.random() < 0.5]
    setting = make_setting(clock, cuts[:-1], None if kind == "no sound" else _speech(rng), np.zeros((0, 2)))
    parts = [cuttable(Stretch(*span), setting) for span in own if span[1] - span[0] >= FPS]
    seen = np.zeros(frames, dtype=np.bool_)
    for start, end in own:
        seen[start:end] = True
    wandering = np.convolve(rng.random(moments), np.ones(60) / 60, "same")
    looks = np.repeat(rng.random((60, 64)), moments // 60, axis=0) + 0.2 * rng.random((moments, 64))
    stretches: tuple[Cuttable, ...] = tuple(part for part in parts if part is not None)
    return Footage(clock, stretches, seen, _single(wandering), _single(looks))


def _speech(rng: np.random.Generator) -> np.ndarray:
    """Sentences of 3 s on average with breaths of 0.9 s on average between them: (K, 2) seconds."""
    lasts, breaths = rng.exponential(3, 3000), 0.3 + rng.exponential(0.6, 3000)
    starts = np.cumsum(lasts + breaths) - lasts
    spans = np.stack([starts, starts + lasts], axis=1)
    return spans[spans[:, 1] < LENGTH_S]


def _single(values: np.ndarray) -> FloatArray:
    return values.astype(np.float32)
