import numpy as np
import pytest

from closeup.core.errors import InputError
from closeup.storage.records import check_template, check_vectors
from galleries import template, unit_vectors


def test_a_good_template_passes() -> None:
    check_template(template(1))
    check_template(template(1, vector=template(1).vector.astype(np.float64), yaw_deg=-180.0, quality=0.0))


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        ("model", "", "no model"),
        ("vector", np.zeros(16, np.float32), "length is not 1"),
        ("vector", np.full(16, np.nan, np.float32), "length is not 1"),
        ("vector", np.eye(1, 16, dtype=np.float32), None),
        ("vector", np.float32(1), "shape"),
        ("vector", np.ones((2, 8), np.float32), "shape"),
        ("vector", np.empty(0, np.float32), "shape"),
        ("vector", np.ones(16_001, np.float32), "shape"),
        ("vector", np.array(["a"]), "shape"),
        ("vector", np.array([1j]), "shape"),
        ("pose", "profile", "'profile'; it can be front, left"),
        ("yaw_deg", float("nan"), "yaw_deg is nan"),
        ("roll_deg", 181.0, "roll_deg is 181"),
        ("quality", 1.5, "quality is 1.5"),
        ("quality", float("nan"), "quality is nan"),
    ],
)
def test_templates_that_are_refused(field: str, value: object, message: str | None) -> None:
    with pytest.raises(InputError, match=message or "shape"):
        check_template(template(1, **{field: value}))


def test_vectors_come_back_as_float32_rows() -> None:
    rows = check_vectors(unit_vectors(3).astype(np.float64)[::-1], "These")
    assert rows.dtype == np.float32
    assert rows.flags.c_contiguous
    with pytest.raises(InputError, match="These: the length is not 1"):
        check_vectors(unit_vectors(3) * np.float32(1.01), "These")
