import pytest

from closeup.core.errors import InputError
from closeup.features.recommend.names import Names, folded

NAMES = Names("item", ("1", "2", "3", "4", "50"), {"1": "Björk", "2": "Sigur Rós", "3": "Air", "4": "AIR", "50": "넬"})


@pytest.mark.parametrize(
    ("said", "place"),
    [("1", 0), ("bjork", 0), ("BJÖRK", 0), ("Bjo\u0308rk", 0), (" sigur  ros", 1), ("Air", 2), ("AIR", 3), ("넬", 4)],
)
def test_names_are_found_by_spelling(said: str, place: int) -> None:
    assert NAMES.find(said) == place


def test_near_misses_are_offered() -> None:
    with pytest.raises(InputError, match="no item 'Bjrok'") as caught:
        NAMES.find("Bjrok")
    assert caught.value.hint == "Nearest are: Björk (1)."
    with pytest.raises(InputError) as caught:
        NAMES.find("zzzzz")
    assert caught.value.hint == ""


def test_one_name_of_several_needs_an_id() -> None:
    with pytest.raises(InputError, match=r"Several items are called 'air': Air \(3\), AIR \(4\)"):
        NAMES.find("air")


def test_ids_without_names() -> None:
    names = Names("user", ("Ann", "ann2"))
    assert names.find("ANN") == 0
    assert names.label(1) == "ann2"
    assert "ann2" in names
    assert "bob" not in names


def test_width_and_accents_are_one() -> None:
    assert folded("Ｎｅｌｌ  Ñ") == "nell n"
