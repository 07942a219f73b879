"""How fast the live page looks at a camera: pictures a second, and what each costs the worker, in a headless Chromium.

The camera is a file that Chromium shows again and again. Needs `make studio`, and a Chromium. Where
CLOSEUP_RIVALS names the folder of their packages (see live_rivals.py), face-api and human look at the same camera, too.
"""

import os
import re
import sys
import threading
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2

from bench import ROOT, Bench, BenchError
from closeup.core.errors import InputError
from closeup.features.act.live import LiveStage
from closeup.media.video import open_video
from closeup.server.act_live import PAGE, built_files, live_server
from tables import Cell, Claim, Section, Table

sys.path.append(str(ROOT / "tests"))  # where the tests' browser is
from chromium import PROGRAM, Chromium, fake_camera
from live_rivals import watch

CLIPS = ("pyfeat_cry_laugh_20s", "talk_d10")
FPS_WANTED = 15.0
WATCHED_S = 30
CAMERA_S = 10
TICKS = os.sysconf("SC_CLK_TCK")
STATE = "document.querySelector('.state')?.innerText ?? ''"


def measure(bench: Bench) -> Section:
    """Let the page look at two clips as if they were a camera."""
    try:
        built_files(PAGE)
    except InputError as error:
        raise BenchError(str(error)) from error
    if not PROGRAM:
        raise BenchError("There is no Chromium.")
    os.environ["CLOSEUP_MODELS_DIR"] = str(bench.models_dir)
    rows: list[tuple[Cell, ...]] = []
    for name in CLIPS[: 1 if bench.quick else None]:
        with TemporaryDirectory() as folder:
            rows.append((name, *_watched(bench.clips / f"{name}.mp4", Path(folder), 8 if bench.quick else WATCHED_S)))
    slowest = min(float(row[1] or 0) for row in rows)
    heads = ("camera", "pictures a second", "worker: processor ms a picture", "whole browser: processor ms a picture")
    note = (
        f"640x480, face looked for at 320 px in every second picture; {os.cpu_count()} cores. A camera shows 25 to 30."
    )
    tables = [Table("A camera in the browser", heads, tuple(rows), note)]
    if packages := os.environ.get("CLOSEUP_RIVALS"):
        tables.append(_rivals(bench, Path(packages)))
    claim = Claim(f"{slowest:.1f} pictures a second or more (wanted: {FPS_WANTED:.0f})", slowest >= FPS_WANTED)
    return Section("Live page", tuple(tables), (claim,))


def _rivals(bench: Bench, packages: Path) -> Table:
    """The rivals at the first clip."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        camera = _camera(bench.clips / f"{CLIPS[0]}.mp4", folder)
        try:
            found = watch(packages, camera, folder, 8 if bench.quick else WATCHED_S, lambda root: _processor_s(root)[1])
        except RuntimeError as error:
            raise BenchError(str(error)) from error
    rows = [(one.name, round(one.looks_hz, 1), round(one.named, 3), round(one.whole_ms, 1)) for one in found]
    heads = ("rival", "pictures a second", "with an expression", "whole browser: processor ms a picture")
    note = f"At {CLIPS[0]}; on wasm with SIMD, one face, nothing but its expression; they look as fast as they can."
    return Table("Rivals at the same camera", heads, tuple(rows), note)


def _watched(film: Path, folder: Path, watched_s: float) -> tuple[Cell, ...]:
    """Pictures a second as the page says, and processor ms a picture of its worker and of the whole browser."""
    with live_server(LiveStage(film, folder / "takes")) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with Chromium(folder / "profile", *fake_camera(_camera(film, folder))) as browser:
            browser.open(server.link)
            browser.click("Turn the camera on")
            browser.wait(f"{STATE}.includes('pictures a second')", 180)
            rates, begun, before = [], time.monotonic(), _processor_s(browser.process.pid)
            while time.monotonic() - begun < watched_s:
                time.sleep(1)
                rates += [float(each) for each in re.findall(r"(\d+) pictures a second", browser.ask(STATE))]
            took_s, after = time.monotonic() - begun, _processor_s(browser.process.pid)
        server.shutdown()
    fps = sum(rates) / len(rates)
    worker_s, whole_s = (new - old for new, old in zip(after, before, strict=True))
    return round(fps, 1), round(1000 * worker_s / (fps * took_s), 1), round(1000 * whole_s / (fps * took_s), 1)


def _camera(film: Path, folder: Path) -> Path:
    """The film's first seconds, whole, on 640 x 480 pixels."""
    path = folder / "camera.mjpeg"
    with open_video(film) as reader, path.open("wb") as file:
        for frame in reader:
            if float(frame.time) > CAMERA_S:
                break
            small = cv2.cvtColor(frame.rgb((640, 360)), cv2.COLOR_RGB2BGR)
            whole = cv2.copyMakeBorder(small, 60, 60, 0, 0, cv2.BORDER_CONSTANT)
            file.write(cv2.imencode(".jpg", whole)[1].tobytes())
    return path


def _processor_s(root: int) -> tuple[float, float]:
    """Processor seconds so far of the workers among the threads of a process and its children, and of all of them."""
    parents, worker, whole = {}, 0, 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        fields = _fields(stat)
        parents[int(stat.parent.name)] = int(fields[1]) if fields else 0
    for number in parents:
        above = number
        while above not in (0, root):
            above = parents.get(above, 0)
        for task in Path(f"/proc/{number}/task").glob("*/stat") if above == root else ():
            fields = _fields(task)
            ticks = int(fields[11]) + int(fields[12]) if fields else 0
            whole += ticks
            if fields and (task.parent / "comm").read_text().startswith("DedicatedWorker"):
                worker += ticks
    return worker / TICKS, whole / TICKS


def _fields(stat: Path) -> list[str]:
    """The fields of a stat file behind the name; none where the process has ended."""
    try:
        return stat.read_text().rpartition(")")[2].split()
    except OSError:
        return []
