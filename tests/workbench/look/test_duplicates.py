import numpy as np

from closeup.workbench.look.duplicates import Copies, find_copies
from workbench.datasets.tiny import made_up


def found(
    rows: list[dict[str, str | float]], hashes: str, angles: list[float], sides: list[str | None] | None = None
) -> list[Copies]:
    """Copies among pictures whose outlines lie on a circle, at `angles` in degrees."""
    turns = np.radians(angles)
    outlines = np.stack([np.cos(turns), np.sin(turns)], axis=1).astype(np.float32)
    return list(find_copies(made_up(rows), list(hashes), outlines, sides or [None] * len(rows)))


def test_the_same_pixels_are_the_same_picture() -> None:
    (copies,) = found([{"a": "x"}] * 4, "ABAC", [0, 40, 0, 80])
    assert copies == Copies("same", copies.pictures, 1.0, (), 0, (), (0, 2))


def test_near_ones_are_linked_through_others() -> None:
    (copies,) = found([{"a": "x"}] * 5, "ABCDE", [0, 15, 30, 90, 180])
    assert (copies.kind, copies.indices) == ("near", (0, 1, 2))
    assert abs(copies.similarity - np.cos(np.radians(15))) < 1e-5


def test_a_near_group_takes_in_all_exact_copies_of_its_pictures() -> None:
    same, near = found([{"a": "x"}] * 4, "ABBC", [0, 10, 10, 90])
    assert (same.kind, same.indices) == ("same", (1, 2))
    assert (near.kind, near.indices) == ("near", (0, 1, 2))


def test_outlines_that_are_equal_are_near_where_pixels_differ() -> None:
    (copies,) = found([{"a": "x"}] * 2, "AB", [0, 0])
    assert copies.kind == "near"


def test_labels_that_differ_are_named() -> None:
    rows: list[dict[str, str | float]] = [{"a": "x", "b": "1"}, {"a": "y", "b": "1"}, {"a": "x"}]
    same, near = found(rows, "AAB", [0, 0, 5])
    assert same.conflicts == ("a",)
    assert near.conflicts == ("a",)


def test_a_missing_label_contradicts_nothing() -> None:
    (copies,) = found([{"a": "x"}, {}], "AA", [0, 0])
    assert copies.conflicts == ()


def test_sides_and_groups_are_counted() -> None:
    rows: list[dict[str, str | float]] = [{"a": "x", "group": "p"}, {"a": "x", "group": "q"}, {"a": "x", "group": "p"}]
    (copies,) = found(rows, "AAA", [0, 0, 0], ["train", "val", None])
    assert copies.splits == ("train", "val")
    assert copies.groups == 2


def test_blank_pictures_are_copies_only_if_their_pixels_are() -> None:
    outlines = np.zeros((3, 2), np.float32)
    (copies,) = find_copies(made_up([{"a": "x"}] * 3), ["A", "B", "A"], outlines, [None] * 3)
    assert copies.indices == (0, 2)
