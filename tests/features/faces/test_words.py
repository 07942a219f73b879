"""What is said of a face."""

from closeup.documents.faces import ValueAnswer
from closeup.features.faces.words import answer_words, full_lines, label_levels
from features.faces.made_up import classes, face


def test_answers_in_plain_words() -> None:
    assert answer_words("expression", classes(happy=0.93, sad=0.07)) == "happy 93 %"
    assert answer_words("mask", classes(no_mask=0.99, mask=0.01)) == "no mask 99 %"
    assert answer_words("mask", classes(incorrect=1.0), shares=False) == "mask worn wrongly"
    assert answer_words("age", ValueAnswer(30.6, "years")) == "about 31"
    assert answer_words("other", ValueAnswer(1.25, "m")) == "1.2 m"


def test_all_that_is_said() -> None:
    assert full_lines(face()) == [
        "looks happy 75 %",
        "looks about 31, male 75 %",
        "no mask 88 %",
        "picture quality 50 %",
    ]
    assert full_lines(face(answers={})) == ["picture quality 50 %"]


def test_words_get_fewer_where_room_is_scarce() -> None:
    assert label_levels(face(), 3)[1:] == (("3  happy", "about 31, male"), ("3  happy",), ("3",))
    assert label_levels(face(), None)[-1] == ("happy",)
    masked = face(answers={"mask": classes(mask=1.0)})
    assert label_levels(masked, None) == (("mask 100 %", "picture quality 50 %"), ("mask",))
    assert label_levels(face(answers={}), 2) == (("2  picture quality 50 %",), ("2",))
    assert label_levels(face(answers={}), None) == (("picture quality 50 %",),)
