"""How right the cast is where it is known exactly: programmes of seven people, scored by score_cast.py."""

from bench import SETS, Bench
from programmes import Programme, all_programmes, programme_video, score, truth_of
from tables import Cell, Claim, Section, Table

COLUMNS = (
    "programme",
    "models",
    "BCubed F1",
    "precision",
    "recall",
    "people",
    "true",
    "split",
    "mixed",
    "shots covered",
)


def measure(bench: Bench) -> Section:
    """Score the cast of every programme with both sets of models."""
    rows: list[tuple[Cell, ...]] = []
    claims = []
    for programme in all_programmes(bench):
        for models in SETS:
            row, held = _scored(bench, programme, models)
            rows.append(row)
            claims.append(
                Claim(f"{programme.name}, {models}: F1 at least 0.99, everybody found once, none mixed", held)
            )
    note = "`people` are those listed, `true` those who are there; `split` and `mixed` count persons."
    return Section(
        "Quality", (Table("Programmes of the seven talk_* clips", COLUMNS, tuple(rows), note),), tuple(claims)
    )


def _scored(bench: Bench, programme: Programme, models: str) -> tuple[tuple[Cell, ...], bool]:
    video = programme_video(bench, programme)
    figures = score(bench, bench.cast_of(video, models) / "cast.json", truth_of(video))
    held = (
        figures["bcubed_f1"] >= 0.99
        and figures["people_found"] == figures["people_true"] == figures["people_recalled"]
        and figures["split"] == figures["mixed"] == 0
        and figures["shots_covered"] == 1
    )
    keys = ("bcubed_f1", "bcubed_precision", "bcubed_recall", "people_found", "people_true", "split", "mixed")
    return (programme.name, models, *(figures[key] for key in keys), figures["shots_covered"]), held
