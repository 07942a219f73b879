"""SubRip and WebVTT: what is read, what is refused and where, and that writing loses nothing."""

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.core.errors import FormatError, InputError
from closeup.core.words import LeftOut
from closeup.media.subtitle_text import plain_line
from closeup.media.subtitles import (
    Cue,
    Subtitles,
    Word,
    encode_srt,
    encode_vtt,
    parse_subtitles,
    read_subtitles,
    word_places,
)

SRT = """1
00:00:01,000 --> 00:00:02,500
Hello.

2
00:00:03,250 --> 00:00:04,000
Two
lines.
"""
HELLO = (Cue(1.0, 2.5, "Hello."), Cue(3.25, 4.0, "Two\nlines."))

YOUTUBE = """WEBVTT
Kind: captions
Language: en

00:00:00.080 --> 00:00:02.149 align:start position:0%
\u0020
hi<00:00:00.480><c> everybody</c>

00:00:02.149 --> 00:00:02.159 align:start position:0%
hi everybody
\u0020

00:00:02.159 --> 00:00:05.000 align:start position:0%
hi everybody
we<00:00:02.480><c> are</c><00:00:03.480><c> here</c>
"""


def vtt(body: str) -> Subtitles:
    return parse_subtitles(f"WEBVTT\n\n{body}".encode())


def test_subrip():
    assert parse_subtitles(SRT.encode()) == Subtitles(HELLO)


@pytest.mark.parametrize("end", ["\r\n", "\r", "\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff", "\ufeff\ufeff"])
def test_any_line_ends_and_a_mark(end, mark):
    assert parse_subtitles((mark + SRT.replace("\n", end)).encode()).cues == HELLO


@pytest.mark.parametrize(
    "text",
    [
        "00:00:01,000 --> 00:00:02,500\nHello.\n\n00:00:03,250 --> 00:00:04,000\nTwo\nlines.",
        "\n\n1\n0:0:1,000-->0:0:2,500\nHello.\n2\n00:00:03.250 --> 00:00:04.000 X1:0 X2:9\n\nTwo\n\nlines.\n\n\n",
        "7\n00:01,000 --> 00:02,500\n<i>Hello.</i>\n\n7\n00:03,250 --> 00:04\n{\\an8}Two\n\t \nlines.",
        "2\n00:00:03,250 --> 00:00:04,000\nTwo\nlines.\n\n1\n00:00:01,000 --> 00:00:02,500\nHello.",
    ],
)
def test_what_programs_write_for_subrip(text):
    assert parse_subtitles(text.encode()).cues == HELLO


def test_a_number_that_is_spoken_is_no_counter():
    cues = parse_subtitles(b"1\n00:00:01,000 --> 00:00:02,000\n42\n\n2\n00:00:02,000 --> 00:00:03,000\n43\n").cues
    assert [cue.text for cue in cues] == ["42", "43"]


@pytest.mark.parametrize(
    ("text", "line", "why"),
    [
        ("hello\n\n" + SRT, 1, "stands before the first caption"),
        ("1\n00:00:01,000 --> soon\nHi\n\n" + SRT, 2, "has no times such as 00:01:02,500 --> 00:01:04,000, but"),
        ("1\n00:61:01,000 --> 00:62:02,000\nHi\n\n" + SRT, 2, "has 60 or more minutes or seconds"),
        (SRT + "\n3\n00:00:09,000 --> 00:00:08,000\nHi", 11, "ends before it starts"),
        (SRT + "\n3\n00:00:05,000 --> 00:00:05,000\nHi", 11, "has no length"),
        (SRT + "\n3\n00:00:05,000 --> 00:00:06,000\n<i></i>", 11, "has no words"),
        (SRT + "\n3\n-00:00:05,000 --> -00:00:04,000\nHi", 11, "ends before the video starts"),
    ],
)
def test_a_caption_that_cannot_be_understood_is_left_out_and_named_by_its_line(text, line, why):
    read = parse_subtitles(text.encode())
    assert read.cues == HELLO
    (note,) = read.notes
    assert note.startswith(f"Left out of the captions: line {line}, which {why}")
    assert isinstance(note, LeftOut) == (why not in ("stands before the first caption", "has no words"))


@pytest.mark.parametrize("block", ["words without a time", "a\nb\n00:01.000 --> 00:02.000\nHi"])
def test_a_block_of_webvtt_that_is_no_caption_is_named_too(block):
    read = vtt(f"{block}\n\n00:01.000 --> 00:02.500\nHello.")
    assert read.cues == HELLO[:1]
    assert read.notes == ("Left out of the captions: line 3, which has no times.",)


def test_of_many_lines_some_are_named():
    broken = "".join(f"{n}\n00:00:09,000 --> 00:00:08,000\nHi\n\n" for n in range(9))
    (note,) = parse_subtitles((broken + SRT).encode()).notes
    assert note.endswith("line 22, which ends before it starts; and 3 more.")


def test_a_caption_that_begins_before_the_video_begins_with_it():
    read = parse_subtitles(b"1\n-00:00:01,500 --> 00:00:01,250\nHello.\n")
    assert read.cues == (Cue(0.0, 1.25, "Hello."),)
    assert read.notes == ("Captions that begin before the video does, and begin with it now: line 2.",)


@pytest.mark.parametrize(
    "timing",
    [
        "00:00:01,500 -> 00:00:03,250",
        "00:00:01,500 → 00:00:03,250",
        "00:00:01,500 –> 00:00:03,250",
        "00:00:01, 500 --> 00:00:03, 250",
        "00:00:01,5 --> 00:00:03,25",
        "0:00:01.500 --> 0:00:03.250",
        "00:00:01:500 --> 00:00:03:250",
        "00:00:01,500 --> 00:00:03,250 position:50%,start align:center",
    ],
)
def test_times_in_all_spellings(timing):
    assert parse_subtitles(f"1\n{timing}\nHello.\n".encode()).cues == (Cue(1.5, 3.25, "Hello."),)


@pytest.mark.parametrize("timing", ["00:00:01,500 --> 00:00:03,250", "0:00:01.500 --> 0:00:03.250"])
def test_webvtt_in_all_spellings(timing):
    assert vtt(f"{timing}\nHello.").cues == (Cue(1.5, 3.25, "Hello."),)


ASS = r"""[Script Info]
ScriptType: v4.00+

[V4+ Styles]
Format: Name, Fontname
Style: Default,Arial

[Events]
Format: Layer, Start, End, Style, Name, MarginL, MarginR, MarginV, Effect, Text
Comment: 0,0:00:00.00,0:00:09.00,Default,,0,0,0,,not shown
Dialogue: 0,0:00:01.00,0:00:02.50,Default,Ann,0,0,0,,{\an8\i1}Hello.
Dialogue: 0,soon,0:00:02.50,Default,Ann,0,0,0,,broken
Dialogue: 0,0:00:02.60,0:00:02.70,Default,Ann,0,0,0,,{\p1}m 0 0 l 9 9{\p0}
Dialogue: 0,0:00:03.25,0:00:04.00,Default,Bob,0,0,0,,Two\Nlines.
"""


def test_substation_alpha():
    read = parse_subtitles(ASS.encode())
    assert read.cues == HELLO
    assert read.notes == (
        "Left out of the captions: line 12, which has no times or no text; line 13, which is a drawing and no text.",
    )


def test_karaoke_of_substation_alpha_tells_when_words_are_spoken():
    text = r"{\k50}Hello {\kf75\b1}my {\K25}dear\N{\ko50}world{\b0}"
    (cue,) = parse_subtitles(f"[Events]\nDialogue: 0,0:00:01.00,0:00:03.00,Default,,0,0,0,,{text}\n".encode()).cues
    assert cue.text == "Hello my dear\nworld"
    assert [(word.start_s, word.end_s, word.text) for word in cue.words] == [
        (1.0, 1.5, "Hello"),
        (1.5, 2.25, "my"),
        (2.25, 2.5, "dear"),
        (2.5, 3.0, "world"),
    ]
    late = r"{\k500}Too {\k10}late"
    found = parse_subtitles(f"[Events]\nDialogue: 0,0:00:01.00,0:00:03.00,Default,,0,0,0,,{late}\n".encode())
    assert found.cues[0].words == ()
    assert "word times are out of order" in found.notes[0]


def test_sbv():
    read = parse_subtitles(b"0:00:01.000,0:00:02.500\nHello.\n\n0:00:03.250,0:00:04.000\nTwo[br]lines.\n")
    assert read == Subtitles(HELLO)


@pytest.mark.parametrize(
    ("content", "name"),
    [
        ('<?xml version="1.0"?><tt xmlns="http://www.w3.org/ns/ttml"></tt>', "TTML"),
        ("<SAMI><HEAD></HEAD></SAMI>", "SAMI"),
        ("{25}{50}Hello.", "MicroDVD"),
        ("[ti:Song]\n[00:12.00]Hello", "LRC"),
        ('{"segments": [{"start": 0, "end": 1, "text": "Hello"}]}', "JSON"),
        ("{\\rtf1 Hello}", "RTF"),
    ],
)
def test_a_format_that_is_not_read_is_named(content, name):
    with pytest.raises(FormatError, match="no captions") as caught:
        parse_subtitles(content.encode())
    assert f"seems to be {name}" in caught.value.hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("just words", "no captions"),
        ("WEBVTT\n", "no captions"),
        ("1\n00:00:01,000 --> 00:00:01,000\nHi\n", "None of its captions can be used; that of line 2 has no length"),
        ("1\n00:00:01,000 --> soon\nHi", "None of its captions can be used; that of line 2 has no times"),
    ],
)
def test_it_is_refused_only_when_nothing_can_be_read(text, message):
    with pytest.raises(FormatError, match=message):
        parse_subtitles(text.encode())


def test_damaged_letters_cost_their_caption_only():
    text = (
        "1\n00:00:01,000 --> 00:00:02,500\nDéjà vu à l\u2019été\n\n2\n00:00:03,000 --> 00:00:04,000\n".encode()
        + b"caf\xe9"
    )
    read = parse_subtitles(text)
    assert [cue.text for cue in read.cues] == ["Déjà vu à l\u2019été"]
    assert read.notes == ("Left out of the captions: line 6, which has letters that are not UTF-8.",)


def test_webvtt():
    read = vtt(
        "NOTE\nfor nobody\n\nSTYLE\n::cue { color: red }\n\n"
        "greeting\n00:01.000 --> 00:02.500 line:0 align:start\n<v Ann>Hello.</v>\n\n"
        "1\n00:00:03.250 --> 00:00:04.000\nTwo\nlines.\n100:00:00.000 --> 100:00:01.000\nLate &amp; long"
    )
    assert read.cues == (*HELLO, Cue(360_000.0, 360_001.0, "Late & long"))


def test_webvtt_tells_when_words_are_spoken():
    (cue,) = vtt("00:01.000 --> 00:04.000\none <00:00:02.000>two three\n<00:03.500><b>four</b>").cues
    assert cue.text == "one two three\nfour"
    assert cue.words == (Word(1.0, 2.0, "one"), Word(2.0, 3.5, "two three"), Word(3.5, 4.0, "four"))
    assert word_places(cue) == ((0, 3), (4, 13), (14, 18))


def test_words_inside_a_word_keep_their_places():
    (cue,) = vtt("00:01.000 --> 00:04.000\n안녕<00:02.000>하세요 <00:03.000>여러분").cues
    assert cue.text == "안녕하세요 여러분"
    assert word_places(cue) == ((0, 2), (2, 5), (6, 9))


@pytest.mark.parametrize("stamps", ["<00:03.000>b <00:02.000>c", "<00:00.500>b", "<00:05.000>b", "<00:99.000>b"])
def test_word_times_that_make_no_sense_are_not_used_and_counted(stamps):
    read = vtt(f"00:01.000 --> 00:04.000\na {stamps}")
    assert read.cues[0].words == ()
    assert read.cues[0].text.startswith("a b")
    assert "out of order" in read.notes[0]


def test_rolling_captions_say_every_line_once():
    first, second = parse_subtitles(YOUTUBE.encode()).cues
    assert (first.text, second.text) == ("hi everybody", "we are here")
    assert [word.text for word in second.words] == ["we", "are", "here"]
    assert [word.start_s for word in second.words] == [2.159, 2.48, 3.48]


def test_a_line_that_is_said_twice_stays_twice():
    body = "00:01.000 --> 00:02.000\nNo <00:01.500>way.\n\n00:02.000 --> 00:03.000\nNo way.\n"
    assert [cue.text for cue in vtt(body).cues] == ["No way.", "No way."]


def test_subrip_is_written_exactly():
    assert encode_srt(Subtitles(HELLO)).decode() == SRT
    late = Cue(3725.9996, 3726.0, "안녕 --> 하세요")
    assert encode_srt(Subtitles((late,))).decode() == "1\n01:02:06,000 --> 01:02:06,001\n안녕 → 하세요\n"


def test_webvtt_is_written_exactly():
    (cue,) = vtt("00:01.000 --> 00:04.000\none <00:00:02.000>&lt;two&gt; three\n<00:03.500>four").cues
    assert encode_vtt(Subtitles((cue,))).decode() == (
        "WEBVTT\n\n00:00:01.000 --> 00:00:04.000\n"
        "<c>one</c> <00:00:02.000><c>&lt;two&gt; three</c>\n<00:00:03.500><c>four</c>\n"
    )


def plain(text: str) -> str:
    lines = (plain_line(line, webvtt=False) for line in text.split("\n"))
    return "\n".join(line for line in lines if line)


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=40).map(plain).filter(bool)
MILLISECONDS = st.integers(0, 10**9)


@st.composite
def subtitles(draw: st.DrawFn) -> Subtitles:
    spans = draw(st.lists(st.tuples(MILLISECONDS, st.integers(1, 10**6), TEXTS), min_size=1, max_size=5))
    cues = (Cue(start / 1000, (start + length) / 1000, text) for start, length, text in spans)
    return Subtitles(tuple(sorted(cues, key=lambda cue: (cue.start_s, cue.end_s))))


@settings(deadline=None)
@given(subtitles())
def test_webvtt_gives_back_what_was_written(written):
    assert parse_subtitles(encode_vtt(written)) == written


@settings(deadline=None)
@given(subtitles())
def test_subrip_gives_back_what_was_written(written):
    arrows = Subtitles(tuple(Cue(c.start_s, c.end_s, c.text.replace("-->", "→")) for c in written.cues))
    assert parse_subtitles(encode_srt(written)) == arrows


@settings(deadline=None)
@given(st.lists(st.integers(0, 99_999), min_size=3, max_size=8, unique=True), st.data())
def test_word_times_come_back(times, data):
    edges = sorted(times)
    texts = [data.draw(st.text("ab<&가나", min_size=1, max_size=4)) for _ in edges[1:]]
    words = tuple(Word(a / 1000, b / 1000, t) for a, b, t in zip(edges, edges[1:], texts, strict=False))
    written = Subtitles((Cue(edges[0] / 1000, edges[-1] / 1000, " ".join(texts), words),))
    assert parse_subtitles(encode_vtt(written)) == written


FRAGMENTS = st.sampled_from(
    ["WEBVTT", "\n", "\n\n", "1", "-->", "00:00:01,000", "00:00:02.500", "00:01.500", " ", "<00:00:01.200>", "<c>",
     "NOTE", "STYLE", "안녕", "&amp;", "{\\an8}", "\ufeff", "\x00", "</i>", "99999999999", "\r", "\u2028"]
)  # fmt: skip


@settings(deadline=None)
@given(st.lists(FRAGMENTS, max_size=40).map("".join))
def test_any_text_is_captions_or_refused_with_a_reason(text):
    try:
        read = parse_subtitles(text.encode())
    except FormatError:
        return
    assert read.cues
    for cue in read.cues:
        assert 0 <= cue.start_s < cue.end_s
        assert all(line and line == line.strip() for line in cue.text.split("\n"))
        places = word_places(cue)
        assert all(cue.text.replace("\n", " ")[a:b] == w.text for (a, b), w in zip(places, cue.words, strict=True))
        edges = [cue.start_s, *(edge for word in cue.words for edge in (word.start_s, word.end_s)), cue.end_s]
        assert edges == sorted(edges)
    again = parse_subtitles(encode_srt(read))
    assert [(cue.start_s, cue.end_s) for cue in again.cues] == [(cue.start_s, cue.end_s) for cue in read.cues]


def test_a_file_is_named_in_the_complaint(tmp_path: Path):
    path = tmp_path / "talk.srt"
    path.write_text("nothing", "utf-8")
    with pytest.raises(FormatError, match=r"talk\.srt: It has no captions"):
        read_subtitles(path)
    with pytest.raises(InputError, match="does not exist"):
        read_subtitles(tmp_path / "none.srt")
    path.write_bytes(b"")
    with pytest.raises(InputError, match="is empty"):
        read_subtitles(path)


def test_a_video_given_as_captions_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    path = tmp_path / "talk.mp4"
    path.write_bytes(bytes(range(256)) * 8)
    with pytest.raises(FormatError):
        read_subtitles(path)
    monkeypatch.setattr("closeup.media.subtitles.MAX_BYTES", 1000)
    with pytest.raises(InputError, match="too large for captions"):
        read_subtitles(path)


@pytest.mark.shared
@pytest.mark.parametrize("folder", ["coursera_srt_en", "korean_video_transcripts"])
def test_real_files_are_read_and_come_back(shared, folder):
    files = sorted((shared / "data" / folder).glob("*.srt"))
    assert files
    for path in files:
        read = read_subtitles(path)
        assert read.notes == ()
        assert len(read.cues) == path.read_text("utf-8").count("-->")
        assert parse_subtitles(encode_srt(read)) == read
        assert parse_subtitles(encode_vtt(read)) == read


def test_drawings_of_substation_alpha_are_said(tmp_path: Path) -> None:
    shape = r"{\p1}m 0 0 l 100 0 100 100{\p0}"
    lines = [
        "[Events]",
        *(f"Dialogue: 0,0:00:0{n}.00,0:00:0{n + 1}.00,D,,0,0,0,,{t}" for n, t in ((1, shape), (3, "Hi"))),
    ]
    (tmp_path / "a.ass").write_text("\n".join(lines), encoding="utf-8")
    found = read_subtitles(tmp_path / "a.ass")
    assert [cue.text for cue in found.cues] == ["Hi"]
    assert found.notes == ("Left out of the captions: line 2, which is a drawing and no text.",)
