"""`closeup gallery ...`: people known by face."""

import typer

from closeup.cli import gallery_answers, gallery_enrol, gallery_identify, gallery_people

app = typer.Typer(
    name="gallery",
    no_args_is_help=True,
    help="Enrol people by their faces, recognise them, find look-alikes.",
)
app.add_typer(gallery_enrol.app)
app.add_typer(gallery_identify.app)
app.add_typer(gallery_answers.app)
app.add_typer(gallery_people.app)
