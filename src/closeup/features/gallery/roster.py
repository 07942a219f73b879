"""Who is enrolled, ready to be compared with: every identity by all of its templates of one model that count."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.clustering.similarity import SINGLE_ERROR, cosines
from closeup.core.errors import InputError, ModelError
from closeup.core.types import FloatArray
from closeup.features.gallery.scoring import fellows, identity_similarity
from closeup.storage.gallery import GalleryStore
from closeup.storage.records import TemplateMatrix
from closeup.weights.cards import all_cards


@dataclass(frozen=True, slots=True)
class Match:
    """Somebody whom a face is like.

    Attributes:
        identity_id: Who; `name` is what they are called.
        similarity: Cosine similarity to the identity, -1 to 1 (`scoring.identity_similarity`).
    """

    identity_id: str
    name: str
    similarity: float


@dataclass(eq=False)
class Groups:
    """The templates of one model by identity.

    Attributes:
        matrix: The templates, in the order of their ids.
        fellow_threshold: Similarity from which on two templates of one identity belong together.
        vouched: Ids of templates that belong together because somebody said so.
    """

    matrix: TemplateMatrix
    fellow_threshold: float
    vouched: frozenset[int] = frozenset()
    _counting: dict[int, NDArray[np.bool_]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        places: dict[str, int] = {}
        owners = self.matrix.identity_ids.tolist()
        codes = np.fromiter((places.setdefault(owner, len(places)) for owner in owners), np.intp, len(owners))
        self.ids = list(places)
        self.places = places
        self.order = np.argsort(codes, kind="stable")
        self.sizes = np.bincount(codes, minlength=len(places))
        self.starts = np.cumsum(self.sizes) - self.sizes

    def rows(self, place: int) -> NDArray[np.intp]:
        """Rows (T,) of the matrix that are an identity's."""
        start = self.starts[place]
        return np.asarray(self.order[start : start + self.sizes[place]])

    def counting(self, place: int) -> NDArray[np.bool_]:
        """Which templates of an identity count, (T,); worked out once, for those that somebody is near to."""
        if place not in self._counting:
            rows = self.rows(place)
            vouched = [number in self.vouched for number in self.matrix.template_ids[rows].tolist()]
            self._counting[place] = fellows(self.matrix.vectors[rows], self.fellow_threshold, vouched)
        return self._counting[place]


class Roster:
    """Everybody whom a model can recognise.

    Attributes:
        model: Name of the embedder's card.
    """

    def __init__(self, groups: Groups, name_of: Callable[[str], str]) -> None:
        """Be ready to compare with the templates in `groups`; `name_of` gives the name that goes with an id."""
        self.model = groups.matrix.model
        self._groups = groups
        self._name_of = name_of

    def __len__(self) -> int:
        """How many identities can be recognised."""
        return len(self._groups.ids)

    def flagged(self, identity_id: str) -> tuple[int, ...]:
        """Ids of the templates of an identity that are far from their fellows, and do not count."""
        place = self._groups.places.get(identity_id)
        if place is None:
            return ()
        rows = self._groups.rows(place)[~self._groups.counting(place)]
        return tuple(int(number) for number in self._groups.matrix.template_ids[rows])

    def similarities_to(self, identity_id: str, vectors: FloatArray) -> NDArray[np.float64]:
        """Cosine similarities (Q,) of the embeddings (Q, D) to one identity that can be recognised."""
        place = self._groups.places[identity_id]
        templates = self._groups.matrix.vectors[self._groups.rows(place)[self._groups.counting(place)]]
        return np.array([identity_similarity(row) for row in cosines(vectors, templates)])

    def ranked(self, vectors: FloatArray, most: int = 1) -> list[tuple[Match, ...]]:
        """For each of the embeddings (Q, D) the `most` identities that are most like it, best first.

        Exact: every template of everybody is compared.
        """
        return [self._ranked_one(vector, most) for vector in vectors]

    def _ranked_one(self, vector: FloatArray, most: int) -> tuple[Match, ...]:
        groups = self._groups
        if not groups.ids:
            return ()
        similarities = (groups.matrix.vectors @ vector)[groups.order]
        # No identity's similarity is above that of its nearest template: in this order the rest is soon too far.
        nearest = np.maximum.reduceat(similarities, groups.starts)
        found: list[tuple[float, int]] = []
        for place in _falling(nearest):
            if len(found) >= most and -found[most - 1][0] > float(nearest[place]) + SINGLE_ERROR:
                break
            own = groups.matrix.vectors[groups.rows(place)[groups.counting(place)]]
            found = sorted([*found, (-identity_similarity(cosines(own, vector)), place)])[:most]
        return tuple(Match(groups.ids[place], self._name_of(groups.ids[place]), -negative) for negative, place in found)


def _falling(values: FloatArray, first: int = 64) -> Iterator[int]:
    """Places of the values (I,), largest first; of many values all are sorted only if somebody asks that far."""
    if len(values) <= first:
        yield from np.argsort(-values, kind="stable").tolist()
        return
    head = np.argpartition(-values, first)[:first]
    yield from head[np.argsort(-values[head], kind="stable")].tolist()
    begun = set(head.tolist())
    yield from (place for place in np.argsort(-values, kind="stable").tolist() if place not in begun)


_GROUPS: WeakKeyDictionary[GalleryStore, dict[str, Groups]] = WeakKeyDictionary()
"""Of each open gallery the templates by identity, one grouping a model: the same until somebody writes."""


def read_roster(store: GalleryStore, model: str, fellow_threshold: float) -> Roster:
    """Read who can be recognised by a model; what is in memory of an unchanged gallery is used again.

    Args:
        model: Name of the embedder's card.
        fellow_threshold: Similarity from which on two templates of one identity belong together.

    Raises:
        InputError: If nobody is enrolled.
        ModelError: If all templates are of other models.
    """
    matrix = store.matrix(model)
    if not len(matrix.vectors):
        stored = store.models()
        raise other_models(model, stored) if stored else nobody_enrolled()
    known = _GROUPS.setdefault(store, {})
    groups = known.get(model)
    vouched = store.vouched()
    read_by = (fellow_threshold, vouched)
    if groups is None or not _same(groups.matrix, matrix) or (groups.fellow_threshold, groups.vouched) != read_by:
        groups = known[model] = Groups(matrix, fellow_threshold, vouched)

    def name_of(identity_id: str) -> str:
        try:
            return store.find(identity_id).name
        except InputError:  # deleted a moment ago, by another process
            return identity_id

    return Roster(groups, name_of)


def _same(one: TemplateMatrix, other: TemplateMatrix) -> bool:
    """Whether two matrices of a model hold the same templates of the same people, without comparing their vectors.

    An id is never given to another template; a merge changes owners.
    """
    return np.array_equal(one.template_ids, other.template_ids) and (
        one.identity_ids is other.identity_ids or bool((one.identity_ids == other.identity_ids).all())
    )


def nobody_enrolled() -> InputError:
    """Say that the gallery is empty."""
    return InputError("Nobody is enrolled in the gallery.", "Enrol someone first.", code="gallery.empty")


def other_models(model: str, others: Sequence[str]) -> ModelError:
    """Say that the gallery's templates are of other models than the one at hand."""
    if not others:
        return ModelError("The gallery has names and no templates.", "Enrol someone first.", code="gallery.empty")
    named = " and ".join(others)
    if not any(other in all_cards() for other in others):
        return ModelError(
            f"The templates in the gallery are of {named}, which this closeup no longer has: they do not compare with "
            f"what {model} reads.",
            "Enrol everybody again from their photos; names, notes and dates stay.",
            code="gallery.old-model",
        )
    return ModelError(
        f"The templates in the gallery are of {named}, and faces are read with {model} here: they do not compare.",
        "Take the model that they were made with, or enrol everybody again.",
        code="gallery.other-model",
        name=others[0],
    )
