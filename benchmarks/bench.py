"""The ground of all sections: where things are, and running closeup as its users do, measured from outside."""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent


class BenchError(RuntimeError):
    """Something that the benchmarks need did not work; the message says what."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A process that has ended.

    Attributes:
        code: Its exit code.
        output: What it wrote to stdout.
        errors: What it wrote to stderr.
        wall_s: How long it took.
        cpu_s: Processor time of all its threads.
        peak_mb: The most memory that it held (resident set), in MB of 10^6 bytes.
        rss_mb: Its memory at regular moments (s since the start, MB), where that was asked for.
    """

    code: int
    output: str
    errors: str
    wall_s: float
    cpu_s: float
    peak_mb: float
    rss_mb: tuple[tuple[float, float], ...] = ()


@dataclass(frozen=True)
class Bench:
    """One run of the benchmarks.

    Attributes:
        out: Where results and everything that is made on the way are kept.
        shared: The folder of real data and tools.
        models_dir: A models folder of the run's own.
        quick: Try everything on little, for trying the benchmarks themselves out.
        reuse: Take result folders that an earlier run has made.
        made: Result folders that this run has made, by video.
    """

    out: Path
    shared: Path
    models_dir: Path
    quick: bool
    reuse: bool = False
    made: dict[Path, Path] = field(default_factory=dict)

    @property
    def clips(self) -> Path:
        """The folder of the clips."""
        return self.shared / "data" / "video" / "clips"

    def environment(self) -> dict[str, str]:
        """The environment that closeup runs in."""
        mirror = str(self.shared / "models")
        return os.environ | {"CLOSEUP_MODELS_DIR": str(self.models_dir), "CLOSEUP_MODELS_MIRROR": mirror}

    def closeup(self, *words: str, sample_s: float | None = None, cores: int | None = None) -> Finished:
        """Run a command of closeup."""
        command = [sys.executable, "-m", "closeup", *words]
        return run_process(command, self.environment(), sample_s=sample_s, cores=cores)

    def cast_of(self, video: Path) -> Path:
        """The result folder of `closeup cast` for a video, made once a run."""
        if video not in self.made:
            folder = self.out / "casts" / f"{video.stem}.cast"
            if self.reuse and folder.exists():
                return folder
            folder.parent.mkdir(parents=True, exist_ok=True)
            done = self.closeup("cast", str(video), "-o", str(folder), "--overwrite", "--quiet")
            if done.code:
                raise BenchError(f"closeup cast {video.name} failed:\n{done.errors}")
            self.made[video] = folder
        return self.made[video]

    def tool(self, name: str, *words: str) -> str:
        """What a script of the shared folder prints."""
        script = self.shared / "tools" / name
        done = subprocess.run([sys.executable, str(script), *words], capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchError(f"{name} failed:\n{done.stderr}")
        return done.stdout


def run_process(
    command: Sequence[str], env: dict[str, str], *, sample_s: float | None = None, cores: int | None = None
) -> Finished:
    """Run a command to its end and measure it; on its first `cores` cores where that is given."""
    started = time.perf_counter()
    limit = (lambda: os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:cores])) if cores else None
    with subprocess.Popen(
        command, env=env, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, preexec_fn=limit
    ) as process:
        samples: list[tuple[float, float]] = []
        sampler = threading.Thread(target=_sample, args=(process, sample_s, started, samples), daemon=True)
        if sample_s:
            sampler.start()
        errors: list[str] = []
        assert process.stdout is not None
        assert process.stderr is not None
        reader = threading.Thread(target=lambda: errors.append(process.stderr.read()))  # type: ignore[union-attr]
        reader.start()
        output = process.stdout.read()
        reader.join()
        _, status, usage = os.wait4(process.pid, 0)
        wall_s = time.perf_counter() - started
        process.returncode = os.waitstatus_to_exitcode(status)
    return Finished(
        code=process.returncode,
        output=output,
        errors=errors[0],
        wall_s=wall_s,
        cpu_s=usage.ru_utime + usage.ru_stime,
        peak_mb=usage.ru_maxrss * 1024 / 1e6,
        rss_mb=tuple(samples),
    )


def _sample(
    process: "subprocess.Popen[str]", every_s: float, started: float, samples: list[tuple[float, float]]
) -> None:
    """Note the process's memory until it is gone."""
    page = os.sysconf("SC_PAGE_SIZE")
    while process.returncode is None:
        try:
            pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
        except (OSError, IndexError):
            return
        samples.append((time.perf_counter() - started, pages * page / 1e6))
        time.sleep(every_s)


def read_json(path: Path) -> Any:
    """The content of a JSON file."""
    return json.loads(path.read_text(encoding="utf-8"))
