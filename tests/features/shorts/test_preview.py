"""preview.html: plays what is there, loads nothing else, safe whatever the names, and true to the shorts."""

import base64
import hashlib
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from closeup.features.shorts.finished import Handover
from closeup.features.shorts.options import ShortsOptions
from closeup.features.shorts.preview import render_preview
from html_page import HOSTILE, Page

from .finished_shorts import make_handover


def render(handover: Handover, **given: object) -> Page:
    return Page(render_preview(handover, folder_name="film.shorts", **given))


RENDERED, PLANNED = make_handover(), make_handover(rendered=False)


@pytest.mark.parametrize("handover", [RENDERED, PLANNED])
def test_the_page_is_well_formed_and_says_its_language(handover):
    html = render_preview(handover, folder_name="film.shorts")
    page = Page(html)
    assert html.startswith("<!doctype html>\n")
    assert page.all("html") == [{"lang": "en"}]
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    assert len(page.all("h1")) == 1
    for _, attributes in page.elements:
        assert "style" not in attributes  # the policy would drop it
        assert not [key for key in attributes if key.startswith("on")]


@pytest.mark.parametrize("handover", [RENDERED, PLANNED])
def test_the_page_loads_nothing_but_the_videos_beside_it(handover):
    page = render(handover)
    videos = {video["src"] for video in page.all("video")}
    assert videos == ({"s1.mp4", "s2.mp4"} if handover.rendered else set())
    for tag, attributes in page.elements:
        for key in ("src", "poster", "xlink:href", "srcset", "action", "data"):
            value = attributes.get(key)
            assert value is None or value in videos or value.startswith("data:"), (tag, key, value)
    links = {a["href"] for a in page.all("a") if not a["href"].startswith("#")}
    files = {"plan.json", "interest.csv", "s1.jpg", "s2.jpg"}
    if handover.rendered:
        files |= {"shorts.json", "timeline.otio", "timeline.edl"}
        files |= {f"{name}.{kind}" for name in ("s1", "s2") for kind in ("mp4", "srt", "vtt")}
    assert links == files
    assert not {"link", "iframe", "object", "embed", "base", "form"} & {tag for tag, _ in page.elements}


def test_links_inside_the_page_lead_somewhere():
    page = render(RENDERED)
    ids = {attributes.get("id") for _, attributes in page.elements}
    targets = {a["href"] for tag, a in page.elements if tag in {"a", "use"} and a["href"].startswith("#")}
    assert {target[1:] for target in targets} <= ids
    assert "#short-s1" in targets


def test_the_security_policy_allows_this_style_and_script_and_nothing_else():
    page = render(RENDERED)
    policy = next(a["content"] for a in page.all("meta") if a.get("http-equiv") == "Content-Security-Policy")
    rules = dict(rule.strip().split(" ", 1) for rule in (policy or "").split(";"))

    def hashed(text: str) -> str:
        return f"'sha256-{base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()}'"

    assert rules["default-src"] == "'none'"
    assert rules["img-src"] == "data:"
    assert rules["media-src"] == "'self' file: data:"
    assert [hashed(text) for text in page.styles] == [rules["style-src"]]
    assert [hashed(text) for text in page.scripts] == [rules["script-src"]]


def test_every_short_has_a_card_with_its_reason_times_and_parts():
    page = render(RENDERED)
    assert [card["id"] for card in page.has_class("card")] == ["short-s1", "short-s2"]
    assert [card["data-spans"] for card in page.has_class("card")] == ["2.000:8.000 12.000:19.000", "30.000:36.000"]
    assert "Short 1 0:13 Seen large and clearly." in page.text
    assert "0:02.0 – 0:08.0 0:12.0 – 0:19.0" in page.text
    assert "Presence 0.90 50% Speech 0.42 38% Motion 0.10 12%" in page.text
    assert "In parts two people, one above the other · Sound 9.5 dB louder" in page.text
    assert "Two shorts, 0:19 in all. From film.mp4 ." in page.text


def test_the_shares_of_the_parts_are_drawn_in_proportion():
    page = render(make_handover(spans=(((20, 80),),)))
    start = next(n for n, (tag, a) in enumerate(page.elements) if a.get("class") == "stack")
    drawn = []
    for tag, attributes in page.elements[start + 1 :]:
        if tag != "rect":
            break
        drawn.append((float(attributes["x"] or 0), float(attributes["width"] or 0)))
    shares = [0.9 * 50, 0.42 * 37.5, 0.105 * 12.5]
    assert [x for x, _ in drawn] == pytest.approx([0, shares[0], shares[0] + shares[1]], abs=0.02)
    assert [width for _, width in drawn] == pytest.approx([share - 0.4 for share in shares], abs=0.02)


def test_windows_lie_where_the_pieces_are():
    page = render(RENDERED)
    windows = [(a["data-short"], a["x"], a["width"]) for a in page.has_class("window")]
    one_curve = [
        ("s1", "5.000%", "15.000%"),
        ("s1", "30.000%", "17.500%"),
        ("s2", "75.000%", "15.000%"),
    ]
    assert windows == one_curve * 4  # the whole, and three parts
    assert len([a for a in page.all("rect") if a.get("data-short")]) == 5 * len(one_curve)


def test_a_plan_shows_stills_and_says_how_to_render():
    page = render(PLANNED)
    assert page.all("video") == []
    assert "Two shorts planned, 0:19 in all. Nothing is rendered yet." in page.text
    assert "closeup shorts --from-plan film.shorts/plan.json Copy" in page.text
    assert "--overwrite" not in page.text
    odd = Page(render_preview(PLANNED, folder_name="my film.shorts"))
    assert "closeup shorts --from-plan 'my film.shorts/plan.json'" in odd.text


def test_captions_play_where_they_are_not_in_the_picture():
    (first, _) = render(RENDERED).all("track")
    content = base64.b64decode((first["src"] or "").removeprefix("data:text/vtt;base64,")).decode()
    assert "Hello 안녕" in content
    burned = replace(RENDERED, options=ShortsOptions(captions=Path("film.srt"), burn_captions=True))
    assert render(burned).all("track") == []
    assert "in the picture" in render(burned).text
    assert render(make_handover(captions=False)).all("track") == []


def test_what_could_not_be_judged_is_said_once_for_each_reason():
    absent = {"speech": "the video has no sound", "bursts": "the video has no sound", "expression": "No model."}
    page = render(replace(RENDERED, plan=replace(RENDERED.plan, absent=absent)))
    assert "Not judged Bursts, Speech The video has no sound. Expression No model." in page.text


def test_without_curves_or_figures_the_page_says_nothing_of_them():
    shorts = tuple(replace(short, parts={}, interest=0.0, reason="Chosen by hand.") for short in RENDERED.plan.shorts)
    finished = tuple(replace(one, short=short) for one, short in zip(RENDERED.shorts, shorts, strict=True))
    plan = replace(RENDERED.plan, shorts=shorts, weights={}, absent={})
    page = render(replace(RENDERED, plan=plan, shorts=finished, interest=None))
    assert "Chosen by hand." in page.text
    assert "made of" not in page.text
    assert "0.00" not in page.text
    assert page.has_class("parts") == page.has_class("area") == []


def test_notes_stand_in_a_banner():
    page = render(RENDERED, notes=["Another."])
    assert len(page.has_class("banner")) == 1
    assert "A note. Another." in page.text
    assert not render(replace(RENDERED, plan=replace(RENDERED.plan, notes=()))).has_class("banner")


@pytest.mark.parametrize("text", [*HOSTILE, "유나 🎬", "\u202eرنا", "\udcff", "x" * 200])
def test_names_and_titles_stay_text_whatever_is_in_them(text):
    usual = render(make_handover(name="Anna", title="A title"), notes=["b"])
    html = render_preview(make_handover(name=text, title=text), folder_name=text, notes=[text])
    html.encode("utf-8")
    page = Page(html)
    assert [(tag, sorted(a)) for tag, a in page.elements] == [(tag, sorted(a)) for tag, a in usual.elements]
    if text in HOSTILE:
        assert page.text.count(re.sub(r"\s+", " ", text)) >= 5


@pytest.mark.parametrize("text", HOSTILE)
def test_paths_reasons_and_parts_stay_text_too(text):
    video = replace(RENDERED.plan.video, path=f"films/{text}.mp4")
    shorts = tuple(replace(short, reason=text, parts={text: 0.5}) for short in RENDERED.plan.shorts)
    finished = tuple(replace(one, short=short) for one, short in zip(RENDERED.shorts, shorts, strict=True))
    plan = replace(RENDERED.plan, video=video, shorts=shorts, absent={text: text}, weights={text: 1.0})
    tags = [tag for tag, _ in render(replace(RENDERED, plan=plan, shorts=finished)).elements]
    assert (tags.count("script"), tags.count("style"), tags.count("video")) == (1, 1, 2)


def test_the_same_shorts_give_the_same_page():
    assert render_preview(make_handover(), folder_name="a") == render_preview(make_handover(), folder_name="a")


def test_a_long_video_does_not_make_a_heavy_page():
    times = (np.arange(4 * 36_000) + 0.5) / 10
    curve = np.asarray(np.abs(np.sin(times)), np.float32)
    assert RENDERED.interest is not None
    parts = dict.fromkeys(RENDERED.interest.parts, curve)
    long = replace(RENDERED, interest=replace(RENDERED.interest, times_s=times, total=curve, parts=parts))
    assert len(render_preview(long, folder_name="film.shorts")) < 150_000
