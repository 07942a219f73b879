import json

import pytest
from typer.testing import CliRunner

from closeup.cli.main import app
from closeup.documents.headline import HEADLINE_JSON

TEXT = "Oil prices have risen to $80 a barrel after Iran closed a port. The port handles oil for Asia."


@pytest.fixture
def text(tmp_path):
    path = tmp_path / "news.txt"
    path.write_text(TEXT)
    return path


def test_a_file_gets_a_headline_and_a_summary(text):
    done = CliRunner().invoke(app, ["headline", str(text), "--sentences", "1"])

    assert done.exit_code == 0, done.output
    assert done.stdout.splitlines()[:2] == ["Oil prices risen to $80 barrel after Iran closed port", f"  {TEXT[:63]}"]


def test_json_is_the_document_and_the_word_write_may_stand(text):
    outputs = [
        CliRunner().invoke(app, ["headline", *word, str(text), "--words", "5", "--json"]).stdout
        for word in ([], ["write"])
    ]

    assert outputs[0] == outputs[1]
    answer = HEADLINE_JSON.from_data(json.loads(outputs[0]))
    assert answer.stories[0].headline == "Oil prices risen to $80"


def test_a_pipe_is_read():
    done = CliRunner().invoke(app, ["headline", "-", "--json"], input=TEXT)

    assert json.loads(done.stdout)["source"] == "-"


def test_faults_are_sentences(tmp_path):
    done = CliRunner().invoke(app, ["headline", str(tmp_path / "no.txt")])

    assert done.exit_code == 2
    assert "does not exist" in done.stderr
