"""Detectors: boxes and classes on pictures, learnt and measured."""
