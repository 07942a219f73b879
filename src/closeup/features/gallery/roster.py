"""Who is enrolled, ready to be compared with: every identity by all of its templates of one model that count."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from closeup.core.errors import InputError, ModelError
from closeup.core.types import FloatArray
from closeup.features.gallery.scoring import fellows, identity_similarity
from closeup.storage.gallery import GalleryStore
from closeup.storage.records import IdentityRecord, TemplateMatrix


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


class Roster:
    """The identities of a gallery as they are now; another is made after a change.

    Attributes:
        model: Name of the embedder's card.
        identities: Everybody in the gallery, by id, whether there are templates of the model or not.
        unreadable: Names of those who have templates of other models only, and cannot be recognised.
    """

    def __init__(self, matrix: TemplateMatrix, identities: Sequence[IdentityRecord], fellow_threshold: float) -> None:
        """Arrange the templates by identity.

        Args:
            matrix: The templates of one model.
            identities: Everybody.
            fellow_threshold: Similarity from which on two templates of one identity belong together.
        """
        self.model = matrix.model
        self.identities = {record.id: record for record in identities}
        self._fellow_threshold = fellow_threshold
        places: dict[str, int] = {}
        codes = [places.setdefault(owner, len(places)) for owner in matrix.identity_ids.tolist()]
        self._ids = list(places)
        self._order = np.argsort(np.array(codes, dtype=np.intp), kind="stable")
        counts = np.bincount(np.array(codes, dtype=np.intp), minlength=len(places))
        self._starts = np.cumsum(counts) - counts
        self._counts = counts
        self._vectors = matrix.vectors
        self._template_ids = matrix.template_ids
        self._counting: dict[int, NDArray[np.bool_]] = {}
        self.unreadable = tuple(record.name for record in identities if record.templates and record.id not in places)

    def __len__(self) -> int:
        """How many identities can be recognised."""
        return len(self._ids)

    def flagged(self, identity_id: str) -> tuple[int, ...]:
        """Ids of the templates of an identity that are far from their fellows, and do not count."""
        if identity_id not in self._ids:
            return ()
        place = self._ids.index(identity_id)
        rows = self._rows(place)[~self._counts_of(place)]
        return tuple(int(number) for number in self._template_ids[rows])

    def similarities_to(self, identity_id: str, vectors: FloatArray) -> FloatArray:
        """Cosine similarities (Q,) of the embeddings (Q, D) to one identity that can be recognised."""
        place = self._ids.index(identity_id)
        templates = self._vectors[self._rows(place)[self._counts_of(place)]]
        return np.array([identity_similarity(row) for row in vectors @ templates.T], np.float32)

    def ranked(self, vectors: FloatArray, most: int = 1) -> list[tuple[Match, ...]]:
        """For each of the embeddings (Q, D) the `most` identities that are most like it, best first.

        Exact: every template of everybody is compared.
        """
        return [self._ranked_one(vector, most) for vector in vectors]

    def _ranked_one(self, vector: FloatArray, most: int) -> tuple[Match, ...]:
        if not self._ids:
            return ()
        similarities = (self._vectors @ vector)[self._order]
        # No identity's similarity is above that of its nearest template: in this order the rest is soon too far.
        nearest = np.maximum.reduceat(similarities, self._starts)
        found: list[tuple[float, int]] = []
        for place in np.argsort(-nearest, kind="stable").tolist():
            if len(found) >= most and found[most - 1][0] <= -float(nearest[place]):
                break
            start = self._starts[place]
            own = similarities[start : start + self._counts[place]]
            found = sorted([*found, (-identity_similarity(own[self._counts_of(place)]), place)])[:most]
        return tuple(self._match(place, -negative) for negative, place in found)

    def _match(self, place: int, similarity: float) -> Match:
        identity_id = self._ids[place]
        record = self.identities.get(identity_id)
        return Match(identity_id, record.name if record else identity_id, similarity)

    def _rows(self, place: int) -> NDArray[np.intp]:
        start = self._starts[place]
        return np.asarray(self._order[start : start + self._counts[place]])

    def _counts_of(self, place: int) -> NDArray[np.bool_]:
        """Which templates of an identity count; worked out once for those that somebody is near to."""
        if place not in self._counting:
            self._counting[place] = fellows(self._vectors[self._rows(place)], self._fellow_threshold)
        return self._counting[place]


def read_roster(store: GalleryStore, model: str, fellow_threshold: float) -> Roster:
    """Read who can be recognised by a model.

    Args:
        store: The gallery.
        model: Name of the embedder's card.
        fellow_threshold: As for `Roster`.

    Raises:
        InputError: If nobody is enrolled.
        ModelError: If all templates are of other models.
    """
    matrix, identities = store.matrix(model), store.identities()
    if not identities:
        raise nobody_enrolled()
    if not len(matrix.vectors):
        others = [other for other in store.models() if other != model]
        raise other_models(model, others)
    return Roster(matrix, identities, fellow_threshold)


def nobody_enrolled() -> InputError:
    """Say that the gallery is empty."""
    return InputError("Nobody is enrolled in the gallery.", "Enrol somebody: closeup gallery enrol NAME PHOTO")


def other_models(model: str, others: Sequence[str]) -> ModelError:
    """Say that the gallery's templates are of other models than the one at hand."""
    if not others:
        return ModelError("The gallery has names and no templates.", "Enrol somebody: closeup gallery enrol NAME PHOTO")
    named = " and ".join(others)
    return ModelError(
        f"The templates in the gallery are of {named}, and faces are read with {model} here: they do not compare.",
        f"Fetch the other model (closeup models pull {others[0]}), choose it with --models, or enrol everybody again.",
    )
