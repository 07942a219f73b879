"""The one place that loads timm and torchvision, and that says what to install where they are missing."""

import contextlib

from closeup.core.errors import DependencyError
from closeup.learning.pytorch import torch

_NMS = "{}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor"


def _declare_torchvision_operators() -> list[torch.library.Library]:
    """Let torchvision's Python part load beside another build of torch than the one that its C part was made for.

    torchvision's wheels on the package index are built for one build of torch, the CPU build not among them; beside
    any other, its C part stays unloaded, and its import then ends at the operators that it describes without having
    them. Nothing here uses those operators: with their names declared, the import goes through.
    """
    libraries = []
    for name in ("nms", "qnms"):
        # Where the C part did load, the operator is there already; a second declaration would fail.
        if not hasattr(torch.ops.torchvision, name):
            library = torch.library.Library("torchvision", "FRAGMENT")  # type: ignore[no-untyped-call]
            with contextlib.suppress(RuntimeError):
                library.define(_NMS.format(name))  # type: ignore[no-untyped-call]
            libraries.append(library)
    return libraries


def _loads_torchvision() -> bool:
    """Whether torchvision's C part can be loaded: then it declares its operators itself."""
    from importlib.util import find_spec
    from pathlib import Path

    spec = find_spec("torchvision")
    if spec is None or spec.origin is None:
        return True  # timm does without it, or says that it is missing
    part = Path(spec.origin).with_name("_C.so")
    try:
        torch.ops.load_library(str(part))  # type: ignore[no-untyped-call]
    except OSError:
        return False
    return True


_DECLARED = [] if _loads_torchvision() else _declare_torchvision_operators()
"""Kept: a library's operators go when it is collected."""

try:
    import timm
    import torchvision
except ImportError as error:
    raise DependencyError(
        f"Training needs timm and torchvision ({error}).", "Install them.", code="package.absent", extra="train"
    ) from error

__all__ = ["timm", "torchvision"]
