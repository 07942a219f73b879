"""Training with PyTorch and timm; the extra `train` brings them. Nothing outside loads these modules unasked."""

# First of all: where PyTorch is missing, it says what to install, whichever module is asked for.
from closeup.workbench.training import libraries as libraries
