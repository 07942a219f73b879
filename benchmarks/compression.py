"""What smaller and faster forms of the shipped models cost and bring: size, figures and time beside 32 bits."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

import numpy as np
import onnx
from onnx import TensorProto, numpy_helper

from bench import Bench, BenchError
from closeup.core.types import FloatArray, Image
from closeup.media.square import Fit
from closeup.perception.classifier import PictureClassifier, is_shipped
from closeup.perception.preprocessing import preprocess
from closeup.weights.fp16 import fp16_bytes
from closeup.weights.half_size import half_size
from closeup.weights.int8 import int8_bytes
from closeup.weights.network_card import NetworkCard
from closeup.workbench.datasets.items import Dataset
from closeup.workbench.datasets.pictures import load_pictures
from closeup.workbench.evaluation_data import open_evaluation_data
from closeup.workbench.export.forms import FULL, Speed, why_not
from closeup.workbench.export.latency import measure_speeds
from closeup.workbench.export.pictures import CALIBRATION
from closeup.workbench.export.scoring import HeadScore, score_heads
from closeup.workbench.models import resolve_model
from closeup.workbench.options import EvaluateOptions
from tables import Cell, Claim, Section, Table

JUDGED, JUDGED_QUICKLY = 3000, 200
LARGEST_SHARE, LARGEST_LOSS = 0.6, 0.002
"""Of the bytes that the half-size form may have, and of what it may lose."""

COLUMNS = ("form", "MB", "ms", "times fp32", "answer", "figure", "worse", "kept: smaller", "kept: faster")


@dataclass(frozen=True, slots=True)
class Judged:
    """Data that a model is judged by.

    Attributes:
        model: Name of the shipped model.
        path: Below the folder of data.
        fields: By head: the column of its labels.
        sides: Whether it says itself what is val; else pictures are drawn from all of it.
    """

    model: str
    path: str
    fields: Mapping[str, str]
    sides: bool = False


DATA = (
    Judged("expression", "fer2013/fer2013.zip", {"expression": "class"}, sides=True),
    Judged("attributes", "mask3/labels.csv", {"mask": "label"}),
    Judged("attributes", "utkface/labels.csv", {"gender": "gender", "age": "age"}),
)


def measure(bench: Bench) -> Section:
    """Make every form of each shipped model, and compare."""
    there = [judged for judged in DATA if is_shipped(judged.model)]
    if not there:
        raise BenchError("This closeup has no model of its own, so that there is nothing to compress.")
    tables, claims = [], []
    for judged in there:
        table, halved = compare(judged, bench)
        tables.append(table)
        claims += halved
    return Section("Smaller forms of the shipped models", tuple(tables), tuple(claims))


def compare(judged: Judged, bench: Bench) -> tuple[Table, list[Claim]]:
    """One model on one set of pictures."""
    model = resolve_model(judged.model)
    card = model.card
    calibration, crops, targets = pictures(judged, bench)
    full = whole_size(model.path.read_bytes())
    contents = {
        FULL: full,
        "half": half_size(full),
        "int8": int8_bytes(full, preprocess(card, calibration)),
        "fp16": fp16_bytes(full),
    }
    heads = [head for head in card.heads if head.name in targets]
    with TemporaryDirectory() as folder:
        paths = {form: Path(folder) / f"{form}.onnx" for form in contents}
        for form, content in contents.items():
            paths[form].write_bytes(content)
        answers = {form: PictureClassifier(path, threads=2).answers(crops) for form, path in paths.items()}
        speeds = measure_speeds(paths, preprocess(card, crops[:1]), clock=time.process_time)
    alone = [str(number) for number in range(len(crops))]
    rows: list[tuple[Cell, ...]] = []
    claims = []
    for form, content in contents.items():
        scores = score_heads(heads, answers[form], answers[FULL], targets, alone)
        share = len(content) / len(full)
        kept = [_kept(form, scores, share, speeds[form], want) for want in ("smaller", "faster")]
        rows += [_row(form, len(content), speeds[form], score, kept) for score in scores]
        if form == "half":
            loss = max(score.worse for score in scores)
            held = share <= LARGEST_SHARE and loss <= LARGEST_LOSS
            claims.append(Claim(f"{judged.model} at {share:.0%} of the bytes loses {100 * loss:.2f} %", held))
    return Table(f"{judged.model} on {len(crops)} pictures of {judged.path}", COLUMNS, tuple(rows), _note(card)), claims


def pictures(judged: Judged, bench: Bench) -> tuple[Image, Image, dict[str, FloatArray]]:
    """Crops (M, P, P, 3) to calibrate by, other crops (N, P, P, 3) to judge by, and the latter's targets by head."""
    model = resolve_model(judged.model)
    many = JUDGED_QUICKLY if bench.quick else JUDGED
    few = 64 if bench.quick else CALIBRATION
    path = bench.shared / "data" / judged.path
    parts = {}
    for side in ("train", "val"):
        options = EvaluateOptions(fields=judged.fields, split=side if judged.sides else "")
        data = open_evaluation_data(model, path, options)
        order = np.random.default_rng(0).permutation(len(data.dataset))
        start = 0 if judged.sides or side == "train" else few
        chosen = np.sort(order[start : start + (few if side == "train" else many)])
        crops, kept = _crops(data.dataset, chosen.tolist(), model.card)
        parts[side] = (
            crops,
            {name: np.asarray(column[chosen][kept], np.float32) for name, column in data.targets.items()},
        )
    return parts["train"][0], *parts["val"]


def _crops(dataset: Dataset, chosen: Sequence[int], card: NetworkCard) -> tuple[Image, list[int]]:
    read = load_pictures(dataset.select(chosen), card.input_px, grey=card.grey, fit=cast(Fit, card.fit))
    return read.pixels, read.kept.tolist()


def _kept(form: str, scores: Sequence[HeadScore], share: float, speed: Speed, want: str) -> str:
    return "" if form == FULL else "no" if why_not(scores, share, speed, want=want) else "yes"


def _row(form: str, size: int, speed: Speed, score: HeadScore, kept: Sequence[str]) -> tuple[Cell, ...]:
    value = f"{score.value:.4f}" if score.metric == "accuracy" else f"{score.value:.3f} {score.unit}"
    percent = f"{100 * score.worse:.2f} % ({100 * score.low:.2f} to {100 * score.high:.2f})"
    time = f"{speed.ratio:.2f} ({speed.low:.2f} to {speed.high:.2f})"
    return (
        form, round(size / 1e6, 2), round(speed.ms, 2), time, f"{score.head}: {score.metric}", value,
        "" if form == FULL else percent, *kept,
    )  # fmt: skip


def _note(card: NetworkCard) -> str:
    return (
        f"{card.input_px} px, one picture, processor time of one thread, rounds in turns. Pictures are taken whole, as "
        "the data has them; what counts is the difference between the forms. `worse`: points of accuracy, or the "
        "growth of the mean absolute error, paired, with a 95 % interval. `kept`: what `closeup export` does with a "
        "budget of 0.005."
    )


def whole_size(content: bytes) -> bytes:
    """Undo `half_size` but for the rounding: the weights as float32 again, for what looks for them in the file.

    A file that was not halved comes back with the same content.
    """
    model = onnx.load_from_string(content)
    parts = {part.name: part for part in model.graph.initializer}
    halved = {
        name.removesuffix(".steps")
        for name, part in parts.items()
        if name.endswith(".steps") and part.data_type == TensorProto.INT16 and f"{name[:-6]}.scales" in parts
    }
    gone = {f"{name}{end}" for name in halved for end in (".steps", ".scales")}
    weights = [
        numpy_helper.from_array(
            numpy_helper.to_array(parts[f"{name}.steps"]) * numpy_helper.to_array(parts[f"{name}.scales"]), name
        )
        for name in sorted(halved)
    ]
    kept = [part for part in model.graph.initializer if part.name not in gone]
    made = {f"{name}.wide" for name in halved} | halved
    nodes = [node for node in model.graph.node if not made.intersection(node.output)]
    del model.graph.node[:], model.graph.initializer[:]
    model.graph.initializer.extend([*weights, *kept])
    model.graph.node.extend(nodes)
    whole = model.SerializeToString(deterministic=True)
    assert isinstance(whole, bytes)
    return whole
