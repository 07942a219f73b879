from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from closeup.storage.faces import by_picture
from closeup.storage.records import TemplateRecord
from galleries import template

NOON = datetime(2026, 5, 3, 12, tzinfo=UTC)


def stored(number: int, model: str, *, at_s: int = 0, source: str | None = None, yaw: float = 0.0) -> TemplateRecord:
    new = template(number, model=model, source=source, yaw_deg=yaw)
    return TemplateRecord(**asdict(new), id=number, identity_id="ada", created_at=NOON + timedelta(seconds=at_s))


def numbers(templates: Sequence[TemplateRecord]) -> list[list[int]]:
    return [[each.id for each in group] for group in by_picture(templates)]


def test_one_file_is_one_picture_whenever_its_templates_came() -> None:
    templates = [stored(1, "a", source="x"), stored(2, "a", source="y"), stored(3, "b", source="x", at_s=99, yaw=1.0)]
    assert numbers(templates) == [[1, 3], [2]]


def test_looks_without_a_file_are_told_apart() -> None:
    looks = [stored(1, "a"), stored(2, "b"), stored(3, "a", yaw=1e-12), stored(4, "b", yaw=1e-12)]
    assert numbers([*looks, stored(5, "b", at_s=1), stored(6, "a", source="x")]) == [[1, 2], [3, 4], [5], [6]]


def test_one_model_makes_one_template_of_a_picture() -> None:
    assert numbers([stored(number, model) for number, model in enumerate("abab")]) == [[0, 1], [2, 3]]


@given(
    st.lists(st.tuples(st.sampled_from("abc"), st.integers(0, 1), st.sampled_from([None, "x", "y"]), st.integers(0, 1)))
)
def test_every_template_is_of_one_picture(drawn: list[tuple[str, int, str | None, int]]) -> None:
    templates = [
        stored(number, model, at_s=at_s, source=source, yaw=yaw)
        for number, (model, at_s, source, yaw) in enumerate(drawn)
    ]
    groups = by_picture(templates)
    assert sorted(each.id for group in groups for each in group) == list(range(len(drawn)))
    assert [group[0].id for group in groups] == sorted(group[0].id for group in groups)
    for group in groups:
        assert len({each.model for each in group}) == len(group)
        assert len({each.source for each in group}) == 1
