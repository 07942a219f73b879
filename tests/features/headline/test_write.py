import os
import time
from pathlib import Path

import pytest

import closeup
from closeup.core.errors import FormatError, InputError
from closeup.documents.headline import HEADLINE_JSON
from closeup.features.headline.options import HeadlineOptions
from closeup.features.headline.write import headline
from closeup.text.korean import has_kiwi, is_greeting, morphemes_of
from closeup.text.tagging import tag

SHARED = Path(os.environ.get("CLOSEUP_SHARED", "../shared")) / "data"
needs_kiwi = pytest.mark.skipif(not has_kiwi(), reason="kiwipiepy is not installed")

NEWS = (
    "Oil prices have risen to $80 a barrel after Iran closed a port.\n\nTraders in London said that they expect prices "
    "to rise. A barrel of oil cost $60 in May. The port handles oil for Asia. Shares in London fell by 2%."
)


@pytest.mark.parametrize("ranking", ["textrank", "lexrank", "lead", "mmr"])
def test_summaries_are_verbatim_and_in_order(ranking):
    answer = headline(NEWS, HeadlineOptions(ranking=ranking))
    (story,) = answer.stories
    places = [each.place for each in story.summary]

    assert answer.sentences == 5
    assert places == sorted(set(places))
    assert len(places) == 3
    assert all(each.text in NEWS for each in story.summary)
    assert story.headline == "Oil prices risen to $80 barrel after Iran closed port"


def test_the_same_text_gives_the_same_bytes():
    assert HEADLINE_JSON.encode(headline(NEWS)) == HEADLINE_JSON.encode(closeup.headline(NEWS))


def test_one_sentence_is_its_own_summary_and_that_is_said():
    answer = headline("Stocks fell.")

    assert (answer.stories[0].headline, answer.stories[0].summary[0].text) == ("Stocks fell", "Stocks fell.")
    assert "The text has 1 sentence; its summary is all of it." in answer.notes


def test_files_in_other_encodings(tmp_path):
    text = "육군 부대에서 코로나19 집단 감염이 일어났습니다. 부산에서는 확진자가 16명 늘어 모두 40명이 됐습니다."
    for name, content in (("cp949.txt", text.encode("cp949")), ("bom.txt", b"\xef\xbb\xbf" + text.encode())):
        (tmp_path / name).write_bytes(content)
        answer = headline(tmp_path / name)
        assert answer.language == "ko"
        assert answer.stories[0].summary[0].text == text[:28]
        assert ("cp949" in name) == any("CP949" in note for note in answer.notes)
    (tmp_path / "utf16.txt").write_bytes("The bank failed today.".encode("utf-16"))
    assert headline(tmp_path / "utf16.txt").stories[0].headline == "Bank failed today"


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b" \n\n", "is empty"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is not a text"),
        (b"Caf\xf5 is closed and so is the bar.", "line 1: it is not UTF-8"),
        (b"12 34 %%", "no words"),
    ],
)
def test_what_is_no_text_is_refused(tmp_path, content, said):
    path = tmp_path / "odd.txt"
    path.write_bytes(content)
    with pytest.raises(InputError, match=said) as caught:
        headline(path)

    assert "odd.txt" in caught.value.message


def test_a_missing_file_and_a_folder(tmp_path):
    for path in (tmp_path / "no.txt", tmp_path):
        with pytest.raises(InputError):
            headline(path)


def test_captions_keep_their_times_and_broken_ones_are_named(tmp_path):
    path = tmp_path / "talk.srt"
    path.write_text(
        "1\n00:00:01,000 --> 00:00:03,000\nThe engine burns hydrogen\n\n"
        "2\n00:00:03,000 --> 00:00:05,500\nfrom a cold tank. The wing\n\n"
        "3\n00:00:09,000 --> 00:00:08,000\nbroken\n\n"
        "4\n00:00:05,500 --> 00:00:07,000\nis made of wood.\n"
    )
    answer = headline(path)
    (story,) = answer.stories

    assert [(each.text, each.start_s, each.end_s) for each in story.summary] == [
        ("The engine burns hydrogen from a cold tank.", 1.0, 5.5),
        ("The wing is made of wood.", 3.0, 7.0),
    ]
    assert (story.start_s, story.end_s) == (1.0, 7.0)
    assert any("Left out of the captions" in note for note in answer.notes)
    path.write_text("no captions here")
    with pytest.raises(FormatError, match=r"talk\.srt"):
        headline(path)


def test_a_very_long_text_is_ranked_in_parts_and_that_is_said():
    text = " ".join(f"The bank number {place} sold oil to town {place % 97} for ${place}m." for place in range(30_000))
    assert len(text) > 1_500_000
    begun = time.monotonic()
    answer = headline(text)

    assert time.monotonic() - begun < 120
    assert any("ranked in parts" in note for note in answer.notes)


@pytest.mark.shared
@needs_kiwi
@pytest.mark.parametrize("name", ["FIN_NEWS_1", "KL2vgtBxsuc", "ZIkYcCSF_AY", "yMZ9iNncyns"])
def test_korean_broadcasts(name):
    path = SHARED / "korean_video_transcripts" / f"{name}.srt"
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    lines = [each for each in path.read_text("utf-8").splitlines() if each and not each[0].isdigit()]
    whole = " ".join(lines)
    headline("가나다라 마바사입니다.")  # loads the dictionary
    begun = time.monotonic()
    answer = headline(path)
    took_s = time.monotonic() - begun

    assert took_s < 8  # 2 s on a machine that does nothing else
    assert HEADLINE_JSON.encode(answer) == HEADLINE_JSON.encode(headline(path))
    for story in answer.stories:
        assert len(story.headline) <= 30
        assert story.headline in whole
        assert not is_greeting(story.headline)
        last = morphemes_of(story.headline)[-1][1]
        assert last == "EF" or last.startswith(("N", "S", "X"))
        assert all(each.start_s is not None and each.start_s < each.end_s for each in story.summary)


@pytest.mark.shared
def test_lectures_and_news_break_nothing():
    folders = [SHARED / "coursera_srt_en"]
    paths = [path for folder in folders if folder.is_dir() for path in sorted(folder.glob("*.srt"))[:4]]
    if not paths:
        pytest.skip("no lectures are there")
    for path in paths:
        for story in headline(path).stories:
            assert len(story.headline.split()) <= 11
            assert tag(story.headline)
