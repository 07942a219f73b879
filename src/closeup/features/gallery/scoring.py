"""How alike a face is to somebody who is enrolled with several pictures.

Every picture (template) counts, not their mean alone: a face seen from the left is nearest to the left template, and
a mean of all poses is nobody's face. Thresholds are read off pairs of pictures, so the score is chosen such that
strangers pass it about as often as they pass one comparison: with 1 to 10 templates of LFW's people and the threshold
for one false accept in a thousand, strangers passed at 0.8 to 1.3 in a thousand; the nearest template alone would let
1.7 to 5.4 pass (docs/concepts/gallery.md).
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from closeup.algorithms.clustering.similarity import cosines
from closeup.core.types import FloatArray

FELLOW_FAR = 0.01
"""Two templates are fellows from the similarity on that one pair of strangers in a hundred reaches. Of LFW's people
with four or more pictures, 0.1 % of the right ones were flagged at it, and 99.1 % of single strangers among four."""


def identity_similarity(similarities: NDArray[np.floating]) -> float:
    """Cosine similarity of a face to an identity, from those to its templates that count, shape (T,), -1 to 1.

    Halfway between the nearest template and the mean over all. One template alone gives its own similarity.

    Raises:
        ValueError: If there is no template.
    """
    if not len(similarities):
        raise ValueError("an identity without templates is like nobody")
    return float((similarities.max() + similarities.mean()) / 2)


def fellows(
    vectors: FloatArray, threshold: float, vouched: NDArray[np.bool_] | Sequence[bool] | None = None
) -> NDArray[np.bool_]:
    """Say which templates of an identity belong together, and so count; the others are flagged.

    Templates that are alike stand in one group, and so do those that a third links: a left and a right profile by
    way of the front. The largest group counts; of two equals the one that was begun first, so that a wrong picture
    does not push out the one that was there before.

    Args:
        vectors: Shape (T, D), L2-normalised, in the order of enrolment.
        threshold: Cosine similarity from which on two templates are fellows.
        vouched: Shape (T,), true where somebody has said whose the template is: those are fellows of each other,
            however unlike they are. None for nowhere.

    Returns:
        Shape (T,), true where the template counts; at least one does, if there is any.
    """
    count = len(vectors)
    alike = cosines(vectors, vectors) >= threshold
    if vouched is not None:
        alike |= np.logical_and.outer(vouched, vouched)
    group = np.arange(count)
    while True:
        lowest = np.array([group[alike[row] | (group == group[row])].min() for row in range(count)], dtype=np.intp)
        if (lowest == group).all():
            break
        group = lowest
    sizes = np.bincount(group, minlength=count)
    return np.asarray(group == (sizes.argmax() if count else 0), dtype=np.bool_)
