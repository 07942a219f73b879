"""What networks run on: which device is taken, what is said of one that is not here, and that all answer alike."""

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from closeup.core.errors import InputError, ModelError
from closeup.weights import session as module
from closeup.weights.cards import card
from closeup.weights.device import CPU, DEVICES, ONLY_ASKED, PROVIDERS, SETTINGS, choose_device
from closeup.weights.session import device_notes, import_runtime, open_session
from closeup.weights.store import require

from .test_session import save_network

onnxruntime = import_runtime()
ALL = tuple(PROVIDERS.values())


@pytest.mark.parametrize(
    ("providers", "taken"),
    [
        (("AzureExecutionProvider", "CPUExecutionProvider"), "cpu"),
        (("CUDAExecutionProvider", "CPUExecutionProvider"), "cuda"),
        (("TensorrtExecutionProvider", "CUDAExecutionProvider", "CPUExecutionProvider"), "cuda"),
        (("DmlExecutionProvider", "CPUExecutionProvider"), "directml"),
        (("OpenVINOExecutionProvider", "CPUExecutionProvider"), "openvino"),
        (("CoreMLExecutionProvider", "CPUExecutionProvider"), "cpu"),
        (ALL, "cuda"),
    ],
)
def test_auto_takes_the_best_that_is_here(providers: tuple[str, ...], taken: str) -> None:
    assert choose_device("auto", providers) == taken


@pytest.mark.parametrize("device", [name for name in DEVICES if name != "auto"])
def test_what_is_here_is_taken_where_it_is_asked_for(device: str) -> None:
    assert choose_device(device, ALL) == device


@pytest.mark.parametrize("device", [name for name in DEVICES if name not in ("auto", CPU)])
def test_a_device_that_is_not_here_is_refused_with_what_is(device: str) -> None:
    with pytest.raises(InputError, match=f"on {device} here. It has: cpu") as caught:
        choose_device(device, ("CPUExecutionProvider",))
    assert caught.value.code == "device.absent"


def test_an_unknown_device_is_refused_with_those_that_there_are() -> None:
    with pytest.raises(InputError, match="no device called 'gpu'") as caught:
        choose_device("gpu", ALL)
    assert all(name in caught.value.hint for name in DEVICES)


def test_every_device_that_auto_leaves_alone_is_known() -> None:
    assert set(ONLY_ASKED) <= set(PROVIDERS)
    assert set(SETTINGS) <= set(PROVIDERS)


class FakeRuntime:
    """ONNX Runtime with one more provider, whose answers are the processor's, changed.

    Attributes:
        given: Providers and settings that each session was asked for.
    """

    def __init__(self, provider: str, changed: Callable[[Any], Any] = lambda answer: answer) -> None:
        self.provider = provider
        self.changed = changed
        self.starts: Callable[[dict[str, str]], bool] = lambda _: True
        self.given: list[tuple[str, dict[str, str]]] = []
        self.severities: list[int] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(onnxruntime, name)

    def get_available_providers(self) -> list[str]:
        return [self.provider, "CPUExecutionProvider"]

    def set_default_logger_severity(self, level: int) -> None:
        self.severities.append(level)

    def InferenceSession(self, path: str, options: Any, *, providers: list[Any], **more: Any) -> Any:
        real = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        if providers == ["CPUExecutionProvider"]:
            return real
        (provider, settings), processor = providers
        assert (provider, processor, more) == (self.provider, "CPUExecutionProvider", {"enable_fallback": 0})
        self.given.append((provider, settings))
        started = [provider] if self.starts(settings) else []
        return SimpleNamespace(
            get_providers=lambda: [*started, "CPUExecutionProvider"],
            get_inputs=real.get_inputs,
            get_outputs=real.get_outputs,
            get_modelmeta=real.get_modelmeta,
            run=lambda names, inputs: [self.changed(answer) for answer in real.run(names, inputs)],
        )


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> Callable[..., FakeRuntime]:
    """Puts a runtime with another provider into place."""
    monkeypatch.setattr(module, "_NOTES", {})
    monkeypatch.setattr(module, "_TAKEN", set())

    def put(provider: str, changed: Callable[[Any], Any] = lambda answer: answer) -> FakeRuntime:
        fake = FakeRuntime(provider, changed)
        monkeypatch.setattr(module, "import_runtime", lambda: fake)
        return fake

    return put


@pytest.mark.parametrize("device", [name for name in PROVIDERS if name not in (CPU, *ONLY_ASKED)])
def test_a_device_whose_answers_agree_is_used_and_said(
    device: str, runtime: Callable[..., FakeRuntime], tmp_path: Path
) -> None:
    fake = runtime(PROVIDERS[device], lambda answer: answer * (1 + 5e-4))
    session = open_session(save_network(tmp_path / "square.onnx", samples="n"))
    assert session.device == device
    assert fake.given == [(PROVIDERS[device], dict(SETTINGS.get(device, ({},))[0]))]
    inputs = np.arange(6, dtype=np.float32).reshape(2, 3)
    np.testing.assert_allclose(session.run(inputs), inputs**2, rtol=1e-3)
    assert device_notes() == [f"Networks ran on {device}."]


@pytest.mark.parametrize(
    "changed", [lambda answer: answer * 1.01, lambda answer: answer + 100, lambda answer: answer * np.nan]
)
def test_a_device_that_answers_otherwise_is_refused_or_left_by_auto(
    changed: Callable[[Any], Any], runtime: Callable[..., FakeRuntime], tmp_path: Path
) -> None:
    runtime("CUDAExecutionProvider", changed)
    path = save_network(tmp_path / "square.onnx", samples="n")
    with pytest.raises(ModelError, match=r"square.onnx answers otherwise on cuda .* where 0.001 is allowed"):
        open_session(path, device="cuda")
    assert open_session(path, device="auto").device == CPU
    (note,) = device_notes()
    assert note.endswith("The processor ran it.")


def test_a_device_that_does_not_start_is_refused_or_left_by_auto(
    runtime: Callable[..., FakeRuntime], tmp_path: Path
) -> None:
    fake = runtime("CUDAExecutionProvider")
    fake.starts = lambda _: False
    path = save_network(tmp_path / "square.onnx", samples="n")
    with pytest.raises(ModelError, match=r"cannot be run on cuda here: .* driver or libraries are missing") as caught:
        open_session(path, device="cuda")
    assert caught.value.code == "device.start"
    assert [open_session(path).device for _ in range(3)] == [CPU] * 3
    assert len(fake.given) == 2  # asked for once, tried by auto once, and not again
    assert len(device_notes()) == 1
    assert fake.severities[-1] == 2  # ONNX Runtime speaks again as by default


def test_the_next_settings_are_tried_where_the_first_do_not_start(
    runtime: Callable[..., FakeRuntime], tmp_path: Path
) -> None:
    fake = runtime("OpenVINOExecutionProvider")
    fake.starts = lambda settings: settings["device_type"] == "CPU"
    assert open_session(save_network(tmp_path / "square.onnx", samples="n")).device == "openvino"
    assert [settings["device_type"] for _, settings in fake.given] == ["GPU", "CPU"]


def test_networks_of_free_size_and_of_many_answers_are_compared_too(runtime: Callable[..., FakeRuntime]) -> None:
    from closeup.core.settings import read_settings

    detector = require(card("yunet-2023mar"), read_settings())
    runtime("CUDAExecutionProvider")
    assert open_session(detector, device="cuda").device == "cuda"
    runtime("CUDAExecutionProvider", lambda answer: answer + 0.1)
    with pytest.raises(ModelError, match="answers otherwise"):
        open_session(detector, device="cuda")


def test_the_setting_says_which_device(
    runtime: Callable[..., FakeRuntime], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    runtime("CUDAExecutionProvider")
    path = save_network(tmp_path / "square.onnx", samples="n")
    for said, device in (("cpu", "cpu"), ("CUDA", "cuda"), ("", "cuda")):
        monkeypatch.setenv("CLOSEUP_DEVICE", said)
        assert open_session(path).device == device
