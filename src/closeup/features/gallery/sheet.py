"""The picture sheet of look-alikes: who is most like a face, best first, as one page."""

from collections.abc import Sequence
from dataclasses import dataclass

from closeup.pages.page import render_page


@dataclass(frozen=True, slots=True)
class SheetEntry:
    """One look-alike on the sheet.

    Attributes:
        name: Who, or which file.
        caption: Where it is from; empty where there is nothing to add.
        similarity: Cosine, -1 to 1.
        same: Whether the similarity is at or above the threshold.
        picture: A data: URI, or None where no picture is kept.
    """

    name: str
    caption: str
    similarity: float
    same: bool
    picture: str | None

    @property
    def distance(self) -> float:
        """Cosine distance, 0 to 2."""
        return 1 - self.similarity

    @property
    def initial(self) -> str:
        """What stands in for a picture."""
        return self.name[:1].upper() or "?"


@dataclass(frozen=True, slots=True)
class Sheet:
    """What the page shows.

    Attributes:
        query: Name of the picture that was asked about.
        picture: Its face, a data: URI.
        among: What was searched, a few words: "the gallery", "the folder holiday".
        compared: How many those were, in words: "274 people", "1 face".
        threshold: Similarity from which on a pair counts as one person; `far` is the false-accept rate it was read at.
        entries: Best first.
    """

    query: str
    picture: str
    among: str
    compared: str
    threshold: float
    far: float
    entries: Sequence[SheetEntry]


def sheet_page(sheet: Sheet) -> str:
    """Write the page: HTML with all pictures and style inside."""
    low = min([entry.similarity for entry in sheet.entries] + [sheet.threshold])
    spread = max(1 - low, 1e-6) * 1.15

    def share(similarity: float) -> float:
        """Place on the bars, 0 to 100; they do not begin at 0, since all embeddings of some models are alike."""
        return round(max(0.0, min(100.0, 100 * (1 - (1 - similarity) / spread))), 2)

    return render_page(
        "closeup.features.gallery",
        "sheet.html.j2",
        style="gallery.css",
        sheet=sheet,
        rows=[(number, entry, share(entry.similarity)) for number, entry in enumerate(sheet.entries, 1)],
        mark=share(sheet.threshold),
        has_pictures=True,  # that of who was asked about at least
    )
