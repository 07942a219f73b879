import pytest

from closeup.core import strict_json
from closeup.core.errors import FormatError
from closeup.core.strict_json import Node, parse


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"The file is not valid JSON: Expecting value, line 1, column 1\."),
        (b"{", r"line 1, column 2"),
        (b"\xff\xfe", r"The file is not UTF-8 text\."),
        (b"[NaN]", r"NaN is not a number"),
        (b"[-Infinity]", r"-Infinity is not a number"),
        (b'{"a": 1, "a": 2}', r"an object has one field twice"),
        (b"[" * 200_000, r"nested too deeply"),
        (b"9" * 5000, r"is not valid JSON"),
    ],
)
def test_parse_refuses(content: bytes, message: str) -> None:
    with pytest.raises(FormatError, match=message):
        parse(content, "The file")


def test_a_huge_file_is_refused_unread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(strict_json, "MAX_BYTES", 2**20)
    with pytest.raises(FormatError, match="larger than 1 MB"):
        parse(b" " * (2**20 + 1), "The file")


def test_infinity_that_hides_in_a_number() -> None:
    with pytest.raises(FormatError, match=r"\[0\] must be a number"):
        next(iter(parse(b"[1e999]", "The file").items())).number()


def test_paths() -> None:
    document = parse(b'{"people": [{}, {"tracks": ["t1"]}]}', "The file")
    person = list(document.members()["people"].items())[1]
    assert next(iter(person.members()["tracks"].items())).path() == "people[1].tracks[0]"
    assert document.path() == "the document"


def test_deep_values_are_described_by_kind() -> None:
    deep: list[object] = []
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(FormatError, match="must be text, not a list of 1"):
        Node(deep).text()
