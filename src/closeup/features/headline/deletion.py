"""Which words of a sentence make its headline, learnt from pairs: a conditional random field over chains of kept words.

A headline is a chain from the beginning of a sentence over the words that are kept to its end. Each link has a score:
the weights of the features of the word it leads to, and of the two words and what is left out between them, as in
R. McDonald, "Discriminative Sentence Compression with Soft Syntactic Evidence", 2006. The weights are learnt as in
J. Lafferty et al., 2001: the likelihood of the chains that headlines were made by, with a penalty on large weights, by
a fixed number of steps from zero. The best chain of allowed length is found exactly.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.text.compression import CANNOT_BEGIN, CLAUSE_WORDS, hangs
from closeup.text.rouge import rouge_tokens
from closeup.text.tagging import Token
from closeup.text.words import STOP_WORDS

Floats = NDArray[np.float64]

STEPS, RATE, PENALTY = 90, 0.1, 6.0
BONUS = 1.0
"""What each kept word is worth beside its links: without it chains are too short."""

_FRAME = frozenset({"article", "of", "to", "preposition", "and", "that", "auxiliary", "modal", "possessive", "not"})
_FINITE = frozenset({"auxiliary", "modal", "verb", "say", "-ed"})
_NEVER = -1e9


@dataclass(frozen=True, slots=True)
class Links:
    """The features of all links of a sentence, as numbers; 0 is a feature that is not known.

    Attributes:
        words: Of the word that a link leads to, (N, A).
        pairs: Of the link from word i - 1 (0 is the beginning) to word j (N is the end), (N + 1, N + 1, B).
    """

    words: NDArray[np.intp]
    pairs: NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Example:
    """A sentence and the headline that people gave its text.

    Attributes:
        tokens: Of the sentence.
        later: In how many later sentences each stem occurs.
        headline: What to learn.
    """

    tokens: Sequence[Token]
    later: Counter[str]
    headline: str


class Deletion:
    """Learnt weights of features, by name."""

    def __init__(self, names: Sequence[str], weights: Floats) -> None:
        """Take weights (F,) in the order of the names."""
        self.names, self.weights = tuple(names), weights
        self._number = {name: place + 1 for place, name in enumerate(names)}
        self._padded = np.concatenate([[0.0], weights])

    def keep(self, tokens: Sequence[Token], later: Counter[str], words: int) -> list[int]:
        """Places of the words that make the best headline of up to `words` words which can stand.

        Args:
            later: In how many later sentences each stem occurs.
        """
        numbers = [[self._number.get(name, 0) for name in each] for each in word_features(tokens, later)]
        links = Links(_square(numbers), _cube(pair_features(tokens), len(tokens), self._number))
        scores = _scores(links, self._padded)
        for place, token in enumerate(tokens):
            if hangs(tokens, place):
                scores[place + 1, -1] = _NEVER
            if token.kind in CANNOT_BEGIN:
                scores[0, place] = _NEVER
        verb = main_verb(tokens)
        if verb is not None and tokens[verb].kind in ("verb", "-ed"):
            scores[: verb + 1, verb + 1 :] = _NEVER  # no link leads past it
        return _best_chain(scores, words)


def learn(examples: Sequence[Example], *, progress: ProgressCallback = ignore) -> Deletion:
    """Learn from sentences and the headlines that people gave them."""
    chains = [[-1, *kept_words(each.tokens, each.headline), len(each.tokens)] for each in examples]
    used = [(each, chain) for each, chain in zip(examples, chains, strict=True) if len(chain) >= 5]
    words = [word_features(each.tokens, each.later) for each, _ in used]
    pairs = [pair_features(each.tokens) for each, _ in used]
    chains = [chain for _, chain in used]
    names = _names(words, pairs, chains)
    number = {name: place + 1 for place, name in enumerate(names)}
    links = [
        Links(
            _square([[number.get(name, 0) for name in each] for each in of_words]), _cube(of_pairs, chain[-1], number)
        )
        for of_words, of_pairs, chain in zip(words, pairs, chains, strict=True)
    ]
    return Deletion(names, _fit(links, chains, len(names) + 1, progress)[1:])


def _fit(links: Sequence[Links], chains: Sequence[list[int]], size: int, progress: ProgressCallback) -> Floats:
    """Weights (F + 1,) by Adam on the whole data: the same steps each time."""
    wanted = np.zeros(size)
    for each, chain in zip(links, chains, strict=True):
        for before, after in pairwise(chain):
            wanted += np.bincount(each.pairs[before + 1, after], minlength=size)
        wanted += np.bincount(each.words[chain[1:-1]].ravel(), minlength=size)
    weights, mean, square = np.zeros(size), np.zeros(size), np.zeros(size)
    for step in range(1, STEPS + 1):
        progress(Progress("Learning which words to keep", step, STEPS, "steps"))
        slope = wanted - PENALTY * weights
        for each in links:
            shares = _shares(_scores(each, weights))
            slope -= np.bincount(each.pairs.ravel(), np.repeat(shares.ravel(), each.pairs.shape[2]), size)
            slope -= np.bincount(each.words.ravel(), np.repeat(shares[:, :-1].sum(0), each.words.shape[1]), size)
        slope[0] = 0.0
        mean, square = 0.9 * mean + 0.1 * slope, 0.999 * square + 0.001 * slope**2
        rate = RATE * (1.0 if step < 0.6 * STEPS else 0.3)
        weights = weights + rate * (mean / (1 - 0.9**step)) / (np.sqrt(square / (1 - 0.999**step)) + 1e-8)
    return weights


def _names(
    words: Sequence[list[list[str]]], pairs: Sequence[dict[tuple[int, int], list[str]]], chains: Sequence[list[int]]
) -> list[str]:
    """Features that kept chains have twice, or that are common anyway."""
    seen, kept = Counter[str](), Counter[str]()
    for of_words, of_pairs, chain in zip(words, pairs, chains, strict=True):
        for names in (*of_words, *of_pairs.values()):
            seen.update(names)
        for before, after in pairwise(chain):
            kept.update(of_pairs[before, after])
        kept.update(name for place in chain[1:-1] for name in of_words[place])
    return sorted(name for name, count in seen.items() if kept[name] >= 2 or count >= 20)


# Chains


def _scores(links: Links, weights: Floats) -> Floats:
    """Scores of links, (N + 1, N + 1); those that lead back are impossible."""
    scores = weights[links.pairs].sum(-1)
    scores[:, :-1] += weights[links.words].sum(-1)
    scores[np.tril_indices(len(scores), -1)] = _NEVER
    return np.asarray(scores)


def _shares(scores: Floats) -> Floats:
    """How likely each link is in a chain drawn by the scores, (N + 1, N + 1)."""
    count = len(scores)
    ahead, behind = np.full(count + 1, _NEVER), np.full(count + 1, _NEVER)
    ahead[0] = behind[count] = 0.0
    for place in range(1, count + 1):
        ahead[place] = _sum_of_logs(ahead[:place] + scores[:place, place - 1])
    for place in range(count - 1, -1, -1):
        behind[place] = _sum_of_logs(scores[place, place:] + behind[place + 1 :])
    return np.asarray(np.exp(np.minimum(ahead[:count, None] + scores + behind[None, 1:] - ahead[count], 0.0)))


def _sum_of_logs(values: Floats) -> float:
    top = values.max()
    return float(top + np.log(np.exp(values - top).sum()))


def _best_chain(scores: Floats, words: int) -> list[int]:
    """The chain of the highest score with up to `words` words; nearly as many where the sentence has them."""
    count = len(scores)
    best = np.full((words + 2, count + 1), _NEVER * 10)
    came = np.zeros((words + 2, count + 1), int)
    best[0, 0] = 0.0
    for length in range(1, words + 2):
        for place in range(1, count + 1):
            ways = np.round(best[length - 1, :place] + scores[:place, place - 1], 9)
            came[length, place] = ways.argmax()
            best[length, place] = ways[came[length, place]]
    fewest = min(max(words - 4, 2), count - 1)
    lengths = range(fewest + 1, min(words, count - 1) + 2)
    if best[lengths.start : lengths.stop, count].max() < _NEVER / 2:  # none of these can stand: shorter ones may
        lengths = range(2, lengths.stop)
    length = max(lengths, key=lambda each: best[each, count] + BONUS * each)
    place, chain = count, list[int]()
    while length > 0:
        place, length = int(came[length, place]), length - 1
        if place:
            chain.append(place - 1)
    return chain[::-1]


def main_verb(tokens: Sequence[Token]) -> int | None:
    """The place of the verb that a sentence most likely turns on: the first behind a clause at its front.

    Verbs between "who" or "which" and the next comma are passed over.
    """
    leading = tokens[0].text.lower() in CLAUSE_WORDS or tokens[0].kind in ("-ing", "preposition")
    commas = (place for place, token in enumerate(tokens) if "," in token.after)
    start, inside = next(commas, -1) + 1 if leading else 0, False
    for place in range(max(start, 1), len(tokens)):
        inside = inside or tokens[place].kind == "that"
        if tokens[place].kind in _FINITE and not inside:
            return place
        inside = inside and "," not in tokens[place].after
    return None


def kept_words(tokens: Sequence[Token], headline: str) -> list[int]:
    """Which words of a sentence a headline can have been made of: in order first, then what else it has."""
    wanted = rouge_tokens(headline)
    stems = [rouge_tokens(token.text) for token in tokens]
    best = np.zeros((len(tokens) + 1, len(wanted) + 1))
    for i in range(len(tokens) - 1, -1, -1):
        for j in range(len(wanted) - 1, -1, -1):
            best[i, j] = max(best[i + 1, j], best[i, j + 1])
            if stems[i] and wanted[j : j + len(stems[i])] == stems[i]:
                worth = len(stems[i]) + (0.0 if tokens[i].kind in _FRAME else 0.3)
                best[i, j] = max(best[i, j], worth + best[i + 1, min(j + len(stems[i]), len(wanted))])
    kept, left, j = [], Counter(wanted), 0
    for i in range(len(tokens)):
        while j < len(wanted) and best[i, j] == best[i, j + 1] and best[i, j] > best[i + 1, j]:
            j += 1
        if j < len(wanted) and best[i, j] > best[i + 1, j]:
            kept.append(i)
            left.subtract(stems[i])
            j = min(j + len(stems[i]), len(wanted))
    for i, token in enumerate(tokens):
        if i not in kept and stems[i] and token.kind not in _FRAME and all(left[word] > 0 for word in stems[i]):
            kept.append(i)
            left.subtract(stems[i])
    return sorted(kept)


# Features


def later_stems(sentences: Sequence[str]) -> Counter[str]:
    """In how many of some sentences each stem occurs."""
    return Counter(word for each in sentences for word in set(rouge_tokens(each)))


def word_features(tokens: Sequence[Token], later: Counter[str]) -> list[list[str]]:
    """The features of each word: its kind, its place, its neighbours, and how often it comes again."""
    kinds = ["^", *(token.kind for token in tokens), "$"]
    lows = ["", *(token.text.lower() for token in tokens), ""]
    first_verb = next((at for at, kind in enumerate(kinds) if kind in ("auxiliary", "modal", "verb", "say", "-ed")), 0)
    leads = tokens[0].kind in ("preposition", "that", "-ing", "-ed") if tokens else False
    features, clause, quoted, brackets = [], 0, False, False
    for place, token in enumerate(tokens):
        kind, low = token.kind, lows[place + 1]
        brackets, quoted = brackets or "(" in token.before, quoted or bool(set(token.before) & set("\"'“‘"))
        again = min(max((later[word] for word in rouge_tokens(token.text)), default=0), 2)
        found = [f"k={kind}", f"p={min(place // 3, 9)}", f"k={kind} p={min(place // 6, 4)}"]
        found += [f"clause={min(clause, 3)} leads={leads}", f"k={kind} prev={kinds[place]}"]
        found += [f"k={kind} next={kinds[place + 2]}", f"verb={min(max(place + 1 - first_verb, -3), 6) // 2}"]
        found += [f"after={token.after[:1]} frame={kind in _FRAME}", "end" if len(tokens) - place <= 3 else "inside"]
        found += [f"length={min(len(low), 9) // 3}", f"w={low}"]
        found += [f"prev w={lows[place]}"] if lows[place] in STOP_WORDS else []
        found += [f"next w={lows[place + 2]}"] if lows[place + 2] in STOP_WORDS else []
        found += [f"again={again}", f"again={again} k={kind}"] if low not in STOP_WORDS else []
        found += ["brackets"] * brackets + ["quoted"] * quoted + ["capitals"] * (token.text.isupper() and len(low) > 1)
        features.append(found)
        clause += bool(set(token.after) & set(",;-–"))
        brackets, quoted = brackets and ")" not in token.after, quoted and not set(token.after) & set("\"'”’")
    return features


def pair_features(tokens: Sequence[Token]) -> dict[tuple[int, int], list[str]]:
    """The features of each link from a word, or the beginning (-1), to a later one, or the end (N)."""
    kinds = ["^", *(token.kind for token in tokens), "$"]
    frame = np.cumsum([0, *(kind in _FRAME for kind in kinds)])
    commas = np.cumsum([0, *("," in token.after for token in tokens)])
    features = {}
    for one in range(-1, len(tokens)):
        for other in range(one + 1, len(tokens) + 1):
            gap, a, b = other - one - 1, kinds[one + 1], kinds[other + 1]
            size = int(np.searchsorted([1, 2, 4, 8], gap, side="right"))
            found = [f"a={a} b={b}", f"a={a} b={b} gap={min(size, 2)}", f"a={a} gap={size}", f"b={b} gap={size}"]
            found.append(f"gap={size}")
            ends_clause = one >= 0 and "," in tokens[one].after
            if gap:
                first, last = kinds[one + 2], kinds[other]
                plain = frame[other + 1] - frame[one + 2] == gap
                passed = int(commas[other] - commas[max(one, 0)])
                found += [f"all frame={plain} {gap == 1}", f"first={first}", f"last={last}", f"a={a} first={first}"]
                found += [f"last={last} b={b}", f"commas={min(passed, 2)} long={gap > 3}"]
                if passed and one >= 0:
                    inner = "," in tokens[other - 1].after
                    found.append(f"commas {ends_clause} {inner} {b if b == '$' else b in _FRAME}")
            elif one >= 0:
                found.append(f"beside comma={ends_clause}")
            features[one, other] = found
    return features


def _square(numbers: Sequence[Sequence[int]]) -> NDArray[np.intp]:
    width = max((len(each) for each in numbers), default=1)
    table = np.zeros((len(numbers), width), np.intp)
    for row, each in enumerate(numbers):
        table[row, : len(each)] = each
    return table


def _cube(features: dict[tuple[int, int], list[str]], count: int, number: dict[str, int]) -> NDArray[np.intp]:
    width = max(len(each) for each in features.values())
    table = np.zeros((count + 1, count + 1, width), np.intp)
    for (one, other), names in features.items():
        table[one + 1, other, : len(names)] = [number.get(name, 0) for name in names]
    return table
