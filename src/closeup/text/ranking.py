"""How much each sentence of a text says about the whole, by its words alone; every choice is repeatable.

Scores are computed in float64 until they stand still, and compared by ten digits; of equal ones the earlier sentence
comes first. So the same text gives the same order on every processor.
"""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

Scores = NDArray[np.float64]

MAX_TOGETHER = 800
"""So many sentences are compared each with each; a longer text is ranked part by part."""

DAMPING = 0.85
_SETTLED = 1e-13
_DIGITS = 10
_RARITY_POWER = 0.3

_LINKED = 0.1
"""Cosine from which LexRank counts two sentences as linked."""

Tokens = Sequence[Sequence[str]]
_Likeness = Callable[[Scores], Scores]


def textrank(tokens: Tokens) -> Scores:
    """TextRank: PageRank among sentences that share words, (N,), rows of the graph normalised.

    R. Mihalcea and P. Tarau, "TextRank: Bringing Order into Text", 2004. Two sentences are as near as the cosine of
    their word counts says, rare words counting a little more; the paper's shared words by the logarithms of lengths
    prefer long sentences.
    """
    return _in_parts(tokens, lambda counts: _cosines(counts * _rarity(counts) ** _RARITY_POWER))


def lexrank(tokens: Tokens) -> Scores:
    """LexRank: the same among sentences whose TF-IDF cosine is at least 0.1, each link as good as another, (N,).

    G. Erkan and D. R. Radev, "LexRank: Graph-based Lexical Centrality", 2004.
    """
    return _in_parts(tokens, lambda counts: (_cosines(counts * _rarity(counts)) >= _LINKED).astype(np.float64))


def lead(count: int) -> Scores:
    """A score that falls with the place of a sentence, (N,), as news are written."""
    return 1 / (1 + np.arange(count, dtype=np.float64))


def best_first(scores: Scores) -> list[int]:
    """Places of sentences from the best score, (N,), to the worst; of equal ones the earlier first."""
    return [int(place) for place in np.argsort(-np.round(scores, _DIGITS), kind="stable")]


def without_repeats(scores: Scores, tokens: Tokens, count: int, weight: float = 0.7) -> list[int]:
    """Places of up to `count` sentences, best first, each chosen for its score (N,) and against what is chosen already.

    Maximal marginal relevance: J. Carbonell and J. Goldstein, 1998.

    Args:
        weight: Of the score, as a share of the highest, from 0 to 1; the rest is for being unlike the chosen ones.
    """
    left = best_first(scores)[: max(4 * count, MAX_TOGETHER)]
    counts = _counts([tokens[place] for place in left])
    like = _cosines(counts)
    worth = weight * scores[left] / max(float(scores.max(initial=0.0)), 1e-300)
    nearest = np.zeros(len(left))
    chosen: list[int] = []
    while len(chosen) < min(count, len(left)):
        value = np.round(worth - (1 - weight) * nearest, _DIGITS)
        value[chosen] = -np.inf
        chosen.append(int(value.argmax()))
        nearest = np.maximum(nearest, like[:, chosen[-1]])
    return [left[place] for place in chosen]


def _in_parts(tokens: Tokens, likeness: _Likeness) -> Scores:
    """Rank up to `MAX_TOGETHER` sentences together; of more, each part by itself, every part weighing as its length."""
    total = len(tokens)
    parts = range(0, total, MAX_TOGETHER)
    ranks = []
    for start in parts:
        counts = _counts(tokens[start : start + MAX_TOGETHER])
        ranks.append(_pagerank(likeness(counts)) * len(counts) / total)
    return np.concatenate(ranks) if ranks else np.zeros(0)


def _counts(tokens: Tokens) -> Scores:
    """How often each word is in each sentence, (N, words)."""
    column = {word: place for place, word in enumerate(sorted({word for each in tokens for word in each}))}
    counts = np.zeros((len(tokens), max(len(column), 1)))
    for row, each in enumerate(tokens):
        for word in each:
            counts[row, column[word]] += 1
    return counts


def _rarity(counts: Scores) -> Scores:
    return np.asarray(np.log((1 + len(counts)) / (1 + (counts > 0).sum(axis=0))) + 1)


def _cosines(vectors: Scores) -> Scores:
    lengths = np.sqrt((vectors**2).sum(axis=1))
    lengths[lengths == 0] = 1
    return np.asarray((vectors @ vectors.T) / lengths / lengths[:, None])


def _pagerank(likeness: Scores) -> Scores:
    """The standing of each of N in a graph with weights (N, N); links to oneself do not count. Sums to about one."""
    weights = likeness.copy()
    np.fill_diagonal(weights, 0)
    given = weights.sum(axis=1)
    weights /= np.where(given > 0, given, 1)[:, None]
    ranks = np.full(len(weights), 1 / len(weights))
    for _ in range(300):
        before = ranks
        ranks = (1 - DAMPING) / len(weights) + DAMPING * (before @ weights)
        if np.abs(ranks - before).sum() < _SETTLED:
            break
    return ranks


def likeness(one: Sequence[str], other: Sequence[str]) -> float:
    """Cosine of the word counts of two texts, from 0 to 1."""
    return float(_cosines(_counts([one, other]))[0, 1])
