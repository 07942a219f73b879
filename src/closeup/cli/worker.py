"""`closeup worker`: does the jobs that a server was given."""

import os
import signal
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from closeup.cli.output import one_line, show_note
from closeup.core.settings import default_server_dir

if TYPE_CHECKING:
    from closeup.jobs.worker import Worker

app = typer.Typer()

Data = Annotated[
    Path | None,
    typer.Option("--data", metavar="DIR", help="The server's folder.", show_default="server, in your data folder"),
]


@app.command()
def worker(
    data: Data = None,
    *,
    with_parent: Annotated[
        bool, typer.Option("--with-parent", help="End when the standard input does.", hidden=True)
    ] = False,
) -> None:
    """Do the jobs of `closeup serve`, one at a time, until stopped; it starts one itself.

    More workers do more jobs at once. With CLOSEUP_DATABASE_URL on a PostgreSQL server and the folder on a disk that is
    shared they may run on other machines. A worker that is killed loses nothing: another one takes its job over.
    """
    from closeup.jobs.worker import Worker
    from closeup.storage.jobs import JobStore
    from closeup.storage.server import open_server

    home = (data or default_server_dir()).absolute()
    database = open_server(home)
    worker = Worker(JobStore(database), home)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: worker.stop())
    if with_parent:
        threading.Thread(target=_stop_with_parent, args=(worker,), daemon=True).start()
    else:
        show_note(f"{worker.name} does the jobs in {one_line(database.place)}. Stop it with Ctrl-C.")
    worker.run()


def _stop_with_parent(worker: "Worker") -> None:
    """Wait until the process that started this one is gone, whose end closes the standard input."""
    os.read(0, 1)
    worker.stop()
