"""shorts.json: what is written can be read, and what does not hold together is refused."""

import json
import re
from typing import Any

import jsonschema
import pytest

from closeup.core.errors import FormatError
from closeup.documents.shorts import SHORTS_JSON
from closeup.features.shorts.folder import encode_shorts
from features.shorts.finished_shorts import make_handover

CONTENT = encode_shorts(make_handover(title="끝"), ["Another."])
BARE = encode_shorts(make_handover(captions=False, sound=False, name=None))


@pytest.mark.parametrize("content", [CONTENT, BARE])
def test_round_trip(content: bytes) -> None:
    assert SHORTS_JSON.encode(SHORTS_JSON.decode(content)) == content


def test_key_frames_stand_on_a_line_each() -> None:
    assert "[20, -3.0, 10.0, 87.0, 170.0],\n" in CONTENT.decode()


def test_the_schema_takes_what_is_written() -> None:
    jsonschema.Draft202012Validator.check_schema(SHORTS_JSON.schema())
    for content in (CONTENT, BARE):
        jsonschema.Draft202012Validator(SHORTS_JSON.schema()).validate(json.loads(content))


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("frames",), 131, "shorts[0].frames must be 130, as many as its pieces have"),
        (("id",), "s2", "shorts must be shorts with different ids"),
        (("id",), "../x", 'shorts[0].id must be an id such as "s1"'),
        (("files", "video"), "../s1.mp4", 'shorts[0].files.video must be "s1.mp4"'),
        (("files",), {"srt": "s1.srt"}, "shorts[0].files must be an object with video and poster"),
        (("interest",), 1.5, "shorts[0].interest must be a number from 0 to 1"),
        (("sound", "gain_db"), None, "sound.gain_db must be a number"),
        (("pieces", 0, "end_frame"), 401, "pieces[0].end_frame must be a whole number from 21 to 400"),
        (("pieces", 0, "end_s"), 1, "pieces[0].end_s must be a number from 2 up"),
        (("pieces", 0, "layout"), "follow", "pieces[0].camera must be a list of 1"),
        (("pieces", 0, "layout"), "tiled", "pieces[0].layout must be one of 'follow', 'split'"),
        (("pieces", 1, "camera", 0, 0, 0), 121, "camera[0] must be key frames [frame, x0, y0, x1, y1], ascending"),
        (("pieces", 1, "camera", 0, 1, 0), 120, "ascending from frame 120 to 189"),
        (("pieces", 1, "camera", 0, 0, 3), -100, "camera[0] must be key frames [frame, x0, y0, x1, y1] with x0 < x1"),
        (("pieces", 1, "camera", 0, 0, 3), "wide", "camera[0][0][3] must be a number"),
    ],
)
def test_complaints_name_the_place(place: tuple[str | int, ...], value: Any, message: str) -> None:
    data = json.loads(CONTENT)
    here = data["shorts"][0]
    for key in place[:-1]:
        here = here[key]
    here[place[-1]] = value
    with pytest.raises(FormatError, match=re.escape(message)):
        SHORTS_JSON.from_data(data)
