"""Who a face is, out of everybody who is enrolled: a name, or nobody of them, with the figures behind the answer."""

import numpy as np

from closeup.core.types import FloatArray, Image
from closeup.core.words import LeftOut, counted
from closeup.documents.gallery import FaceAnswer
from closeup.features.gallery.photos import BY_EVERY_MODEL, DESCRIBED
from closeup.features.gallery.roster import Match, Roster, nobody_enrolled, other_models, read_roster
from closeup.features.gallery.scoring import FELLOW_FAR
from closeup.perception.analyzer import AnalysedFace, Analyzer
from closeup.storage.gallery import GalleryStore
from closeup.weights.cards import card
from closeup.weights.far import FarPoint, threshold_for


def model_for(store: GalleryStore, analyzer: Analyzer) -> str:
    """The model by which faces are compared with a gallery: the analyzer's that most people have templates of.

    Of equals the one that the analyzer answers with. So a gallery goes on working when a better model comes to the
    machine, and the better one takes over when everybody is enrolled with it.

    Raises:
        InputError: If nobody is enrolled.
        ModelError: If all templates are of models that are not on this machine, or that `--models` leaves out.
    """
    stored = store.models()
    usable = [each.name for each in analyzer.embedder_cards if each.name in stored and each.far is not None]
    if usable:
        return max(usable, key=lambda model: coverage(store, model))
    raise other_models(analyzer.embedder_card.name, stored) if stored else nobody_enrolled()


def coverage(store: GalleryStore, model: str) -> int:
    """How many people have templates of a model."""
    return len(set(store.matrix(model).identity_ids.tolist()))


def not_described_by(store: GalleryStore, model: str) -> tuple[str, ...]:
    """Say how many people of a gallery have no template of a model, and so are not compared; empty where all have."""
    missing = len(store.identities()) - coverage(store, model)
    known = f"{counted(missing, 'person', 'people')} of the gallery not known by {model}"
    return (LeftOut(f"{known}, and so left out."),) if missing > 0 else ()


def read_for(analyzer: Analyzer, image: Image, model: str, *, thorough: bool = True) -> tuple[AnalysedFace, ...]:
    """Find the faces of an RGB picture (H, W, 3) and describe them by `model`, one of the analyzer's, at least.

    `thorough` looks again where need be; see `Analyzer.faces`.
    """
    own = model == analyzer.embedder_card.name
    return analyzer.faces(image, DESCRIBED if own else BY_EVERY_MODEL, thorough=thorough)


class Recogniser:
    """Everybody who is enrolled, and a threshold; for a changed gallery another is made.

    Attributes:
        roster: Who can be recognised.
        point: Threshold and the false-accept rate it was read at.
        model: Name of the card of the embedder by which faces are compared.
        same_threshold: Similarity from which on two pictures are likely of one person, more leniently.
    """

    def __init__(self, store: GalleryStore, model: str, far: float) -> None:
        """Get ready.

        Args:
            model: Name of the card of the embedder that the faces are read with.
            far: False-accept rate of one comparison.

        Raises:
            InputError: If nobody is enrolled, or no threshold is known for that rate.
            ModelError: If all templates are of other models.
        """
        embedder = card(model)
        self.model = model
        self.point: FarPoint = threshold_for(embedder, far)
        self.same_threshold = threshold_for(embedder, FELLOW_FAR).threshold
        self.roster: Roster = read_roster(store, model, self.same_threshold)

    def answer(self, vectors: FloatArray) -> tuple[FaceAnswer, ...]:
        """Say for each of the embeddings (Q, D), L2-normalised, who it is."""
        return tuple(self._answer(ranked[0]) for ranked in self.roster.ranked(vectors))

    def answer_together(self, vectors: FloatArray) -> FaceAnswer:
        """Say who the faces (N, D), at least one, are that are known to be one person's: the mean over them decides.

        Whoever is nearest to one of them at least is looked at.
        """
        near = {ranked[0].identity_id: ranked[0] for ranked in self.roster.ranked(vectors)}
        means = {who: float(np.mean(self.roster.similarities_to(who, vectors))) for who in near}
        best = max(near, key=lambda who: means[who])
        return self._answer(Match(best, near[best].name, means[best]))

    def _answer(self, match: Match) -> FaceAnswer:
        known = match.similarity >= self.point.threshold
        return FaceAnswer(
            name=match.name if known else None,
            identity_id=match.identity_id if known else None,
            nearest=match.name,
            similarity=match.similarity,
            threshold=self.point.threshold,
            far=self.point.far,
            read_from=self.point.read_from,
            model=self.model,
            candidates=len(self.roster),
            stranger_rate=1 - (1 - self.point.far) ** len(self.roster),
            flagged=bool(self.roster.flagged(match.identity_id)),
        )
