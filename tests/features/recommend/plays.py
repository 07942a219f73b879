"""Made-up plays: three tastes, some artists of each, and a few that everybody plays."""

from pathlib import Path

import numpy as np

from closeup.features.recommend.fit import fit_recommender
from closeup.features.recommend.model import Recommender
from closeup.features.recommend.options import RecommendOptions

SMALL = RecommendOptions(factors=6, iterations=6, members=2, item_penalty=5.0)


def rows(users: int = 45, items: int = 36, each: int = 9, seed: int = 0) -> list[tuple[str, str, int, str]]:
    """User, item, plays, day; users like the items whose number leaves the same rest by three."""
    rng = np.random.default_rng(seed)
    found = []
    for user in range(users):
        liked = np.array([6.0 if item % 3 == user % 3 else 1.0 for item in range(items)])
        for item in rng.choice(items, each, replace=False, p=liked / liked.sum()).tolist():
            day = f"2024-0{1 + int(rng.integers(9))}-{1 + int(rng.integers(28)):02d}"
            found.append((f"u{user:02d}", f"i{item:02d}", int(rng.integers(1, 400)), day))
    return found


def write(path: Path, lines: list[tuple[str, str, int, str]], head: str = "user,item,plays,date") -> Path:
    """A table of plays."""
    path.write_text("\n".join([head, *(",".join(map(str, line)) for line in lines)]) + "\n", encoding="utf-8")
    return path


def fitted(folder: Path, lines: list[tuple[str, str, int, str]] | None = None) -> Recommender:
    """A small model of made-up plays."""
    return fit_recommender(write(folder / "plays.csv", lines or rows()), options=SMALL)
