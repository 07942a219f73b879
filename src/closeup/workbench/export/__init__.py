"""Trained networks as ONNX files: written, compared with PyTorch, made smaller, timed; needs the extra `train`."""
