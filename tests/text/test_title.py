import pytest

from closeup.core.errors import InputError
from closeup.text.reading import read_text
from closeup.text.title import title

NEWS = (
    "Oil prices have risen to $80 a barrel after Iran closed a port. Traders in London said that they expect more. "
    "A barrel of oil cost $60 in May. Thank you."
)


def test_the_first_sentence_of_news_and_the_most_telling_of_speech():
    assert title(read_text(NEWS)) == ("Oil prices risen to $80 barrel after Iran closed port", 0)
    spoken = read_text(
        "Hello everybody. I am glad. The engine of the plane burns hydrogen from a tank in the tail. The "
        "tank and the engine of the plane are cold."
    )
    assert title(spoken, spoken=True)[1] in (2, 3)


def test_a_spoken_sentence_that_is_short_enough_is_quoted():
    spoken = read_text("It was there that they were. So the engine of the plane is cold. We had to land on the engine.")
    assert title(spoken, spoken=True) == ("The engine of the plane is cold", 1)
    long = read_text("And the engine of the plane is going to be tested in the harbour of Rotterdam by us all.")
    assert title(long, spoken=True)[0] == "Engine of plane is going to be tested in harbour"


def test_a_text_without_words_is_refused():
    with pytest.raises(InputError, match="no words"):
        read_text("123 !!")
    with pytest.raises(InputError, match="no language"):
        read_text("Words.", "fr")


def test_another_script_is_read_and_that_is_said():
    reading = read_text("Москва сегодня. Погода хорошая в городе.")

    assert len(reading.sentences) == 2
    assert "another script" in reading.notes[0]
