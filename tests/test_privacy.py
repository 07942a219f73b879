"""Nothing leaves the machine: the main commands in an empty home, with the network and all files watched."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import cv2
import pytest

import stills
from closeup.workbench.recipes.recipe_file import recipe_to_toml
from features.appraise.houses import house_rows, write_rows
from features.recommend import plays
from media.odd_video import write_video
from workbench.training.shades import shades_recipe, write_shades

GUARD = '''
import json, os, sys

def watch(event, arguments):
    """Record what reaches beyond this machine, and refuse it."""
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg"):
        target = arguments[1]
        if not isinstance(target, tuple) or target[0] in ("127.0.0.1", "::1", "localhost"):
            return
    elif event == "socket.getaddrinfo":
        target = arguments[0]
        if target in (None, "", "127.0.0.1", "::1", "localhost"):
            return
    elif event in ("socket.gethostbyname", "socket.gethostbyaddr"):
        target = arguments[0]
    else:
        return
    with open(os.environ["WATCH_LOG"], "a") as log:
        log.write(json.dumps([event, str(target)]) + "\\n")
    raise OSError(f"the network is watched, and {event} wanted {target}")

sys.addaudithook(watch)
'''
"""The module sitecustomize of the processes that are watched; the audit hook hears C code of Python's own too."""

COMMANDS = """
import sys
from closeup.__main__ import main

for words in sys.argv[1:]:
    sys.argv = ["closeup", *words.split()]
    try:
        main()
    except SystemExit as done:
        if done.code:
            sys.exit(f"closeup {words} ended with {done.code}")
"""
"""Runs commands one after the other in a process: most of their time is that of loading."""

LOOKING = (
    "models list",
    "cast clip.mp4",
    "shorts clip.cast --person p1 --min-length 1 --max-length 2 --plan",
    "faces grace.png",
    "gallery enrol Grace grace.png",
    "gallery identify grace.png",
)
PRICING = (
    "appraise look houses.csv --target price -o prices",
    "appraise fit houses.csv --target price --trials 1 -o appraiser",
    "appraise predict appraiser houses.csv -o worth.csv",
    "appraise evaluate appraiser houses.csv",
)
LEARNING = ("data look shades/labels.csv -o look", "train shades.toml", "predict last shades/001.png", "export last")

RECOMMENDING = (
    "recommend look plays.csv -o plays.look",
    "recommend fit plays.csv -o plays.model --factors 4 --check",
    "recommend for plays.model u01",
    "recommend explain plays.model u01 i00",
    "recommend similar plays.model i01",
    "recommend evaluate plays.model more.csv",
    "recommend add plays.model more.csv",
)

KEPT = (".cache/closeup", ".local/share/closeup", ".cache/matplotlib")
"""The folders below the home that docs/concepts/privacy.md names."""

TRACED = "trace=%network,open,openat,creat"
OPENED = re.compile(r'(?:openat|open|creat)\((?:AT_FDCWD, |\d+, )?"([^"]*)"(.*)\) += \d+')
OUTWARD = re.compile(r"(?:connect|sendto|sendmsg|sendmmsg)\(.*sa_family=AF_INET6?,")
LOOKUPS = ("/etc/resolv.conf", "/etc/hosts")
"""What the system's library reads when it looks a name up."""


def _tracer() -> str | None:
    """The program strace, where it is there and may watch."""
    found = shutil.which("strace")
    if found and subprocess.run([found, "-o", os.devnull, "true"], capture_output=True, check=False).returncode == 0:
        return found
    return None


TRACER = _tracer()


class Outing:
    """A place where commands run as on a new machine: an empty home, a folder to work in, and a log of it all."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.home, self.work, self.temporary = folder / "home", folder / "work", folder / "temporary"
        for place in (self.home, self.work, self.temporary, folder / "guard"):
            place.mkdir()
        (folder / "guard" / "sitecustomize.py").write_text(GUARD)

    def run(self, *commands: str) -> None:
        """Run them in a process as from the shell of a person who has set nothing, and watch it."""
        variables = {
            "HOME": str(self.home),
            "PATH": os.environ["PATH"],
            "PYTHONDONTWRITEBYTECODE": "1",
            "PYTHONPATH": str(self.folder / "guard"),
            "TMPDIR": str(self.temporary),
            "WATCH_LOG": str(self.folder / "reached"),
        }
        command = [sys.executable, "-c", COMMANDS, *commands]
        if TRACER:
            log = str(self.folder / f"trace-{len(list(self.folder.glob('trace-*')))}")
            command = [TRACER, "-f", "--seccomp-bpf", "-e", TRACED, "-e", "signal=none", "-o", log, *command]
        done = subprocess.run(command, cwd=self.work, env=variables, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr

    def reached(self) -> list[str]:
        """What Python wanted of the network."""
        log = self.folder / "reached"
        return log.read_text().splitlines() if log.exists() else []

    def left(self) -> set[str]:
        """The files in the home and the temporary folder that privacy.md does not name."""
        files = [path for place in (self.home, self.temporary) for path in place.rglob("*") if path.is_file()]
        named = [self.home / folder for folder in KEPT]
        return {str(path) for path in files if not any(path.is_relative_to(folder) for folder in named)}

    def traced(self) -> set[str]:
        """Calls of native code, too, that reach out, look a name up, or write a file that privacy.md does not name."""
        faults = set()
        for log in self.folder.glob("trace-*"):
            for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
                opened = OPENED.search(line)
                outward = OUTWARD.search(line) or (opened and opened[1] in LOOKUPS)
                written = opened and "O_CREAT" in opened[2] and not self._is_named(Path(opened[1]))
                if outward or written:
                    faults.add(line.partition(" ")[2].strip())
        return faults

    def _is_named(self, path: Path) -> bool:
        kept = [*(self.home / folder for folder in KEPT), self.work, self.temporary, Path("/dev")]
        return any((self.work / path).is_relative_to(folder) for folder in kept)


@pytest.fixture(scope="module")
def outing(tmp_path_factory: pytest.TempPathFactory) -> Outing:
    """The main commands have run."""
    outing = Outing(tmp_path_factory.mktemp("outing"))
    portrait = stills.at_scale(stills.hopper(), 0.5)
    cv2.imwrite(str(outing.work / "grace.png"), portrait[..., ::-1])
    write_video(outing.work / "clip.mp4", [portrait] * 50)
    (outing.work / "shades.toml").write_text(recipe_to_toml(shades_recipe(write_shades(outing.work / "shades"))))
    plays.write(outing.work / "plays.csv", [line for line in plays.rows() if line[:2] != ("u01", "i00")])
    plays.write(outing.work / "more.csv", plays.rows(seed=1))
    outing.run(*LOOKING)
    outing.run(*LEARNING)
    outing.run(*RECOMMENDING)
    write_rows(outing.work / "houses.csv", house_rows(40))
    outing.run(*PRICING)
    return outing


def test_python_reaches_nothing_beyond_this_machine(outing: Outing) -> None:
    assert outing.reached() == []


def test_no_file_is_left_but_where_the_page_on_privacy_says(outing: Outing) -> None:
    assert outing.left() == set()


@pytest.mark.skipif(not TRACER, reason="needs strace, with the right to trace: apt install strace")
def test_native_code_reaches_nothing_and_writes_nowhere_else(outing: Outing) -> None:
    assert outing.traced() == set()
