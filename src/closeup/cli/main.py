"""The command `closeup`: its sub-commands, and the one place where failures become sentences and exit codes."""

import logging
import os
import shlex
import signal
import sys
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path
from types import FrameType
from typing import Annotated, Any, NoReturn

import typer
from typer.core import TyperGroup

from closeup import __version__
from closeup.cli import cast, demo, doctor, evaluate, export, faces, portrait, predict, reel, shorts, train, worker
from closeup.cli.config_file import NAME, as_default_map, called, read_defaults, use_settings
from closeup.cli.exit_codes import (
    EXIT_BROKEN_PIPE,
    EXIT_COULD_NOT,
    EXIT_INTERRUPTED,
    EXIT_LOSSES,
    EXIT_UNEXPECTED,
    taken_losses,
)
from closeup.cli.output import show_error, show_note, usage_words
from closeup.cli.shared_flags import VERBOSE, add_shared_flags, hush, speak_up
from closeup.core.errors import CloseupError
from closeup.core.interrupts import REQUESTS
from closeup.core.settings import use

_LOG = logging.getLogger("closeup.cli")

ONE_REQUEST_S = 2.0
"""Impatient people press Ctrl-C more than once; what comes within this time of the first press is part of it."""


class Stop:
    """Answers requests to stop: the first ends the work, and those just after it do not disturb the tidying up.

    Attributes:
        asked: Number of the signal that came, or None while there was none.
    """

    def __init__(self) -> None:
        self.asked: int | None = None
        self._last_s = 0.0

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Handle a signal."""
        now_s = time.monotonic()
        if self.asked is not None and now_s - self._last_s < ONE_REQUEST_S:
            return
        self.asked, self._last_s = number, now_s
        if number == signal.SIGINT:
            raise KeyboardInterrupt
        sys.exit(128 + number)


STOP = Stop()
"""What `run` puts in the place of Python's own handlers."""


@contextmanager
def boundary(*, debug: bool) -> Iterator[None]:
    """Whatever goes wrong inside becomes a sentence on stderr and an exit code.

    Exit codes: those of `exit_codes`; 2 for what the user can mend (`CloseupError`), 3 where losses were counted.

    Args:
        debug: Show the traceback first.
    """
    taken_losses()
    try:
        yield
        sys.stdout.flush()
        if taken_losses():
            raise typer.Exit(EXIT_LOSSES)
    except (typer.Exit, typer.Abort):
        raise  # Typer's own, as of --help
    except typer.TyperException as error:  # a wrong flag or value, which Typer shows
        error.message = usage_words(error.message)
        raise
    except KeyboardInterrupt:
        raise _interrupted() from None
    except BrokenPipeError:
        _leave_pipe()
    except Exception as error:  # noqa: BLE001 - the one place where everything must become a sentence
        if debug:
            traceback.print_exc()
        if STOP.asked is not None:  # C code that is interrupted, as while a module loads, fails in its own words
            raise _interrupted() from None
        known = isinstance(error, CloseupError)
        show_error(error if isinstance(error, CloseupError) else _unexpected(error))
        raise typer.Exit(EXIT_COULD_NOT if known else EXIT_UNEXPECTED) from None


def _interrupted() -> typer.Exit:
    typer.echo("Interrupted; nothing half-done was left behind.", err=True)
    return typer.Exit(EXIT_INTERRUPTED if STOP.asked is None else 128 + STOP.asked)


def _leave_pipe() -> NoReturn:
    """Stop quietly: who read our output has gone, and Python must not complain when it flushes at the end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    raise typer.Exit(EXIT_BROKEN_PIPE)


def _unexpected(error: Exception) -> CloseupError:
    """Word a fault of closeup's own like any other, so that the user knows whose it is and what to do."""
    again = shlex.join(["closeup", "--debug", *sys.argv[1:]])
    return CloseupError(
        f"closeup itself failed ({type(error).__name__}: {error}).",
        f"This is a fault in closeup. To see where it is, and to report it: {again}",
    )


LATE = {
    "act": "Compare a performance with the original that it plays, expression by expression.",
    "appraise": "Estimate what things of a table are worth.",
    "checkout": "See what lies on a counter, count it and price it.",
    "data": "Look at pictures with labels, cut out faces, split, find and correct wrong labels.",
    "runs": "List, show, compare and export runs: trainings, and fits of recommend, appraise and headline.",
    "gallery": "Enrol people by their faces, recognise them, find look-alikes.",
    "people": "See and correct the people in a result folder.",
    "models": "List, fetch and check the models.",
    "headline": "Name a text or a broadcast, and sum it up: closeup headline FILE.",
    "serve": "Serve all this to browsers and programs, with tokens: closeup serve.",
    "recommend": "Recommend items from what people took, and say why.",
}
"""Groups of commands, each a module here, that are loaded when one of theirs is called: no command waits for another's
imports."""


class CommandLine(TyperGroup):
    """All commands, with the boundary around each, however it is started."""

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        add_shared_flags(self, "")

    def invoke(self, ctx: Any) -> Any:
        """Run the command that `ctx` names, inside the boundary."""
        with boundary(debug=bool(ctx.params.get("debug"))):
            hush()
            speak_up(ctx.params.get("verbose") or 0)
            self._use_defaults(ctx)
            begun = time.monotonic()
            try:
                return super().invoke(ctx)
            finally:
                _LOG.info("%s ends after %.1f s", ctx.invoked_subcommand, time.monotonic() - begun)

    def _use_defaults(self, ctx: Any) -> None:
        """Put the defaults of closeup.toml below what is typed, and say which there are."""
        ctx.obj = defaults = read_defaults(self, Path.cwd())
        ctx.default_map = as_default_map(defaults)
        use_settings(defaults)
        words = [*ctx._protected_args, *ctx.args]
        own = ((), called(self, words))
        used = [each for each in defaults if each.counts and each.place[:-1] in own]
        if used and words[:1] != ["doctor"] and not {"-q", "--quiet", "--help", "-h"} & set(words):
            names = ", ".join(".".join(each.place) for each in used)
            show_note(f"Defaults of {NAME}: {names} ({used[0].origin.rpartition(', ')[0]}).")

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Find the command that `args` begin with; a late group is loaded now."""
        self.load(args[0])
        return super().resolve_command(ctx, args)

    def load(self, name: str) -> None:
        """Put a late group in the place of the line that stands for it in the help."""
        if name in LATE:
            self.commands[name] = typer.main.get_group(import_module(f"closeup.cli.{name}").app)
            add_shared_flags(self.commands[name], name)


app = typer.Typer(
    cls=CommandLine,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.add_typer(cast.app)
app.add_typer(shorts.app)
app.add_typer(reel.app)
app.add_typer(demo.app)
for _commands in (faces, portrait, train, predict, evaluate, export, doctor, worker):
    app.add_typer(_commands.app)
for _name, _help in LATE.items():
    app.add_typer(typer.Typer(), name=_name, help=_help)


def command_line() -> CommandLine:
    """The whole command line with every group loaded, for the pages that are made from it."""
    whole = typer.main.get_command(app)
    assert isinstance(whole, CommandLine)
    for name in LATE:
        whole.load(name)
    return whole


def _say_version(asked: bool) -> None:
    if asked:
        typer.echo(f"closeup {__version__}")
        raise typer.Exit


@app.callback()
def closeup(
    version: Annotated[
        bool, typer.Option("--version", callback=_say_version, is_eager=True, help="Say the version and stop.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
    verbose: Annotated[int, typer.Option("--verbose", "-v", count=True, help=VERBOSE, show_default=False)] = 0,
    commercial_only: Annotated[
        bool, typer.Option("--commercial-only", help="Refuse models whose terms bar commercial use.")
    ] = False,
) -> None:
    """Find, follow and film the people in your pictures and video, on your own machine."""
    if commercial_only:
        use("commercial_only", "1", "--commercial-only")


def run() -> None:
    """Start the command line; Ctrl-C and a request to stop from outside (SIGTERM) are obeyed with tidying up."""
    for number in REQUESTS:
        if signal.getsignal(number) != signal.SIG_IGN:  # as under nohup
            signal.signal(number, STOP)
    try:
        app()
    except KeyboardInterrupt:  # before the boundary: no work had begun
        sys.exit(EXIT_INTERRUPTED)
    finally:
        # Python's own end: the result is there or has been tidied away, and there is nothing left to stop.
        for number in REQUESTS:
            signal.signal(number, signal.SIG_IGN)
