"""`closeup serve`: a server on this machine, and the tokens that let others in."""

import logging
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from closeup.cli.flags import RUNS, AsJson, FirstByDefault
from closeup.cli.output import one_line, show_hint, show_json, show_note, show_table
from closeup.cli.worker import Data
from closeup.core.errors import InputError
from closeup.core.settings import default_server_dir
from closeup.documents.server import AUDIT, KEY, NEW_TOKEN, SCOPES

if TYPE_CHECKING:
    from closeup.server.premises import Premises

PORT = 8460
HERE = "the command line"


class ServeByDefault(FirstByDefault):
    """A group whose first command need not be named, nor given anything."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Put the first command's name before arguments that name none, and where there are none."""
        return super().parse_args(ctx, args or [next(iter(self.commands))])


app = typer.Typer(cls=ServeByDefault, help="Serve all this to browsers and programs, with tokens: closeup serve.")


@app.command("run")
def run(
    data: Data = None,
    *,
    host: Annotated[str, typer.Option(metavar="ADDRESS", help="Where to listen.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, metavar="N", help="Port to listen at.")] = PORT,
    url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="How others reach it: https://closeup.example", show_default=False),
    ] = None,
    workers: Annotated[int, typer.Option(min=0, max=64, metavar="N", help="How many jobs are done at once.")] = 1,
    quota_gb: Annotated[
        float, typer.Option("--quota", min=0.001, metavar="GB", help="How much may be uploaded.")
    ] = 100,
    watch: Annotated[
        list[Path] | None,
        typer.Option(
            metavar="DIR",
            exists=True,
            file_okay=False,
            help="Take videos and photos of this folder as they come, and cast the videos; again for more.",
            show_default="none",
        ),
    ] = None,
    runs: Annotated[
        Path, typer.Option(metavar="DIR", help="Folder of the runs, and of audits, that the browser shows.")
    ] = RUNS,
    webhook: Annotated[
        list[str] | None,
        typer.Option(metavar="URL", help="Tell this address when a job ends; again for more.", show_default="none"),
    ] = None,
) -> None:
    """Serve this machine's browser, by a link that works once; others by tokens. The word `run` may be left out.

    On 127.0.0.1 nobody else can reach it. Elsewhere put a proxy with TLS before it, and say its address as --url.
    """
    from closeup.server.premises import Premises
    from closeup.server.run import doors_of, import_server, one_time_link, serve
    from closeup.server.webhooks import KEY_FILE, checked_address

    import_server()
    hooks = tuple(map(checked_address, webhook or ()))
    doors = doors_of(host, port, url, round(quota_gb * 1e9))
    place = Premises(data or default_server_dir(), doors, runs)
    logging.getLogger("uvicorn").setLevel(logging.WARNING)
    try:
        base = url.rstrip("/") if url else f"http://{'[' + host + ']' if ':' in host else host}:{port}"

        def ready() -> None:
            typer.echo(f"Open this within 15 minutes; it works once:\n\n  {one_time_link(place, base)}\n")
            show_note(f"Results are kept in {one_line(str(place.data))}. Stop the server with Ctrl-C.")
            if hooks:
                show_note(f"{len(hooks)} webhooks are told of jobs that end, signed by the key in {KEY_FILE} there.")
            if base.startswith("http://") and url is not None:
                show_note("Without https, names and pictures can be read on their way. Put a proxy with TLS before it.")

        command = [sys.executable, "-m", "closeup", "worker", "--with-parent", "--data", str(place.data)]
        serve(place, host, port, workers=workers, command=command, ready=ready, webhooks=hooks, watched=watch or ())
    finally:
        place.close()


@app.command("token")
def token(
    name: Annotated[str, typer.Argument(metavar="NAME", help="Who or what it is for.", show_default=False)],
    scope: Annotated[
        list[str] | None,
        typer.Option(metavar="SCOPE", help=f"What it may: {', '.join(SCOPES)}; again for more.", show_default="read"),
    ] = None,
    days: Annotated[int | None, typer.Option(min=1, max=3650, metavar="N", help="How long it counts.")] = None,
    data: Data = None,
) -> None:
    """Make a token for a program, or for somebody on another machine; it is shown this once."""
    given = NEW_TOKEN.from_data({"name": name, "scopes": scope or ["read"], "days": days})
    place = _place(data)
    lasts = None if given.days is None else timedelta(days=given.days)
    record, secret = place.access.make(given.name, "token", dict.fromkeys(given.scopes), lasts=lasts)
    place.access.note([(HERE, "make token", record.id)])
    typer.echo(secret)
    show_hint("Keep it like a password: Authorization: Bearer TOKEN, or typed into the page /enter.")


@app.command("tokens")
def tokens(data: Data = None, as_json: AsJson = False) -> None:
    """List tokens and sessions."""
    keys = _place(data).access.all()
    if as_json:
        show_json([KEY.to_data(key) for key in keys])
        return
    rows = [
        (
            key.name,
            key.kind,
            " ".join(key.scopes),
            *(f"{at:%Y-%m-%d}" if at else "" for at in (key.created_at, key.used_at, key.expires_at)),
            key.id,
        )
        for key in keys
    ]
    show_table(*rows, head=("name", "", "scopes", "made", "used", "until", "id"), unbroken=(6,))


@app.command("revoke")
def revoke(
    key: Annotated[str, typer.Argument(metavar="ID", help="As `closeup serve tokens` gives it.", show_default=False)],
    data: Data = None,
) -> None:
    """End a token or a session at once, with the sessions that were opened by it."""
    place = _place(data)
    if not place.access.revoke(key):
        raise InputError("There is no such token or session.")
    place.access.note([(HERE, "revoke", key)])
    typer.echo("It opens nothing any more.")


@app.command("audit")
def audit(
    data: Data = None,
    count: Annotated[int, typer.Option(min=1, max=100_000, metavar="N", help="How many entries.")] = 50,
    as_json: AsJson = False,
) -> None:
    """Show who saw, named and deleted whom, newest first."""
    entries = _place(data).access.log(count)
    if as_json:
        show_json([AUDIT.to_data(entry) for entry in entries])
        return
    rows = [(f"{each.at:%Y-%m-%d %H:%M:%S}", each.who, each.action, each.subject) for each in entries]
    show_table(*rows, head=("when (UTC)", "who", "did", "with"), unbroken=(0,))


def _place(data: Path | None) -> "Premises":
    from closeup.server.premises import Doors, Premises

    return Premises(data or default_server_dir(), Doors(frozenset(), frozenset()))
