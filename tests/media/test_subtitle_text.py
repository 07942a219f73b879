import codecs
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.core.errors import FormatError, InputError
from closeup.media.subtitle_text import UNREADABLE, check_encoding, decode_captions, plain_line
from closeup.media.subtitles import read_subtitles

KOREAN = "1\n00:00:01,000 --> 00:00:02,000\n안녕하세요. 오늘은 날씨가 좋습니다.\n"
CUE = "1\n00:00:01,000 --> 00:00:02,000\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
def test_unicode_is_read_with_and_without_a_mark(encoding):
    assert decode_captions(KOREAN.encode(encoding)) == (KOREAN, ())


def test_utf_16_with_the_big_endian_mark():
    assert decode_captions(codecs.BOM_UTF16_BE + KOREAN.encode("utf-16-be")) == (KOREAN, ())


def test_korean_of_the_old_code_page_is_read_and_said():
    text, notes = decode_captions(KOREAN.encode("cp949"))
    assert text == KOREAN
    assert "CP949" in notes[0]


@pytest.mark.parametrize(
    "text",
    [
        "Où êtes-vous allé après l'été ? Je ne sais pas.",
        "Ça coûte 5 £ à l'hôtel, c'est l'été.",
        "Das ist größer, und über die Mäuse",
        "¿Dónde está? ¡Aquí! No es un niño",
        "ÀÉÈÊ ÇA MÊME",
        "größer, ÜBERMÄßIG, Äöü",
    ],
)
@pytest.mark.parametrize("encoding", ["latin-1", "cp1252"])
def test_western_code_pages_are_guessed_and_said(text, encoding):
    found, notes = decode_captions((CUE + text).encode(encoding))
    assert found == CUE + text
    assert notes == ("Its letters were read as Windows-1252, which is a guess: they are not UTF-8.",)


def test_what_stays_open_is_refused_and_not_read_as_korean():
    with pytest.raises(FormatError, match=r"Line 3 is not UTF-8 text, and which code page") as caught:
        decode_captions((CUE + "õ, ð, ñ").encode("latin-1"))
    assert "UTF-8" in caught.value.hint
    assert caught.value.code == "captions.encoding"


def test_an_encoding_that_is_given_is_taken_at_its_word():
    content = (CUE + "ÀÉÈÊ ÇA MÊME").encode("cp1252")
    assert decode_captions(content, "cp1252") == (CUE + "ÀÉÈÊ ÇA MÊME", ())
    assert UNREADABLE in decode_captions(content, "utf-8")[0]


@pytest.mark.parametrize("name", ["auto", "cp1251", "UTF-16", "koi8-r"])
def test_encodings_that_there_are_pass(name):
    check_encoding(name)


@pytest.mark.parametrize("name", ["klingon", "base64", "hex", "cp1251\0"])
def test_what_is_no_encoding_of_text_is_refused(name):
    with pytest.raises(InputError, match="There is no encoding"):
        check_encoding(name)


def test_japanese_of_an_old_code_page_is_read():
    text, notes = decode_captions((CUE + "こんにちは、東京は晴れです").encode("shift_jis"))
    assert "東京は晴れ" in text
    assert "CP932" in notes[0]


@pytest.mark.parametrize("content", [b"\xff\xfe1\x00\x0a", b"\xef\xbb\xbf\xff", b"\xfe\xff\xd8\x00\x00"])
def test_what_its_mark_promises_must_hold(content):
    with pytest.raises(FormatError, match="damaged further on"):
        decode_captions(content)


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_text_or_refused(content):
    try:
        text, _ = decode_captions(content)
    except FormatError:
        return
    text.encode("utf-8")


@pytest.mark.parametrize(
    ("line", "srt", "vtt"),
    [
        ("<i>one</i> <b>two</b>", "one two", "one two"),
        ('<font color="#ffff00">yellow</font>', "yellow", "yellow"),
        (r"{\an8}on top", "on top", r"{\an8}on top"),
        ("a < b and c > d", "a < b and c > d", "a d"),
        ("Tom &amp; Ann&nbsp;&lt;3", "Tom & Ann <3", "Tom & Ann <3"),
        ("R&D; AT&T &#39;87&#x2019;", "R&D; AT&T '87’", "R&D; AT&T '87’"),
        ("<v Ann>Hello <c.red>there</c>", "Hello there", "Hello there"),
        ("  a \t\u00a0 b\x00\x07  ", "a b", "a b"),
        ("\u1112\u1161\u11ab", "한", "한"),
        ("\ufeff", "", ""),
    ],
)
def test_only_the_words_of_a_line_stay(line, srt, vtt):
    assert plain_line(line, webvtt=False) == srt
    assert plain_line(line, webvtt=True) == vtt


@pytest.mark.parametrize("end", ["</rt></ruby>", "</ruby>"])
def test_ruby_follows_in_brackets(tmp_path: Path, end: str) -> None:
    text = f"WEBVTT\n\n00:01.000 --> 00:02.000\n<ruby>\u6f22<rt>kan{end} ji\n"
    (tmp_path / "a.vtt").write_text(text, encoding="utf-8")
    assert [cue.text for cue in read_subtitles(tmp_path / "a.vtt").cues] == ["\u6f22(kan) ji"]


@pytest.mark.parametrize("encoding", ["utf-32", "utf-32-le", "utf-32-be"])
def test_utf_32_with_its_mark(tmp_path: Path, encoding: str) -> None:
    mark = "" if encoding == "utf-32" else "\ufeff"
    text = f"{mark}1\n00:00:01,000 --> 00:00:04,000\nHello there\n"
    (tmp_path / "a.srt").write_bytes(text.encode(encoding))
    assert [cue.text for cue in read_subtitles(tmp_path / "a.srt").cues] == ["Hello there"]
