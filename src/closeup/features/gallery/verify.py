"""Whether two photos show one person, or a photo the person that it is said to show."""

from dataclasses import dataclass
from pathlib import Path

from closeup.algorithms.clustering.similarity import cosines
from closeup.features.gallery.options import FAR
from closeup.features.gallery.photos import telling_face
from closeup.features.gallery.roster import other_models, read_roster
from closeup.features.gallery.scoring import FELLOW_FAR
from closeup.perception.analyzer import Analyzer
from closeup.storage.gallery import GalleryStore
from closeup.weights.cards import card
from closeup.weights.far import threshold_for


@dataclass(frozen=True, slots=True)
class Verification:
    """The answer, with the figures behind it.

    Attributes:
        same: Whether they are taken for one person.
        similarity: Cosine, -1 to 1; higher is more alike.
        threshold: From which on they are taken for one.
        far: False-accept rate that the threshold was read at: the share of pairs of strangers that reach it.
        read_from: The data that it was read from.
        model: Name of the embedder's card.
    """

    same: bool
    similarity: float
    threshold: float
    far: float
    read_from: str
    model: str


def verify(analyzer: Analyzer, a: Path, b: Path, far: float = FAR, *, largest: bool = False) -> Verification:
    """Say whether two photos show one person.

    Args:
        a: A photo with one face; `b` likewise.
        far: False-accept rate to answer at.
        largest: Of several faces take the largest.

    Raises:
        InputError: If one is no picture, or shows no face or several; or no threshold is known for that rate.
    """
    _, one = telling_face(analyzer, a, largest=largest)
    _, other = telling_face(analyzer, b, largest=largest)
    return _answer(one.model, float(cosines(one.embedding, other.embedding)), far)


def verify_identity(
    store: GalleryStore, analyzer: Analyzer, photo: Path, name: str, far: float = FAR, *, largest: bool = False
) -> Verification:
    """Say whether a photo shows somebody who is enrolled, by all of their templates that count.

    Raises:
        InputError: If nobody of that name is enrolled, or as `verify`.
        ModelError: If their templates are of other models only.
    """
    identity = store.find(name)
    stored = {template.model for template in store.templates_of(identity.id)}
    usable = [each.name for each in analyzer.embedder_cards if each.name in stored and each.far is not None]
    if not usable:
        raise other_models(analyzer.embedder_card.name, sorted(stored))
    model = usable[0]
    _, face = telling_face(analyzer, photo, largest=largest, every_model=model != analyzer.embedder_card.name)
    roster = read_roster(store, model, threshold_for(card(model), FELLOW_FAR).threshold)
    return _answer(model, float(roster.similarities_to(identity.id, face.embeddings[model][None])[0]), far)


def _answer(model: str, similarity: float, far: float) -> Verification:
    point = threshold_for(card(model), far)
    return Verification(similarity >= point.threshold, similarity, point.threshold, point.far, point.read_from, model)
