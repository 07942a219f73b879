"""`closeup data ...`: look at pictures with labels, cut out faces, split, find and correct wrong labels."""

import typer

from closeup.cli import data_audit, data_boxes, data_corrections, data_crop, data_look, data_split

app = typer.Typer(
    name="data",
    no_args_is_help=True,
    help="Look at pictures with labels, cut out faces, split, find and correct wrong labels.",
)
app.add_typer(data_look.app)
app.add_typer(data_crop.app)
app.add_typer(data_split.app)
app.add_typer(data_boxes.app)
app.add_typer(data_audit.app)
app.add_typer(data_corrections.app)
