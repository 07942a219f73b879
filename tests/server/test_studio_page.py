"""The studio in a headless Chromium: changes of a cast by mouse and by keyboard, and no page with serious faults."""

import json
from collections.abc import Iterator

import pytest

from closeup.documents.edits import read_edits
from closeup.features.shorts.plan import PLAN_JSON
from closeup.jobs.worker import Worker
from closeup.media.image import encode_png
from closeup.server.offers import OFFERS
from closeup.server.plans import PLAN
from closeup.server.premises import to_medium
from server.studio_desk import AXE, Desk, at_desk, lacking
from server.studio_plans import add_plan
from stills import astronaut

pytestmark = [pytest.mark.skipif(bool(lacking()), reason=lacking()), pytest.mark.slow]

PAGES = ("/", "/gallery", "/jobs", "/settings", "/ask", "/ask/portrait", "/ask/shorts")


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    with at_desk(tmp_path_factory.mktemp("studio")) as desk:
        yield desk


def test_a_name_is_given_in_place_and_a_twin_is_asked_about(desk: Desk) -> None:
    cast = desk.cast(3, "names.mp4")
    desk.focus("#person-p1 .name")
    desk.browser.call("Input.insertText", text="Ada")
    desk.press("Enter")
    desk.says("p1 is now called Ada")
    assert desk.kept(cast)["p1"][0] == "Ada"
    desk.focus("#person-p2 .name")
    desk.browser.call("Input.insertText", text="ada")
    desk.press("Enter")
    desk.browser.wait("document.querySelector('dialog[open] h2')?.innerText == 'Same person?'")
    desk.browser.click("Another person of that name")
    desk.says("p2 is now called ada")
    desk.focus("#person-p3 .name")
    desk.browser.call("Input.insertText", text="Eve")
    desk.press("Escape")
    assert desk.browser.ask("document.querySelector('#person-p3 .name').value") == ""
    assert desk.kept(cast)["p3"][0] is None


def test_two_are_merged_by_keys_and_it_is_undone_and_done_again(desk: Desk) -> None:
    cast = desk.cast(6, "merge.mp4")
    before = desk.kept(cast)
    desk.focus("#person-p5 .portrait")
    desk.press("x")
    desk.focus("#person-p1 .portrait")
    desk.press("x")
    desk.browser.wait("document.querySelector('.changes strong')?.innerText == '2 selected'")
    desk.press("m")
    desk.browser.wait(
        "document.querySelector('dialog[open] .banner')?.innerText.startsWith('They cannot be one person')"
    )
    desk.press("Escape")
    desk.browser.wait("!document.querySelector('dialog[open]')")
    desk.press("Escape")
    desk.focus("#person-p1 .portrait")
    desk.press("x", "ArrowRight", "x", "m")
    desk.browser.wait("!!document.querySelector('dialog[open]')?.innerText.includes('Together: 6 appearances')")
    assert desk.kept(cast) == before
    desk.browser.ask("document.querySelector('dialog[open] .main').click()")
    desk.says("p2 is part of p1 now")
    assert desk.kept(cast)["p1"][1] == 6
    desk.press("u")
    desk.says("Undone: merge p1 and p2")
    assert desk.kept(cast) == before
    desk.press("r")
    desk.says("Done again: merge p1 and p2")
    desk.browser.click("Changes")
    desk.browser.wait("document.querySelectorAll('dialog[open] .history li').length == 1")
    desk.browser.click("Take back")
    desk.says("Undone: merge p1 and p2")
    assert desk.kept(cast) == before


def test_somebody_is_hidden_and_found_again(desk: Desk) -> None:
    cast = desk.cast(3, "hide.mp4")
    desk.focus("#person-p2 .portrait")
    desk.press("h")
    desk.says("p2 is hidden now")
    assert "p2" not in desk.kept(cast)
    desk.browser.wait("!!document.querySelector('section[aria-label=Hidden] #person-p2')")
    desk.browser.ask("document.querySelector('#person-p2 .pick input').click()")
    desk.browser.click("Show again")
    desk.says("p2 is shown again")
    assert "p2" in desk.kept(cast)


def test_questions_are_answered_by_keys(desk: Desk) -> None:
    cast = desk.cast(40, "asked.mp4")
    desk.browser.wait("document.querySelectorAll('.bar .tool')[3]?.innerText == '20 questions'")
    desk.press("q")
    desk.browser.wait("document.querySelectorAll('dialog[open] .pair.big img').length == 2")
    desk.press("n")
    desk.browser.wait("!!document.querySelector('dialog[open]')?.innerText.includes('19 left')")
    desk.press("s")
    desk.browser.wait("!!document.querySelector('dialog[open]')?.innerText.includes('18 left')")
    desk.press("Escape")
    desk.browser.wait("!document.querySelector('dialog[open]')")
    assert len(desk.kept(cast)) == 40
    edits = read_edits(desk.place.data / "results" / cast / "cast" / "edits.json")
    assert [edit.kind for edit in edits.operations] == ["different"]


def test_appearances_are_split_given_away_and_shown(desk: Desk) -> None:
    cast = desk.cast(6, "looks.mp4")
    before = desk.kept(cast)
    desk.browser.wait("!!document.querySelector('#person-p1 .portrait')")
    desk.browser.ask("document.querySelector('#person-p1 .portrait').click()")
    desk.browser.wait("document.querySelectorAll('dialog[open] .looks li').length == 3")
    desk.browser.ask("document.querySelector('dialog[open] .looks input').click()")
    desk.browser.click("Use as portrait")
    desk.says("The portrait of p1")
    desk.browser.ask("document.querySelector('dialog[open] .looks input').click()")
    desk.browser.click("Somebody else: split off")
    desk.browser.wait("document.querySelectorAll('dialog[open] .looks li').length == 2")
    after = desk.kept(cast)
    assert len(after) == len(before) + 1
    desk.browser.ask("document.querySelector('dialog[open] .looks input').click()")
    newest = max(after, key=lambda each: int(each[1:]))
    desk.browser.ask(
        f"(s => {{ s.value = {newest!r}; s.dispatchEvent(new Event('change', {{ bubbles: true }})) }})"
        "(document.querySelector('dialog[open] .foot select'))"
    )
    desk.browser.wait("document.querySelectorAll('dialog[open] .looks li').length == 1")
    assert desk.kept(cast)["p1"][1] == 1


def test_a_lane_plays_and_a_stretch_is_dragged_to_another(desk: Desk) -> None:
    cast = desk.cast(4, "lanes.mp4")
    desk.browser.wait("document.querySelector('video')?.readyState > 0")
    desk.focus("[data-lane=p1]")
    desk.press("ArrowRight", "Enter")
    at = "document.querySelector('video').currentTime"
    start = desk.browser.ask("Number(document.querySelector('[data-lane=p1]').getAttribute('aria-valuenow'))")
    assert start > 0
    desk.browser.wait(f"{at} >= {start - 1}")
    desk.browser.ask("document.querySelector('video').pause()")
    box = (
        "(s => { const b = document.querySelector(s).getBoundingClientRect();"
        " return [b.x + b.width / 2, b.y + b.height / 2] })"
    )
    desk.browser.ask("document.querySelector('[data-lane=p1]').scrollIntoView({ block: 'center' })")
    x, y = desk.browser.ask(f"{box}('[data-lane=p1] rect:last-of-type')")
    _, to = desk.browser.ask(f"{box}('[data-lane=p4]')")
    before = desk.kept(cast)
    for kind, px, py in (
        ("mousePressed", x, y),
        ("mouseMoved", x + 3, (y + to) / 2),
        ("mouseMoved", x, to),
        ("mouseReleased", x, to),
    ):
        desk.browser.call("Input.dispatchMouseEvent", type=kind, x=px, y=py, button="left", buttons=1, clickCount=1)
    desk.says("is part of")
    after = desk.kept(cast)
    assert (after["p1"][1], after["p4"][1]) == (before["p1"][1] - 1, before["p4"][1] + 1)


def test_a_text_is_pasted_named_and_summed_up(desk: Desk) -> None:
    desk.open("/ask")
    desk.browser.wait("!!document.querySelector('.works a')")
    assert desk.browser.ask("document.querySelectorAll('.works a').length") == len(OFFERS)
    desk.open("/ask/headline")
    desk.browser.wait("document.querySelector('.asking .main')?.disabled")
    desk.focus(".pick-of textarea")
    desk.browser.call("Input.insertText", text="The council met on Monday. It voted to close the old bridge for good.")
    desk.browser.click("Take this text")
    desk.browser.wait("!!document.querySelector('.pick-of input:checked')")
    desk.browser.ask("document.querySelector('.asking details').open = true")
    desk.focus("#field-sentences")
    desk.browser.ask("document.querySelector('#field-sentences').select()")
    desk.browser.call("Input.insertText", text="1")
    desk.browser.click("Start")
    desk.browser.wait("location.hash.startsWith('#/result/')")
    while (job := desk.place.jobs.claim("w")) is not None:
        if job.work == "headline":
            Worker(desk.place.jobs, desk.place.data).do(job)
            break
    assert job is not None
    assert json.loads(job.arguments)["options"] == {"sentences": 1}
    desk.browser.wait("!!document.querySelector('.story h2')?.innerText")
    assert desk.browser.ask("document.querySelectorAll('.story p').length") == 1


def test_a_plan_is_changed_and_its_rendering_asked_for(desk: Desk) -> None:
    cast = desk.cast(4, "planned.mp4")
    plan = add_plan(desk.place, cast)
    desk.open(f"/plan/{plan}")
    desk.browser.wait("document.querySelector('.framing video')?.readyState > 0")
    desk.browser.ask("document.querySelector('.framing video').currentTime = 31")
    desk.browser.wait("!!document.querySelector('.crop')")
    end = "document.querySelector('#s2-0-end_s')"
    assert desk.browser.ask(f"Number({end}.value)") == 36

    def put(seconds: float) -> None:
        desk.browser.ask(f"{end}.value = {seconds}; {end}.dispatchEvent(new Event('change', {{ bubbles: true }}))")

    put(36.3)
    assert desk.browser.ask(f"Number({end}.value)") == 36  # a cut of the cast
    put(2)
    desk.browser.wait("document.querySelector('.planned [role=alert]')?.innerText == 'It must end after it begins.'")
    assert desk.browser.ask("document.querySelector('.answers .main').disabled")
    put(37)
    desk.browser.ask("document.querySelector('.planned input[type=checkbox]').click()")
    desk.browser.click("Render")
    desk.browser.wait("location.hash.startsWith('#/result/')")
    kept = PLAN_JSON.read(desk.place.data / "results" / plan / PLAN)
    assert [(short.id, short.pieces[0].end_s) for short in kept.shorts] == [("s2", 37.0)]
    (job,) = desk.place.jobs.page(1, works=("shorts.render",))
    assert job.uses == (plan,)


def test_the_camera_of_a_plan_is_moved_at_a_moment(desk: Desk) -> None:
    plan = add_plan(desk.place, desk.cast(4, "moved.mp4"))
    desk.open(f"/plan/{plan}")
    desk.browser.wait("document.querySelector('.framing video')?.readyState > 0")
    desk.browser.ask("document.querySelector('.framing video').currentTime = 31")
    desk.focus(".grip")
    middle = "(s => parseFloat(s.left) + parseFloat(s.width) / 2)(document.querySelector('.crop').style)"
    before = desk.browser.ask(middle)
    for _ in range(3):
        desk.browser.call("Input.dispatchKeyEvent", type="keyDown", key="ArrowRight")
    desk.browser.wait(f"Math.abs({middle} - {before} - 3) < 0.1")
    x, y = desk.browser.ask(
        "(b => [b.x + b.width / 2, b.y + b.height / 2])(document.querySelector('.grip').getBoundingClientRect())"
    )
    width = desk.browser.ask("document.querySelector('.framing video').clientWidth")
    for kind, px in (("mousePressed", x), ("mouseMoved", x + 0.05 * width), ("mouseReleased", x + 0.05 * width)):
        desk.browser.call("Input.dispatchMouseEvent", type=kind, x=px, y=y, button="left", buttons=1, clickCount=1)
    desk.browser.wait(f"Math.abs({middle} - {before} - 8) < 0.5")
    assert desk.browser.ask("document.querySelectorAll('.keyed-at .link').length") == 1
    desk.browser.click("Save")
    desk.browser.wait("!!document.querySelector('.said')")
    kept = PLAN_JSON.read(desk.place.data / "results" / plan / PLAN)
    (key,) = kept.shorts[1].camera
    assert (key.at_s, key.panel) == (31.0, 0)
    assert abs(100 * key.x - before - 8) < 0.5


def portrait_of(desk: Desk) -> str:
    """A job that has made a portrait of a photo."""
    photo = desk.place.data.parent / "photo.png"
    photo.write_bytes(encode_png(astronaut()))
    medium = desk.place.media.register(photo, photo.name, "photo", "image/png", added_by=None)
    asked = desk.place.submit("portrait", {}, (medium.id,), asked_by=None, priority=10)
    job = desk.place.jobs.claim("w")
    assert job is not None
    assert job.id == asked.id
    home = desk.place.results_of(job) / "portraits"
    home.mkdir(parents=True)
    (home / "photo.portrait.png").write_bytes(encode_png(astronaut() // 2))
    made = {"source": to_medium(medium), "output": "portraits/photo.portrait.png", "notes": ["As a test has it."]}
    desk.place.jobs.end(job, "done", result={"results": [made], "problems": {}, "model": "none"})
    return job.id


def test_a_portrait_is_slid_over_its_photo(desk: Desk) -> None:
    desk.open(f"/result/{portrait_of(desk)}")
    desk.browser.wait("[...document.querySelectorAll('.layers img')].filter(i => i.naturalWidth > 0).length == 2")
    assert not desk.browser.ask("document.querySelector('.pictures')")
    line = "getComputedStyle(document.querySelector('.layers .upper')).clipPath"
    before = desk.browser.ask(line)
    desk.focus(".before-after input[type=range]")
    desk.browser.call("Input.dispatchKeyEvent", type="keyDown", key="ArrowRight", windowsVirtualKeyCode=39)
    desk.browser.wait(f"{line} != {before!r}")


@pytest.mark.parametrize(
    "page",
    [*PAGES, "result", "plan", "cast", "shorts", "person", "merge", "history", "questions"],
)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_pages_have_no_serious_faults_for_who_cannot_see_them(desk: Desk, page: str, dark: bool) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: make studio-test")
    scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
    desk.browser.call("Emulation.setEmulatedMedia", features=scheme)
    if page.startswith("/"):
        desk.open(page)
        desk.browser.wait("!!document.querySelector('h1')")
    elif page == "result":
        desk.open(f"/result/{portrait_of(desk)}")
        desk.browser.wait("!!document.querySelector('.before-after')")
    else:
        cast = desk.cast(12, f"axe {page} {dark}.mp4")
        if page == "plan":
            desk.open(f"/plan/{add_plan(desk.place, cast)}")
            desk.browser.wait("!!document.querySelector('.planned')")
        elif page == "shorts":
            desk.open(f"/shorts/{cast}")
            desk.browser.wait("!!document.querySelector('.whom input:checked')")
        else:
            desk.browser.wait("!!document.querySelector('.bar')")
        opens = {
            "person": "#person-p1 .portrait",
            "history": ".bar .tool:nth-child(3)",
            "questions": ".bar .tool:nth-child(4)",
        }
        if page in opens:
            desk.browser.wait(f"!document.querySelector({opens[page]!r}).disabled")
            desk.browser.ask(f"document.querySelector({opens[page]!r}).click()")
        if page == "merge":
            desk.browser.ask("['p1', 'p7'].map(p => document.querySelector(`#person-${p} .pick input`).click()).length")
            desk.browser.click("Merge")
        if page in ("person", "history", "questions", "merge"):
            desk.browser.wait("!!document.querySelector('dialog[open]')")
    desk.browser.ask("new Promise(done => setTimeout(done, 300))")
    assert desk.faults() == []


def test_the_video_is_scrubbed_by_pointer_and_by_keys(desk: Desk) -> None:
    desk.cast(4, "scrubbed.mp4")
    desk.browser.wait("document.querySelector('.watch video')?.readyState > 0")
    desk.browser.ask("document.querySelector('#through').scrollIntoView()")
    x, width, y = desk.browser.ask(
        "(b => [b.x, b.width, b.y + b.height / 2])(document.querySelector('.scrub').getBoundingClientRect())"
    )
    for kind, share in (("mousePressed", 0.1), ("mouseMoved", 0.4), ("mouseMoved", 0.5), ("mouseReleased", 0.5)):
        desk.browser.call(
            "Input.dispatchMouseEvent", type=kind, x=x + share * width, y=y, button="left", buttons=1, clickCount=1
        )
    desk.browser.wait("Math.abs(document.querySelector('.watch video').currentTime - 32) < 0.5")
    desk.browser.wait("document.querySelector('.scrub').getAttribute('aria-valuenow') == '32'")
    desk.focus(".scrub")
    desk.press("ArrowLeft")
    desk.browser.wait("Math.abs(document.querySelector('.watch video').currentTime - 31) < 0.5")
    assert desk.browser.ask("document.querySelector('.watch video').paused")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_no_form_of_work_has_serious_faults_for_who_cannot_see_it(desk: Desk, dark: bool) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed: make studio-test")
    scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
    desk.browser.call("Emulation.setEmulatedMedia", features=scheme)
    found = {}
    for name in OFFERS:
        desk.open(f"/ask/{name}")
        desk.browser.wait("!!document.querySelector('main form')")
        desk.browser.ask("document.querySelectorAll('main details').forEach(each => (each.open = true))")
        if faults := desk.faults():
            found[name] = faults
    assert found == {}
