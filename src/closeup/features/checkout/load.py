"""How much of the machine this program takes, for a corner of the counter's page."""

import os
import shutil
import subprocess
import time
from pathlib import Path

GPU = ("--query-gpu=utilization.gpu,memory.used", "--format=csv,noheader,nounits")

_WAIT_S = 2


class Load:
    """Measures from one call to the next; `nvidia-smi` is asked where there is one."""

    def __init__(self) -> None:
        self._gpu = shutil.which("nvidia-smi")
        self._wall_s, self._processor_s = time.monotonic(), time.process_time()

    def measure(self) -> dict[str, float]:
        """Processor (share of all cores since the last call), memory_mb; gpu (share) and gpu_memory_mb of a card."""
        wall_s, processor_s = time.monotonic(), time.process_time()
        spent = (processor_s - self._processor_s) / max(wall_s - self._wall_s, 1e-3)
        self._wall_s, self._processor_s = wall_s, processor_s
        return {"processor": min(spent / (os.cpu_count() or 1), 1.0), **_memory(), **self._card()}

    def _card(self) -> dict[str, float]:
        if self._gpu is None:
            return {}
        try:
            said = subprocess.run([self._gpu, *GPU], capture_output=True, text=True, timeout=_WAIT_S, check=True).stdout
            share, memory = (float(each) for each in said.splitlines()[0].split(","))
        except (OSError, subprocess.SubprocessError, ValueError, IndexError):
            self._gpu = None  # a driver without a card
            return {}
        return {"gpu": share / 100, "gpu_memory_mb": memory}


def _memory() -> dict[str, float]:
    """What is in memory now, where the system says so: Linux does."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return {}
    return {"memory_mb": pages * os.sysconf("SC_PAGE_SIZE") / (1 << 20)}
