import pytest

from closeup.text import korean
from closeup.text.korean import content_morphemes, has_kiwi, is_greeting, is_whole, morphemes_of, split_by_rules
from closeup.text.reading import read_text

needs_kiwi = pytest.mark.skipif(not has_kiwi(), reason="kiwipiepy is not installed")
TEXT = "여러분 안녕하십니까. 육군 부대에서 코로나19 집단 감염이 일어났습니다. 그렇다면 미국이"


@needs_kiwi
def test_sentences_are_verbatim_and_morphemes_have_their_places():
    reading = read_text(TEXT)

    assert reading.language == "ko"
    assert [each.text for each in reading.sentences] == [TEXT[:11], TEXT[12:40], TEXT[41:]]
    assert all(TEXT[each.start : each.end] == each.text for each in reading.sentences)
    assert reading.morphemes[1][0] == ("육군", "NNG", 0, 2)
    assert [reading.may_stand(place) for place in range(3)] == [False, True, False]


@needs_kiwi
def test_what_rouge_is_counted_by():
    assert content_morphemes(morphemes_of("코로나19 확진자는 27명입니다")) == ["코로나", "19", "확진자", "27"]


@needs_kiwi
def test_fragments_are_not_whole():
    assert not is_whole(morphemes_of("그렇다면 미국이 금리를 올리면."))
    assert is_whole(morphemes_of("부산 수영구 댄스 동호회 확진자는 16명 늘어났습니다."))


@pytest.mark.parametrize("text", ["여러분 안녕하십니까.", "다음은 코로나 소식입니다.", "김용태 기자가 보도합니다."])
def test_greetings(text):
    assert is_greeting(text)
    assert not is_greeting("확진자가 16명 늘었습니다.")


def test_without_kiwipiepy_rules_split_and_the_answer_says_so(monkeypatch):
    monkeypatch.setattr("closeup.text.reading.has_kiwi", lambda: False)
    reading = read_text(TEXT)

    assert [each.text for each in reading.sentences] == [TEXT[:11], TEXT[12:40], TEXT[41:]]
    assert reading.tokens[1][:2] == ["육군", "부대"]
    assert "kiwipiepy is not installed" in reading.notes[0]
    assert split_by_rules("가나. 다라.")[1] == [["가나"], ["다라"]]


def test_the_missing_package_is_an_error_that_names_the_extra(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "kiwipiepy", None)
    korean._kiwi.cache_clear()
    with pytest.raises(korean.DependencyError) as caught:
        morphemes_of("가")

    assert caught.value.facts["extra"] == "headline"
    assert not has_kiwi()
    korean._kiwi.cache_clear()
