from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from closeup.text.spoken import joined

CAPTIONS = st.lists(st.tuples(st.floats(0, 5), st.text("ab .", min_size=1, max_size=30)), min_size=1, max_size=30)


@given(CAPTIONS)
def test_every_caption_stands_whole_where_it_is_said_to(captions: list[tuple[float, str]]) -> None:
    cues = [(float(n), n + 0.5 + gap, text) for n, (gap, text) in enumerate(captions)]
    text, starts = joined(cues)
    for (_, _, said), start in zip(cues, starts, strict=True):
        said = " ".join(said.split())
        assert text[start : start + len(said)] == said
    assert all(text[later - 1] in " \n" for _, later in pairwise(starts))


def test_a_pause_ends_a_line_and_so_does_a_long_caption_without_stops() -> None:
    assert joined([(0, 1, "one."), (3.1, 4, "two."), (4.1, 5, "three.")])[0] == "one.\ntwo. three."
    many = [(n, n + 0.9, "six words that have no stop") for n in range(20)]
    assert [len(line.split()) for line in joined(many)[0].splitlines()] == [12] * 10
