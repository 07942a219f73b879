"""Arguments of work as JSON."""

from datetime import date
from pathlib import Path
from typing import Any

import pytest

from closeup.core.errors import FormatError, InputError
from closeup.documents.gallery import LookAlikes
from closeup.features.cast.options import CastOptions
from closeup.features.gallery.options import EnrolOptions
from closeup.jobs.arguments import arguments_form, collects, decode_arguments, result_data
from closeup.jobs.work import WORK, work
from closeup.workbench.datasets.splits import SPLIT_SUMMARY, SplitSummary

NO_JOBS = {"gallery.enrol-camera", "gallery.identify-camera"}


@pytest.mark.parametrize("name", sorted(WORK))
def test_every_work_takes_json_or_says_why_not(name: str) -> None:
    if name in NO_JOBS:
        with pytest.raises(InputError, match="so it is no job"):
            arguments_form(name)
        return
    schema = arguments_form(name).schema()
    assert schema["properties"]
    with pytest.raises(FormatError):
        decode_arguments(name, {"nothing": 1})


def test_arguments_are_those_of_the_function() -> None:
    found = decode_arguments("cast", {"video": "a.mp4", "folder": "out", "options": {"min_face_px": 30}})
    assert found == {
        "video": Path("a.mp4"),
        "folder": Path("out"),
        "options": CastOptions(min_face_px=30),
        "overwrite": False,
    }
    asked = decode_arguments("predict", {"model": "expression", "photos": ["a.jpg"]})
    assert (asked["model"], asked["photos"]) == ("expression", (Path("a.jpg"),))
    enrol: dict[str, Any] = {"name": "Ada", "photos": ["a.jpg"], "options": {"retain_until": "2031-01-31"}}
    found = decode_arguments("gallery.enrol", enrol)
    assert found["options"] == EnrolOptions(retain_until=date(2031, 1, 31))
    assert found["photos"] == (Path("a.jpg"),)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"vidoe": "a"}, "not known: 'vidoe'"),
        ({"video": 7}, "video must be"),
        ({"video": "a\0b"}, "video must be"),
        ({"options": {"min_face": 3}}, "options has a field that is not known"),
        ({"options": {"min_face_px": "30"}}, r"options.min_face_px must be a whole number"),
        ({"options": {"detect_fps": 1000.0}}, "Cannot look for faces 1000 times"),
        ({"overwrite": 1}, "overwrite must be true or false"),
        ({"progress": None}, "not known: 'progress'"),
        ({"settings": None}, "not known: 'settings'"),
    ],
)
def test_what_a_work_does_not_take_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(InputError, match=said):
        decode_arguments("cast", {"video": "a.mp4", "folder": "out", **change})


def test_results_are_documents_or_lie_in_files() -> None:
    found = LookAlikes(photo="a", among="b", compared=1, threshold=0.5, far=0.1, found=(), picture="data:")
    data = result_data(found)
    assert data["photo"] == "a"
    assert "picture" not in data
    assert result_data(InputError("No.", "Do.", code="x")) == {"error": "No.", "hint": "Do.", "code": "x"}
    assert result_data(CastOptions()) is None
    split = SplitSummary(
        data="pets", file="a.csv", seed=3, sides={"train": 3}, groups={"train": 3}, field="", labels={}, notes=()
    )
    assert result_data(split) == SPLIT_SUMMARY.to_data(split)  # declared beside it
    assert result_data({"a": (1, None)}) == {"a": [1, None]}


def test_who_gives_answers_one_by_one() -> None:
    assert collects(work("gallery.identify"))
    assert not collects(work("faces"))
    assert not collects(work("cast"))
