"""Runs an ONNX file on pictures; the only home of ONNX Runtime."""

import logging
import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any, Protocol

import numpy as np

from closeup.core.errors import DependencyError, ModelError
from closeup.core.settings import read_settings, switch_telemetry_off
from closeup.core.types import FloatArray
from closeup.weights.device import AGREEMENT, AUTO, CPU, PROVIDERS, SETTINGS, choose_device

_FIRST_KNOWN, _FIRST_UNKNOWN = (1, 20), (1, 32)
"""The versions of ONNX Runtime of which we know that ORT_DISABLE_TELEMETRY keeps them silent.

Since 1.29 it reports to its maker on Linux and macOS too; with the variable it makes neither connection nor file. A new
version is let in after tests/test_privacy.py has passed with it.
"""

_WARNINGS, _ERRORS_ONLY, _FATAL_ONLY = 2, 3, 4
"""ONNX Runtime's log levels: its warnings are about graphs, and mean nothing to our users."""

_FREE_SIDE = 64
"""Side of the picture that a network of free size is tried with."""

_LOG = logging.getLogger("closeup.weights")


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
        device: What it runs on, of `weights.device.DEVICES`.
    """

    metadata: Mapping[str, str]
    input_name: str
    output_names: tuple[str, ...]
    device: str


_NOTES: dict[str, str] = {}
"""What was odd about devices in this process, by what it is about: each is said once."""

_TAKEN: set[str] = set()
"""The devices that networks of this process run on."""


def open_session(path: Path, *, threads: int = 1, device: str | None = None) -> NamedSession:
    """Load the network at `path`, which has one input and one or more outputs, all float32.

    On another device than the processor a network is first tried: it has to answer as on the processor. Where "auto"
    chose the device, the processor takes over from one that fails, which `device_notes` then says.

    Args:
        path: An ONNX file.
        threads: How many threads one run may use; the answers do not depend on it.
        device: Of `weights.device.DEVICES`; that of the settings where not given.

    Raises:
        ModelError: If the file is missing, not an ONNX network, or one with other inputs or outputs; or if the device
            that was asked for cannot run it, or answers otherwise.
        InputError: If the device that was asked for is not here.
        DependencyError: If ONNX Runtime is missing, or of a version that may report to its maker.
    """
    runtime = import_runtime()
    asked = device or read_settings().device
    taken = choose_device(asked, runtime.get_available_providers())
    if not path.is_file():
        raise ModelError(f"The model file {path} is missing.", code="model.absent")
    session = _started(runtime, path, threads, CPU)
    if taken != CPU and taken not in _NOTES:
        try:
            session = _checked(_started(runtime, path, threads, taken), session)
        except ModelError as error:
            if asked != AUTO:
                raise
            _LOG.info("%s", error.message)
            _NOTES[taken if error.code == "device.start" else path.name] = f"{error.message} The processor ran it."
    _TAKEN.add(session.device)
    _LOG.info("%s runs on %s (asked for: %s)", path.name, session.device, asked)
    return session


def device_notes() -> list[str]:
    """What this process has to say of devices: which one was taken where it was not the processor, and what failed."""
    others = sorted(_TAKEN - {CPU})
    return [*(f"Networks ran on {name}." for name in others), *_NOTES.values()]


def _started(runtime: ModuleType, path: Path, threads: int, device: str) -> "_OnnxSession":
    """Load a network onto a device.

    Raises:
        ModelError: If it cannot be loaded; with the code "device.start" if the device does not start.
    """
    options = runtime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.execution_mode = runtime.ExecutionMode.ORT_SEQUENTIAL
    options.enable_mem_pattern = device != "directml"  # which cannot have it
    options.use_deterministic_compute = True
    options.log_severity_level = _ERRORS_ONLY
    # A waiting thread would otherwise spin, and take the time of the decoder's threads.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if device != CPU:
        return _started_elsewhere(runtime, path, options, device)
    try:
        network = runtime.InferenceSession(str(path), options, providers=[PROVIDERS[CPU]])
    except _runtime_errors() as error:
        raise ModelError(f"Cannot load the model file {path}: {error}.", code="model.verify") from error
    return _OnnxSession(network, path, device)


def _started_elsewhere(runtime: ModuleType, path: Path, options: Any, device: str) -> "_OnnxSession":
    """Load a network, which the processor could load, onto another device."""
    provider, reason = PROVIDERS[device], "ONNX Runtime has it, and its driver or libraries are missing"
    failures: tuple[type[Exception], ...] = (*_runtime_errors(), RuntimeError, ValueError)
    options.log_severity_level = _FATAL_ONLY  # what fails is said below, in other words
    runtime.set_default_logger_severity(_FATAL_ONLY)
    try:
        for settings in SETTINGS.get(device, ({},)):
            # The processor runs what the device has no operation for. ONNX Runtime's own fallback is off, because it
            # takes another provider in silence, and prints to stdout.
            providers = [(provider, dict(settings)), PROVIDERS[CPU]]
            try:
                network = runtime.InferenceSession(str(path), options, providers=providers, enable_fallback=0)
            except failures as error:
                reason = str(error).splitlines()[0].rstrip(".")
                continue
            if provider in network.get_providers():
                return _OnnxSession(network, path, device)
    finally:
        runtime.set_default_logger_severity(_WARNINGS)
    raise ModelError(f"Networks cannot be run on {device} here: {reason}.", code="device.start")


def _checked(session: "_OnnxSession", reference: "_OnnxSession") -> "_OnnxSession":
    """The session, once it has answered as the reference does: to noise as wide as pixels are, and to narrow noise.

    Raises:
        ModelError: If it fails, or differs by more than `AGREEMENT`.
    """
    shape = [size if isinstance(size, int) else _FREE_SIDE for size in session.input_shape[1:]]
    noise = np.random.default_rng(0).uniform(0, 1, (1, *shape)).astype(np.float32)
    for inputs in (noise, noise * 255):
        for found, right in zip(session.run_all(inputs), reference.run_all(inputs), strict=True):
            largest = max(1.0, float(np.abs(right).max(initial=0)))
            differ = float(np.abs(found - right).max(initial=0)) / largest
            if not differ <= AGREEMENT:  # so is a number that is none
                raise ModelError(
                    f"{session.path.name} answers otherwise on {session.device} than on the processor, by {differ:.2g} "
                    f"of the largest answer, where {AGREEMENT:g} is allowed."
                )
    return session


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
        raise DependencyError("ONNX Runtime is not installed.", f'Install it: pip install "{known_versions()}"')
    text = Path(found.origin).read_text(encoding="utf-8")
    version = re.search(r'^__version__ = "(\d+)\.(\d+)', text, re.MULTILINE)
    return (int(version[1]), int(version[2])) if version else ()


def _version_text(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version)) or "of an unknown version"


def _runtime_errors() -> tuple[type[Exception], ...]:
    """What ONNX Runtime raises where a file or an input is wrong; they share no base class of their own."""
    from onnxruntime.capi import onnxruntime_pybind11_state as state

    names = ("EPFail", "Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "NoSuchFile", "NotImplemented")
    return tuple(getattr(state, name) for name in (*names, "RuntimeException"))


class _OnnxSession:
    """A network with one input."""

    def __init__(self, network: Any, path: Path, device: str) -> None:
        inputs, outputs = network.get_inputs(), network.get_outputs()
        if len(inputs) != 1 or inputs[0].type != "tensor(float)":
            raise ModelError(f"The model file {path} has to have one float32 input, and it has others.")
        self._network = network
        self.path = path
        self.device = device
        self.input_shape: list[int | str | None] = list(inputs[0].shape)
        self.metadata: Mapping[str, str] = dict(network.get_modelmeta().custom_metadata_map)
        self.input_name: str = inputs[0].name
        self.output_names: tuple[str, ...] = tuple(output.name for output in outputs)
        self._one_by_one = inputs[0].shape[:1] == [1]

    def run(self, inputs: FloatArray) -> FloatArray:
        """From inputs (N, ...) float32 to outputs (N, ...) float32; a network made for N = 1 is run N times."""
        if not self._one_by_one or len(inputs) == 1:
            return self._run(inputs)
        if len(inputs) == 0:
            raise ModelError(f"The model file {self.path} was given no input.")
        return np.concatenate([self._run(inputs[at : at + 1]) for at in range(len(inputs))])

    def run_all(self, inputs: FloatArray) -> list[FloatArray]:
        """All outputs for inputs (N, ...) float32, in the network's order."""
        try:
            outputs = self._network.run(None, {self.input_name: inputs})
        except _runtime_errors() as error:
            raise ModelError(f"The model file {self.path} cannot take an input of {inputs.shape}: {error}.") from error
        return [np.asarray(output, dtype=np.float32) for output in outputs]

    def _run(self, inputs: FloatArray) -> FloatArray:
        if len(self.output_names) != 1:
            raise ModelError(f"The model file {self.path} has to have one output, and it has {len(self.output_names)}.")
        return self.run_all(inputs)[0]
