"""`closeup gallery verify | similar | map`: who is like whom."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from closeup.cli.exit_codes import count_losses
from closeup.cli.flags import AsJson, Quiet
from closeup.cli.gallery_options import Far, Largest, Models
from closeup.cli.gallery_words import percent, similarity_words
from closeup.cli.output import (
    one_line,
    show_json,
    show_note,
    show_table,
)
from closeup.cli.progress_bar import progress_bar
from closeup.core.errors import OutputError
from closeup.features.gallery.options import FAR, TOP

if TYPE_CHECKING:
    from closeup.features.gallery.similar import LookAlikes

app = typer.Typer()

Photo = Annotated[Path, typer.Argument(metavar="PHOTO", show_default=False)]
Overwrite = Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")]


@app.command()
def verify(
    a: Annotated[Path, typer.Argument(metavar="A", help="A photo with one face.", show_default=False)],
    b: Annotated[Path | None, typer.Argument(metavar="B", help="Another.", show_default=False)] = None,
    name: Annotated[
        str | None, typer.Option("--as", metavar="NAME", help="Instead of B: a person who is enrolled.")
    ] = None,
    far: Far = FAR,
    largest: Largest = False,
    models: Models = "auto",
    as_json: AsJson = False,
) -> None:
    """Say whether two photos show one person, or a photo a person who is enrolled."""
    if (b is None) == (name is None):
        raise typer.BadParameter("give another photo, or --as NAME.", param_hint="B")
    from closeup.features.gallery import verify as feature
    from closeup.perception.analyzer import Analyzer

    analyzer = Analyzer(models)
    if b is not None:
        result, other = feature.verify(analyzer, a, b, far, largest=largest), str(b)
    else:
        from closeup.storage.gallery import open_gallery

        with open_gallery() as store:
            assert name is not None
            result, other = feature.verify_identity(store, analyzer, a, name, far, largest=largest), name
    if as_json:
        from closeup.features.gallery import answers

        show_json(answers.PAIR.to_data(answers.pair_answer(result, str(a), other)))
        return
    typer.echo(f"{'The same person' if result.same else 'Two different people'}: {similarity_words(result)}")


@app.command()
def similar(
    photo: Photo,
    top: Annotated[int, typer.Option(metavar="N", help="How many to list.")] = TOP,
    folder: Annotated[
        Path | None, typer.Option("--in", metavar="DIR|ZIP", help="Compare with the pictures in it, not the gallery.")
    ] = None,
    sheet: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a picture sheet too, as HTML.")] = None,
    overwrite: Overwrite = False,
    far: Far = FAR,
    largest: Largest = False,
    models: Models = "auto",
    quiet: Quiet = False,
    as_json: AsJson = False,
) -> None:
    """Find who looks most like the face in a photo: in the gallery, or in a folder of pictures."""
    from closeup.features.gallery import similar as feature
    from closeup.perception.analyzer import Analyzer

    _check_free(sheet, overwrite=overwrite)
    analyzer = Analyzer(models)
    if folder is not None:
        with progress_bar(folder.name, quiet=quiet or as_json) as progress:
            found = feature.similar_in(folder, analyzer, photo, top, far, progress=progress)
    else:
        from closeup.storage.gallery import open_gallery

        with open_gallery() as store:
            found = feature.similar(store, analyzer, photo, top, far, largest=largest)
    if sheet is not None:
        from closeup.core.whole import write_whole

        write_whole(sheet, found.sheet().encode())
    _tell_alikes(found, as_json=as_json)
    count_losses(found.unreadable)
    if sheet is not None and not as_json:
        typer.echo(f"Sheet: {one_line(str(sheet))}")


def _tell_alikes(found: "LookAlikes", *, as_json: bool) -> None:
    if as_json:
        from closeup.features.gallery import answers

        show_json(answers.ALIKES.to_data(answers.alikes_answer(found)))
        return
    rows = [
        (str(number), a.name, f"{a.similarity:.3f}", f"{a.distance:.3f}", "as one person" if a.same else "")
        for number, a in enumerate(found.found, 1)
    ]
    show_table(*rows, head=("", "who", "similarity", "distance", ""))
    typer.echo(f"Threshold {found.threshold:.3f}, reached by {percent(found.far)} of pairs of strangers.")
    for note in found.left_out:
        show_note(note)


@app.command("map")
def draw_map(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="FILE", help="Write the page there.")] = Path(
        "map.html"
    ),
    folder: Annotated[
        Path | None, typer.Option("--in", metavar="DIR|ZIP", help="Draw the faces in the pictures in it instead.")
    ] = None,
    overwrite: Overwrite = False,
    models: Models = "auto",
    quiet: Quiet = False,
) -> None:
    """Draw everybody on a map by likeness (PCA and t-SNE): one page that needs nothing beside itself."""
    from closeup.core.whole import write_whole
    from closeup.features.gallery.mapping import map_folder, map_gallery
    from closeup.perception.analyzer import Analyzer

    _check_free(output, overwrite=overwrite)
    with progress_bar("map", quiet=quiet) as progress:
        if folder is not None:
            drawn = map_folder(folder, Analyzer(models), progress=progress)
        else:
            from closeup.storage.gallery import open_gallery

            with open_gallery() as store:
                drawn = map_gallery(store, Analyzer(models), progress=progress)
    write_whole(output, drawn.html.encode())
    typer.echo(f"{drawn.faces} faces of {drawn.people} people: {one_line(str(output))}")
    for note in drawn.notes:
        show_note(note)
    count_losses(drawn.unreadable)


def _check_free(path: Path | None, *, overwrite: bool) -> None:
    """Make sure that a page can be written, before the work for it."""
    if path is not None and path.exists() and not overwrite:
        raise OutputError(f"{path} exists already.", "Add --overwrite to replace it, or choose another place.")
