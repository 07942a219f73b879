import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from closeup.algorithms.tracking.online import NO_TRACK, Tracker, TrackerOptions

ANNA, BEN, CARL = np.eye(3)


def box(x, y=200.0, size=50.0):
    return [x - size / 2, y - size / 2, x + size / 2, y + size / 2]


def follow(frames, looks=None, sample_s=0.2, start_s=0.0, **options):
    """Track numbers of every frame; a frame is a list of boxes, a look the matching list of vectors."""
    tracker = Tracker(TrackerOptions(sample_s=sample_s, **options))
    numbers = []
    for step, boxes in enumerate(frames):
        appearance = None if looks is None else np.array(looks[step], dtype=float).reshape(len(boxes), 3)
        numbers.append(tracker.step(start_s + step * sample_s, boxes, np.ones(len(boxes)), appearance))
    return numbers


def test_frames_without_faces_give_no_tracks():
    assert follow([[], [], []]) == [[], [], []]
    assert Tracker().step(0.0, np.empty((0, 4), np.float32), np.empty(0, np.float32), np.empty((0, 128))) == []


def test_a_face_that_stays_is_one_track():
    assert follow([[box(100)]] * 10) == [[0]] * 10


@pytest.mark.parametrize("step_px", [5, 20, 45, -45])
def test_a_face_that_keeps_walking_is_one_track_even_when_boxes_no_longer_overlap(step_px):
    # It sets off gently: 45 pixels are nine tenths of its width.
    x = 400 + np.cumsum([0, step_px / 3, step_px * 2 / 3, *[step_px] * 6])
    assert follow([[box(at)] for at in x]) == [[0]] * len(x)


def test_a_jump_of_more_than_the_gate_is_another_face():
    assert follow([[box(100)], [box(100 + 1.3 * 50)]]) == [[0], [1]]
    assert follow([[box(100)], [box(100 + 1.3 * 50)]], [[ANNA], [ANNA]]) == [[0], [1]]


def test_a_long_step_needs_the_same_looks():
    far = [[box(100)], [box(145)]]
    assert follow(far) == [[0], [1]]
    assert follow(far, [[ANNA], [BEN]]) == [[0], [1]]
    assert follow(far, [[ANNA], [ANNA]]) == [[0], [0]]


@pytest.mark.parametrize(("growth", "tracks"), [(1.2, [[0], [0]]), (1 / 1.2, [[0], [0]]), (1.8, [[0], [1]])])
def test_a_face_does_not_change_size_at_once(growth, tracks):
    assert follow([[box(100)], [box(100, size=50 * growth)]]) == tracks


def test_a_short_absence_is_bridged_and_a_long_one_is_not():
    assert follow([[box(100)], [box(100)], [], [], [], [box(100)]]) == [[0], [0], [], [], [], [0]]
    assert follow([[box(100)], [box(100)], [], [], [], [], [box(100)]]) == [[0], [0], [], [], [], [], [1]]


def test_after_an_absence_looks_must_agree_where_they_are_known():
    frames = [[box(100)], [box(100)], [], [box(100)]]
    assert follow(frames, [[ANNA], [ANNA], [], [ANNA]])[-1] == [0]
    assert follow(frames, [[ANNA], [ANNA], [], [BEN]])[-1] == [1]


def test_a_cut_ends_every_track_and_numbers_are_not_used_again():
    tracker = Tracker()
    first = tracker.step(0.0, [box(100), box(300)], [1, 1])
    tracker.cut()
    assert first == [0, 1]
    assert tracker.step(0.2, [box(100), box(300)], [1, 1]) == [2, 3]


def test_a_cut_that_nobody_saw_is_caught_by_looks():
    frames = [[box(100)]] * 4
    looks = [[ANNA], [ANNA], [BEN], [BEN]]
    assert follow(frames, looks) == [[0]] * 4
    assert follow(frames, looks, appearance_veto=0.6) == [[0], [0], [1], [1]]


def test_two_faces_close_together_keep_their_tracks_in_any_order():
    pair = [box(100), box(155)]
    assert follow([pair, pair[::-1], pair, pair[::-1]]) == [[0, 1], [1, 0], [0, 1], [1, 0]]


def crossing(step_px=30):
    left, right = 100 + step_px * np.arange(9), 100 + step_px * np.arange(9)[::-1] + 7
    return [[box(a), box(b)] for a, b in zip(left, right, strict=True)]


def test_people_who_cross_never_swap():
    numbers = follow(crossing())
    assert not set(np.array(numbers)[:, 0]) & set(np.array(numbers)[:, 1])
    assert numbers[0] == [0, 1]


def test_people_who_cross_are_told_apart_by_their_looks():
    assert follow(crossing(), [[ANNA, BEN]] * 9) == [[0, 1]] * 9


def test_people_who_meet_and_turn_back_never_swap():
    there = [100, 130, 160, 170, 140, 110, 80]
    frames = [[box(x), box(400 - x)] for x in there]
    one, other = np.array(follow(frames)).T
    assert not set(one) & set(other)
    assert follow(frames, [[ANNA, BEN]] * 7) == [[0, 1]] * 7


def behind():
    """Ben stands still; Anna passes in front of him, and covers him for two samples."""
    anna = [40, 70, 100, 130, 160, 190, 220, 250, 280]
    frames = [[box(x, size=60), box(160, size=50)] for x in anna]
    for covered in (4, 5):
        frames[covered] = frames[covered][:1]
    return frames


def test_a_face_that_passes_in_front_of_another_does_not_take_its_track():
    numbers = follow(behind())
    anna = {frame[0] for frame in numbers}
    ben = {frame[1] for frame in numbers if len(frame) == 2}
    assert not anna & ben
    looks = [[ANNA, BEN][: len(frame)] for frame in behind()]
    assert [frame[:2] for frame in follow(behind(), looks)] == [[0, 1]] * 4 + [[0]] * 2 + [[0, 1]] * 3


def test_one_face_that_may_be_either_of_two_starts_a_track_of_its_own():
    frames = [[box(100), box(140)], [box(120)], [box(120)]]
    assert follow(frames) == [[0, 1], [2], [2]]
    # Even with vectors, when both are equally like it.
    assert follow(frames, [[ANNA, ANNA], [ANNA], [ANNA]]) == [[0, 1], [2], [2]]
    assert follow(frames, [[ANNA, BEN], [BEN], [BEN]]) == [[0, 1], [1], [1]]


def test_after_a_doubt_neither_old_track_comes_back_on_somebody_else():
    numbers = follow([[box(100), box(140)], [box(120)], [box(100), box(140)]])
    assert not {0, 1} & set(numbers[2])


def test_vectors_are_made_only_where_there_is_a_doubt_and_only_of_faces_it_has_seen():
    asked = []
    looks = {(0, 0): ANNA, (0, 1): BEN, (1, 0): BEN, (1, 1): ANNA, (2, 0): BEN}

    def make(keys):
        asked.append(list(keys))
        return np.array([looks[key] for key in keys])

    tracker = Tracker()
    assert tracker.step(0.0, [box(100), box(140)], [1, 1], make) == [0, 1]
    assert tracker.step(0.2, [box(140), box(100)], [1, 1], make) == [1, 0]
    assert asked == []
    assert tracker.step(0.4, [box(120)], [1], make) == [1]
    assert sorted(key for keys in asked for key in keys) == [(1, 0), (1, 1), (2, 0)]


def test_unknown_looks_settle_nothing():
    nothing = [np.nan] * 3
    frames = [[box(100), box(140)], [box(120)]]
    assert follow(frames, [[ANNA, nothing], [ANNA]]) == [[0, 1], [2]]
    assert follow(frames, [[ANNA, BEN], [nothing]]) == [[0, 1], [2]]


def test_a_weak_detection_continues_a_track_and_starts_none():
    tracker = Tracker(TrackerOptions(start_score=0.6))
    assert tracker.step(0.0, [box(100), box(300)], [0.9, 0.5]) == [0, NO_TRACK]
    assert tracker.step(0.2, [box(100), box(300)], [0.5, 0.5]) == [0, NO_TRACK]


@pytest.mark.parametrize(
    ("boxes", "scores", "appearance", "words"),
    [
        ([[0, 0, 5, 5]], [], None, "scores"),
        ([[0, 0, 5]], [1], None, "boxes"),
        ([[5, 5, 5, 9]], [1], None, "positive width"),
        ([[0, 0, np.nan, 9]], [1], None, "finite"),
        ([[0, 0, 5, 5]], [1], np.zeros((2, 3)), "appearance"),
        ([[0, 0, 5, 5]], [1], np.zeros(3), "appearance"),
    ],
)
def test_wrong_shapes_are_refused(boxes, scores, appearance, words):
    with pytest.raises(ValueError, match=words):
        Tracker().step(0.0, boxes, scores, appearance)


def test_time_must_ascend_and_options_must_make_sense():
    tracker = Tracker()
    tracker.step(1.0, [], [])
    with pytest.raises(ValueError, match="ascend"):
        tracker.step(1.0, [], [])
    with pytest.raises(ValueError, match="positive"):
        TrackerOptions(max_gap_s=0)
    with pytest.raises(ValueError, match="size ratio"):
        TrackerOptions(max_size_ratio=1)


@st.composite
def scenes(draw):
    """People who wander about on whole pixels (so that mirroring is exact), some of them missing now and then."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    people, frames = draw(st.integers(1, 4)), draw(st.integers(2, 15))
    centres = rng.integers(100, 500, size=(people, 2)) + np.cumsum(
        rng.integers(-25, 26, size=(frames, people, 2)), axis=0
    )
    half = rng.integers(20, 35, size=(1, people, 1)) + rng.integers(-2, 3, size=(frames, people, 1))
    boxes = np.concatenate([centres - half, centres + half], axis=2)
    present = rng.random((frames, people)) < 0.85
    vectors = np.eye(people, 16) + rng.normal(scale=0.05, size=(frames, people, 16))
    return [(boxes[k][present[k]], vectors[k][present[k]]) for k in range(frames)]


def wander(scene, move=lambda boxes: boxes, start_s=0.0, look=True):
    tracker = Tracker()
    return [
        tracker.step(start_s + k / 5, move(boxes), np.ones(len(boxes)), vectors if look else None)
        for k, (boxes, vectors) in enumerate(scene)
    ]


@settings(max_examples=60)
@given(scenes(), st.booleans())
def test_faces_of_one_frame_never_share_a_track_and_numbers_count_up(scene, look):
    numbers = wander(scene, look=look)
    assert all(len(set(frame)) == len(frame) for frame in numbers)
    seen = list(dict.fromkeys(n for frame in numbers for n in frame))
    assert seen == list(range(len(seen)))


@settings(max_examples=60)
@given(scenes(), st.booleans())
def test_a_mirrored_or_moved_or_enlarged_or_later_scene_has_the_same_tracks(scene, look):
    plain = wander(scene, look=look)
    assert (
        wander(scene, lambda b: np.array([1000, 0, 1000, 0]) + b[:, [2, 1, 0, 3]] * [-1, 1, -1, 1], look=look) == plain
    )
    assert wander(scene, lambda b: np.add(b, [64, 32, 64, 32]), look=look) == plain
    assert wander(scene, lambda b: b * 2, look=look) == plain
    assert wander(scene, start_s=512.0, look=look) == plain


@settings(max_examples=60)
@given(scenes(), st.booleans(), st.randoms(use_true_random=False))
def test_the_order_of_boxes_within_a_frame_changes_nothing_but_numbers(scene, look, random):
    orders = [random.sample(range(len(boxes)), len(boxes)) for boxes, _ in scene]
    shuffled = wander([(b[o], v[o]) for (b, v), o in zip(scene, orders, strict=True)], look=look)
    plain = wander(scene, look=look)
    pairs = {(plain[k][face], shuffled[k][place]) for k, order in enumerate(orders) for place, face in enumerate(order)}
    assert len(pairs) == len({a for a, _ in pairs}) == len({b for _, b in pairs})


def test_wandering_people_are_hardly_ever_mixed_up_and_seldom_broken():
    tracks = mixed = people = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        x = np.array([150.0, 320.0, 490.0]) + np.cumsum(rng.normal(scale=6, size=(100, 3)), axis=0)
        owners: dict[int, set[int]] = {}
        tracker = Tracker()
        for k, row in enumerate(x):
            shown = np.flatnonzero(rng.random(3) < 0.95)
            boxes = [box(row[i] + rng.normal(), size=60) for i in shown]
            for number, owner in zip(tracker.step(k / 5, boxes, np.ones(len(boxes))), shown, strict=True):
                owners.setdefault(number, set()).add(int(owner))
        tracks, mixed, people = tracks + len(owners), mixed + sum(len(o) > 1 for o in owners.values()), people + 3
    assert mixed == 0
    assert tracks <= 2 * people


@pytest.mark.parametrize("rate_hz", [0.5, 1, 5, 25, 60])
def test_a_missed_sample_is_forgiven_at_any_rate(rate_hz):
    options = TrackerOptions.at_rate(rate_hz, 0.08)
    assert options.sample_s == pytest.approx(1 / rate_hz)
    assert options.max_gap_s >= 1.5 / rate_hz
    assert options.appearance_limit == 0.08
