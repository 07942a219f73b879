"""The files of found faces: what is written can be read, fits the schema, and nothing else is believed."""

import json
from typing import Any

import jsonschema
import pytest

from closeup.core.errors import FormatError
from closeup.documents.faces import LOOK_JSON, PHOTO_JSON, VIDEO_JSON, FoundFaces, Look, encode_faces
from features.faces.made_up import classes, face, film, photo, quality

PHOTO = photo(face(), face(100, answers={}), notes=("Odd.",))
PARTLY = photo(
    face(answers={"expression": classes(happy=1.0)}),
    models={"detector": "made-up", "expression": "expression"},
    absent={"attributes": "Not there."},
)
FILM = film(Look(0, 0.0, (face(track=1), face(100, track=2))), Look(5, 0.2, ()), cuts_s=(0.1, 3.0))


@pytest.mark.parametrize("found", [PHOTO, PARTLY, FILM, photo(), film()])
def test_every_line_can_be_read_and_fits_its_schema(found: FoundFaces) -> None:
    for number, line in enumerate(encode_faces(found).splitlines(keepends=True)):
        form: Any = PHOTO_JSON if found.video is None else LOOK_JSON if number else VIDEO_JSON
        assert form.encode(form.decode(line)) == line
        jsonschema.Draft202012Validator.check_schema(form.schema())
        jsonschema.Draft202012Validator(form.schema()).validate(json.loads(line))


def test_a_face_is_written_as_other_programs_know_it() -> None:
    (line,) = encode_faces(photo(face(1 / 3, happy=2 / 3))).splitlines()
    (written,) = json.loads(line)["faces"]
    assert list(written) == ["track", "box", "landmarks", "score", "quality", "answers"]
    assert list(written["answers"]) == ["expression", "age", "gender", "mask"]
    assert (written["track"], written["box"]) == (None, [0.33, 20.0, 40.33, 70.0])
    assert written["answers"]["expression"] == {"class": "happy", "probabilities": {"happy": 0.6667, "sad": 0.3333}}
    assert written["answers"]["age"] == {"value": 31.25, "unit": "years"}


@pytest.mark.parametrize(
    ("place", "value", "complaint"),
    [
        (("schema_version",), 2, "a later closeup"),
        (("more",), 1, "not known"),
        (("width",), 0, "width must be"),
        (("models", "other"), "x", "models.other"),
        (("faces", 0, "track"), 0, r"faces\[0\].track must be"),
        (("faces", 1, "box"), [9, 0, 5], r"faces\[1\].box must be"),
        (("faces", 0, "quality", "pose"), 1.5, "quality.pose must be"),
        (("faces", 0, "landmarks"), [[1, 2]], "a list of at least 5"),
        (("faces", 0, "answers", "age", "value"), "old", "answers.age"),
        (("faces", 0, "answers", "height"), {}, "answers.height"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(place: tuple[str | int, ...], value: Any, complaint: str) -> None:
    data = json.loads(encode_faces(PHOTO))
    here = data
    for key in place[:-1]:
        here = here[key]
    here[place[-1]] = value
    with pytest.raises(FormatError, match=complaint) as caught:
        PHOTO_JSON.from_data(data, "a.faces.json")
    assert caught.value.message.startswith("a.faces.json: ")


def test_numbers_that_json_cannot_hold_are_not_written() -> None:
    with pytest.raises(FormatError, match=r"quality\.total must be a number from 0 to 1"):
        encode_faces(photo(face(quality=quality(float("nan")))))
