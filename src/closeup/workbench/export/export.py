"""Export a run: its network checked on real pictures, beside smaller and faster forms that are worth their cost."""

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from closeup import __version__
from closeup.core.errors import InputError, ModelError
from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.result_folder import ResultFolder
from closeup.core.types import Image
from closeup.core.whole import write_whole
from closeup.documents.form import Form
from closeup.learning.environment import environment
from closeup.learning.runs.reading import Run, read_run
from closeup.perception.classifier import PictureClassifier
from closeup.perception.preprocessing import preprocess
from closeup.weights.fp16 import fp16_bytes
from closeup.weights.half_size import half_size
from closeup.weights.int8 import int8_bytes
from closeup.weights.network_card import NetworkCard, embed, read_card
from closeup.workbench.export.forms import FULL, NetworkForm, loss_words, why_not
from closeup.workbench.export.latency import measure_speeds
from closeup.workbench.export.pictures import LabelledPictures, calibration_pictures, validation_pictures
from closeup.workbench.export.scoring import Outputs, score_heads
from closeup.workbench.options import ExportOptions
from closeup.workbench.recipes.recipe import Recipe
from closeup.workbench.training.finish import ONNX_FILE
from closeup.workbench.training.inference import InferenceNetwork
from closeup.workbench.training.parity import Parity, check_parity, compare_outputs
from closeup.workbench.training.weights import load_network

COMPARED = 256
"""Real pictures that the file is compared with PyTorch on: the first of those that the run was evaluated on."""

FORMS = {
    "half": "Weights in 16 bits, computed with in 32",
    "int8": "Convolutions in 8-bit integers",
    "fp16": "All numbers in 16 bits",
}
"""What can be made beside the full network, in words."""

_BATCH = 64


@dataclass(frozen=True)
class _Source:
    """A run, opened: its record, its network as PyTorch has it, its recipe, and the card in its file."""

    run: Run
    network: InferenceNetwork
    recipe: Recipe
    card: NetworkCard
    content: bytes


@dataclass(frozen=True, slots=True)
class Export:
    """What came of an export, and export.json.

    Attributes:
        closeup: The version that made it.
        environment: Versions and machine, each by name.
        run: Id of the run.
        name: Of the model.
        pictures: How many it was evaluated on; `unreadable` could not be read.
        unreadable: How many could not be read.
        parities: How far the full network's outputs are from PyTorch's, on real pictures.
        forms: The full network first.
        files: Name of the file of each form that is kept.
    """

    closeup: str
    environment: Mapping[str, str]
    run: str
    name: str
    pictures: int
    unreadable: int
    parities: tuple[Parity, ...]
    forms: tuple[NetworkForm, ...]
    files: Mapping[str, str]


EXPORT = Form(Export, "export.json", version=1)


def export_run(
    run: Path, target: Path, options: ExportOptions, *, overwrite: bool = False, progress: ProgressCallback = ignore
) -> Export:
    """Write a finished run's network, and the forms asked for that are worth it, into a folder.

    Args:
        run: The run's folder.
        target: The folder to make.
        overwrite: Replace a folder that is there.

    Raises:
        InputError: If the run is not finished, or its data is no longer where it was.
        ModelError: If the network does not give what PyTorch gives.
        OutputError: If the folder is there already, or cannot be written.
    """
    source = _open(run)
    with ResultFolder(target, ("export.json",)).writing(overwrite=overwrite) as folder:
        pictures = validation_pictures(source.run, source.recipe, source.network.heads, source.card, progress)
        progress(Progress("Comparing with PyTorch", 0, None, "pictures"))
        compared = preprocess(source.card, pictures.crops[:COMPARED])
        parities = compare_outputs(source.content, source.network, compared)
        check_parity(parities)
        made, unmade = _make(source, options, progress)
        contents = {FULL: source.content, **made}
        forms = (*_evaluate(contents, source.card, pictures, options, progress), *unmade)
        files = {form.name: file_name(source.card.name, form.name) for form in forms if form.kept}
        for form in forms:
            if form.kept:
                write_whole(folder / files[form.name], embed(contents[form.name], noted(source.card, form)))
        export = Export(
            closeup=__version__,
            environment=environment(),
            run=source.run.id,
            name=source.card.name,
            pictures=len(pictures.crops),
            unreadable=pictures.unreadable,
            parities=parities,
            forms=forms,
            files=files,
        )
        write_whole(folder / "export.json", EXPORT.encode(export))
    return export


def file_name(name: str, form: str) -> str:
    """Name of a form's file: "expression.onnx", "expression.int8.onnx"."""
    word = re.sub(r"[^\w.-]+", "-", name).strip("-.") or "model"
    return f"{word}.onnx" if form == FULL else f"{word}.{form}.onnx"


def noted(card: NetworkCard, form: NetworkForm) -> NetworkCard:
    """The card of a form: the full network's, and as a limit what the form lost, which its metrics do not know."""
    if form.name == FULL:
        return card
    lost = "; ".join(f"{loss_words(score)} on {score.count} pictures" for score in form.scores)
    return replace(card, limits=(*card.limits, f"{FORMS[form.name]}. Beside the 32-bit network: {lost}."))


def _open(run: Path) -> _Source:
    network, recipe, heads = load_network(run)
    found = read_run(run)
    path = run / ONNX_FILE
    if not path.is_file():
        raise InputError(f"The run {found.id} has no {ONNX_FILE}.", "Finish it first.", code="run.unfinished", run=run)
    temperatures = {str(name): float(value) for name, value in found.facts.get("temperatures", {}).items()}
    inference = InferenceNetwork(network, heads, temperatures, flip_test=recipe.training.flip_test)
    return _Source(found, inference, recipe, read_card(path), path.read_bytes())


def _make(
    source: _Source, options: ExportOptions, progress: ProgressCallback
) -> tuple[dict[str, bytes], list[NetworkForm]]:
    """The forms asked for, by name, and those that this network cannot be brought into, each with the reason."""
    made, unmade = {}, []
    for form in options.forms:
        try:
            if form == "int8":
                crops = calibration_pictures(source.run, source.recipe, source.card, options.calibrate, progress)
                progress(Progress("Making int8", 0, None, "networks"))
                made[form] = int8_bytes(source.content, preprocess(source.card, crops))
            else:
                made[form] = half_size(source.content) if form == "half" else fp16_bytes(source.content)
        except ModelError as error:
            unmade.append(NetworkForm(form, 0, (), None, False, error.message))
    return made, unmade


def _evaluate(
    contents: Mapping[str, bytes],
    card: NetworkCard,
    pictures: LabelledPictures,
    options: ExportOptions,
    progress: ProgressCallback,
) -> tuple[NetworkForm, ...]:
    """Predictions, speed and worth of each form, the full network first."""
    with TemporaryDirectory() as scratch:
        paths = {form: Path(scratch) / file_name("evaluated", form) for form in contents}
        for form, content in contents.items():
            paths[form].write_bytes(content)
        outputs = {
            form: _outputs(path, pictures.crops, options.threads, form, progress) for form, path in paths.items()
        }
        # One thread's own time leaves out what else the machine does; of several, only the clock on the wall knows.
        clock = time.process_time if options.threads == 1 else time.perf_counter
        speeds = measure_speeds(paths, preprocess(card, pictures.crops[:1]), options.threads, progress, clock)
    forms = []
    for form, content in contents.items():
        scores = score_heads(card.heads, outputs[form], outputs[FULL], pictures.targets, pictures.groups)
        size_ratio = len(content) / len(contents[FULL])
        why = (
            "" if form == FULL else why_not(scores, size_ratio, speeds[form], budget=options.budget, want=options.want)
        )
        forms.append(NetworkForm(form, len(content), scores, speeds[form], not why, why))
    return tuple(forms)


def _outputs(path: Path, crops: Image, threads: int, form: str, progress: ProgressCallback) -> Outputs:
    classifier = PictureClassifier(path, threads=threads)
    parts = []
    for at in range(0, len(crops), _BATCH):
        parts.append(classifier.answers(crops[at : at + _BATCH]))
        progress(Progress(f"Evaluating {form}", min(at + _BATCH, len(crops)), len(crops), "pictures"))
    return {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
