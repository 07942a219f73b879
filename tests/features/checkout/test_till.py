from hypothesis import given
from hypothesis import strategies as st

from closeup.features.checkout.till import STILL_LOOKS, Event, Till, step

PRODUCTS = st.sampled_from(["cola", "mint", "sea", ""])
EVENTS = st.builds(
    Event,
    kind=st.sampled_from(
        [
            "look",
            "look",
            "look",
            "seen",
            "choose",
            "nothing",
            "add",
            "remove",
            "confirm",
            "identified",
            "cancel",
            "paid",
            "refused",
        ]
    ),
    moving=st.sampled_from([False, False, False, True]),
    empty=st.sampled_from([False, False, False, False, True]),
    products=st.dictionaries(st.sampled_from(["cola", "mint"]), st.integers(0, 3)),
    doubts=st.dictionaries(st.integers(1, 2), st.just(("cola", "sea")), max_size=1),
    unknown=st.sampled_from([(), (), (), (2,), (3,)]),
    product=PRODUCTS,
    thing=st.integers(1, 3),
    who=st.sampled_from(["guest", "Ada", ""]),
)
WAY = [Event("look")] * STILL_LOOKS + [Event("seen", products={"cola": 2}), Event("confirm"), Event("identified")]


def run(events: list[Event], till: Till | None = None) -> tuple[Till, list[str]]:
    till, done = till or Till(), []
    for event in events:
        till, actions = step(till, event)
        done += actions
    return till, done


def test_from_a_still_scene_to_the_receipt_and_on() -> None:
    till, done = run([*WAY, Event("paid")])
    assert (till.phase, till.baskets, done) == ("receipt", 1, ["read", "show", "show", "charge", "receipt"])
    assert run([Event("look")] * 5, till)[0] == till
    till, _ = run([Event("look", empty=True)], till)
    assert (till.phase, till.counts, till.who, till.baskets) == ("idle", {}, "", 1)


def test_movement_reads_anew_and_nothing_is_read_while_it_lasts() -> None:
    till, done = run([Event("look", moving=True)] * 9)
    assert (till.phase, done) == ("still", [])
    till, _ = run(WAY[: STILL_LOOKS + 1])
    till, done = run([Event("look", moving=True)], till)
    assert (till.phase, till.counts) == ("still", {})


def test_a_doubt_and_an_unknown_thing_cannot_be_confirmed() -> None:
    seen = Event("seen", products={"cola": 1}, doubts={1: ("cola", "sea")})
    till, done = run([*WAY[:STILL_LOOKS], seen, Event("confirm")])
    assert (till.phase, done[-1]) == ("confirm", "explain")
    assert run([Event("choose", thing=1, product="mint")], till)[0] == till
    till, done = run([Event("choose", thing=1, product="sea"), Event("confirm")], till)
    assert (till.phase, till.counts, done) == ("identify", {"cola": 1, "sea": 1}, ["learn", "show", "show"])
    till, done = run([*WAY[:STILL_LOOKS], Event("seen", products={"cola": 1}, unknown=[7]), Event("confirm")])
    assert (till.phase, done[-1]) == ("confirm", "explain")


def test_where_nothing_lies_nothing_is_asked_as_long_as_the_scene_is_still() -> None:
    seen = Event("seen", products={"cola": 1}, doubts={0: ("cola", "sea")}, unknown=[2, 3])
    till, _ = run([*WAY[:STILL_LOOKS], seen])
    assert run([Event("nothing", thing=1)], till) == (till, [])  # that is a product
    till, done = run([Event("nothing", thing=0), Event("nothing", thing=2), Event("confirm")], till)
    assert (till.phase, till.doubts, till.unknown, done) == ("confirm", {}, {3}, ["show", "show", "explain"])
    assert run([Event("choose", thing=0, product="sea")], till) == (till, [])
    till, _ = run([Event("nothing", thing=3), Event("confirm")], till)
    assert (till.phase, till.counts, till.nothing) == ("identify", {"cola": 1}, {0, 2, 3})
    till, _ = run([Event("look")] * 9 + [Event("identified"), Event("refused")], till)
    assert (till.phase, till.is_settled) == ("confirm", True)
    till, _ = run([Event("look", moving=True), *WAY[:STILL_LOOKS], seen], till)
    assert (till.doubts, till.unknown, till.nothing) == ({0: ("cola", "sea")}, {2, 3}, frozenset())
    alone = Event("seen", unknown=[0])
    assert run([*WAY[:STILL_LOOKS], alone, Event("nothing", thing=0), Event("confirm")])[1][-1] == "explain"


def test_a_refused_payment_leads_back_to_the_list() -> None:
    till, done = run([*WAY, Event("refused")])
    assert (till.phase, till.counts, done[-2:]) == ("confirm", {"cola": 2}, ["explain", "show"])
    assert run([Event("confirm"), Event("identified"), Event("paid")], till)[0].phase == "receipt"


@given(st.lists(EVENTS, max_size=60))
def test_whatever_happens_nothing_in_doubt_is_charged_and_nothing_twice(events: list[Event]) -> None:
    till, charges, ended = Till(), 0, 0
    for event in events:
        before, (till, actions) = till, step(till, event)
        if "charge" in actions:
            charges += 1
            assert before.phase == "identify"
            assert till.is_settled
            assert till.who
        assert actions.count("charge") <= 1
        ended += before.phase == "pay" and till.phase != "pay"
        assert charges - ended == (till.phase == "pay")
        assert till.baskets == charges
        assert all(count > 0 for count in till.counts.values())
        assert step(before, event) == (till, actions)


@given(st.lists(EVENTS, max_size=30))
def test_an_empty_counter_always_leads_back_to_the_beginning(events: list[Event]) -> None:
    till, _ = run(events)
    if till.phase == "identify":
        till, _ = step(till, Event("cancel"))
    if till.phase == "pay":
        till, _ = step(till, Event("refused"))
    till, _ = step(till, Event("look", empty=True))
    assert till == Till(baskets=till.baskets)
