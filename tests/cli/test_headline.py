import json

import pytest
from typer.testing import CliRunner

from closeup.cli.main import app
from closeup.documents.headline import HEADLINE_JSON
from closeup.documents.learners import LEARNER_EVALUATION

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


def test_train_and_evaluate(tmp_path):
    data = tmp_path / "pairs.jsonl"
    pair = {"text": f"{TEXT} It said so.", "headline": "Oil prices rise as Iran closes port"}
    data.write_text("\n".join(json.dumps(pair) for _ in range(20)))
    model = str(tmp_path / "model")
    trained = CliRunner().invoke(app, ["headline", "train", str(data), "-o", model])
    again = CliRunner().invoke(app, ["headline", "train", str(data), "-o", model, "--overwrite", "--json"])
    shown = CliRunner().invoke(app, ["headline", "evaluate", model, str(data)])
    plain = CliRunner().invoke(app, ["headline", "evaluate", "builtin", str(data), "--json"])
    used = CliRunner().invoke(app, ["headline", str(data.with_name("no.txt")), "--model", str(tmp_path)])

    few = CliRunner().invoke(app, ["headline", "train", str(data), "-o", f"{model}2", "--abstractive"])
    unable = CliRunner().invoke(app, ["headline", "evaluate", model, str(data), "--abstractive"])

    assert (few.exit_code, "200 are needed" in few.stderr) == (2, True)
    assert (unable.exit_code, "has not learnt to write" in unable.stderr) == (2, True)
    assert trained.exit_code == 0, trained.output
    assert "Learnt from 20 pairs: which words to keep." in trained.stdout
    assert json.loads(again.stdout)["rows"] == 20
    assert "lead 3" in shown.stdout
    assert LEARNER_EVALUATION.from_data(json.loads(plain.stdout)).n == 20
    assert (used.exit_code, "is not a model" in used.stderr) == (2, True)
