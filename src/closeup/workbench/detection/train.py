"""Train a detector by a recipe, and measure it: boxes in, a run's folder out, resumable at any moment."""

import hashlib
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from closeup.algorithms.metrics.detection import ScoredBoxes, precision_figures
from closeup.core.errors import InputError, ModelError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.types import Image
from closeup.core.whole import write_whole
from closeup.core.words import counted
from closeup.documents.boxes import BoxedPicture, BoxedPictures, coco_bytes, read_boxes
from closeup.documents.form import ascii_json, parse_json
from closeup.learning.checkpoint import Weights, read_checkpoint
from closeup.learning.device import Precision, said_for_people
from closeup.learning.environment import environment
from closeup.learning.pytorch import torch
from closeup.learning.runs.folder import CHECKPOINT_FILE, RECIPE_FILE, RunWriter, create_run, reopen_run
from closeup.learning.runs.reading import DETECTION
from closeup.learning.trainer import Trainer, new_average
from closeup.media.image import read_image
from closeup.weights.network_card import with_metadata
from closeup.weights.session import open_session
from closeup.workbench.detection.network import DetectorNetwork, Exported
from closeup.workbench.detection.task import MEAN, STD, DetectionTask, as_input, best, in_square
from closeup.workbench.recipes.detector import DetectorRecipe
from closeup.workbench.recipes.recipe_file import check_recipe, detector_from_toml, recipe_to_toml
from closeup.workbench.training.onnx_file import require_exporter, write_network
from closeup.workbench.training.weights import FILE, IMAGENET, read_state, state_bytes

ONNX_FILE = "model.onnx"

METADATA_KEY = "closeup.detector"
"""In the ONNX file: JSON with the names of the classes, the side of the input, mean and standard deviation."""

VAL_FILE, DETECTIONS_FILE = "val.json", "detections.json"
"""The pictures that were chosen by, and what was found on them, in COCO's forms: other programs measure these too."""

THING = "thing"
"""The class of a detector that was taught none."""

AGREE = 0.05
"""The file and the network may differ by so much of a pixel or a score."""

Sides = tuple[tuple[str, ...], list[BoxedPicture], list[BoxedPicture]]
"""Names of the classes, and the pictures to learn from and to choose by."""


def train_detector(recipe: DetectorRecipe, *, base: Path, runs_dir: Path, progress: ProgressCallback = ignore) -> Path:
    """Train a detector as a new run; gives its folder.

    Args:
        base: What the recipe's relative paths start from.
        runs_dir: Where the run's folder is made.

    Raises:
        InputError: If the recipe does not fit the data, or its weights are not there.
        OutputError: If there is no space.
        CloseupError: If memory or a GPU gave out; says how to go on.
    """
    check_recipe(recipe)
    require_exporter()

    def absolute(path: str) -> str:
        return os.path.abspath(base / Path(path).expanduser()) if path else ""  # noqa: PTH100 (keeps links)

    recipe = replace(
        recipe,
        annotations=absolute(recipe.annotations),
        val_annotations=absolute(recipe.val_annotations),
        weights=recipe.weights if recipe.weights == IMAGENET else absolute(recipe.weights),
    )
    sides = _sides(recipe)
    network = _new_network(recipe, sides[0])
    facts = {"environment": environment(), "data": _data_facts(sides), "classes": list(sides[0])}
    writer = create_run(runs_dir, recipe.name, recipe_to_toml(recipe), facts)
    return _train(recipe, sides, network, writer, progress)


def resume_detector(run: Path, *, progress: ProgressCallback = ignore) -> Path:
    """Go on with a detector's run that was interrupted, from its last checkpoint.

    Raises:
        InputError: If the run is finished, or its data is no longer what it was.
    """
    recipe = detector_from_toml((run / RECIPE_FILE).read_text("utf-8"))
    sides, writer = _sides(recipe), reopen_run(run)
    if _data_facts(sides)["fingerprint"] != writer.facts["data"]["fingerprint"]:
        raise InputError(f"The data of the run {run.name} is no longer what it was.", "Bring it back as it was.")
    return _train(recipe, sides, _new_network(recipe, sides[0]), writer, progress)


def _sides(recipe: DetectorRecipe) -> Sides:
    boxed = _of_any_class(read_boxes(Path(recipe.annotations)), recipe.any_class)
    if recipe.val_annotations:
        other = _of_any_class(read_boxes(Path(recipe.val_annotations)), recipe.any_class)
        train, val = list(boxed.pictures), _renumbered(other, boxed.names)
    else:
        order = np.random.default_rng(recipe.training.seed).permutation(len(boxed.pictures))
        apart = set(order[: max(round(recipe.val_share * len(order)), 1)].tolist())
        val = [each for place, each in enumerate(boxed.pictures) if place in apart]
        train = [each for place, each in enumerate(boxed.pictures) if place not in apart]
    for name, side in (("learn from", train), ("choose by", val)):
        if not any(len(each.classes) for each in side):
            raise InputError(f"There is no box to {name}.", "Give more pictures, or another val_share.")
    return boxed.names, train, val


def _of_any_class(boxed: BoxedPictures, any_class: bool) -> BoxedPictures:
    if not any_class:
        return boxed
    return BoxedPictures((THING,), tuple(replace(each, classes=np.zeros_like(each.classes)) for each in boxed.pictures))


def _renumbered(boxed: BoxedPictures, names: Sequence[str]) -> list[BoxedPicture]:
    """Pictures with their classes as places in other names.

    Raises:
        InputError: A class that is on a picture is not among them.
    """
    used = {int(each) for picture in boxed.pictures for each in picture.classes}
    strange = sorted(boxed.names[each] for each in used if boxed.names[each] not in names)
    if strange:
        raise InputError(f"The class {strange[0]!r} is none that is learnt.", f"There are: {', '.join(names)}.")
    place = np.array([names.index(each) if each in names else -1 for each in boxed.names], np.int64)
    return [replace(each, classes=place[each.classes]) for each in boxed.pictures]


def _data_facts(sides: Sides) -> dict[str, Any]:
    names, train, val = sides
    told = [(each.file.name, each.boxes_xyxy.tolist(), each.classes.tolist()) for each in (*train, *val)]
    crowds = sum(each.crowds for each in (*train, *val))
    return {
        "fingerprint": hashlib.sha256(ascii_json([names, told]).encode()).hexdigest(),
        "pictures": {"train": len(train), "val": len(val)},
        "boxes": {"train": sum(len(each.classes) for each in train), "val": sum(len(each.classes) for each in val)},
        "notes": [f"{counted(crowds, 'crowd')} left out."] * bool(crowds),
    }


def _new_network(recipe: DetectorRecipe, names: Sequence[str]) -> DetectorNetwork:
    if recipe.training.threads:
        torch.set_num_threads(recipe.training.threads)
    torch.manual_seed(recipe.training.seed)
    network = DetectorNetwork(len(names))
    if recipe.weights != IMAGENET:
        state, own = read_state(Path(recipe.weights) / FILE), network.state_dict()
        fitting = {name: value for name, value in state.items() if name in own and value.shape == own[name].shape}
        if not any(name.startswith("backbone.") for name in fitting):
            raise InputError(f"The weights of {recipe.weights} are none of a detector.", 'Or start from "imagenet".')
        for name in (name for name in own if name.startswith("answers.") and name in state and name not in fitting):
            own[name][-4:] = state[name][-4:]  # of other classes only the scores are learnt anew, and not the boxes
            fitting[name] = own[name]
        network.load_state_dict(fitting, strict=False)
    return network


def _train(
    recipe: DetectorRecipe, sides: Sides, network: DetectorNetwork, writer: RunWriter, progress: ProgressCallback
) -> Path:
    precision = Precision(recipe.training.device, "32")
    network.to(precision.device).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    with writer, said_for_people(recipe.stages[0].batch, writer.path):
        task = DetectionTask(recipe, sides[1], sides[2], network, precision, progress)
        weights = Weights(network, new_average(network, recipe.training.ema))
        state = read_checkpoint(writer.path / CHECKPOINT_FILE, weights)
        writer.rewind(state.step, state.epochs)
        options = recipe.training
        Trainer(task, weights, recipe.stages, record=writer, options=options, state=state, progress=progress).run()
        network.load_state_dict(weights.best)
        _finish(task, sides[0], writer)
    return writer.path


def _finish(task: DetectionTask, names: Sequence[str], writer: RunWriter) -> None:
    """Write what a finished run holds, the kept weights being in the task's network."""
    write_whole(writer.path / FILE, state_bytes(task.network))
    found = task.detections(task.network)
    shapes = [read_image(each.file).shape for each in task.val]
    sizes = [(shape[1], shape[0]) for shape in shapes]
    write_whole(writer.path / VAL_FILE, coco_bytes(BoxedPictures(tuple(names), tuple(task.val)), sizes))
    write_whole(writer.path / DETECTIONS_FILE, results_bytes(found))
    shown = Exported(task.network.cpu()).eval()
    about = {"classes": list(names), "input_px": task.recipe.input_px, "mean": MEAN, "std": STD}
    content = write_network(shown, task.recipe.input_px, "of the detector", ["things"])
    write_whole(writer.path / ONNX_FILE, with_metadata(content, METADATA_KEY, ascii_json(about)))
    probe = torch.randn(2, 3, *(task.recipe.input_px,) * 2, generator=torch.Generator().manual_seed(0))
    with torch.no_grad():
        apart = np.abs(open_session(writer.path / ONNX_FILE).run(probe.numpy()) - shown(probe).numpy()).max()
    if apart > AGREE:
        raise ModelError(f"The ONNX file answers otherwise than the network, by {apart:.4f}.")
    data = dict(writer.facts["data"])
    if task.clipped:
        data["notes"] = [*data["notes"], f"{counted(task.clipped, 'box', 'boxes')} cut at the edge of their pictures."]
    writer.note(data=data)
    figures = task.figures(found)
    order = ("map50_95", "map50", "recall_100")
    writer.finish({"val": {DETECTION: {name: {"value": figures[name]} for name in order}}})


def results_bytes(found: Sequence[ScoredBoxes]) -> bytes:
    """Boxes (N, 4), scores (N,) and classes (N,) of pictures in COCO's form of results, both counted from 1."""
    rows = [
        {
            "image_id": number,
            "category_id": int(kind) + 1,
            "bbox": [float(box[0]), float(box[1]), float(box[2] - box[0]), float(box[3] - box[1])],
            "score": float(score),
        }
        for number, (boxes, scores, kinds) in enumerate(found, 1)
        for box, score, kind in zip(boxes, scores, kinds, strict=True)
    ]
    return ascii_json(rows).encode()


class TrainedDetector:
    """A detector's ONNX file.

    Attributes:
        file: Where it lies.
        classes: Names of what it finds.
    """

    def __init__(self, model: Path) -> None:
        """Load the file, or that of a run's folder.

        Raises:
            ModelError: It is no detector.
        """
        self.file = model / ONNX_FILE if model.is_dir() else model
        self._session = open_session(self.file)
        if METADATA_KEY not in self._session.metadata:
            raise ModelError(f"{self.file} is no detector that was trained here.")
        about = parse_json(self._session.metadata[METADATA_KEY].encode())
        self.classes: tuple[str, ...] = tuple(about["classes"])
        self._px = int(about["input_px"])

    def find(self, rgb: Image) -> ScoredBoxes:
        """Boxes (N, 4) of what is on a picture (H, W, 3), scores (N,), the best first, and classes (N,)."""
        square, scale = in_square(rgb, self._px)
        answer = self._session.run(np.ascontiguousarray(as_input(square[None]).numpy()))[0]
        inside = np.clip(answer[:, -4:] / scale, 0, np.array(rgb.shape[1::-1] * 2))
        return best(inside.astype(np.float32), answer[:, :-4])


def evaluate_detector(model: Path, annotations: Path, *, progress: ProgressCallback = ignore) -> Mapping[str, float]:
    """Measure a detector's ONNX file on pictures with boxes, as COCO counts.

    Args:
        model: The file, or the folder of the run that made it.
        annotations: A COCO file, or a folder in Pascal VOC's form, with the model's names of classes.

    Returns:
        pictures, things, map50_95, map50, recall_100.

    Raises:
        InputError: The data has other classes, or a picture cannot be read.
        ModelError: The file is no detector.
    """
    detector = TrainedDetector(model)
    boxed = _of_any_class(read_boxes(annotations), detector.classes == (THING,))
    pictures = _renumbered(boxed, detector.classes)
    found: list[ScoredBoxes] = []
    for number, each in enumerate(pictures):
        progress(Progress("Looking", number, len(pictures), "pictures"))
        found.append(detector.find(read_image(each.file)))
    figures = precision_figures(found, [(each.boxes_xyxy, each.classes) for each in pictures])
    counts = {"pictures": float(len(pictures)), "things": float(sum(len(each.classes) for each in pictures))}
    return {**counts, **figures}
