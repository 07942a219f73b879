"""Which model somebody means: one that comes with closeup, an ONNX file, or what a run has trained."""

from dataclasses import dataclass
from pathlib import Path

from closeup.core.errors import InputError
from closeup.core.settings import Settings
from closeup.learning.runs.folder import SPLIT_FILE
from closeup.learning.runs.reading import find_run, read_run
from closeup.perception.classifier import PictureClassifier, shipped, shipped_names
from closeup.weights.cards import card
from closeup.weights.network_card import NetworkCard
from closeup.weights.store import noncommercial_note

MODEL_FILE = "model.onnx"
"""Of a finished run."""

RUNS_DIR = Path("runs")
"""Where runs are kept unless something else is said."""


@dataclass(frozen=True, slots=True, eq=False)
class ResolvedModel:
    """A model that has been loaded.

    Attributes:
        name: What reports call it: the shipped name, the file's name, or the run's id.
        classifier: Ready to be used.
        run: The run's folder; None for a file and for what comes with closeup.
    """

    name: str
    classifier: PictureClassifier
    run: Path | None = None

    @property
    def path(self) -> Path:
        """The ONNX file."""
        return self.classifier.path

    @property
    def card(self) -> NetworkCard:
        """What the file says of itself."""
        return self.classifier.card

    @property
    def notes(self) -> tuple[str, ...]:
        """What its terms bar, a sentence, where they bar commercial use; known of what comes with closeup."""
        if self.run is not None or self.name not in shipped_names():
            return ()
        return tuple(filter(None, (noncommercial_note(card(self.name)),)))

    @property
    def split_file(self) -> Path | None:
        """The split that the run was trained on; None where there is no run, or none was saved."""
        path = self.run / SPLIT_FILE if self.run else None
        return path if path and path.is_file() else None


def resolve_model(
    word: str | ResolvedModel, *, runs_dir: Path = RUNS_DIR, settings: Settings | None = None, threads: int = 1
) -> ResolvedModel:
    """Find and load a model.

    Args:
        word: The name of a model that comes with closeup (`shipped_names`); the path of an ONNX file with a card; or a
            run, as `runs.reading.find_run` takes it: its folder, its id or the beginning of it, its recipe's name, or
            "last". Tried in this order. A model that is loaded is given back.
        runs_dir: Where runs are kept.
        threads: How many threads one call of the network may use.

    Raises:
        InputError: If there is nothing like that, or the run has no model yet.
        ModelError: If the file is no network, or has no card.
        FormatError: If its card is wrong.
    """
    if isinstance(word, ResolvedModel):
        return word
    if word in shipped_names():
        return ResolvedModel(word, shipped(word, settings, threads=threads))
    path = Path(word).expanduser()
    if path.is_file() or path.suffix.casefold() == ".onnx":
        return ResolvedModel(path.name, _load_file(path, threads))
    try:
        run = find_run(runs_dir, word)
    except InputError as error:
        known = ", ".join(shipped_names())
        choice = f"a model of closeup's own ({known}), an ONNX file" if known else "an ONNX file"
        message = f"There is no model {word!r}: it is neither {choice}, nor a run. {error.message}"
        raise error.reworded(message) from error
    model = run / MODEL_FILE
    if learner := read_run(run).learner:
        raise InputError(f"The run {run.name} is a fit of {learner}, and no model of pictures.", code="runs.list")
    if not model.is_file():
        raise InputError(
            f"The run {run.name} has no {MODEL_FILE}: it is not finished.",
            "Go on with it, or see what happened.",
            code="run.stopped",
            run=run.name,
        )
    return ResolvedModel(run.name, PictureClassifier(model, threads=threads), run)


def _load_file(path: Path, threads: int) -> PictureClassifier:
    if not path.is_file():
        raise InputError(f"There is no file {path}.", "Check the spelling and the folder that you are in.")
    if path.suffix.casefold() != ".onnx":
        raise InputError(
            f"{path} is not a model: it is no .onnx file.",
            "A model comes first, and then pictures or data.",
        )
    return PictureClassifier(path, threads=threads)
