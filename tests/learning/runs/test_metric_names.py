import pytest

from closeup.learning.runs.metric_names import CLASS_FIGURES, VALUE_FIGURES, WORDS, is_error, number_words


@pytest.mark.parametrize(
    ("name", "lower"),
    [("val/age/mae", True), ("ece", True), ("val_loss", True), ("val/mood/accuracy", False), ("macro_f1", False)],
)
def test_what_is_better_the_lower(name: str, lower: bool) -> None:
    assert is_error(name) == lower


def test_words() -> None:
    assert set(WORDS) == {*CLASS_FIGURES, *VALUE_FIGURES}
    assert number_words("accuracy", 0.70449) == "0.704"
    assert number_words("mae", 5.41, "years") == "5.41 years"
    assert number_words("bias", -0.5) == "-0.50"
