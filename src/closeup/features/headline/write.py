"""From a text to a headline and the sentences that sum it up."""

import sys
from pathlib import Path

from closeup.core.progress import Progress, ProgressCallback, ignore
from closeup.core.result_folder import ResultFolder
from closeup.core.words import LeftOut, counted
from closeup.documents.headline import ANSWER_FILE, HEADLINE_JSON, HeadlineAnswer, QuotedSentence, Story
from closeup.features.headline.model import BUILTIN, Model, open_model
from closeup.features.headline.options import HeadlineOptions
from closeup.features.headline.pages import answer_page
from closeup.features.headline.source import Source, read_source, stories
from closeup.pages.learner import REPORT_FILE
from closeup.text.ranking import MAX_TOGETHER, Scores, best_first, lead, lexrank, textrank, without_repeats
from closeup.text.reading import Reading
from closeup.text.title import title


def headline(
    text: Path | str,
    options: HeadlineOptions | None = None,
    *,
    model: Path | str = BUILTIN,
    out: Path | None = None,
    overwrite: bool = False,
    progress: ProgressCallback = ignore,
) -> HeadlineAnswer:
    """Name a text and sum it up.

    Args:
        text: Path of a text or caption file, or the text itself; `Path("-")` reads what is piped in.
        options: The defaults where None.
        model: Folder of a taught model, which English texts are shortened by; "builtin" is the rules alone.
        out: Folder to make, of report.html (the text with its summary marked) and headline.json; None for none.
        overwrite: Replace such a folder that is there.

    Raises:
        InputError: If there is nothing to read.
        FormatError: If it is a caption file in which nothing can be used.
        OutputError: If `out` is there and `overwrite` is off, or it cannot be written.
    """
    place = None if out is None else ResultFolder(out, (ANSWER_FILE,))
    if place is not None:
        place.check(overwrite=overwrite, source=text if isinstance(text, Path) else None)
    options, opened = options or HeadlineOptions(), open_model(model)
    source = _source(text, options.lang)
    parts = stories(source)
    notes = [*source.notes, *_length_notes(source, options)]
    made: list[Story] = []
    for number, (start, end) in enumerate(parts):
        progress(Progress("Summing up", number, len(parts), "stories"))
        story, note = _story(source, start, end, options, opened)
        made.append(story)
        if note:
            where = f"Story {number + 1}" if len(parts) > 1 else "The headline"
            notes.append(LeftOut(f"{where} was shortened and not written: {note}."))
    reading = source.reading
    if (opened.deletion is not None or options.abstractive) and reading.language != "en":
        notes.append("The model has learnt from English: Korean was shortened by rules.")
    sizes = (reading.language, len(reading.sentences))
    answer = HeadlineAnswer(source.name, *sizes, tuple(made), opened.name, tuple(notes))
    if place is not None:
        with place.writing(overwrite=overwrite) as folder:
            (folder / ANSWER_FILE).write_bytes(HEADLINE_JSON.encode(answer))
            (folder / REPORT_FILE).write_bytes(answer_page(answer, source).encode())
    return answer


def _source(text: Path | str, lang: str) -> Source:
    if isinstance(text, str):
        return read_source(None, text.encode(), lang=lang)
    if str(text) == "-":
        return read_source(None, sys.stdin.buffer.read(), lang=lang)
    return read_source(text, lang=lang)


def _length_notes(source: Source, options: HeadlineOptions) -> list[str]:
    count, notes = len(source.reading.sentences), []
    if count > MAX_TOGETHER and options.ranking != "lead":
        notes.append(
            f"{counted(count, 'sentence')}: ranked in parts of {MAX_TOGETHER}, since all with each other would take "
            "very long."
        )
    if count < options.sentences:
        notes.append(f"The text has {counted(count, 'sentence')}; its summary is all of it.")
    return notes


def _story(source: Source, start: int, end: int, options: HeadlineOptions, model: Model) -> tuple[Story, str]:
    """A story with its headline, and why the headline was not written where it should have been."""
    reading = source.reading.part(start, end)
    chosen = summary_places(reading, options.sentences, options.ranking, model)
    spoken = source.times is not None
    line, place = title(reading, words=options.words, characters=options.characters, spoken=spoken)
    way, note = "rules", ""
    if reading.language == "en":
        if options.abstractive:
            written, note = model.written(reading, options.words)
            line, way = (written, "written") if written else (line, way)
        if way == "rules" and model.deletion is not None:
            line, way = model.shortened(reading, place, options.words), "taught"
    times = source.times
    quoted = tuple(
        QuotedSentence(reading.sentences[each].text, start + each, *(times[start + each] if times else ()))
        for each in chosen
    )
    span = (times[start][0], times[end - 1][1]) if times else (None, None)
    return Story(line, way, start + place, quoted, *span), note


def summary_places(reading: Reading, count: int, ranking: str, model: Model) -> list[int]:
    """Places of the sentences that sum a text up, in its order; those that cannot stand are the last resort."""
    every = range(len(reading.sentences))
    standing = [place for place in every if reading.may_stand(place)]
    tokens = [reading.tokens[place] for place in standing]
    if ranking == "mmr":
        order = without_repeats(textrank(tokens), tokens, count)
    else:
        order = best_first(_scores(tokens, ranking, model))
    chosen = [standing[place] for place in order[:count]]
    if len(chosen) < min(count, len(every)):
        chosen += [place for place in every if place not in chosen][: count - len(chosen)]
    return sorted(chosen)


def _scores(tokens: list[list[str]], ranking: str, model: Model) -> Scores:
    if ranking == "taught":
        return model.scores(tokens)
    return lead(len(tokens)) if ranking == "lead" else (lexrank if ranking == "lexrank" else textrank)(tokens)
