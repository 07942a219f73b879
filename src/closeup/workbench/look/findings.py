"""What stands out in a dataset, in sentences, the gravest first."""

from collections.abc import Iterator, Sequence

from closeup.core.words import counted
from closeup.workbench.look.duplicates import Copies
from closeup.workbench.look.leakage import TELLING, Leak
from closeup.workbench.look.look import DatasetProfile

FEW = 10
"""Classes with fewer pictures are named."""

UNEVEN = 5.0
"""The largest class may be so many times as large as the smallest before it is said."""

MOST_NAMED = 4
"""Leaks that are spelt out."""


def findings(look: DatasetProfile) -> list[str]:
    """Sentences for people; none where nothing stands out."""
    return [*_reading(look), *_copies(look.copies), *_labels(look), *_leakage(look.leaks)]


def _reading(look: DatasetProfile) -> Iterator[str]:
    if look.unreadable:
        yield f"{counted(len(look.unreadable), 'picture', 'pictures')} cannot be read; the report lists each."


def _copies(copies: Sequence[Copies]) -> Iterator[str]:
    same = [each for each in copies if each.kind == "same"]
    near = [each for each in copies if each.kind == "near"]
    if same:
        extra = sum(len(each.indices) - 1 for each in same)
        yield f"{counted(extra, 'picture is an exact copy', 'pictures are exact copies')} of another."
    differ = sum(bool(each.conflicts) for each in same)
    if differ:
        yield (
            f"{counted(differ, 'group of exact copies has', 'groups of exact copies have')} labels that differ: "
            "at least one of them is wrong."
        )
    if near:
        extra = sum(len(each.indices) - 1 for each in near)
        yield (
            f"{counted(extra, 'picture is', 'pictures are')} nearly the same as another, in "
            f"{counted(len(near), 'group', 'groups')}; in {sum(bool(e.conflicts) for e in near):,} the labels differ."
        )
    across = [each for each in copies if len(each.splits) > 1]
    if across:
        pictures = len({index for each in across for index in each.indices})
        yield (
            f"{counted(pictures, 'picture has', 'pictures have')} a copy, or nearly one, on another side of the split: "
            "what is measured there is partly remembered, not learnt."
        )
    strangers = sum(each.groups > 1 for each in copies)
    if strangers:
        yield (
            f"{counted(strangers, 'set of copies lies', 'sets of copies lie')} in more than one group: a split by "
            "group would not keep them together."
        )


def _labels(look: DatasetProfile) -> Iterator[str]:
    for each in look.fields:
        name = each.name
        if each.unlabelled:
            yield f"{name}: {counted(each.unlabelled, 'picture has', 'pictures have')} no label."
        if each.kind != "classes" or not each.classes:
            continue
        by_count = sorted(each.classes, key=lambda one: one.count)
        if len(by_count) == 1:
            yield f"{name}: every picture is {by_count[0].name}; there is nothing to learn."
        elif each.imbalance and each.imbalance >= UNEVEN:
            yield (
                f"{name}: {by_count[-1].name} has {each.imbalance:,.0f} times as many pictures "
                f"({by_count[-1].count:,}) as {by_count[0].name} ({by_count[0].count:,})."
            )
        few = [one for one in by_count if one.count < FEW]
        if few:
            named = ", ".join(f"{one.name} ({one.count})" for one in few[:MOST_NAMED])
            more = f" and {len(few) - MOST_NAMED} more" if len(few) > MOST_NAMED else ""
            yield f"{name}: fewer than {FEW} pictures of {named}{more}."


def _leakage(found: Sequence[Leak]) -> Iterator[str]:
    best = {(each.field, each.label): each for each in reversed(found) if each.auc >= TELLING}
    telling = sorted(best.values(), key=lambda each: -each.auc)
    for each in telling[:MOST_NAMED]:
        way = "larger" if each.larger else "smaller"
        yield (
            f"{each.field}: {each.label} can be told by {each.measure} alone, which is {way} than the rest's in "
            f"{each.auc:.0%} of pairs: a network may learn that instead of what is shown."
        )
    if len(telling) > MOST_NAMED:
        others = counted(len(telling) - MOST_NAMED, "other class", "other classes")
        yield f"So can {others}; see the table of leakage."
