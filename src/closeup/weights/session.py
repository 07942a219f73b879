"""Runs an ONNX file on pictures; the only home of ONNX Runtime."""

import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import numpy as np

from closeup.core.errors import DependencyError, ModelError
from closeup.core.settings import switch_telemetry_off
from closeup.core.types import FloatArray

_FIRST_KNOWN, _FIRST_UNKNOWN = (1, 20), (1, 32)
"""The versions of ONNX Runtime of which we know that ORT_DISABLE_TELEMETRY keeps them silent.

Since 1.29 it reports to its maker on Linux and macOS too; with the variable it makes neither connection nor file. A new
version is let in after tests/test_privacy.py has passed with it.
"""

_ERRORS_ONLY = 3
"""ONNX Runtime's log level: its warnings are about graphs, and mean nothing to our users."""


class Session(Protocol):
    """One network, ready to run."""

    def run(self, inputs: FloatArray) -> FloatArray:
        """From inputs (N, ...) float32 to outputs (N, ...) float32; any N, and the same answer for any N.

        Raises:
            ModelError: If the inputs do not fit the network.
        """
        ...

    def run_all(self, inputs: FloatArray) -> list[FloatArray]:
        """All outputs for inputs (N, ...) float32, each float32 with the shape that its card describes.

        Raises:
            ModelError: If the inputs do not fit the network.
        """
        ...


class NamedSession(Session, Protocol):
    """A network that was read from a file, with what the file says of itself.

    Attributes:
        metadata: Text by key.
        input_name: Name of the input.
        output_names: Names of the outputs, in the order of `run_all`.
    """

    metadata: Mapping[str, str]
    input_name: str
    output_names: tuple[str, ...]


def open_session(path: Path, *, threads: int = 1) -> NamedSession:
    """Load the network at `path`, which has one input and one or more outputs, all float32.

    Args:
        path: An ONNX file.
        threads: How many threads one run may use; the answers do not depend on it.

    Raises:
        ModelError: If the file is missing, not an ONNX network, or one with other inputs or outputs.
        DependencyError: If ONNX Runtime is missing, or of a version that may report to its maker.
    """
    onnxruntime = import_runtime()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
    options.use_deterministic_compute = True
    options.log_severity_level = _ERRORS_ONLY
    # A waiting thread would otherwise spin, and take the time of the decoder's threads.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if not path.is_file():
        raise ModelError(f"The model file {path} is missing.", code="model.absent")
    try:
        network = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except _runtime_errors() as error:
        raise ModelError(f"Cannot load the model file {path}: {error}.", code="model.verify") from error
    return _OnnxSession(network, path)


def import_runtime() -> ModuleType:
    """The package onnxruntime, with its telemetry off.

    Raises:
        DependencyError: If it is missing, or of a version whose telemetry we do not know to switch off.
    """
    version = _installed_version()
    if not _FIRST_KNOWN <= version < _FIRST_UNKNOWN:
        raise DependencyError(
            f"ONNX Runtime {_version_text(version)} may report to its maker, and closeup does not know how to keep it "
            "from that.",
            f'Install a version that stays silent: pip install "{known_versions()}"',
        )
    switch_telemetry_off()
    import onnxruntime

    onnxruntime.disable_telemetry_events()  # what Windows has instead of the variable
    module: ModuleType = onnxruntime
    return module


def known_versions() -> str:
    """The versions that `import_runtime` takes, as pip writes them."""
    return f"onnxruntime>={_version_text(_FIRST_KNOWN)},<{_version_text(_FIRST_UNKNOWN)}"


def _installed_version() -> tuple[int, ...]:
    """Major and minor version of ONNX Runtime, read from its file, since importing it would be too late."""
    found = find_spec("onnxruntime")
    if found is None or found.origin is None:
        raise DependencyError("ONNX Runtime is not installed.", "Install closeup again: pip install closeup")
    text = Path(found.origin).read_text(encoding="utf-8")
    version = re.search(r'^__version__ = "(\d+)\.(\d+)', text, re.MULTILINE)
    return (int(version[1]), int(version[2])) if version else ()


def _version_text(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version)) or "of an unknown version"


def _runtime_errors() -> tuple[type[Exception], ...]:
    """What ONNX Runtime raises where a file or an input is wrong; they share no base class of their own."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    names = ("Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NoSuchFile", "NotImplemented")
    return tuple(getattr(state, name) for name in (*names, "RuntimeException"))


class _OnnxSession:
    """A network with one input."""

    def __init__(self, network: Any, path: Path) -> None:
        inputs, outputs = network.get_inputs(), network.get_outputs()
        if len(inputs) != 1 or inputs[0].type != "tensor(float)":
            raise ModelError(f"The model file {path} has to have one float32 input, and it has others.")
        self._network = network
        self._path = path
        self.metadata: Mapping[str, str] = dict(network.get_modelmeta().custom_metadata_map)
        self.input_name: str = inputs[0].name
        self.output_names: tuple[str, ...] = tuple(output.name for output in outputs)
        self._one_by_one = inputs[0].shape[:1] == [1]

    def run(self, inputs: FloatArray) -> FloatArray:
        """From inputs (N, ...) float32 to outputs (N, ...) float32; a network made for N = 1 is run N times."""
        if not self._one_by_one or len(inputs) == 1:
            return self._run(inputs)
        if len(inputs) == 0:
            raise ModelError(f"The model file {self._path} was given no input.")
        return np.concatenate([self._run(inputs[at : at + 1]) for at in range(len(inputs))])

    def run_all(self, inputs: FloatArray) -> list[FloatArray]:
        """All outputs for inputs (N, ...) float32, in the network's order."""
        try:
            outputs = self._network.run(None, {self.input_name: inputs})
        except _runtime_errors() as error:
            raise ModelError(f"The model file {self._path} cannot take an input of {inputs.shape}: {error}.") from error
        return [np.asarray(output, dtype=np.float32) for output in outputs]

    def _run(self, inputs: FloatArray) -> FloatArray:
        if len(self.output_names) != 1:
            raise ModelError(
                f"The model file {self._path} has to have one output, and it has {len(self.output_names)}."
            )
        return self.run_all(inputs)[0]
