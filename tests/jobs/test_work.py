"""The table of work."""

import subprocess
import sys

import pytest

from closeup.core.errors import InputError
from closeup.features.cast.options import CastOptions
from closeup.jobs.work import WORK, Work, work


@pytest.mark.parametrize("kind", WORK.values(), ids=lambda kind: kind.name)
def test_every_work_is_there_and_reports_progress(kind: Work) -> None:
    from inspect import signature

    parameters = signature(kind.function).parameters
    assert "progress" in parameters
    assert kind.result is not None
    if "options" in parameters:
        assert kind.options is not None


def test_options_and_result_are_those_of_the_function() -> None:
    assert work("cast").options is CastOptions
    assert work("cast").result.__name__ == "Cast"
    assert work("shorts.render").options is None


def test_reading_the_table_loads_no_feature() -> None:
    above = "('closeup.features', 'closeup.workbench')"
    code = f"import sys, closeup.jobs.work; print([name for name in sys.modules if name.startswith({above})])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_there_is_no_other_work() -> None:
    with pytest.raises(InputError, match="no work called 'dance'"):
        work("dance")
