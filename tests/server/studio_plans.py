"""A plan of two shorts in a server's folder, as its worker would have made it of a cast."""

from closeup.features.shorts.folder import write_handover
from closeup.server.premises import Premises
from features.shorts.finished_shorts import make_handover


def add_plan(place: Premises, cast_id: str, *, rendered: bool = False) -> str:
    """Put a plan of shorts into the folder; gives the id of its job."""
    asked = place.submit("shorts", {}, (cast_id,), asked_by=None, priority=10)
    job = place.jobs.claim("w")
    assert job is not None
    assert job.id == asked.id
    home = place.results_of(job) / "shorts"
    home.mkdir(parents=True)
    if rendered:
        for name in ("s1.mp4", "s2.mp4"):
            (home / name).write_bytes(b"video")
    write_handover(home, make_handover(rendered=rendered), home)
    place.jobs.end(job, "done")
    return job.id
