"""`closeup gallery evaluate`: how well the models tell people apart, on somebody's own photos."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from closeup.cli.flags import AsJson, Quiet
from closeup.cli.gallery_options import Models
from closeup.cli.gallery_words import percent
from closeup.cli.output import show_json, show_note, show_table
from closeup.cli.progress_bar import progress_bar

if TYPE_CHECKING:
    from closeup.features.gallery.evaluate import PairsEvaluation

app = typer.Typer()


@app.command()
def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Photos: DIR/NAME/NAME_0001.jpg.", show_default=False)],
    pairs: Annotated[Path, typer.Option(metavar="FILE", help="The list of pairs, as LFW's pairs.txt.")],
    models: Models = "auto",
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Measure how often two photos are judged rightly to show one person, on a list of pairs with folds.

    The first line of the list has the number of folds and of pairs in each. The threshold of each fold is read off the
    others.
    """
    from closeup.features.gallery.evaluate import evaluate_pairs, evaluation_table
    from closeup.perception.analyzer import Analyzer

    with progress_bar(pairs.name, quiet=quiet) as progress:
        result = evaluate_pairs(Analyzer(models), folder, pairs, progress)
    if as_json:
        show_json(evaluation_table(result))
    else:
        tell(result)


def tell(result: "PairsEvaluation") -> None:
    """Print the figures as a table."""
    rows = [("accuracy", f"{result.accuracy:.4f} ± {result.accuracy_deviation:.4f} over {result.folds} folds")]
    rows += [(f"true accepts at FAR {percent(far)}", f"{tar:.4f}") for far, tar in result.tar_at_far.items()]
    rows += [
        ("equal error rate", f"{result.eer:.4f}"),
        ("faces not found", f"{result.not_found} of {result.photos} photos"),
        ("pairs", str(result.pairs)),
        ("time", f"{1000 * result.seconds_per_photo:.0f} ms a photo"),
        ("models", ", ".join(result.models.values())),
    ]
    show_table(*rows, head=("", "value"))
    if result.lost_pairs:
        show_note(f"{result.lost_pairs} pairs of one person are lost to photos in which no face was found.")
