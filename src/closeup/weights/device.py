"""What networks run on: short names of ONNX Runtime's providers, how each is set, and which one is taken."""

from collections.abc import Collection, Mapping, Sequence

from closeup.core.errors import InputError

AUTO, CPU = "auto", "cpu"

PROVIDERS = {
    "cuda": "CUDAExecutionProvider",
    "migraphx": "MIGraphXExecutionProvider",
    "directml": "DmlExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    CPU: "CPUExecutionProvider",
}
"""Name of a device to the provider that runs networks on it; `auto` takes the first that is here, but for CoreML."""

ONLY_ASKED = ("coreml",)
"""What `auto` leaves alone: it is in every Mac's ONNX Runtime, and compiles each network anew when it is loaded, so
that small networks start later than the processor has answered."""

SETTINGS: Mapping[str, Sequence[Mapping[str, str]]] = {
    "cuda": ({"use_tf32": "0"},),
    "openvino": ({"device_type": "GPU", "precision": "FP32"}, {"device_type": "CPU", "precision": "FP32"}),
    "coreml": ({"ModelFormat": "MLProgram", "MLComputeUnits": "CPUAndGPU"},),
}
"""What providers are set to, so that they compute with 32 bits where they would take fewer by themselves; where there
are several, the next is tried where one does not start."""

PACKAGES = {"cuda": "onnxruntime-gpu", "directml": "onnxruntime-directml", "openvino": "onnxruntime-openvino"}
"""What pip installs in the place of onnxruntime for a device; others come with it, or from the maker of the device."""

DEVICES = (AUTO, *PROVIDERS)
"""What can be asked for."""

AGREEMENT = 1e-3
"""A device answers as the processor does, but for this share of the largest answer; else it is not used."""


def devices_here(providers: Collection[str]) -> tuple[str, ...]:
    """The devices that an ONNX Runtime with these providers can be asked for, best first."""
    return tuple(name for name, provider in PROVIDERS.items() if provider in providers)


def choose_device(asked: str, providers: Collection[str]) -> str:
    """The device to take: the one that is asked for, or with "auto" the best one.

    Raises:
        InputError: If there is no such device, or it is not here; says what is.
    """
    here = devices_here(providers)
    if asked not in DEVICES:
        raise InputError(f"There is no device called {asked!r}.", f"Use one of: {', '.join(DEVICES)}.")
    if asked == AUTO:
        return next(name for name in (*here, CPU) if name not in ONLY_ASKED)
    if asked not in here:
        package = PACKAGES.get(asked)
        instead = f"For {asked}: pip uninstall onnxruntime, then pip install {package}." if package else ""
        raise InputError(
            f"ONNX Runtime cannot run networks on {asked} here. It has: {', '.join(here)}.",
            f"Ask for one of these, or for auto. {instead}".strip(),
            code="device.absent",
        )
    return asked
