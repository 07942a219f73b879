"""What people give recommend, appraise and headline that is not what they want: each gets a sentence that helps."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from closeup.cli.exit_codes import EXIT_COULD_NOT
from closeup.cli.main import app
from closeup.features.appraise import fit, tuning
from closeup.features.appraise.boosting import PUBLISHED

TEN_GB = 10 * 2**30


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(tuning, "PUBLISHED", {kind: {**each, "rounds": 40} for kind, each in PUBLISHED.items()})
    monkeypatch.setattr(fit, "SPREAD", {**fit.SPREAD, "rounds": 10})


def type_in(*words: str) -> Any:
    return CliRunner().invoke(app, list(words))


def write(name: str, text: str, encoding: str = "utf-8") -> None:
    Path(name).write_text(text, encoding=encoding)


def sparse(name: str) -> None:
    with Path(name).open("wb") as file:
        file.truncate(TEN_GB)


def events(user: Callable[[int], object] = str, item: Callable[[int], object] = str, plays: object = 3) -> str:
    draw = random.Random(0)
    pairs = [(each, one) for each in range(12) for one in draw.sample(range(10), 4)]
    return "user,item,plays\n" + "".join(f"{user(each)},{item(one)},{plays}\n" for each, one in pairs)


def prices(a: object = "", c: str = "x", price: Callable[[float], object] = lambda b: f"{3 * b + 1:.2f}") -> str:
    draw = random.Random(0)
    sizes = [5 * draw.random() for _ in range(40)]
    return "a,b,c,price\n" + "".join(f"{a or n},{b:.3f},{c},{price(b)}\n" for n, b in enumerate(sizes))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no header"),
        ("user,item\n", "has no event"),
        ("who,what\na,b\n", "--user COLUMN"),
        (events(plays="often"), "often"),
        (events(plays=0), "weight"),
        ("user,item,time\na,x,whenever\nb,y,2020-01-01\n", "whenever"),
    ],
)
def test_events_that_cannot_be_used(text: str, said: str) -> None:
    write("e.csv", text)
    for words in (("fit", "e.csv", "-o", "m"), ("look", "e.csv", "-o", "l")):
        result = type_in("recommend", *words)
        assert (result.exit_code, said in result.stderr) == (EXIT_COULD_NOT, True), result.stderr
        assert "closeup itself failed" not in result.stderr
    assert {each.name for each in Path().iterdir()} == {"e.csv"}


@pytest.mark.parametrize(
    ("text", "encoding", "said"),
    [
        ("user,item\n1,2\n", "utf-8", "teach nothing"),
        ("user,item\n" + "".join(f"1,{n}\n" for n in range(9)), "utf-8", "teach nothing"),
        (events(lambda u: f"{u}.0", lambda i: f"{i}.0"), "utf-8", ""),
        (events(lambda u: f"{u + 12000000:.1e}"), "utf-8", "spreadsheet"),
        (events(), "utf-8-sig", ""),
        (events(), "utf-16", ""),
        (events(lambda u: f"사람{u}", lambda i: f"노래{i}"), "cp949", "CP949"),
        (events(lambda u: f"مستخدم{u}", lambda i: f"أغنية{i}"), "utf-8", ""),
    ],
)
def test_events_that_are_odd(text: str, encoding: str, said: str) -> None:
    write("e.csv", text, encoding)
    result = type_in("recommend", "fit", "e.csv", "-o", "m", "--factors", "2")
    assert result.exit_code == 0, result.stderr
    assert said.casefold() in result.stderr.casefold()
    user = text.splitlines()[1].split(",")[0]
    assert type_in("recommend", "for", "m", user).exit_code == 0
    assert type_in("recommend", "for", "m", "nobody at all").exit_code == EXIT_COULD_NOT


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "no header"),
        ("a,price\n", "row"),
        ("a,price\n1,2\n", "row"),
        (prices(price=lambda b: 7), "7 in every row"),
        (prices(price=lambda b: "dear"), "dear"),
        ("a,price\n" + "".join(f"3,{n}\n" for n in range(40)), "no column but price"),
        (
            "a,price\n" + "".join(f"some words about thing {n * 7919} of many,{n}\n" for n in range(40)),
            "no column but price",
        ),
    ],
)
def test_tables_that_cannot_be_learnt(text: str, said: str) -> None:
    write("t.csv", text)
    result = type_in("appraise", "fit", "t.csv", "--target", "price", "-o", "m")
    assert (result.exit_code, said in result.stderr) == (EXIT_COULD_NOT, True), result.stderr
    assert not Path("m").exists()
    assert "closeup itself failed" not in type_in("appraise", "look", "t.csv", "--target", "price", "-o", "l").stderr


@pytest.mark.parametrize(
    ("text", "encoding", "said"),
    [
        (prices(a=3), "utf-8", "a: "),
        (prices(c="words of all kinds that say nothing"), "utf-8", "c: "),
        (prices(), "utf-8-sig", ""),
        (prices(c="서울"), "cp949", "CP949"),
        (prices(c="القاهرة"), "utf-8", ""),
        (prices(c="3rd of May"), "utf-8", ""),
    ],
)
def test_tables_that_are_odd(text: str, encoding: str, said: str) -> None:
    write("t.csv", text, encoding)
    result = type_in("appraise", "fit", "t.csv", "--target", "price", "-o", "m")
    assert result.exit_code == 0, result.stderr
    assert said.casefold() in result.stderr.casefold()
    assert type_in("appraise", "predict", "m", "t.csv", "--json").exit_code == 0
    for table, words in (("a,b,c\n", "row"), ("x,y\n1,2\n", "lacks"), ("", "no header")):
        write("n.csv", table)
        for command in ("predict", "evaluate", "explain"):
            result = type_in("appraise", command, "m", "n.csv", "--json")
            assert "closeup itself failed" not in result.stderr, (command, table)
            if result.exit_code:
                assert words in result.stderr or "price" in result.stderr, (command, table, result.stderr)


@pytest.mark.parametrize(
    ("content", "said"),
    [(b"", "empty"), (b"123 456.", "no words"), (bytes(range(256)) * 8, "text"), (b"  \n ", "empty")],
)
def test_texts_that_are_none(content: bytes, said: str) -> None:
    Path("t.txt").write_bytes(content)
    result = type_in("headline", "t.txt", "-o", "page")
    assert (result.exit_code, said in result.stderr) == (EXIT_COULD_NOT, True), result.stderr
    assert not Path("page").exists()


@pytest.mark.parametrize(
    ("text", "encoding", "said"),
    [
        ("One short sentence stands here.", "utf-8", "1 sentence"),
        ("The council closed the bridge on Monday. Traders fear for their custom.", "utf-8-sig", ""),
        ("أعلنت الحكومة اليوم خطة جديدة. تشمل الخطة زيادة المعروض.", "utf-8", "another script"),
        ("政府は今日新しい計画を発表した。計画には住宅の供給が含まれる。", "utf-8", "another script"),
        ("정부는 오늘 새로운 대책을 발표했습니다. 주택 공급이 늘어납니다.", "cp949", "CP949"),
    ],
)
def test_texts_that_are_odd(text: str, encoding: str, said: str) -> None:
    write("t.txt", text, encoding)
    result = type_in("headline", "t.txt", "-o", "page")
    assert result.exit_code == 0, result.stderr
    assert said.casefold() in result.stderr.casefold()
    assert Path("page/report.html").is_file()


def test_ten_gigabytes_are_refused_unread() -> None:
    for name in ("big.csv", "big.txt", "big.jsonl"):
        sparse(name)
    for words in (
        ("recommend", "fit", "big.csv", "-o", "m"),
        ("recommend", "look", "big.csv"),
        ("appraise", "fit", "big.csv", "--target", "price", "-o", "m"),
        ("appraise", "look", "big.csv", "--target", "price", "-o", "m"),
        ("headline", "big.txt"),
        ("headline", "train", "big.jsonl", "-o", "m"),
        ("headline", "evaluate", "builtin", "big.jsonl"),
    ):
        result = type_in(*words)
        assert result.exit_code == EXIT_COULD_NOT, (words, result.stderr)
        assert "10.7 GB" in result.stderr or "10,737 MB" in result.stderr, (words, result.stderr)


@pytest.mark.parametrize(("version", "said"), [(9, "reads 1"), (0, "")])
def test_models_of_another_version_and_of_another_kind(version: int, said: str) -> None:
    write("e.csv", events())
    write("t.csv", prices())
    write("p.jsonl", '{"text": "The council closed the bridge on Monday.", "headline": "Council closes bridge"}\n' * 30)
    assert type_in("recommend", "fit", "e.csv", "-o", "r", "--factors", "2").exit_code == 0
    assert type_in("appraise", "fit", "t.csv", "--target", "price", "-o", "a").exit_code == 0
    assert type_in("headline", "train", "p.jsonl", "-o", "h").exit_code == 0
    asked = {
        "r": ("recommend", "for", "{}", "1"),
        "a": ("appraise", "predict", "{}", "t.csv", "--json"),
        "h": ("headline", "evaluate", "{}", "p.jsonl"),
    }
    for model, words in asked.items():
        for other in asked:
            result = type_in(*(word.format(other) for word in words))
            assert result.exit_code == (0 if model == other else EXIT_COULD_NOT), result.stderr
            assert model == other or "is needed" in result.stderr
    for model, words in asked.items():
        path = Path(model) / "model.json"
        path.write_text(path.read_text().replace('"format": 1', f'"format": {version}', 1))
        result = type_in(*(word.format(model) for word in words))
        assert (result.exit_code, said in result.stderr) == (EXIT_COULD_NOT, True), result.stderr
        path.write_text("{")
        assert type_in(*(word.format(model) for word in words)).exit_code == EXIT_COULD_NOT
