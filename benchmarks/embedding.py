"""The 128-d network: dlib's own code against the same weights in ONNX Runtime, on one thread and the same faces."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from statistics import median

import dlib
import numpy as np
from numpy.typing import NDArray

from bench import Bench
from closeup.core.settings import Settings
from closeup.perception.embedder import OnnxEmbedder
from closeup.perception.registry import face_models
from closeup.weights.cards import card
from closeup.weights.session import open_session
from closeup.weights.store import require
from peer_face_recognition import sampled, weights_folder
from tables import Claim, Section, Table, spread

NETWORK = "dlib-resnet-128"
WANTED_MS = 8.0
LARGEST_DIFFERENCE = 1e-4

Crops = NDArray[np.uint8]


def measure(bench: Bench) -> Section:
    """Embed faces of the seven talkers, one by one."""
    settings = Settings(bench.models_dir, None)
    crops = faces(bench, settings, 4 if bench.quick else 32)
    dlibs = dlib.face_recognition_model_v1(str(weights_folder() / "dlib_face_recognition_resnet_model_v1.dat"))
    session = open_session(require(card(NETWORK), settings), threads=1)
    embedder = OnnxEmbedder(card(NETWORK), session)
    described = card(NETWORK)
    inputs = (crops.astype(np.float32) - np.array(described.mean, np.float32)) / np.array(described.std, np.float32)
    batch = np.ascontiguousarray(inputs.transpose(0, 3, 1, 2), dtype=np.float32)  # (N, 3, S, S)
    with one_core():
        ways = {
            "dlib's own code": timed(lambda i: dlibs.compute_face_descriptor(crops[i]), len(crops)),
            "ONNX Runtime, same network": timed(lambda i: session.run(batch[i : i + 1]), len(crops)),
            "ONNX Runtime, face and mirror image": timed(lambda i: embedder.embed(crops[i : i + 1]), len(crops)),
        }
    theirs = np.array([dlibs.compute_face_descriptor(crop) for crop in crops])
    difference = float(np.abs(theirs - session.run(batch)).max())
    first = median(next(iter(ways.values())))
    rows = tuple((way, round(median(ms), 2), spread(ms, 2), round(first / median(ms), 1)) for way, ms in ways.items())
    ours = median(ways["ONNX Runtime, same network"])
    claims = (
        Claim(f"{ours:.1f} ms a face, under {WANTED_MS:g}", ours < WANTED_MS),
        Claim(f"largest difference of a number {difference:.1e}, under 1e-4", difference < LARGEST_DIFFERENCE),
    )
    note = f"{len(crops)} faces of the talk_* clips, one by one, one core; medians of five rounds, and their range."
    return Section(
        "Embedding",
        (Table("Processor milliseconds a face", ("way", "ms", "min to max", "x dlib"), rows, note),),
        claims,
    )


def faces(bench: Bench, settings: Settings, count: int) -> Crops:
    """Aligned crops (N, S, S, 3) of faces from the talking clips, spread over them."""
    models = face_models("zoo", settings)
    detector = models.new_detector()
    crops: list[Crops] = []
    clips = sorted(bench.clips.glob("talk_*.mp4"))
    for clip in clips:
        own = 0
        for _, image in sampled(clip, 1.0):
            found = detector.detect(image)
            if len(found) and own * len(clips) < count:
                crops.append(models.embedder.crop(image, found.landmarks_xy[0]))
                own += 1
    return np.stack(crops[:count])


def timed(work: Callable[[int], object], count: int) -> list[float]:
    """Milliseconds of processor time a face, for each of five rounds over `count` faces; a first round warms up."""
    rounds = []
    for _ in range(6):
        started = time.process_time()
        for index in range(count):
            work(index)
        rounds.append((time.process_time() - started) / count * 1000)
    return rounds[1:]


@contextmanager
def one_core() -> Iterator[None]:
    """Hold this thread, and those that it starts meanwhile, to one core."""
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)
