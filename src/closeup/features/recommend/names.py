"""Users and items found by id or by how their name is spelt."""

import unicodedata
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cached_property

from closeup.core.errors import InputError
from closeup.core.words import listed

NEAR = 5
"""Names that are offered where one is not known."""


class Names:
    """The ids of users or items in order, and what they are called.

    Attributes:
        ids: Each once.
        names: Names by id; those that have none are called by their id.
    """

    def __init__(self, what: str, ids: tuple[str, ...], names: Mapping[str, str] | None = None) -> None:
        """Take ids and names.

        Args:
            what: "user" or "item", for complaints.
        """
        self._what = what
        self.ids, self.names = ids, dict(names or {})

    def __contains__(self, each: str) -> bool:
        """Whether there is such an id."""
        return each in self._places

    def label(self, place: int) -> str:
        """What to call the one at a place."""
        each = self.ids[place]
        return f"{self.names[each]} ({each})" if self.names.get(each) else each

    def find(self, said: str) -> int:
        """The place of who has this id, or this name; upper and lower case, accents and spaces do not matter.

        12.0 is 12, as where tables are read.

        Raises:
            InputError: If there is none, with the nearest; or several are called so.
        """
        if said in self._places:
            return self._places[said]
        if (whole := said.removesuffix(".0")) in self._places and whole.isdigit():
            return self._places[whole]
        found = self._spelt.get(folded(said), [])
        exact = [place for place in found if self.names.get(self.ids[place]) == said]
        if len(exact or found) == 1:
            return (exact or found)[0]
        if found:
            names = listed([self.label(place) for place in found], NEAR)
            raise InputError(f"Several {self._what}s are called {said!r}: {names}.", "Say the id of the one meant.")
        near = get_close_matches(folded(said), self._spelt, n=NEAR, cutoff=0.6)
        labels = listed([self.label(self._spelt[each][0]) for each in near], NEAR)
        raise InputError(f"There is no {self._what} {said!r}.", f"Nearest are: {labels}." if near else "")

    @cached_property
    def _places(self) -> dict[str, int]:
        return {each: place for place, each in enumerate(self.ids)}

    @cached_property
    def _spelt(self) -> dict[str, list[int]]:
        found = dict[str, list[int]]()
        for place, each in enumerate(self.ids):
            for word in {folded(each), folded(self.names.get(each, each))}:
                found.setdefault(word, []).append(place)
        return found


def folded(text: str) -> str:
    """Text without case, accents, width of letters and doubled spaces, so that spellings of one name agree."""
    plain = unicodedata.normalize("NFKD", text.casefold())
    bare = "".join(letter for letter in plain if not unicodedata.combining(letter))
    return " ".join(unicodedata.normalize("NFKC", bare).split())
