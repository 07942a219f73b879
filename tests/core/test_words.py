from closeup.core.words import counted, listed


def test_one_and_many() -> None:
    assert counted(1, "face") == "1 face"
    assert counted(1200, "face") == "1,200 faces"
    assert counted(2, "person", "people") == "2 people"


def test_long_lists_end_in_a_number() -> None:
    assert listed(["a", "b"]) == "a, b"
    assert listed(list("abcdefg"), 3) == "a, b, c and 4 more"
