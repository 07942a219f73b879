"""`closeup gallery verify | similar | map | evaluate`: who is like whom, and how well that is told."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from closeup.cli.flags import AsJson, Given, Quiet, with_flags
from closeup.cli.gallery_words import percent, similarity_words
from closeup.cli.output import one_line, show_json, show_note, show_notes, show_table
from closeup.cli.progress_bar import progress_bar
from closeup.features.gallery.options import AskOptions
from closeup.jobs.work import work

if TYPE_CHECKING:
    from closeup.documents.gallery import LookAlikes, PairsEvaluation

app = typer.Typer()

Photo = Annotated[Path, typer.Argument(metavar="PHOTO", show_default=False)]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")]


@app.command()
@with_flags(AskOptions, leave_out=("top",))
def verify(
    a: Annotated[Path, typer.Argument(metavar="A", help="A photo with one face.", show_default=False)],
    b: Annotated[Path | None, typer.Argument(metavar="B", help="Another.", show_default=False)] = None,
    name: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="Instead of B: a person who is enrolled.")
    ] = None,
    *,
    given: Given,
    as_json: AsJson = False,
) -> None:
    """Say whether two photos show one person, or a photo a person who is enrolled."""
    if (b is None) == (name is None):
        raise typer.BadParameter("give another photo, or --as NAME.", param_hint="B")
    result = work("gallery.verify")(a=a, b=b, name=name, options=AskOptions(**given))
    if as_json:
        from closeup.documents.gallery import PAIR

        show_json(PAIR.to_data(result))
        return
    typer.echo(f"{'The same person' if result.same else 'Two different people'}: {similarity_words(result)}")


@app.command()
@with_flags(AskOptions)
def similar(
    photo: Photo,
    folder: Annotated[
        Path | None,
        typer.Option("--in", metavar="DIR|ZIP", help="Compare with the pictures in it, not the gallery."),
    ] = None,
    sheet: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a picture sheet too, as HTML.")] = None,
    *,
    given: Given,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Find who looks most like the face in a photo: in the gallery, or in a folder of pictures."""
    from closeup.features.gallery.similar import left_out

    with progress_bar(folder.name if folder else photo.name, quiet=quiet or as_json) as progress:
        found = work("gallery.similar")(
            photo=photo,
            folder=folder,
            options=AskOptions(**given),
            sheet=sheet,
            overwrite=overwrite,
            progress=progress,
        )
    show_notes(left_out(found), in_json=as_json)
    if as_json:
        from closeup.documents.gallery import ALIKES

        show_json(ALIKES.to_data(found))
        return
    _tell_alikes(found)
    if sheet is not None:
        typer.echo(f"Sheet: {one_line(str(sheet))}")


def _tell_alikes(found: "LookAlikes") -> None:
    rows = [
        (str(number), a.name, f"{a.similarity:.3f}", f"{a.distance:.3f}", "as one person" if a.same else "")
        for number, a in enumerate(found.found, 1)
    ]
    show_table(*rows, head=("", "who", "similarity", "distance", ""))
    typer.echo(f"Threshold {found.threshold:.3f}, reached by {percent(found.far)} of pairs of strangers.")


@app.command("map")
@with_flags(AskOptions, leave_out=("far", "top", "largest"))
def draw_map(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Write the page there.")] = Path(
        "map.html"
    ),
    folder: Annotated[
        Path | None, typer.Option("--in", metavar="DIR|ZIP", help="Draw the faces in the pictures in it instead.")
    ] = None,
    *,
    given: Given,
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Draw everybody on a map by likeness (PCA and t-SNE): one page that needs nothing beside itself."""
    with progress_bar("map", quiet=quiet) as progress:
        drawn = work("gallery.map")(
            output=output, folder=folder, options=AskOptions(**given), overwrite=overwrite, progress=progress
        )
    typer.echo(f"{drawn.faces} faces of {drawn.people} people: {one_line(str(output))}")
    show_notes(drawn.notes)


@app.command()
@with_flags(AskOptions, leave_out=("far", "top", "largest"))
def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Photos: DIR/NAME/NAME_0001.jpg.", show_default=False)],
    pairs: Annotated[Path, typer.Option(metavar="FILE", help="The list of pairs, as LFW's pairs.txt.")],
    *,
    given: Given,
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Measure how often two photos are judged rightly to show one person, on a list of pairs with folds.

    The first line of the list has the number of folds and of pairs in each. The threshold of each fold is read off the
    others.
    """
    with progress_bar(pairs.name, quiet=quiet) as progress:
        result = work("gallery.evaluate")(folder=folder, pairs=pairs, options=AskOptions(**given), progress=progress)
    if as_json:
        from closeup.documents.gallery import EVALUATION

        show_json(EVALUATION.to_data(result))
    else:
        _tell_evaluation(result)


def _tell_evaluation(result: "PairsEvaluation") -> None:
    rows = [("accuracy", f"{result.accuracy:.4f} ± {result.accuracy_deviation:.4f} over {result.folds} folds")]
    rows += [(f"true accepts at FAR {percent(float(far))}", f"{tar:.4f}") for far, tar in result.tar_at_far.items()]
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
