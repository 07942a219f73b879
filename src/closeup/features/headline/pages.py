"""Pages of headlines: a text with its summary marked, what a training learnt, and headlines beside people's."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from closeup.core.timebase import clock
from closeup.core.words import counted
from closeup.documents.headline import HeadlineAnswer
from closeup.documents.learners import LearnerEvaluation, ModelHeader
from closeup.features.headline.deletion import Deletion
from closeup.features.headline.source import Source
from closeup.pages.learner import Section, bars, evaluation_page, learner_page

READ = 30
"""Texts of an evaluation that are shown to be read."""

NAMED = 16
"""Words that are shown of those that are kept most, and of those that are dropped most."""

LANGUAGES = {"en": "English", "ko": "Korean"}
WAYS = {"rules": "shortened by rules", "taught": "shortened as it was taught", "written": "written freely"}
PICKED_BY = (
    "rank",
    "rank, logarithm",
    "place by rank",
    "likeness",
    "place by likeness",
    "place",
    "words",
    "place by words",
)
"""What the columns of `sentence_features` are called."""


def answer_page(answer: HeadlineAnswer, source: Source) -> str:
    """The page of a text, as HTML: each story's headline, and the text with the sentences that sum it up marked."""
    sentences = source.reading.sentences
    starts = [story_start(answer, source, number) for number in range(len(answer.stories))]
    stories = list[Section]()
    for number, (story, start) in enumerate(zip(answer.stories, starts, strict=True)):
        end = starts[number + 1] if number + 1 < len(starts) else len(sentences)
        chosen = {each.place for each in story.summary}
        when = (
            "" if story.start_s is None or story.end_s is None else f"{clock(story.start_s)} to {clock(story.end_s)}. "
        )
        lines = [
            {
                "text": sentences[place].text,
                "first": place == start or sentences[place].first,
                "chosen": place in chosen,
                "source": place == story.source,
                "at": clock(source.times[place][0]) if source.times and (place in chosen or place == start) else "",
            }
            for place in range(start, end)
        ]
        words = (
            f"{when}{counted(len(chosen), 'sentence')} of {end - start} sum it up; the headline was {WAYS[story.way]}."
        )
        stories.append({"kind": "story", "title": story.headline, "words": words, "lines": lines})
    told = sum(len(each.text.split()) for story in answer.stories for each in story.summary)
    whole = sum(len(each.text.split()) for each in sentences)
    facts = [("Language", LANGUAGES[answer.language]), ("Sentences", f"{answer.sentences:,}")]
    facts += [("Stories", str(len(stories)))] if len(stories) > 1 else []
    facts += [("Words of the summary", f"{told:,} of {whole:,}"), ("Model", answer.model)]
    lede = "The marked sentences are the summary, verbatim; the headline was made of the underlined one."
    name = "what was piped in" if answer.source == "-" else answer.source.rpartition("/")[2]
    return learner_page("headline", name, lede=lede, facts=facts, sections=stories, notes=answer.notes)


def story_start(answer: HeadlineAnswer, source: Source, number: int) -> int:
    """The sentence that a story begins with."""
    at_s = answer.stories[number].start_s
    if not number or at_s is None or source.times is None:
        return 0
    return next(place for place, (start_s, _) in enumerate(source.times) if start_s >= at_s)


def training_page(header: ModelHeader, deletion: Deletion | None, picker: NDArray[np.float64] | None) -> str:
    """The page of a training, as HTML: what was learnt, in words; `picker` (3, 8) as the model has it."""
    sections = list[Section]()
    if deletion is not None:
        weights = {
            name.removeprefix("w="): float(weight)
            for name, weight in zip(deletion.names, deletion.weights, strict=True)
            if name.startswith("w=")
        }
        order = sorted(weights, key=lambda word: (-round(weights[word], 9), word))
        cards = [
            {
                "title": title,
                "note": "",
                "rows": [{"name": word, "text": f"{weights[word]:+.2f}", "hit": False} for word in words],
            }
            for title, words in (("Kept most", order[:NAMED]), ("Dropped most", order[::-1][:NAMED]))
        ]
        about = f"Weights of single words, of {counted(len(deletion.names), 'feature')} in all."
        sections.append({"kind": "lists", "title": "Which words stay", "words": about, "cards": cards})
    if picker is not None:
        rows = [(name, float(w), f"{w:+.2f}") for name, w in zip(PICKED_BY, picker[0].tolist(), strict=True)]
        about = "Weights of what is known of a sentence, each by its spread; below 0 it speaks against a sentence."
        sections.append(bars("Which sentences are picked", about, rows))
    return learner_page(
        "headline, a training",
        header.data,
        lede="What it learnt is no grammar: read some of its headlines before they are used, as evaluate shows them.",
        facts=[
            ("Pairs", f"{header.rows:,}"),
            *((f"Learnt {name}", "yes" if done else "no") for name, done in header.settings.items()),
        ],
        sections=sections,
        notes=header.notes,
        made=[("closeup", header.version), ("fitted at", header.fitted_at), ("SHA-256 of the data", header.sha256)],
    )


def measured_page(
    found: LearnerEvaluation, wanted: Sequence[str], said: Sequence[str], scores: NDArray[np.float64]
) -> str:
    """The page of an evaluation, as HTML.

    Args:
        wanted: What people made of the N texts.
        said: What the model did.
        scores: ROUGE-L of each, (N,).
    """
    order = np.argsort(-np.round(scores, 9), kind="stable")
    chosen = order[np.unique(np.linspace(0, len(order) - 1, READ).astype(int))].tolist()
    rows: list[list[Any]] = [[wanted[place], said[place], f"{100 * scores[place]:.0f}"] for place in chosen]
    read: Section = {
        "kind": "texts",
        "title": "Read them",
        "words": f"{len(rows)} of {counted(found.n, 'text')}, from the nearest to people's words to the furthest. "
        "ROUGE counts words in common: whether a line can be read, and is true, only reading it tells.",
        "head": ("as in the data", "as the model made it", "ROUGE-L"),
        "rows": rows,
    }
    own, lead = found.metrics["rougeL"], found.baselines["lead_1"]["rougeL"]
    lede = f"ROUGE-L {100 * own.value:.1f} with {found.metrics['words'].value:.1f} words"
    lede += f"; the first sentence has {100 * lead.value:.1f}."
    return evaluation_page(found, "texts", lede, [read])
