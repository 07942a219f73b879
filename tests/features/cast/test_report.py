"""report.html: complete in itself, safe whatever the names, and true to the cast."""

import base64
import hashlib
import re
from dataclasses import replace
from pathlib import Path

import pytest

from closeup.core.errors import FormatError
from closeup.core.types import Cast
from closeup.documents.suggestions import Suggestion
from closeup.features.cast.report import LOOKED_AT_SHOWN, QUESTIONS_SHOWN, render_report
from html_page import HOSTILE, Page

from .report_cast import Plan, make_cast, named

NAMES = [*HOSTILE, "עמית בן־דוד", "\u202eرنا", "🎬 Zoë", "x" * 3000, "\udcff", "\x00"]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Cast, Path]:
    folder = tmp_path_factory.mktemp("report") / "any name.cast"
    return make_cast(folder, Plan()), folder


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> tuple[Cast, Path]:
    folder = tmp_path_factory.mktemp("report") / "empty.cast"
    return make_cast(folder, Plan(people=0, passers_by=0, shots=3)), folder


def test_the_page_is_well_formed_and_says_its_language(made):
    html = render_report(*made)
    page = Page(html)
    assert html.startswith("<!doctype html>\n")
    assert page.all("html") == [{"lang": "en"}]
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert len(page.all("h1")) == 1


def test_the_page_loads_nothing(made):
    html = render_report(*made)
    page = Page(html)
    for tag, attributes in page.elements:
        for key in ("src", "href", "xlink:href", "srcset", "poster", "action", "data"):
            value = attributes.get(key)
            beside = tag == "video" and value == "../talk.mp4"
            assert value is None or beside or value.startswith(("data:image/jpeg;base64,", "#")), (tag, key, value)
    assert not re.search(r"https?:|//[a-z]|@import|url\(", re.sub(r"data:image/jpeg;base64,[^\"]*", "", html))
    assert not {"link", "iframe", "object", "embed", "base", "form"} & {tag for tag, _ in page.elements}


def test_links_inside_the_page_lead_somewhere(made):
    page = Page(render_report(*made))
    ids = {attributes.get("id") for _, attributes in page.elements}
    targets = {a["href"] for tag, a in page.elements if tag in {"a", "use"}}
    assert targets
    assert {target[1:] for target in targets if target} <= ids


def test_the_security_policy_allows_this_style_and_script_and_nothing_else(made):
    page = Page(render_report(*made))
    policy = next(a["content"] for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.strip().split(" ", 1) for rule in (policy or "").split(";"))

    def hashed(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    assert [hashed(text) for text in page.styles] == [rules["style-src"]]
    assert [hashed(text) for text in page.scripts] == [rules["script-src"]]
    for _, attributes in page.elements:
        assert "style" not in attributes  # the policy would drop it
        assert not [key for key in attributes if key.startswith("on")]


def test_everyone_has_a_card_a_row_and_pictures(made):
    cast, folder = made
    page = Page(render_report(cast, folder))
    cards = page.has_class("card")
    assert [card["id"] for card in cards] == [f"person-{person.id}" for person in cast.people]
    alts = [image["alt"] or "" for image in page.all("img")]
    for number, person in enumerate(cast.people, start=1):
        name = person.name or f"Person {number}"
        assert f"Portrait of {name}" in alts
        assert sum(alt.startswith(f"{name} at ") for alt in alts) == min(12, len(person.shots))
    assert sum(alt.startswith("Passer-by ") for alt in alts) == len(cast.passers_by)
    assert len(page.has_class("row")) == len(cast.people) + 2


def test_bars_lie_where_the_tracks_are(made):
    cast, folder = made
    page = Page(render_report(cast, folder))
    tracks = {track.id: track for track in cast.tracks}
    own = {name for person in cast.people for name in person.tracks}
    drawn = [a for a in page.all("rect") if a.get("data-track")]
    assert {a["data-track"] for a in drawn} == own
    for bar in drawn:
        track = tracks[bar["data-track"] or ""]
        x, width = (float((bar[key] or "").rstrip("%")) / 100 * cast.video.duration_s for key in ("x", "width"))
        assert x == pytest.approx(track.start_s, abs=0.01)
        assert x + width == pytest.approx(track.end_s, abs=0.01)


def test_the_figures_are_those_of_the_cast(made):
    cast, folder = made
    first = cast.people[0]
    cast = replace(cast, people=(replace(first, screen_time_s=28.0), *cast.people[1:]))
    text = Page(render_report(cast, folder)).text
    assert "Four people, in view for 1:35 of 1:52." in text
    assert f"0:28 25% of the video · {len(first.shots)} shots" in text
    assert "1920 × 1080" in text
    assert "yunet-2023mar" in text
    assert "Detect fps 5" in text


def test_time_in_view_counts_two_at_once_once(made):
    cast, folder = made
    one = cast.people[0].tracks[0]
    track = next(track for track in cast.tracks if track.id == one)
    tracks = tuple(replace(track, id=name, start_s=1.0, end_s=61.0) for name in ("t1", "t2"))
    people = tuple(replace(p, tracks=(t.id,), shots=(0,)) for p, t in zip(cast.people[:2], tracks, strict=True))
    tracks = tuple(replace(t, person=p.id) for t, p in zip(tracks, people, strict=True))
    both = replace(cast, people=people, passers_by=(), tracks=tracks)
    assert "Two people, in view for 1:00 of 1:52." in Page(render_report(both, folder)).text


def test_the_table_says_who_is_in_each_shot(made):
    cast, folder = made
    html = render_report(cast, folder)
    rows = re.findall(r"<tr data-people.*?</tr>", html, re.DOTALL)
    assert len(rows) == len(cast.shots)
    for number, row in enumerate(rows):
        inside = set(re.findall(r'href="#person-(\w+)"', row))
        assert inside == {person.id for person in cast.people if number in person.shots}
        assert ("passer-by" in row) == any(number in person.shots for person in cast.passers_by)


@pytest.mark.parametrize("name", NAMES)
def test_a_name_stays_text_whatever_is_in_it(made, name):
    cast, folder = made
    usual = Page(render_report(named(cast, "Anna"), folder))
    html = render_report(named(cast, name), folder)
    html.encode("utf-8")
    page = Page(html)
    assert [(tag, sorted(a)) for tag, a in page.elements] == [(tag, sorted(a)) for tag, a in usual.elements]
    if name in HOSTILE:
        assert f"Portrait of {name}" in [image["alt"] for image in page.all("img")]


@pytest.mark.parametrize("text", HOSTILE)
def test_paths_notes_options_and_models_stay_text_too(made, text):
    cast, folder = made
    video = replace(cast.video, path=f"films/{text}.mp4", notes=(text,))
    odd = replace(cast, video=video, models={text: text}, options={text: text})
    page = Page(render_report(odd, folder))
    tags = [tag for tag, _ in page.elements]
    assert tags.count("script") == 1
    assert tags.count("style") == 1
    assert page.text.count(re.sub(r"\s+", " ", text)) >= 5


def test_notes_about_the_video_stand_in_a_banner(made):
    cast, folder = made
    assert not Page(render_report(cast, folder)).has_class("banner")
    noted = replace(cast, video=replace(cast.video, notes=("The file ends early.", "Time stamps were mended.")))
    page = Page(render_report(noted, folder))
    assert len(page.has_class("banner")) == 1
    assert "The file ends early. Time stamps were mended." in page.text


def test_commands_name_the_folder_and_real_ids(made):
    cast, folder = made
    video = replace(cast.video, path="/films/My talk.mp4")
    page = Page(render_report(replace(cast, video=video), folder))
    assert "closeup people 'My talk.cast' name " in page.text
    assert f"merge {cast.people[0].id} {cast.people[1].id}" in page.text
    given = Page(render_report(cast, folder, place=Path("elsewhere")))
    assert "closeup people elsewhere undo" in given.text


def test_people_are_numbered_as_shown_and_a_colour_belongs_to_the_id(made):
    cast, folder = made
    shown = [card["class"] for card in Page(render_report(cast, folder)).has_class("card")]
    fewer = replace(cast, people=cast.people[1:])
    page = Page(render_report(fewer, folder))
    assert [card["class"] for card in page.has_class("card")] == shown[1:]
    assert shown == [f"card c{int(person.id[1:]) - 1}" for person in cast.people]
    unnamed = [number for number, person in enumerate(fewer.people, start=1) if not person.name]
    assert all(f"Person {number}" in page.text for number in unnamed)
    assert f"1 {fewer.people[0].id}" in page.text


def test_doubts_are_asked_with_both_faces_and_marked_on_the_cards(made):
    cast, folder = made
    one, other, *_ = cast.people
    passer = cast.passers_by[0]
    questions = tuple(
        Suggestion((one.id, who.id), 0.55, 0.52, None, 0.72, 1.5, same_shot=False, why=("Because.", "<b>And</b> so."))
        for who in (other, passer)
    )
    page = Page(render_report(cast, folder, questions=questions))
    assert [item["id"] for item in page.all("li") if "data-one" in item] == [
        f"ask-{one.id}-{q.people[1]}" for q in questions
    ]
    assert page.text.count("Because. <b>And</b> so. Same person Different people") == 2
    marks = [link["href"] for link in page.all("a") if (link["href"] or "").startswith("#ask-")]
    assert sorted(marks) == sorted([f"#ask-{one.id}-{other.id}"] * 2 + [f"#ask-{one.id}-{passer.id}"])
    assert "cannot be said" in Page(render_report(cast, folder, questions=None)).text
    plain = Page(render_report(cast, folder)).text
    assert "Perhaps the same" not in plain
    assert "cannot be said" not in plain
    many = Page(render_report(cast, folder, questions=questions[:1] * (QUESTIONS_SHOWN + 3))).text
    assert "And 3 more: closeup people talk.cast suggest" in many


@pytest.mark.parametrize(
    ("path", "place", "address"),
    [
        ("films/my talk.mp4", "talk.cast", "../films/my%20talk.mp4"),
        ("films/my talk.mp4", "out/talk.cast", "../../films/my%20talk.mp4"),  # from where the command was typed
        ("gone/talk.mp4", "talk.cast", "../talk.mp4"),
    ],
)
def test_the_page_finds_its_video(made, tmp_path, monkeypatch, path, place, address):
    cast, folder = made
    monkeypatch.chdir(tmp_path)
    (tmp_path / "films").mkdir()
    (tmp_path / "films" / "my talk.mp4").touch()
    there = replace(cast, video=replace(cast.video, path=path))
    (video,) = Page(render_report(there, folder, place=tmp_path / place)).all("video")
    assert video["src"] == address
    policy = next(a["content"] for a in Page(render_report(*made)).all("meta") if "http-equiv" in a)
    assert "media-src 'self' file:;" in policy


def test_every_card_can_be_corrected_and_filters_the_timeline(made):
    cast, folder = made
    page = Page(render_report(cast, folder))
    ids = [person.id for person in cast.people]
    assert [a["data-person"] for a in page.has_class("card")] == ids
    assert [a["value"] for a in page.has_class("only")] == ids
    fields = [(a.get("name"), a.get("value")) for tag, a in page.elements if tag in {"input", "select"}]
    assert [value for name, value in fields if name == "name"] == [person.name or "" for person in cast.people]
    assert [name for name, _ in fields].count("same") == len(ids)
    assert [name for name, _ in fields].count("hide") == len(ids)
    rows = [a["data-people"] for a in page.has_class("row") if "data-people" in a]
    assert rows == ids
    chosen = replace(cast.people[0], portrait_track=cast.people[0].tracks[1])
    stars = Page(render_report(replace(cast, people=(chosen, *cast.people[1:])), folder)).has_class("star")
    pressed = [star["value"] for star in stars if star["aria-pressed"] == "true"]
    assert pressed[0] == cast.people[0].tracks[1]
    assert len(pressed) == len(ids)


def test_nobody_gets_a_friendly_page(empty):
    page = Page(render_report(*empty))
    assert "Nobody was found in this video." in page.text
    assert "No picture that was looked at shows a face." in page.text
    assert not page.has_class("card")
    assert "closeup people" not in page.text
    assert len(page.all("tr")) == 4


def test_nobody_is_shown_what_was_looked_at(made, tmp_path):
    cast, folder = made
    unused = replace(cast, people=(), passers_by=(), tracks=tuple(replace(t, person=None) for t in cast.tracks))
    (tmp_path / "shots").mkdir()
    (tmp_path / "tracks").symlink_to(folder / "tracks")
    for number in range(len(cast.shots)):
        (tmp_path / "shots" / f"{number + 1}.jpg").write_bytes((folder / "tracks" / "t1.jpg").read_bytes())
    page = Page(render_report(unused, tmp_path))
    looked = [image["alt"] for image in page.all("img") if (image["alt"] or "").startswith("Looked at")]
    assert len(looked) == LOOKED_AT_SHOWN + 7  # faces; and of 14 shots every other one
    assert len([image for image in page.all("img") if (image["alt"] or "").startswith("Shot ")]) == 14
    assert "none is seen long and clearly enough" in page.text or "blurred" in page.text


def test_only_passers_by_and_only_hidden_people_are_told_apart(made):
    cast, folder = made
    apart = replace(cast, people=())
    assert "Nobody stays long enough to be called cast." in Page(render_report(apart, folder)).text
    hidden = replace(cast, people=(), passers_by=(), hidden=cast.people[:1])
    text = Page(render_report(hidden, folder)).text
    assert "You have left 1 person out" in text
    assert "closeup people talk.cast undo" in text


def test_a_video_of_no_length_and_no_shots_still_gives_a_page(empty):
    cast, folder = empty
    bare = replace(cast, shots=(), video=replace(cast.video, duration_s=0.0, frames=0))
    assert "Nobody was found in this video." in Page(render_report(bare, folder)).text


def test_the_same_cast_gives_the_same_page(made):
    assert render_report(*made) == render_report(*made)


def test_timings_do_not_show(made):
    cast, folder = made
    assert render_report(replace(cast, timings_s={"reading": 3.2}), folder) == render_report(cast, folder)


def test_a_missing_picture_is_an_error_and_not_a_gap(made, tmp_path):
    with pytest.raises(FormatError, match=r"p\d\.jpg cannot be read"):
        render_report(made[0], tmp_path)


def test_a_film_with_1500_tracks_stays_under_10_mb(made):
    """Thirty people in 750 shots, with a picture as large as they come for each."""
    cast, folder = made
    shots = tuple(replace(cast.shots[0], start_s=n * 4.8, end_s=(n + 1) * 4.8) for n in range(750))
    source = cast.tracks[0]
    tracks = tuple(
        replace(source, shot=n // 2, person=f"p{n % 30}", start_frame=n, start_s=n * 2.4, end_s=n * 2.4 + 2)
        for n in range(1500)
    )
    tracks = tuple(replace(track, id=f"t{1 + n % 28}x{n}") for n, track in enumerate(tracks))
    people = tuple(
        replace(
            cast.people[0],
            id=f"p{who}",
            shots=tuple(range(who // 2, 750, 15)),
            tracks=tuple(track.id for track in tracks if track.person == f"p{who}"),
        )
        for who in range(30)
    )
    film = replace(
        cast, people=people, passers_by=(), shots=shots, tracks=tracks, video=replace(cast.video, duration_s=3600.0)
    )
    large = folder / "tracks" / "t1.jpg"
    for track in tracks:
        path = folder / "tracks" / f"{track.id}.jpg"
        path.hardlink_to(large)
    html = render_report(film, folder)
    assert len(html.encode()) < 10_000_000
    assert len([a for a in Page(html).all("img") if " at " in (a["alt"] or "")]) == 30 * 12
