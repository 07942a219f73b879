"""A headline written word by word: one GRU reads, another writes, with attention, a pointer and coverage.

A. See, P. Liu, C. Manning, "Get To The Point: Summarization with Pointer-Generator Networks", 2017. Each next word is
drawn from a small vocabulary or copied from the text; a gate, which begins by copying, weighs the two. Coverage
remembers what was looked at, so that nothing is said twice. Attention also knows the word behind the one that it was
at, since few headlines teach little else as surely as that words are copied in runs. The answer is found by beam search
in float64.
"""

import math
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from closeup.core.progress import ProgressCallback, ignore
from closeup.learning.checkpoint import Weights
from closeup.learning.options import Stage, TrainerOptions
from closeup.learning.pytorch import torch
from closeup.learning.trainer import Indices, Trainer
from closeup.text.compression import NEEDS_MORE
from closeup.text.reading import Reading
from closeup.text.tagging import tag

PAD, UNKNOWN, BEGIN, END = range(4)
KINDS = (
    *("article", "of", "to", "preposition", "and", "that", "auxiliary", "modal", "not", "pronoun", "possessive"),
    *("adverb", "say", "day", "rank", "verb", "name", "number", "-ed", "-ing", "-ly", "-s", "word"),
)
SOURCE, TARGET = 50, 12
"""Words of a text that are read, and of a headline that are learnt."""

MOST_WORDS, SEEN = 4000, 3
"""Of the vocabulary: all that headlines have so often; what is rarer can only be copied."""

AGAIN = 3
"""Words are told apart by how often the text has them: once, twice, or so often."""

EMBED, HIDDEN, DROPPED = 64, 64, 0.3
COVERAGE, BEAM = 0.5, 4
FEWEST = 4
"""Words that a headline has at the least."""

STAGE = Stage("write", epochs=8, batch=16, learning_rate=3e-3, weight_decay=0.0, optimizer="adam")
HELD = 10
"""One pair in so many is not learnt, and says when it is best."""


@dataclass(frozen=True, slots=True)
class Passage:
    """The words at the front of a text.

    Attributes:
        words: As they are written.
        numbers: Of the vocabulary, (N,), beyond it for those that it has not: each such word has one of its own.
        kinds: Places in `KINDS`, from 1, each `AGAIN` times: by how often the text has the word, (N,).
    """

    words: tuple[str, ...]
    numbers: NDArray[np.int64]
    kinds: NDArray[np.int64]


class Vocabulary:
    """Words as they are mostly written, each with a number from 4."""

    def __init__(self, words: Sequence[str]) -> None:
        self.words = tuple(words)
        self.number = {word.lower(): place + 4 for place, word in enumerate(words)}
        self.hanging = np.array([False] * 4 + [tag(word)[0].kind in NEEDS_MORE for word in words])

    def __len__(self) -> int:
        return len(self.words) + 4

    @classmethod
    def of(cls, texts: Sequence[Sequence[str]]) -> "Vocabulary":
        """The words that some headlines have in common, by how often they have them."""
        forms: dict[str, Counter[str]] = {}
        for word in (word for words in texts for word in words):
            forms.setdefault(word.lower(), Counter())[word] += 1
        common = sorted((low for low in forms if forms[low].total() >= SEEN), key=lambda x: (-forms[x].total(), x))
        return cls([max(sorted(forms[low]), key=forms[low].__getitem__) for low in common[:MOST_WORDS]])

    def passage(self, reading: Reading) -> Passage:
        """The front of a text, as the network reads it."""
        tokens = [token for sentence in reading.sentences[:6] for token in tag(sentence.text)]
        count = Counter(token.text.lower() for token in tokens)
        tokens = tokens[:SOURCE]
        own: dict[str, int] = {}
        numbers = [
            self.number[low] if (low := t.text.lower()) in self.number else own.setdefault(low, len(self) + len(own))
            for t in tokens
        ]
        places = [KINDS.index(token.kind) + 1 if token.kind in KINDS else 0 for token in tokens]
        kinds = [p * AGAIN + min(count[t.text.lower()], AGAIN) - 1 for p, t in zip(places, tokens, strict=True)]
        return Passage(tuple(token.text for token in tokens), np.array(numbers), np.array(kinds))

    def target(self, words: Sequence[str], passage: Passage) -> NDArray[np.int64]:
        """Numbers of a headline's words and its end, (T,), as those of a passage; UNKNOWN for words in neither."""
        there = dict(zip((word.lower() for word in passage.words), passage.numbers.tolist(), strict=True))
        lows = [word.lower() for word in words[:TARGET]]
        return np.array([*(there.get(low, self.number.get(low, UNKNOWN)) for low in lows), END])


class PointerNetwork(nn.Module):
    """Reads a passage, and says at each step how likely each next word is."""

    def __init__(self, words: int) -> None:
        super().__init__()
        wide = 2 * HIDDEN
        self.embed = nn.Embedding(words, EMBED, padding_idx=PAD)
        self.kind = nn.Embedding((len(KINDS) + 1) * AGAIN, 16)
        self.read = nn.GRU(EMBED + 16, HIDDEN, batch_first=True, bidirectional=True)
        self.write = nn.GRUCell(EMBED + wide, wide)
        self.key, self.query = nn.Linear(wide, wide), nn.Linear(wide, wide, bias=False)
        self.covered, self.score = nn.Linear(2, wide, bias=False), nn.Linear(wide, 1, bias=False)
        self.gate, self.out = nn.Linear(2 * wide + EMBED, 1), nn.Linear(2 * wide, EMBED)
        self.dropout = nn.Dropout(DROPPED)
        nn.init.normal_(self.embed.weight, std=0.1)
        nn.init.constant_(self.gate.bias, -1.0)

    def reading(self, numbers: Tensor, kinds: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """What is known of each word and what it is looked up by, (B, N, 2H) both, and a state to begin in, (B, 2H)."""
        known = self._known(numbers)
        inside = self.dropout(torch.cat([self.embed(known), self.kind(kinds)], -1))
        packed = nn.utils.rnn.pack_padded_sequence(inside, (numbers != PAD).sum(1), True, enforce_sorted=False)
        out, last = self.read(packed)
        memory, _ = nn.utils.rnn.pad_packed_sequence(out, True, total_length=numbers.shape[1])
        return memory, self.key(memory), torch.cat([last[0], last[1]], -1)

    def forward(
        self, word: Tensor, state: Tensor, context: Tensor, seen: Tensor, *, text: tuple[Tensor, Tensor, Tensor]
    ) -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor]:
        """One step behind words (B,): chances of the vocabulary (B, V), the gate (B, 1), attention (B, N) and states.

        The last two are the state (B, 2H) and what was looked at (B, 2H).

        Args:
            seen: How much each word was looked at in all, and at the last step the word before it, (B, N, 2).
            text: Numbers of its words (B, N), and the first two that `reading` gives.
        """
        numbers, memory, keys = text
        inside = self.dropout(self.embed(self._known(word)))
        state = self.write(torch.cat([inside, context], -1), state)
        energy = keys + self.query(state)[:, None] + self.covered(seen)
        scores = self.score(torch.tanh(energy))[..., 0].masked_fill(numbers == PAD, -math.inf)
        attention = torch.softmax(scores, -1)
        context = (attention[:, None] @ memory)[:, 0]
        both = torch.cat([state, context], -1)
        likely = torch.softmax(self.dropout(self.out(both)) @ self.embed.weight.T, -1)
        return likely, torch.sigmoid(self.gate(torch.cat([both, inside], -1))), attention, state, context

    def _known(self, numbers: Tensor) -> Tensor:
        return torch.where(numbers < self.embed.num_embeddings, numbers, UNKNOWN)


class WritingTask:
    """What the trainer learns: to give the headlines of some passages a high probability."""

    def __init__(self, network: PointerNetwork, pairs: Sequence[tuple[Passage, NDArray[np.int64]]]) -> None:
        self._network, self._pairs = network, pairs
        self._held = np.arange(0, len(pairs), HELD)
        self._learnt = np.setdiff1d(np.arange(len(pairs)), self._held)

    def trainable(self, stage: int) -> Collection[str]:
        """All."""
        return {name for name, _ in self._network.named_parameters()}

    def epoch_order(self, stage: int, seed: Sequence[int]) -> Indices:
        """All but those held out, (M,), shuffled."""
        return np.random.default_rng(seed).permutation(self._learnt)

    def loss(self, stage: int, examples: Indices, generator: torch.Generator) -> Tensor:
        """Of a batch (B,): the mean of what each word costs, and of what is looked at twice."""
        return self._loss(self._network, examples)

    def evaluate(self, stage: int, network: nn.Module) -> tuple[dict[str, Any], float]:
        """What a word costs on pairs held out, the lower the better."""
        network.eval()
        with torch.inference_mode():
            cost = float(self._loss(network, self._held, covering=0.0))
        return {"held_out_loss": cost}, -cost

    def _loss(self, network: nn.Module, examples: Indices, *, covering: float = COVERAGE) -> Tensor:
        chosen = [self._pairs[place] for place in examples.tolist()]
        numbers, kinds = (_padded([getattr(p, name) for p, _ in chosen]) for name in ("numbers", "kinds"))
        target = _padded([target for _, target in chosen])
        memory, keys, state = network.reading(numbers, kinds)  # type: ignore[operator]
        context, seen = torch.zeros_like(state), torch.zeros((*numbers.shape, 2), dtype=state.dtype)
        word = torch.full((len(chosen),), BEGIN)
        cost, count = torch.zeros(()), 0
        for step in range(target.shape[1]):
            wanted = target[:, step]
            likely, gate, attention, state, context = network(word, state, context, seen, text=(numbers, memory, keys))
            in_list = (wanted < likely.shape[1]) & (wanted != UNKNOWN)
            listed = likely.gather(1, torch.where(in_list, wanted, PAD)[:, None])[:, 0] * in_list
            copied = (attention * (numbers == wanted[:, None])).sum(1)
            chance = gate[:, 0] * listed + (1 - gate[:, 0]) * copied
            counts = (wanted != PAD) & (wanted != UNKNOWN)
            again = torch.minimum(attention, seen[..., 0]).sum(1)
            cost = cost + ((covering * again - torch.log(chance.clamp_min(1e-9))) * counts).sum()
            count += int(counts.sum())
            seen, word = _seen(seen, attention), wanted
        return cost / max(count, 1)


class _NoRecord:
    """A model is written once, at the end: nothing is kept on the way."""

    def step(self, row: Mapping[str, Any]) -> None:
        """Nothing."""

    epoch = step

    def checkpoint(self, content: bytes) -> None:
        """Nothing."""


class Writer:
    """A network that was taught, and its vocabulary."""

    PREFIX: ClassVar[str] = "writer."

    def __init__(self, vocabulary: Vocabulary, arrays: Mapping[str, NDArray[Any]]) -> None:
        """Put a network together from what `arrays` gave.

        Raises:
            RuntimeError: If they do not fit the vocabulary.
        """
        self.vocabulary, self._network = vocabulary, PointerNetwork(len(vocabulary))
        own = {name.removeprefix(self.PREFIX): each for name, each in arrays.items() if name.startswith(self.PREFIX)}
        self._network.load_state_dict({name: torch.from_numpy(np.array(each)) for name, each in own.items()})
        self._network.double().eval()

    @classmethod
    def learn(
        cls, readings: Sequence[Reading], headlines: Sequence[str], *, progress: ProgressCallback = ignore
    ) -> "Writer":
        """Learn from English readings and what people called them: the same each time on the same machine."""
        made = [[token.text for token in tag(each)] for each in headlines]
        vocabulary = Vocabulary.of(made)
        passages = [vocabulary.passage(each) for each in readings]
        pairs = [(each, vocabulary.target(words, each)) for each, words in zip(passages, made, strict=True) if words]
        torch.manual_seed(0)
        network = PointerNetwork(len(vocabulary))
        weights = Weights(network, None)
        options = TrainerOptions(clip_norm=2.0, patience=4, checkpoint_s=86_400)
        task = WritingTask(network, pairs)
        Trainer(task, weights, [STAGE], record=_NoRecord(), options=options, progress=progress).run()
        return cls(vocabulary, {cls.PREFIX + name: each.numpy() for name, each in weights.best.items()})

    def arrays(self) -> dict[str, NDArray[Any]]:
        """What the network has learnt, by name, of any shape such as (N,) or (N, M)."""
        return {self.PREFIX + name: each.float().numpy() for name, each in self._network.state_dict().items()}

    def written(self, reading: Reading, words: int) -> list[str]:
        """The words of a headline of up to `words`, the likeliest by word; nothing where none comes to an end."""
        passage = self.vocabulary.passage(reading)
        numbers, kinds = (torch.from_numpy(each)[None] for each in (passage.numbers, passage.kinds))
        size = max(len(self.vocabulary), int(passage.numbers.max(initial=0)) + 1)
        with torch.inference_mode():
            memory, keys, state = self._network.reading(numbers, kinds)
            seen = torch.zeros((*numbers.shape, 2), dtype=state.dtype)
            beams: list[tuple[tuple[int, ...], float, Tensor, Tensor, Tensor]]
            beams = [((BEGIN,), 0.0, state, torch.zeros_like(state), seen)]
            ended: list[tuple[float, tuple[int, ...]]] = []
            for step in range(words + 1):
                grown = []
                for said, score, state, context, seen in beams:
                    likely, gate, attention, state, context = self._network(
                        torch.tensor([said[-1]]), state, context, seen, text=(numbers, memory, keys)
                    )
                    chances = np.zeros(size)
                    chances[: likely.shape[1]] = (gate * likely)[0].numpy()
                    np.add.at(chances, passage.numbers, ((1 - gate) * attention)[0].numpy())
                    self._forbid(chances, said)
                    for number in np.argsort(-np.round(chances, 9), kind="stable")[: 2 * BEAM].tolist():
                        total = score + math.log(chances[number] + 1e-12)
                        if number == END:
                            ended.append((round(total / (step + 1), 9), said[1:]))
                        else:
                            grown.append(((*said, number), total, state, context, _seen(seen, attention)))
                beams = sorted(grown, key=lambda each: -round(each[1], 9))[:BEAM]
        best = max(ended, key=lambda each: each[0], default=(0.0, ()))[1]
        there = dict(zip(passage.numbers.tolist()[::-1], passage.words[::-1], strict=True))
        return [there[each] if each in there else self.vocabulary.words[each - 4] for each in best]

    def _forbid(self, chances: NDArray[np.float64], said: Sequence[int]) -> None:
        """Set to nought in (W,) what may not come next: what was said, and an end that comes early or hangs."""
        chances[[PAD, UNKNOWN, BEGIN]] = 0.0
        chances[list(said)] = 0.0
        last = said[-1]
        if len(said) <= FEWEST or (last < len(self.vocabulary) and self.vocabulary.hanging[last]):
            chances[END] = 0.0


def _seen(before: Tensor, attention: Tensor) -> Tensor:
    """What was looked at (B, N, 2), behind one more step of attention (B, N)."""
    return torch.stack([before[..., 0] + attention, nn.functional.pad(attention[:, :-1], (1, 0))], -1)


def _padded(rows: Sequence[NDArray[np.int64]]) -> Tensor:
    table = np.full((len(rows), max(map(len, rows))), PAD)
    for place, row in enumerate(rows):
        table[place, : len(row)] = row
    return torch.from_numpy(table)
