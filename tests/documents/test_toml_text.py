import tomllib

from hypothesis import given
from hypothesis import strategies as some

from closeup.documents.toml_text import toml_value

PLAIN = some.booleans() | some.integers(-(2**60), 2**60) | some.floats(allow_nan=False) | some.text()


@given(
    some.recursive(PLAIN, lambda each: some.lists(each, max_size=3) | some.dictionaries(some.text(), each, max_size=3))
)
def test_values_come_back(value: object) -> None:
    assert tomllib.loads(f"a = {toml_value(value)}") == {"a": value}
