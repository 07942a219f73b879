"""plan.json: comes back as it was, can be edited, and complaints name the place."""

import json
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.core.errors import FormatError, InputError
from closeup.core.types import VideoInfo
from closeup.features.shorts.options import ShortsOptions
from closeup.features.shorts.plan import BY_HAND, PLAN_JSON, Piece, Plan, Short, encode_plan, read_plan
from closeup.media.frame_times import FrameTimes

FILM = Fraction(30000, 1001)
TIMES = FrameTimes.of([n / FILM for n in range(1000)], 1000 / FILM)
VIDEO = VideoInfo("film.mp4", "ab" * 32, 33.366667, FILM, 1000, 1920, 1080)
HOME = Path("/films/talk.shorts")


def piece(start: int, end: int) -> Piece:
    return Piece(start, end, float(TIMES.start(start)), float(TIMES.start(end)))


PLAN = Plan(
    video=VIDEO,
    person="p2",
    person_name="유나",
    shorts=(
        Short("s1", (piece(0, 200), piece(411, 640)), 0.7125, {"speech": 0.5, "presence": 0.9}, "Seen large.", "split"),
        Short("s2", (piece(999, 1000),), 0.5, {"speech": 0.25}, "Speech nearly throughout.", title="끝"),
    ),
    weights={"speech": 0.4, "presence": 0.6},
    absent={"expression": "no model"},
    notes=("Only two were found.",),
)
OPTIONS = ShortsOptions(captions=Path("/films/talk.srt"), burn_captions=True, weights={"speech": 2.0})


def document() -> dict:
    return json.loads(encode_plan(PLAN, OPTIONS, Path("/films/talk.cast"), HOME))


def test_a_plan_comes_back_frame_for_frame():
    read = PLAN_JSON.from_data(document())
    assert read.placed(TIMES) == PLAN
    assert (read.cast, read.options.captions) == (Path("../talk.cast"), Path("../talk.srt"))
    assert replace(read.options, captions=OPTIONS.captions) == OPTIONS


def test_the_end_may_be_written_in_milliseconds():
    data = document()
    data["shorts"] = [{"pieces": [{"start_s": 33.333, "end_s": 33.367}]}]
    assert PLAN_JSON.from_data(data).placed(TIMES).shorts[0].pieces == (piece(999, 1000),)


def test_the_file_can_be_moved_together_with_the_cast(tmp_path):
    for home in (tmp_path / "a", tmp_path / "b"):
        (home / "talk.shorts").mkdir(parents=True)
        path = home / "talk.shorts" / "plan.json"
        path.write_bytes(encode_plan(PLAN, ShortsOptions(), home / "talk.cast", path.parent))
        assert read_plan(path).cast.resolve() == (home / "talk.cast").resolve()
    assert (tmp_path / "a/talk.shorts/plan.json").read_bytes() == path.read_bytes()


@settings(deadline=None)
@given(st.lists(st.integers(0, 1000), min_size=2, max_size=12, unique=True).map(sorted))
def test_any_pieces_come_back(edges):
    pairs = [(a, b) for a, b in zip(edges[::2], edges[1::2], strict=False)]
    plan = replace(PLAN, shorts=(replace(PLAN.shorts[0], pieces=tuple(piece(a, b) for a, b in pairs)),))
    read = PLAN_JSON.decode(encode_plan(plan, OPTIONS, HOME, HOME))
    assert read.placed(TIMES) == plan


def test_a_short_can_be_added_with_nothing_but_its_times():
    data = document()
    data["shorts"].insert(0, {"pieces": [{"start_s": 3, "end_s": 5.01}]})
    data["options"]["layout"] = "split"
    read = PLAN_JSON.from_data(data).placed(TIMES)
    added = read.shorts[0]
    assert added.id == "s3"
    assert added.pieces == (piece(90, 150),)
    assert (added.reason, added.parts, added.interest, added.layout, added.title) == (BY_HAND, {}, 0.0, "split", None)


def test_times_snap_to_the_nearest_frame_and_touching_pieces_join():
    data = document()
    spans = [(1.0, 2.0), (2.0, 3.0), (3.01, 4.0), (5.0, 6.0)]
    data["shorts"][0]["pieces"] = [{"start_s": a, "end_s": b} for a, b in spans]
    assert PLAN_JSON.from_data(data).placed(TIMES).shorts[0].pieces == (piece(30, 120), piece(150, 180))


def test_variable_frame_rates():
    starts = [Fraction(0), Fraction(1, 10), Fraction(1, 2), Fraction(3, 5), Fraction(2)]
    times = FrameTimes.of(starts, Fraction(5, 2))
    data = document()
    data["shorts"] = [{"pieces": [{"start_s": 0.45, "end_s": 1.9}]}]
    (short,) = PLAN_JSON.from_data(data).placed(times).shorts
    assert short.pieces == (Piece(2, 4, 0.5, 2.0),)


def test_a_piece_without_a_frame_is_refused():
    data = document()
    data["shorts"][1]["pieces"] = [{"start_s": 1.0, "end_s": 2.0}, {"start_s": 3.002, "end_s": 3.01}]
    with pytest.raises(FormatError, match=r"shorts\[1\]\.pieces\[1\] holds no frame: 3\.002 to 3\.01 s"):
        PLAN_JSON.from_data(data).placed(TIMES)


CHANGES = [
    (("schema_version",), None, "lacks the field 'schema_version'"),
    (("schema_version",), 2, "schema_version 2, and this closeup reads 1"),
    (("shorts",), [], r"shorts must be a list of at least 1"),
    (("shorts", 0, "pieces"), [], r"shorts\[0\]\.pieces must be a list of at least 1"),
    (
        ("shorts", 0, "pieces", 0, "start_s"),
        "1:02",
        r"shorts\[0\]\.pieces\[0\]\.start_s must be a number from 0 up, not '1:02'",
    ),
    (("shorts", 0, "pieces", 0, "start_s"), -1, r"pieces\[0\]\.start_s must be a number from 0 up"),
    (("shorts", 0, "pieces", 0, "end_s"), 0, r"pieces\[0\]\.end_s must be more than 0, where the piece starts"),
    (("shorts", 0, "pieces", 1, "start_s"), 2.5, r"pieces\[1\]\.start_s must be 6\.67333 or more"),
    (("shorts", 0, "pieces", 1, "end_s"), 34, r"pieces\[1\]\.end_s must be at most 33\.3677, where the video ends"),
    (("shorts", 0, "pieces", 1, "end"), 30, r"pieces\[1\] has a field that is not known: 'end'"),
    (("shorts", 0, "layout"), "tiled", r"shorts\[0\]\.layout must be one of 'follow', 'split', not 'tiled'"),
    (("shorts", 0, "title"), "two\nlines", r"shorts\[0\]\.title must be one line"),
    (("shorts", 0, "id"), "../x", r'shorts\[0\]\.id must be an id such as "s1"'),
    (("shorts", 1, "id"), "s1", r"shorts\[1\]\.id must be an id that no other short has"),
    (("shorts", 0, "interest"), 1.5, r"shorts\[0\]\.interest must be a number from 0 to 1"),
    (("options", "aspect"), "16:9", r"options\.aspect must be one of '9:16', '1:1', '4:5'"),
    (("options", "height"), 1081, "A height of 1081 pixels cannot be made"),
    (("options", "max_length_s"), 3, "at least 15 and at most 3 s long"),
    (("options", "burn_captions"), 1, r"options\.burn_captions must be true or false"),
    (("options", "captions"), "", r"options\.captions must be null or a path"),
    (("cast",), "a\x00b", r"cast must be the path of a cast folder"),
    (("person", "id"), "Anna", r'person\.id must be a person\'s id such as "p1"'),
    (("video", "sha256"), "00", r"video\.sha256 must be 64 hexadecimal digits"),
    (("weights", "speech"), 3, r"weights\.speech must be a number from 0 to 1"),
]


@pytest.mark.parametrize(("place", "value", "message"), CHANGES)
def test_complaints_name_the_place(place, value, message):
    data = document()
    *way, last = place
    inner = data
    for key in way:
        inner = inner[key]
    if value is None:
        del inner[last]
    else:
        inner[last] = value
    with pytest.raises(FormatError, match=message) as caught:
        PLAN_JSON.from_data(data, "plan.json")
    assert caught.value.message.startswith("plan.json: ")


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


def places(value: object, way: tuple = ()) -> list[tuple]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [way, *(found for key, item in inner for found in places(item, (*way, key)))]


@settings(deadline=None)
@given(st.sampled_from(places(document())), JSON)
def test_any_value_anywhere_is_a_plan_or_refused(way, value):
    data = document()
    if not way:
        data = value
    else:
        inner = data
        for key in way[:-1]:
            inner = inner[key]
        inner[way[-1]] = value
    try:
        plan = PLAN_JSON.from_data(data, "plan.json").placed(TIMES)
    except FormatError:
        return
    for short in plan.shorts:
        assert short.pieces
        for one in short.pieces:
            assert 0 <= one.start_frame < one.end_frame <= 1000


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_refused(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("plan") / "plan.json"
    path.write_bytes(content)
    with pytest.raises(FormatError, match=r"plan\.json: "):
        read_plan(path)


def test_a_byte_order_mark_is_passed_over(tmp_path):
    path = tmp_path / "plan.json"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(document()).encode())
    assert read_plan(path).cast == tmp_path / "../talk.cast"


def test_a_missing_file_says_how_to_make_one(tmp_path):
    with pytest.raises(InputError, match="Make a plan first"):
        read_plan(tmp_path / "plan.json")


def test_a_plan_that_could_not_be_read_back_is_not_written():
    bad = replace(PLAN, shorts=(replace(PLAN.shorts[0], interest=float("nan")),))
    with pytest.raises(FormatError, match="interest"):
        encode_plan(bad, OPTIONS, HOME, HOME)
