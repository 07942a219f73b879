"""What a run was made with, for its record: versions, machine, and the code's own commit."""

import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from closeup import __version__
from closeup.learning.pytorch import torch

PACKAGES = ("torch", "timm", "torchvision", "numpy", "opencv-python-headless", "onnx", "onnxruntime")


def environment() -> dict[str, str]:
    """Versions and machine, each by name; what cannot be told is left out."""
    found = {"closeup": __version__, "python": platform.python_version(), "system": platform.platform()}
    commit = _commit()
    if commit:
        found["commit"] = commit
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    found["processor"] = platform.processor() or platform.machine()
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
