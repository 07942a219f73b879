"""The tiny network with three heads, for the tests of this folder."""

from workbench.exported import exported, finished_run, pictures

__all__ = ["exported", "finished_run", "pictures"]
