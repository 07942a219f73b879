"""Headlines of BBC and inshorts and summaries of BBC beside the lead, sumy and two rules; Korean by its time.

The BBC summaries were made by a program that ranks sentences (its figures are a bar against regressions, no more).
inshorts' 244 pairs are all used: what is taught is taught on four fifths and measured on the fifth.
"""

import hashlib
import re
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

from bench import Bench, BenchError
from closeup.documents.learners import mean_metrics
from closeup.features.headline.evaluate import made_title, score_all, up_to_share
from closeup.features.headline.model import Model, Pair, fit, read_pairs
from closeup.features.headline.options import SHARE, HeadlineOptions
from closeup.features.headline.write import headline
from closeup.text.korean import content_morphemes, is_greeting, morphemes_of
from closeup.text.ranking import best_first
from closeup.text.reading import Reading, read_text
from closeup.text.rouge import NAMES, rouge_tokens
from closeup.text.title import title
from closeup.text.words import words as words_of
from tables import Claim, Section, Table

Maker = Callable[[Reading], str]
Scores = dict[str, dict[str, list[float]]]

VALIDATED = 160
"""Articles of the BBC that are scored: the last by the MD5 of "hl:" and their id."""

FOLDS = 5
SECONDS = 2.0
"""What a Korean transcript may take, once the dictionary is loaded."""

_LEADING = re.compile(
    r"^(?:After|Before|As|While|When|Following|Amid|Despite|Although|Days|Hours|Weeks|Months|In|On|Speaking|Talking|"
    r"Reacting|Responding|Addressing|Commenting)\b[^,]{3,140},\s+"
)
_FRAME = frozenset(
    {"a", "an", "the", "is", "are", "was", "were", "has", "have", "had", "be", "been", "being", "will", "would"}
    | {"that", "which", "who", "his", "her", "its", "their"}
)


def measure(bench: Bench) -> Section:
    data = bench.shared / "data"
    few = 20 if bench.quick else None
    news = sorted(read_bbc(data / "bbc_news_summary" / "articles.jsonl"), key=lambda pair: pair[0])
    articles = [pair for _, pair in news[-VALIDATED:]][:few]
    builtin = Model()
    summaries, taken, _ = score_all(articles, "summary", summary_ways(builtin))
    titles, lengths, _ = score_all(articles, "headline", title_ways(10))
    pairs = inshorts(data / "inshorts_small" / "pairs.jsonl")[: few or None]
    shorts, counts = cross_validated(pairs)
    free = [] if bench.quick else [written([pair for _, pair in news[:-VALIDATED]], pairs)]
    korean, claims = korean_files(sorted((data / "korean_video_transcripts").glob("*.srt"))[:few])
    rules, taught = (paired(shorts, way, "two rules") for way in ("rules", "taught"))
    claims += [
        Claim("BBC summaries 86 / 81 / 52.5 or more", at_least(summaries["closeup"], 86, 81, 52.5)),
        Claim("BBC titles 27 / 6 / 25 or more, by rules", at_least(titles["rules"], 27, 6, 25)),
        Claim("inshorts 45 / 18 / 39 or more, taught", at_least(shorts["taught"], 45, 18, 39)),
        Claim("inshorts: the rules are above the two-rule compression by ROUGE-2, paired", rules["rouge2"].low > 0),
        Claim(
            "inshorts: what is taught is above the two-rule compression by each figure, paired",
            all(taught[name].low > 0 for name in NAMES),
        ),
    ]
    return Section(
        "Headlines",
        (
            scored(f"BBC summaries, {len(articles)} articles, {SHARE:.1%} of the words", summaries, taken),
            scored("BBC titles, up to 10 words", titles, lengths),
            scored(
                f"inshorts, {len(pairs)} pairs, up to 11 words, taught ones by {FOLDS}-fold cross-validation",
                shorts,
                counts,
                "two rules",
            ),
            *free,
            korean,
        ),
        tuple(claims),
    )


def read_bbc(path: Path) -> list[tuple[str, Pair]]:
    """Articles with what they are ordered by."""
    import json

    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
    return [(digest(row["id"]), Pair(row["text"], row["title"], row["summary"])) for row in rows]


def inshorts(path: Path) -> list[Pair]:
    return sorted(read_pairs(path)[0], key=lambda pair: digest(pair.text))


def digest(text: str) -> str:
    return hashlib.md5(f"hl:{text}".encode(), usedforsecurity=False).hexdigest()


def summary_ways(model: Model) -> dict[str, Maker]:
    def by(scores: Callable[[Reading], np.ndarray]) -> Maker:
        return lambda reading: up_to_share(reading, best_first(scores(reading)), SHARE)

    return {
        "closeup": by(lambda reading: model.scores(reading.tokens)),
        "sumy TextRank": by(lambda reading: sumy_scores(reading, "TextRank")),
        "sumy LexRank": by(lambda reading: sumy_scores(reading, "LexRank")),
        "lead, equal words": lambda reading: up_to_share(reading, range(len(reading.sentences)), SHARE),
        "lead-3": lambda reading: " ".join(each.text for each in reading.sentences[:3]),
        "lead-1": lambda reading: reading.sentences[0].text,
    }


def title_ways(words: int) -> dict[str, Maker]:
    return {
        "rules": lambda reading: title(reading, words=words)[0],
        "two rules": lambda reading: two_rules(reading, words),
        f"first {words} words": lambda reading: " ".join(reading.sentences[0].text.split()[:words]),
        f"sumy TextRank-1, first {words} words": lambda reading: " ".join(
            reading.sentences[best_first(sumy_scores(reading, "TextRank"))[0]].text.split()[:words]
        ),
        "lead-1": lambda reading: reading.sentences[0].text,
        "lead-3": lambda reading: " ".join(each.text for each in reading.sentences[:3]),
    }


def two_rules(reading: Reading, words: int) -> str:
    """The first sentence without a clause at its front and without 22 function words: its first words."""
    sentence = reading.sentences[0].text
    rest = _LEADING.sub("", sentence, count=1)
    chosen = rest if len(rest.split()) >= 6 else sentence
    return " ".join([word for word in chosen.split() if word.lower() not in _FRAME][:words])


def sumy_scores(reading: Reading, way: str) -> np.ndarray:
    """How sumy ranks the sentences, (N,): they are those of closeup, so that both choose among the same."""
    try:
        from sumy.models.dom import ObjectDocumentModel, Paragraph, Sentence
        from sumy.nlp.stemmers import Stemmer
        from sumy.summarizers.lex_rank import LexRankSummarizer
        from sumy.summarizers.text_rank import TextRankSummarizer
        from sumy.utils import get_stop_words
    except ImportError as error:
        raise BenchError(f"The section needs the package sumy (extra dev): {error}") from error
    sentences = [Sentence(each.text, _Words()) for each in reading.sentences]
    document = ObjectDocumentModel([Paragraph(sentences)])
    summarizer = (TextRankSummarizer if way == "TextRank" else LexRankSummarizer)(Stemmer("english"))
    summarizer.stop_words = get_stop_words("english")
    ranks: dict[int, float] = {}
    summarizer._get_best_sentences = lambda sentences, count, rating: ranks.update(  # type: ignore[method-assign]
        {place: rating[each] for place, each in enumerate(sentences)}
    )
    summarizer(document, len(sentences))
    return np.array([ranks[place] for place in range(len(sentences))])


class _Words:
    """What sumy splits by, without the download of its own."""

    def to_words(self, text: str) -> list[str]:
        return words_of(text)


def cross_validated(pairs: Sequence[Pair]) -> tuple[Scores, dict[str, list[int]]]:
    """ROUGE of each pair, in the order of the folds, by way; and how many words each made."""
    scores: Scores = {}
    counts: dict[str, list[int]] = {}
    for fold in range(FOLDS):
        model = fit([pair for place, pair in enumerate(pairs) if place % FOLDS != fold])
        ways = {"taught": lambda reading, model=model: made_title(model, reading, 11), **title_ways(11)}
        found, made, _ = score_all(pairs[fold::FOLDS], "headline", ways)  # type: ignore[arg-type]
        for way in ways:
            counts.setdefault(way, []).extend(made[way])
            for name in NAMES:
                scores.setdefault(way, {each: [] for each in NAMES})[name].extend(found[way][name])
    return scores, counts


def written(articles: Sequence[Pair], pairs: Sequence[Pair]) -> Table:
    """Headlines of a fifth of some pairs by a network that articles and the other four fifths taught to write."""
    from closeup.features.headline.pointer import Writer

    taught = [*articles, *(pair for place, pair in enumerate(pairs) if place % FOLDS)]
    mixed = [taught[place] for place in np.random.default_rng(0).permutation(len(taught))]
    writer = Writer.learn([read_text(each.text) for each in mixed], [each.headline for each in mixed])
    model = Model(writer=writer)
    ways: dict[str, Maker] = {
        "written": lambda reading: model.written(reading, 11)[0] or title(reading, words=11)[0],
        "rules": lambda reading: title(reading, words=11)[0],
    }
    asked = pairs[::FOLDS]
    scores, counts, _ = score_all(asked, "headline", ways)
    return scored(f"Free writing, taught by {len(taught)} pairs, on {len(asked)} of inshorts", scores, counts, "rules")


def paired(scores: Scores, way: str, other: str) -> dict[str, object]:
    return mean_metrics({name: np.subtract(scores[way][name], scores[other][name]) for name in NAMES})


def at_least(scores: dict[str, list[float]], *bars: float) -> bool:
    return all(100 * np.mean(scores[name]) >= bar for name, bar in zip(NAMES, bars, strict=True))


def scored(name: str, scores: Scores, counts: dict[str, list[int]] | None = None, beside: str = "") -> Table:
    """ROUGE-1 / 2 / L as percent, with how far each way is from one of them, paired."""
    rows = []
    for way, found in scores.items():
        row = [way, round(float(np.mean(counts[way])), 1)] if counts else [way]
        row += [round(100 * float(np.mean(found[each])), 1) for each in NAMES]
        if beside:
            apart = paired(scores, way, beside) if way != beside else {}
            row += [f"{100 * m.low:+.1f} to {100 * m.high:+.1f}" if way != beside else "" for m in apart.values()] or [
                "" for _ in NAMES
            ]
        rows.append(tuple(row))
    head = ("way", *(("words",) if counts else ()), "ROUGE-1", "ROUGE-2", "ROUGE-L")
    head += tuple(f"less {beside}, {each}" for each in ("1", "2", "L")) if beside else ()
    return Table(name, head, tuple(rows))


def korean_files(paths: Sequence[Path]) -> tuple[Table, list[Claim]]:
    """Each transcript by `closeup headline`: seconds, and what ROUGE would count of its headlines and summary."""
    morphemes_of("준비")  # loads the dictionary
    rows, slowest, greeted = [], 0.0, 0
    for path in paths:
        wall, cpu = time.perf_counter(), time.process_time()
        answer = headline(path, HeadlineOptions())
        took, worked = time.perf_counter() - wall, time.process_time() - cpu
        slowest = max(slowest, worked)
        said = " ".join(f"{story.headline} {' '.join(each.text for each in story.summary)}" for story in answer.stories)
        greeted += sum(is_greeting(story.headline) for story in answer.stories)
        longest = max(len(story.headline) for story in answer.stories)
        kiwi, plain = len(content_morphemes(morphemes_of(said))), len(rouge_tokens(said))
        rows.append(
            (path.stem, answer.sentences, len(answer.stories), longest, round(took, 2), round(worked, 2), kiwi, plain)
        )
    head = ("file", "sentences", "stories", "longest headline", "s", "CPU s", "tokens by kiwi", "by rouge-score's own")
    note = (
        "There are no references. ROUGE of Korean is counted by kiwi's morphemes: rouge-score's own tokens leave out "
        "Hangul. Tokens are those of all headlines and summaries of a file."
    )
    claims = [
        Claim(f"Korean: {SECONDS:g} CPU s a file once loaded, at most {slowest:.1f}", slowest <= SECONDS),
        Claim(f"Korean: no headline greets, {greeted} do", greeted == 0),
    ]
    return Table(f"{len(paths)} Korean transcripts", head, tuple(rows), note), claims
