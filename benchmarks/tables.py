"""Figures as tables: what a section of the benchmarks gives back, and how it is written."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

Cell = str | int | float | None


@dataclass(frozen=True, slots=True)
class Table:
    """A table of figures.

    Attributes:
        title: What it shows.
        columns: Their heads.
        rows: Each as long as `columns`.
        note: What a reader has to know about the figures.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

    def __post_init__(self) -> None:
        if any(len(row) != len(self.columns) for row in self.rows):
            raise ValueError(f"a row of the table {self.title!r} is not as long as its head")


@dataclass(frozen=True, slots=True)
class Claim:
    """One thing that must hold, and whether it did."""

    text: str
    held: bool


@dataclass(frozen=True, slots=True)
class Section:
    """All figures of one section.

    Attributes:
        title: Its heading.
        tables: In the order to read them.
        claims: What must hold.
        load: Load averages of the machine when the section began, over 1, 5 and 15 minutes.
        took_s: How long it took.
    """

    title: str
    tables: tuple[Table, ...]
    claims: tuple[Claim, ...] = ()
    load: tuple[float, ...] = ()
    took_s: float = 0.0
    remarks: tuple[str, ...] = field(default=())


def section_json(section: Section) -> str:
    """The section as JSON text."""
    return json.dumps(asdict(section), indent=1, ensure_ascii=False) + "\n"


def section_markdown(section: Section) -> str:
    """The section as Markdown."""
    parts = [f"## {section.title}"]
    parts += [table_markdown(table) for table in section.tables]
    parts += list(section.remarks)
    if section.claims:
        parts.append("\n".join(f"- {'yes' if claim.held else 'NO'}: {claim.text}" for claim in section.claims))
    if section.load:
        load = ", ".join(f"{value:.2f}" for value in section.load)
        parts.append(f"Load when it began (1, 5, 15 minutes): {load}. It took {section.took_s:.0f} s.")
    return "\n\n".join(parts) + "\n"


def table_markdown(table: Table) -> str:
    """A table as Markdown, columns lined up; those that hold numbers only stand right."""
    cells = [[_text(cell) for cell in row] for row in table.rows]
    right = [all(isinstance(row[i], int | float | None) for row in table.rows) for i in range(len(table.columns))]
    widths = [max([3, len(head), *(len(row[i]) for row in cells)]) for i, head in enumerate(table.columns)]
    rule = [("-" * (width - 1) + ":") if r else "-" * width for width, r in zip(widths, right, strict=True)]
    lines = [_line(table.columns, widths, right), _line(rule, widths, right)]
    lines += [_line(row, widths, right) for row in cells]
    note = [table.note] if table.note else []
    return "\n\n".join([f"### {table.title}", "\n".join(lines), *note])


def spread(values: Sequence[float], digits: int = 1) -> str:
    """The lowest and the highest of repeated figures."""
    return f"{min(values):.{digits}f} to {max(values):.{digits}f}"


def _text(cell: Cell) -> str:
    return "" if cell is None else str(cell)


def _line(cells: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    placed = [c.rjust(w) if r else c.ljust(w) for c, w, r in zip(cells, widths, right, strict=True)]
    return f"| {' | '.join(placed)} |"
