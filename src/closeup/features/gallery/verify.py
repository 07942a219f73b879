"""Whether two photos show one person, or a photo the person that it is said to show."""

from pathlib import Path

from closeup.algorithms.clustering.similarity import cosines
from closeup.documents.gallery import Verification
from closeup.features.gallery.options import FAR
from closeup.features.gallery.photos import telling_face
from closeup.features.gallery.roster import other_models, read_roster
from closeup.features.gallery.scoring import FELLOW_FAR
from closeup.perception.analyzer import Analyzer
from closeup.storage.gallery import GalleryStore
from closeup.weights.cards import card
from closeup.weights.far import threshold_for


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
    return _answer(str(a), str(b), one.model, float(cosines(one.embedding, other.embedding)), far=far)


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
    similarity = float(roster.similarities_to(identity.id, face.embeddings[model][None])[0])
    return _answer(str(photo), name, model, similarity, far=far)


def _answer(a: str, b: str, model: str, similarity: float, *, far: float) -> Verification:
    point = threshold_for(card(model), far)
    return Verification(
        a=a,
        b=b,
        same=similarity >= point.threshold,
        similarity=similarity,
        threshold=point.threshold,
        far=point.far,
        read_from=point.read_from,
        model=model,
    )
