"""The race of speed.py on a single core: the peer's way uses little more than one, closeup all that there are."""

from bench import Bench
from programmes import STANDARD, programme_video
from speed import race, race_scores, race_table
from tables import Section


def measure(bench: Bench) -> Section:
    """Time the two once on the 2-minute programme, each held to one core."""
    video = programme_video(bench, STANDARD)
    runs, loads = race(bench, video, 1, 1)
    table = race_table("One run each, on one core", runs, race_scores(bench, video))
    remark = f"Load average (1 minute) before each run: {', '.join(f'{load:.2f}' for load in loads)}."
    return Section("Speed on one core", (table,), remarks=(remark,))
