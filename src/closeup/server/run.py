"""Running a server: one process that answers, and workers as its children, which are started again when they die."""

import gc
import logging
import socket
import subprocess
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from closeup.core.errors import DependencyError, InputError
from closeup.server.premises import Doors, Premises, is_loopback
from closeup.storage.access import LINK

_LOG = logging.getLogger("closeup.server")

AGAIN_S = 1.0
"""A worker that has died is started again after so long, and longer each time that it dies at once."""

MOST_CONNECTIONS = 600


def doors_of(host: str, port: int, url: str | None, quota_bytes: int) -> Doors:
    """Who may knock at a server that listens at `host`.

    Args:
        url: How people reach it from elsewhere, "https://closeup.example"; None where only this machine does.

    Raises:
        InputError: If it would be reached from elsewhere and nobody says by which address.
    """
    mine = {f"{name}:{port}" for name in ("127.0.0.1", "localhost", "[::1]")}
    if port == 80:
        mine |= {"127.0.0.1", "localhost", "[::1]"}
    origins = {f"http://{name}" for name in mine}
    if url is None:
        if not is_loopback(host):
            raise InputError(
                f"{host} is reached from other machines, and a server has to know what they call it.",
                "Say the address that people will type.",
                code="server.url",
                port=port,
            )
        return Doors(frozenset(mine), frozenset(origins), False, quota_bytes)
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/") or "@" in parts.netloc:
        raise InputError(f"{url} is no address of a server.", "Give https:// or http://, a name and perhaps a port.")
    origins.add(f"{parts.scheme}://{parts.netloc.lower()}")
    return Doors(frozenset(mine | {parts.netloc.lower()}), frozenset(origins), parts.scheme == "https", quota_bytes)


def one_time_link(place: Premises, base: str) -> str:
    """A link that lets one browser in, as who owns the machine; its code stands behind the #, where no log sees it."""
    _, secret = place.access.make("this machine", "link", ("admin",), lasts=LINK)
    return f"{base}/enter#{secret}"


class Workers:
    """Worker processes that live as long as the server does."""

    def __init__(self, command: Sequence[str], count: int) -> None:
        self._command = command
        self._ends = threading.Event()
        self._threads = [threading.Thread(target=self._keep, daemon=True) for _ in range(count)]
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """Let them give their jobs back and end."""
        self._ends.set()
        for thread in self._threads:
            thread.join(15)

    def _keep(self) -> None:
        pause_s = AGAIN_S
        while not self._ends.is_set():
            begun_s = time.monotonic()
            process = subprocess.Popen(self._command, stdin=subprocess.PIPE)
            while process.poll() is None and not self._ends.wait(0.2):
                pass
            if self._ends.is_set():
                assert process.stdin is not None
                process.stdin.close()
                try:
                    process.wait(10)
                except subprocess.TimeoutExpired:
                    process.kill()
                return
            _LOG.warning("A worker ended with %s, and is started again.", process.returncode)
            pause_s = AGAIN_S if time.monotonic() - begun_s > 30 else min(60.0, 2 * pause_s)
            self._ends.wait(pause_s)


def serve(
    place: Premises,
    host: str,
    port: int,
    *,
    workers: int,
    command: Sequence[str],
    ready: Callable[[], None],
    webhooks: Sequence[str] = (),
    watched: Sequence[Path] = (),
) -> None:
    """Answer requests until asked to stop, with so many workers, each started by the command.

    Args:
        ready: Is called once whoever knocks is let in, or waits a moment at the door.
        webhooks: Addresses that are told when a job has ended.
        watched: Folders whose videos and photos are taken as they come.

    Raises:
        DependencyError: If a package is not installed.
        InputError: If the address cannot be listened at.
    """
    uvicorn = import_server()
    from closeup.server.app import make_app
    from closeup.server.protocol import LimitedProtocol

    config = uvicorn.Config(
        make_app(place, webhooks, watched),
        host=host,
        port=port,
        log_config=None,
        access_log=False,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        ws="none",
        limit_concurrency=MOST_CONNECTIONS,
        timeout_keep_alive=10,
        timeout_graceful_shutdown=3,
        http=LimitedProtocol,
    )
    listening = _bound(host, port)
    gc.freeze()  # half a million objects that stay: looking through them all halts every answer for a third of a second
    ready()
    running = Workers(command, workers)
    try:
        uvicorn.Server(config).run(sockets=[listening])
    finally:
        running.stop()


def import_server() -> Any:
    """The packages of the extra `server`.

    Raises:
        DependencyError: If one is not installed.
    """
    try:
        import fastapi
        import httptools
        import uvicorn
    except ImportError as error:
        raise DependencyError(
            f"The server needs the package {error.name}, which is not installed.",
            "Install it.",
            code="package.absent",
            extra="server",
        ) from error
    del fastapi, httptools
    return uvicorn


def _bound(host: str, port: int) -> socket.socket:
    try:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        bound = socket.socket(family)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind((host, port))
        bound.listen(MOST_CONNECTIONS)
    except OSError as error:
        raise InputError(f"Cannot listen at {host}, port {port}: {error.strerror}.", "Choose another port.") from error
    return bound
