import base64

from hypothesis import given
from hypothesis import strategies as st

from closeup.core.data_uri import data_uri


@given(st.binary())
def test_the_bytes_are_in_the_address(content: bytes) -> None:
    kind, _, encoded = data_uri(content).partition(",")
    assert kind == "data:image/jpeg;base64"
    assert base64.b64decode(encoded, validate=True) == content
