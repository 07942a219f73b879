from itertools import count
from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import InputError, ModelError
from closeup.core.progress import Progress
from closeup.workbench.export import latency
from closeup.workbench.export.latency import FEWEST_ROUNDS, ROUNDS, measure_speeds
from weights.tiny_networks import classifier, pictures


@pytest.fixture
def path(tmp_path: Path) -> Path:
    place = tmp_path / "network.onnx"
    place.write_bytes(classifier())
    return place


def test_the_full_network_is_the_measure(path: Path) -> None:
    reports: list[Progress] = []
    speeds = measure_speeds({"int8": path, "fp32": path}, pictures(1), progress=reports.append)
    assert list(speeds) == ["int8", "fp32"]
    full = speeds["fp32"]
    assert (full.ratio, full.low, full.high) == (1, 1, 1)
    assert 0 < speeds["int8"].low <= speeds["int8"].ratio <= speeds["int8"].high
    assert speeds["int8"].ms > 0
    assert (reports[-1].done, reports[-1].total) == (len(reports), ROUNDS)


def test_without_the_full_network_there_is_no_measure(path: Path) -> None:
    with pytest.raises(InputError, match="compared with those of fp32"):
        measure_speeds({"int8": path}, pictures(1))


def test_a_file_that_is_no_network(tmp_path: Path, path: Path) -> None:
    (tmp_path / "broken.onnx").write_bytes(b"nothing")
    with pytest.raises(ModelError):
        measure_speeds({"fp32": path, "int8": tmp_path / "broken.onnx"}, pictures(1))


def test_rounds_take_turns() -> None:
    order: list[str] = []

    def timed(form: str) -> float:
        order.append(form)
        return {"fp32": 0.010, "int8": 0.006, "fp16": 0.020}[form]

    times = latency._rounds(["fp32", "int8", "fp16"], timed, lambda _: None, lambda: 0.0)
    rounds = [tuple(order[at : at + 3]) for at in range(0, len(order), 3)]
    assert {frozenset(one) for one in rounds} == {frozenset(times)}
    assert len(set(rounds)) == 6  # every order comes up, so that nobody always follows the same one
    assert {form: len(seconds) for form, seconds in times.items()} == dict.fromkeys(times, ROUNDS)
    assert latency._speed(times["int8"], times["fp32"]) == latency.Speed(6.0, 0.6, 0.6, 0.6)


def test_slow_networks_get_fewer_rounds() -> None:
    clock = count(step=30.0)
    times = latency._rounds(["fp32"], lambda _: 3.0, lambda _: None, lambda: float(next(clock)))
    assert len(times["fp32"]) == FEWEST_ROUNDS


def test_what_slows_the_whole_machine_cancels_out() -> None:
    rng = np.random.default_rng(0)
    load = rng.uniform(1, 20, 60)
    speed = latency._speed(0.005 * load, 0.010 * load)
    assert (speed.low, speed.high) == pytest.approx((0.5, 0.5))


def test_noise_widens_the_interval() -> None:
    rng = np.random.default_rng(0)
    full = rng.uniform(0.005, 0.015, 60)
    speed = latency._speed(rng.uniform(0.005, 0.015, 60), full)
    assert speed.low < 1 < speed.high
