"""PyTorch, or what to install where it is missing: every module that needs it takes it from here."""

from closeup.core.errors import DependencyError

try:
    import torch
except ImportError as error:
    raise DependencyError(
        "Training needs PyTorch, and it is not installed.", "Install it.", code="package.absent", extra="train"
    ) from error

__all__ = ["torch"]
