import json
import os
from pathlib import Path

import numpy as np
import pytest

from closeup.core.errors import FormatError, InputError, OutputError
from closeup.documents.learners import LEARNER_EVALUATION
from closeup.features.headline.evaluate import evaluate_headline, up_to_share
from closeup.features.headline.model import open_model, read_pairs, sentence_features, train_headline
from closeup.features.headline.options import HeadlineOptions
from closeup.features.headline.write import headline
from closeup.text.reading import read_text

SHARED = Path(os.environ.get("CLOSEUP_SHARED", "../shared")) / "data"
TOWNS = ("Leeds", "York", "Bath", "Hull", "Ely")


def article(place):
    town, number = TOWNS[place % 5], place + 2
    text = (
        f"The council of {town} has said on Monday that it will close {number} schools in the old town. Parents of "
        f"{town} schools are angry with the council. It rained. The {number} schools of the town are old."
    )
    return {
        "text": text,
        "headline": f"{town} close {number} schools",
        "summary": text[-len("The 2 schools of the town are old.") :],
    }


@pytest.fixture
def data(tmp_path):
    path = tmp_path / "data.jsonl"
    path.write_text("\n".join(json.dumps(article(place)) for place in range(30)))
    return path


@pytest.fixture
def model(data, tmp_path):
    train_headline(data, tmp_path / "model")
    return tmp_path / "model"


def test_a_model_is_a_folder_that_reads_back_and_shortens(model):
    opened = open_model(model)
    answer = headline(article(3)["text"], HeadlineOptions(words=6), model=model)

    assert opened.header.settings == {"deletion": True, "picker": True, "writer": False}
    assert answer.stories[0].headline == "Hull close 5 schools"
    assert (answer.stories[0].way, answer.model) == ("taught", str(model))
    assert headline(article(3)["text"]).stories[0].way == "rules"
    taught = headline(article(3)["text"], HeadlineOptions(sentences=1), model=model)
    assert taught.stories[0].summary[0].text == "The 5 schools of the town are old."


def test_the_evaluation_sets_the_model_beside_the_lead(model, data):
    answer = evaluate_headline(model, data, of="headline", words=6)
    again = evaluate_headline(model, data, of="headline", words=6)

    assert LEARNER_EVALUATION.encode(answer) == LEARNER_EVALUATION.encode(again)
    assert set(answer.metrics) == {"rouge1", "rouge2", "rougeL", "words"}
    assert {"lead_1", "lead_3", "rules"} <= set(answer.baselines)
    assert answer.metrics["rouge1"].value > 0.9
    assert answer.differences["lead_1"]["rouge1"].low > 0
    assert evaluate_headline("builtin", data).settings["of"] == "summary"


def test_a_summary_takes_its_share_of_the_words():
    reading = read_text("One two three four. Five six. Seven eight nine ten.")

    assert up_to_share(reading, [2, 0, 1], 0.4) == "Seven eight nine ten."
    assert up_to_share(reading, [2, 0, 1], 0.41) == "One two three four. Seven eight nine ten."
    assert sentence_features(reading.tokens).shape == (3, 8)


def test_pairs_in_an_old_code_page_are_read_and_it_is_said(tmp_path):
    line = json.dumps({"text": "부산항이 폭풍으로 문을 닫았습니다.", "headline": "부산항 폐쇄"}, ensure_ascii=False)
    (tmp_path / "old.jsonl").write_bytes(f"{line}\r\n{line}\r\n".encode("cp949"))
    pairs, notes, _ = read_pairs(tmp_path / "old.jsonl")
    assert [pair.headline for pair in pairs] == ["부산항 폐쇄"] * 2
    assert "CP949" in " ".join(notes)


def test_pairs_that_are_too_many_are_refused_unread(tmp_path):
    with (tmp_path / "large.jsonl").open("wb") as file:
        file.truncate(10 * 10**9)
    with pytest.raises(InputError, match=r"has 10,000 MB.*not read"):
        read_pairs(tmp_path / "large.jsonl")


def test_data_that_cannot_teach(tmp_path, data):
    few = tmp_path / "few.jsonl"
    few.write_text("\n".join(data.read_text().splitlines()[:5]))
    with pytest.raises(InputError, match="5 pairs, and at least 20"):
        train_headline(few, tmp_path / "out")
    few.write_text('{"text": "A b."}\n[1]')
    with pytest.raises(InputError, match="line 2: it is no JSON object"):
        read_pairs(few)
    few.write_text('{"text": "A b."}\n{"headline": 3}')
    with pytest.raises(InputError, match="no line with a text"):
        read_pairs(few)
    few.write_text('{"text": "A b."')
    with pytest.raises(InputError, match=r"few\.jsonl, line 1"):
        read_pairs(few)
    few.write_text(data.read_text() + '\n{"text": "A b."}')
    assert "1 line of" in read_pairs(few)[1][0]


def test_models_that_cannot_be_used(model, data, tmp_path):
    with pytest.raises(OutputError):
        train_headline(data, model)
    with pytest.raises(InputError, match="is not a model"):
        open_model(tmp_path)
    whole = (model / "model.json").read_text()
    (model / "model.json").write_text(whole.replace('"format": 1', '"format": 9'))
    with pytest.raises(FormatError, match="format 9"):
        open_model(model)
    (model / "model.json").write_text(whole)
    (model / "features.txt").write_text("one\n")
    with pytest.raises(FormatError, match="does not fit"):
        open_model(model)


@pytest.mark.shared
@pytest.mark.slow
def test_summaries_of_news_stay_above_the_bar():
    path = SHARED / "bbc_news_summary" / "articles.jsonl"
    if not path.is_file():
        pytest.skip("the articles are not there")
    answer = evaluate_headline("builtin", path)

    assert answer.metrics["rouge1"].value > 0.85
    assert answer.metrics["rouge2"].value > 0.80
    assert answer.metrics["rougeL"].value > 0.515
    titles = evaluate_headline("builtin", path, of="headline", words=10)
    assert titles.differences["lead_words"]["rouge1"].low > 0
    assert np.isfinite(titles.metrics["words"].value)
