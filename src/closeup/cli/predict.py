"""`closeup predict`: what a model says about photos."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from closeup.cli.exit_codes import count_losses
from closeup.cli.flags import RUNS, AsJson, Quiet, Runs
from closeup.cli.gallery_options import Models
from closeup.cli.output import show_hint, show_json, show_note, show_table
from closeup.cli.progress_bar import progress_bar

if TYPE_CHECKING:
    from closeup.documents.faces import Answer
    from closeup.workbench.predict import Prediction

app = typer.Typer()

MODEL_HELP = "expression, attributes, an ONNX file with a card, or a run (its folder or id, or last)."


@app.command()
def predict(
    model: Annotated[str, typer.Argument(metavar="MODEL", help=MODEL_HELP, show_default=False)],
    photos: Annotated[
        list[Path], typer.Argument(metavar="PHOTO", help="Pictures, or folders of them.", show_default=False)
    ],
    faces: Annotated[
        bool | None,
        typer.Option(
            "--faces/--whole", help="Ask about every face, or about each photo as a whole.", show_default="by the model"
        ),
    ] = None,
    models: Models = "auto",
    runs: Runs = RUNS,
    as_json: AsJson = False,
    quiet: Quiet = False,
) -> None:
    """Ask a model about photos: what it takes each face, or each photo, for.

    A model of aligned faces is shown every face that is found; another is shown each photo whole. --whole is for
    pictures that show a face cut out closely and nothing else.
    """
    from closeup.workbench.models import resolve_model
    from closeup.workbench.predict import predict as ask
    from closeup.workbench.predict import prediction_table

    with progress_bar(model, quiet=quiet) as progress:
        found = ask(resolve_model(model, runs_dir=runs), photos, faces=faces, models=models, progress=progress)
    count_losses(sum(bool(photo.problem) for photo in found.photos))
    if as_json:
        show_json(prediction_table(found))
    else:
        _tell(found)


def _tell(prediction: "Prediction") -> None:
    heads: dict[str, None] = {}
    rows = []
    for photo in prediction.photos:
        for number, shown in enumerate(photo.shown, 1):
            heads |= dict.fromkeys(shown.answers)
            which = [str(number)] if prediction.detector else []
            rows.append((str(photo.path), *which, *(answer_words(answer) for answer in shown.answers.values())))
    if rows:
        show_table(*rows, head=("photo", *(["face"] if prediction.detector else []), *heads))
    for photo in prediction.photos:
        if photo.problem:
            show_note(photo.problem)
        elif not photo.shown:
            show_note(f"No face was found in {photo.path}.")
    for note in prediction.notes:
        show_note(note)
    if not rows:
        show_hint("If the pictures show faces that are cut out closely, take them whole: --whole")


def answer_words(answer: "Answer") -> str:
    """One answer for people: "happy 93 %", "31 years"."""
    from closeup.documents.faces import ClassAnswer

    if isinstance(answer, ClassAnswer):
        return f"{answer.name} {answer.probability:.0%}".replace("%", " %")
    return f"{answer.value:.1f} {answer.unit}".strip()
