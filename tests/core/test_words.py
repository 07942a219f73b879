from closeup.core.words import counted, likely, listed


def test_one_and_many() -> None:
    assert counted(1, "face") == "1 face"
    assert counted(1200, "face") == "1,200 faces"
    assert counted(2, "person", "people") == "2 people"


def test_long_lists_end_in_a_number() -> None:
    assert listed(["a", "b"]) == "a, b"
    assert listed(list("abcdefg"), 3) == "a, b, c and 4 more"


def test_a_probability_is_no_finer_than_it_can_be_believed() -> None:
    assert [likely(p) for p in (0.0, 0.02, 0.48, 0.724, 0.99)] == [
        "under 5 % likely",
        "under 5 % likely",
        "about 50 % likely",
        "about 70 % likely",
        "over 95 % likely",
    ]
