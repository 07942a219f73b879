"""What a run was made with, for its record: versions, machine, and the code's own commit."""

import platform
import subprocess
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from closeup import __version__

PACKAGES = ("torch", "timm", "torchvision", "numpy", "opencv-python-headless", "onnx", "onnxruntime")


def environment(packages: Sequence[str] = PACKAGES) -> dict[str, str]:
    """Versions of packages and the machine, each by name; what cannot be told is left out."""
    found = {"closeup": __version__, "python": platform.python_version(), "system": platform.platform()}
    commit = _commit()
    if commit:
        found["commit"] = commit
    for package in packages:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    found["processor"] = platform.processor() or platform.machine()
    if "torch" in packages:
        from closeup.learning.pytorch import torch

        found["threads"] = str(torch.get_num_threads())
        if torch.cuda.is_available():
            found["gpu"] = torch.cuda.get_device_name()
    return found


def _commit() -> str:
    """The commit of a checkout that closeup runs from, with "+changes" where files differ from it; "" elsewhere."""
    folder = Path(__file__).parent
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no", "--", str(folder.parents[2]))
    except (OSError, subprocess.SubprocessError):
        return ""
    return commit + ("+changes" if changed else "")


def _git(folder: Path, *words: str) -> str:
    command = ["git", "--no-optional-locks", "-C", str(folder), *words]  # no lock, as a look must not write
    done = subprocess.run(command, capture_output=True, text=True, timeout=10, check=True)
    return done.stdout.strip()
