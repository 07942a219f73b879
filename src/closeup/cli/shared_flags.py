"""Flags that many commands share, declared once and put onto each command that they mean something to."""

import logging
import platform
import sys
from typing import Annotated, Any, Literal

import typer

from closeup import __version__
from closeup.cli.output import QUIET, be_quiet, is_quiet, show_note
from closeup.core.settings import use
from closeup.weights.device import DEVICES

RUN_NETWORKS = {
    "act compare",
    "act rank",
    "cast",
    "data audit",
    "data crop-faces",
    "demo",
    "doctor",
    "evaluate",
    "faces",
    "gallery enrol",
    "gallery evaluate",
    "gallery identify",
    "gallery import",
    "gallery import-cast",
    "gallery similar",
    "gallery verify",
    "matte",
    "portrait",
    "predict",
    "shorts",
}
"""Commands that run networks, and so take `--device`."""

WRITE_VIDEO = {"act compare", "demo", "doctor", "faces", "portrait", "shorts"}
"""Commands that encode video, and so take `--encoder`."""

Encoder = Literal[
    "auto", "libx264", "openh264", "nvenc", "videotoolbox", "qsv", "amf", "mediafoundation", "vaapi", "svtav1"
]
"""As `media.video_codec.CHOICES`, whose module would load FFmpeg."""

VERBOSE = "Say what is done, with times, on stderr; twice for more."

_HANDLER = "closeup's command line"

SAY_THEMSELVES = {"cast", "demo", "doctor", "shorts"}
"""Commands whose results hold what ran on which device and encoder, and which say it with them."""


def add_shared_flags(command: Any, path: str) -> None:
    """Put the shared flags onto a command, and onto all below it where it is a group.

    Args:
        command: Of Typer's own click.
        path: The words that call it, without the first, "closeup".
    """
    for name, below in getattr(command, "commands", {}).items():
        add_shared_flags(below, f"{path} {name}".strip())
    known = {parameter.name for parameter in command.params}
    wanted = {"device": path in RUN_NETWORKS, "encoder": path in WRITE_VIDEO}
    wanted["quiet"] = wanted["verbose"] = not getattr(command, "commands", None) and bool(path)
    for flag, template in (("device", _device), ("encoder", _encoder), ("quiet", _quiet), ("verbose", _verbose)):
        if wanted[flag] and flag not in known:
            command.params += _flags(template)


def _flags(template: Any) -> list[Any]:
    """The flags that a function declares, as click knows them."""
    one = typer.Typer(add_completion=False)
    one.command()(template)
    return list(typer.main.get_command(one).params)


def hush() -> None:
    """Forget what a command before this one was asked to show."""
    logger = logging.getLogger("closeup")
    ours = [each for each in logger.handlers if each.name == _HANDLER]
    for handler in ours:
        logger.removeHandler(handler)
    if len(ours) > 1:
        logger.setLevel(logging.NOTSET)


def speak_up(verbosity: int) -> None:
    """Show what closeup logs on stderr: warnings as notes; from 1 on what is done too, from 2 on everything."""
    logger = logging.getLogger("closeup")
    ours = [each for each in logger.handlers if each.name == _HANDLER]
    if ours and not verbosity:
        return
    for handler in ours:
        logger.removeHandler(handler)
    handlers: list[logging.Handler] = [_Notes(logging.WARNING)]
    if verbosity:
        handlers.append(logging.StreamHandler())
        handlers[1].setFormatter(logging.Formatter("%(asctime)s %(name)s: %(message)s", "%H:%M:%S"))
        handlers[1].addFilter(lambda record: record.levelno < logging.WARNING)
        logger.setLevel(logging.DEBUG if verbosity > 1 else logging.INFO)
    for handler in handlers:
        handler.name = _HANDLER
        logger.addHandler(handler)
    if verbosity:
        version = platform.python_version()
        logging.getLogger("closeup.cli").info("closeup %s, Python %s, %s", __version__, version, platform.platform())


class _Notes(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        show_note(record.getMessage())


def _use_device(context: typer.Context, value: str | None) -> None:
    if value is not None:
        use("device", value, "--device")
    if context.command_path.split(" ", 1)[-1] not in SAY_THEMSELVES:
        context.call_on_close(lambda: _say_devices(context))


def _use_encoder(value: str | None) -> None:
    if value is not None:
        use("encoder", value, "--encoder")


def _say_devices(context: typer.Context) -> None:
    """Say what ran on which device and encoder, where either was used at all."""
    session, codec = (sys.modules.get(f"closeup.{name}") for name in ("weights.session", "media.video_codec"))
    if not is_quiet():
        for note in (*(session.device_notes() if session else ()), *(codec.encoder_notes() if codec else ())):
            show_note(note)


def _device(
    device: Annotated[
        Literal[DEVICES] | None,  # type: ignore[valid-type]
        typer.Option(
            help="What networks run on; auto takes what ONNX Runtime has, best first.",
            show_default="auto, or CLOSEUP_DEVICE",
            callback=_use_device,
            expose_value=False,
        ),
    ] = None,
) -> None:
    """Declare the flag."""


def _encoder(
    encoder: Annotated[
        Encoder | None,
        typer.Option(
            help="What video is encoded by, tried before it is used; auto takes x264 where it is here.",
            show_default="auto, or CLOSEUP_ENCODER",
            callback=_use_encoder,
            expose_value=False,
        ),
    ] = None,
) -> None:
    """Declare the flag."""


def _quiet(
    quiet: Annotated[
        bool, typer.Option("--quiet", "-q", help=QUIET, show_default=False, callback=be_quiet, expose_value=False)
    ] = False,
) -> None:
    """Declare the flag."""


def _verbose(
    verbose: Annotated[
        int,
        typer.Option(
            "--verbose", "-v", count=True, help=VERBOSE, show_default=False, callback=speak_up, expose_value=False
        ),
    ] = 0,
) -> None:
    """Declare the flag."""
