"""The page of `closeup act live`: the original, the networks and the takes, over a `LoopbackServer`."""

import tempfile
from pathlib import Path
from typing import BinaryIO

from closeup.core.errors import FormatError, InputError
from closeup.documents.act import LIVE_TAKE_JSON, PERFORMANCE_JSON, RANKING_JSON
from closeup.features.act.live import LiveStage, page_models
from closeup.server.loopback import LoopbackServer, built_files

PAGE = "/act-live.html"

MOST_BYTES = 1 << 30
"""What a take may hold: an hour of what browsers record."""

MOST_CURVES = 16 << 20
"""What its curves may hold, the first line of what the page sends."""

_TAKE_FILES = ("act.json", "attempt.performance.json")


def live_server(stage: LiveStage, port: int = 0) -> LoopbackServer:
    """Make the server of a stage's page; it listens already, on a free port where `port` is 0.

    Raises:
        InputError: If the page is not built.
        ModelError: If a network is not there.
        OSError: If the port is taken.
    """
    files: dict[str, Path | bytes] = dict(built_files(PAGE))
    for name, (described, path) in page_models().items():
        files |= {f"/models/{name}.json": described, f"/models/{name}.onnx": path}
    files |= {"/original": stage.original.path, "/original.json": PERFORMANCE_JSON.encode(stage.original.performance)}

    def find(address: str) -> Path | bytes | None:
        if address == "/takes.json":
            return _board(stage)
        if address.startswith("/takes/"):
            return _of_take(stage, *address.removeprefix("/takes/").partition("/")[::2])
        return files.get(address)

    def receive(address: str, content: BinaryIO, length: int) -> bytes | None:
        if address != "/takes":
            return None
        _keep(stage, content, length)
        return _board(stage)

    return LoopbackServer(Path(str(files[PAGE])), find, receive, most_bytes=MOST_BYTES, port=port)


def _board(stage: LiveStage) -> bytes:
    ranking = stage.ranking()
    return b"null" if ranking is None else RANKING_JSON.encode(ranking)


def _of_take(stage: LiveStage, number: str, name: str) -> Path | None:
    """A file of a take, by names that a take has: "video" is its recording."""
    ranking = stage.ranking()
    row = next((row for row in ranking.attempts if row.folder == number), None) if ranking else None
    if row is None or row.folder is None:
        return None
    if name == "video":
        return stage.folder / row.video
    return stage.folder / row.folder / name if name in _TAKE_FILES else None


def _keep(stage: LiveStage, content: BinaryIO, length: int) -> None:
    """Keep what the page sends: the take's curves as JSON in one line, and behind it the recording."""
    line = content.readline(min(length, MOST_CURVES))
    if not line.endswith(b"\n"):
        raise FormatError("A take begins with a line of JSON.")
    take = LIVE_TAKE_JSON.decode(line, "The take")
    with tempfile.NamedTemporaryFile(prefix="closeup-take-") as file:
        left = length - len(line)
        while left > 0 and (block := content.read(min(left, 1 << 20))):
            file.write(block)
            left -= len(block)
        file.flush()
        if left > 0:
            raise InputError("The take did not arrive whole.", "Play it again.")
        stage.keep(take, Path(file.name))
