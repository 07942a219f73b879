"""`closeup predict`: what a model says about photos."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from closeup.cli.flags import RUNS, AsJson, Quiet, Runs
from closeup.cli.gallery_options import Models
from closeup.cli.output import show_hint, show_json, show_loss, show_note, show_notes, show_table
from closeup.cli.progress_bar import progress_bar
from closeup.jobs.work import work

if TYPE_CHECKING:
    from closeup.workbench.predict import ClassPrediction, Prediction, ValuePrediction

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
    with progress_bar(model, quiet=quiet) as progress:
        found: Prediction = work("predict")(
            model=model, photos=photos, faces=faces, models=models, runs_dir=runs, progress=progress
        )
    for problem in filter(None, (photo.problem for photo in found.photos)):
        show_loss(problem)
    if as_json:
        from closeup.workbench.predict import PREDICTION

        show_json(PREDICTION.to_data(found))
    else:
        _show(found)


def _show(prediction: "Prediction") -> None:
    heads: dict[str, None] = {}
    rows = []
    for photo in prediction.photos:
        for number, shown in enumerate(photo.shown, 1):
            heads |= dict.fromkeys(shown.answers)
            which = [str(number)] if prediction.detector else []
            rows.append((photo.path, *which, *map(prediction_words, shown.answers.values())))
    if rows:
        show_table(*rows, head=("photo", *(["face"] if prediction.detector else []), *heads))
    for photo in prediction.photos:
        if not photo.problem and not photo.shown:
            show_note(f"No face was found in {photo.path}.")
    show_notes(prediction.notes)
    if not rows:
        show_hint("If the pictures show faces that are cut out closely, take them whole: --whole")


def prediction_words(said: "ClassPrediction | ValuePrediction") -> str:
    """One prediction for people: "happy 93 %", "31.0 years"."""
    from closeup.workbench.predict import ClassPrediction

    if isinstance(said, ClassPrediction):
        return f"{said.name} {said.probability:.0%}".replace("%", " %")
    return f"{said.value:.1f} {said.unit}".strip()
