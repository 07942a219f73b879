"""What was paid nearby: the nearest rows of a table by the distance on the globe, own thing left out."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Indices = NDArray[np.intp]

EARTH_KM = 6371.0088
"""Mean radius of the earth (IUGG)."""

MOST = 40
"""Neighbours that are looked at, at most."""

SPARE = 40
"""Rows of one's own group that may lie among the nearest, a house sold again and again, before neighbours are lost."""

_AT_ONCE = 4096


def nearest_elsewhere(
    here: Floats, groups: NDArray[np.int64], reference: Floats, reference_groups: NDArray[np.int64]
) -> tuple[Indices, Floats]:
    """The nearest rows of a reference that are of another group, nearest first.

    Distances are compared to the millimetre, and equal ones (flats of one house) go in the order of the reference, so
    that the answer is the same on every processor.

    Args:
        here: Shape (N, 2): latitude and longitude in degrees, NaN where unknown.
        groups: Shape (N,).
        reference: Shape (M, 2), likewise.
        reference_groups: Shape (M,).

    Returns:
        Indices of the reference, shape (N, 40), -1 where there are no more, and distances in km, NaN there.
    """
    from sklearn.neighbors import BallTree

    found, far = np.full((len(here), MOST), -1, np.intp), np.full((len(here), MOST), np.nan)
    known = np.flatnonzero(np.isfinite(reference).all(axis=1))
    asked = np.flatnonzero(np.isfinite(here).all(axis=1))
    if not len(known):
        return found, far
    tree = BallTree(np.radians(reference[known]), metric="haversine")
    count = min(MOST + SPARE, len(known))
    for start in range(0, len(asked), _AT_ONCE):
        rows = asked[start : start + _AT_ONCE]
        distances, places = tree.query(np.radians(here[rows]), k=count)
        distances, places = np.round(distances * EARTH_KM, 6), known[places]
        order = np.lexsort((places, distances), axis=-1)
        distances, places = np.take_along_axis(distances, order, 1), np.take_along_axis(places, order, 1)
        own = reference_groups[places] == groups[rows, None]
        last = np.argsort(own, axis=1, kind="stable")[:, :MOST]  # others first, in their order
        others = ~np.take_along_axis(own, last, 1)
        width = last.shape[1]
        found[rows, :width] = np.where(others, np.take_along_axis(places, last, 1), -1)
        far[rows, :width] = np.where(others, np.take_along_axis(distances, last, 1), np.nan)
    return found, far


def kilometres(here: Floats, place: Floats) -> Floats:
    """Haversine distances in km of (N, 2) positions in degrees from one (2,), shape (N,)."""
    (lat, long), (to_lat, to_long) = np.radians(here).T, np.radians(place)
    half = np.sin((lat - to_lat) / 2) ** 2 + np.cos(lat) * np.cos(to_lat) * np.sin((long - to_long) / 2) ** 2
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0, 1))), np.float64)
