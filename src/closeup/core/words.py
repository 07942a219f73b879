"""Numbers and names in sentences for people."""

from collections.abc import Sequence


class LeftOut(str):
    """A note that something which was asked for was left out: commands that have one end with "done with losses"."""

    __slots__ = ()


NAMED = 20
"""So many files that could not be used are named, each with the reason; the rest is counted."""


def left_out(reasons: Sequence[str], total: int, what: str) -> list[str]:
    """How many of so many "photos" could not be used, and which and why, a sentence for each; empty without reasons."""
    if not reasons:
        return []
    more = [f"And {len(reasons) - NAMED} more."] if len(reasons) > NAMED else []
    return list(map(LeftOut, (f"{len(reasons)} of {total} {what} could not be used.", *reasons[:NAMED], *more)))


def about(subject: str, note: str) -> str:
    """A note with whom or what it is about before it; a loss stays one."""
    return type(note)(f"{subject}: {note}")


def counted(number: int, one: str, many: str = "") -> str:
    """A number and what is counted: "1 face", "1,200 faces"."""
    return f"{number:,} {one if number == 1 else many or f'{one}s'}"


def listed(names: Sequence[str], most: int = 5) -> str:
    """The first of some names, and how many more there are: "a, b and 3 more"."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more


def likely(probability: float) -> str:
    """A probability, 0 to 1, no finer than it can be believed: "about 70 % likely", "under 5 % likely"."""
    percent = round(20 * probability) * 5
    return f"{'under 5' if percent < 5 else 'over 95' if percent > 95 else f'about {percent}'} % likely"
