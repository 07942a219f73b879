"""`closeup portrait` and `closeup matte`."""

import json

import cv2
import numpy as np
import pytest
from PIL import Image as Pillow
from typer.testing import CliRunner

from closeup.cli.main import app
from closeup.documents.portrait import PORTRAIT_JSON
from closeup.features.portrait import make
from matte_scenes import scene


class KnownMatte:
    card_name = "known"

    def alpha(self, rgb):
        known = scene(0.7).alpha if rgb.any() else np.zeros((4, 4), np.float32)
        return np.clip(cv2.resize(known, rgb.shape[1::-1]), 0, 1)


@pytest.fixture
def photo(tmp_path, monkeypatch):
    monkeypatch.setattr(make, "PersonMatte", KnownMatte)
    path = tmp_path / "one.jpg"
    Pillow.fromarray(scene(0.7).picture).save(path)
    return path


def invoke(*words):
    return CliRunner().invoke(app, [str(word) for word in words])


def test_what_was_made_is_said(photo, tmp_path):
    done = invoke("portrait", photo, "-o", tmp_path, "--strength-by", "uniform", "--blur", "0.05")
    assert done.exit_code == 0, done.output
    assert "one.portrait.jpg" in done.stdout.replace("\n", "")
    assert "blurred by 8.0 pixels" in done.stdout
    assert (tmp_path / "one.portrait.jpg").is_file()


def test_json_is_the_document(photo, tmp_path):
    done = invoke("matte", photo, "-o", tmp_path, "--json")
    assert done.exit_code == 0, done.output
    answer = PORTRAIT_JSON.from_data(json.loads(done.stdout))
    assert answer.results[0].output == str(tmp_path / "one.matte.png")
    assert answer.model == "known"


def test_nobody_alone_cannot_be_done_and_beside_others_is_a_loss(photo, tmp_path):
    empty = tmp_path / "empty.png"
    Pillow.new("RGB", (40, 30)).save(empty)
    alone = invoke("portrait", empty, "-o", tmp_path / "out")
    assert alone.exit_code == 2
    assert "Nobody is seen" in alone.stderr
    both = invoke("portrait", empty, photo, "-o", tmp_path / "out", "--strength-by", "uniform")
    assert both.exit_code == 3
    assert "Left out: Nobody is seen" in both.stderr.replace("\n", " ")
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["one.portrait.jpg"]
