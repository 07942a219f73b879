from closeup.text.words import content_words, scripts, words


def test_words_are_small_and_whole():
    assert words("Don't re-elect L'Oréal's U.S. boss") == ["dont", "reelect", "loréals", "us", "boss"]


def test_content_words_leave_out_the_frame_and_digits():
    assert content_words("The 3 banks have won $4.5bn in June") == ["banks", "bn", "june"]
    assert content_words("The banks won a case") == ["banks", "case"]
    assert content_words("1999 was 40% of it") == []


def test_scripts_are_shares_of_the_letters():
    assert scripts("가나 ab") == {"korean": 0.5, "latin": 0.5, "other": 0.0}
    assert scripts("12 %") == {}
    assert scripts("Привет")["other"] == 1.0
