"""Training with PyTorch and timm; the extra `train` brings them. Nothing outside loads these modules unasked."""
