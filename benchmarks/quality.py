"""How right the cast is where it is known exactly: programmes of talkers, and films of photos, scored by score_cast.py.

In a programme all shots of a person are of one sitting. In a film of photos people come back in other light, clothes
and years, and some strangers look alike.
"""

from bench import Bench
from programmes import Programme, StillsFilm, all_programmes, programme_video, score, stills_films, truth_of
from tables import Cell, Claim, Section, Table

KEYS = ("bcubed_f1", "bcubed_precision", "bcubed_recall", "people_found", "people_true", "split", "mixed")
COLUMNS = ("F1", "precision", "recall", "people", "true", "split", "mixed", "shots covered")


def measure(bench: Bench) -> Section:
    """Score the cast of every programme and of every film of photos."""
    tables, claims = [], []
    for title, films, least_f1, share in (
        ("Programmes of the seven talk_* clips", all_programmes(bench), 0.99, 0.0),
        ("Films of photos", stills_films(bench), 0.985, 0.02),
    ):
        rows: list[tuple[Cell, ...]] = []
        for film in films:
            figures = _scored(bench, film)
            rows.append((film.name, *(figures[key] for key in (*KEYS, "shots_covered"))))
            off = abs(figures["people_found"] - figures["people_true"])
            held = figures["bcubed_f1"] >= least_f1 and off <= share * figures["people_true"] and not figures["mixed"]
            claims.append(Claim(f"{film.name}: F1 at least {least_f1}, the right count, none mixed", held))
        note = "`people` are those listed, `true` those who are there; `split` and `mixed` count persons."
        tables.append(Table(title, ("film", *COLUMNS), tuple(rows), note))
    return Section("Quality", tuple(tables), tuple(claims))


def _scored(bench: Bench, film: Programme | StillsFilm) -> dict[str, float]:
    video = programme_video(bench, film)
    return score(bench, bench.cast_of(video) / "cast.json", truth_of(video))
