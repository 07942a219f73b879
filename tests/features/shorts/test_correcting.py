"""A corrected camera: in its shot and panel, and nowhere else."""

import numpy as np

from closeup.documents.shorts import CameraKey
from closeup.features.shorts.correcting import corrected
from closeup.features.shorts.framing import FramedPiece
from features.shorts.finished_shorts import framed, piece
from features.shorts.planned_cast import FPS, planned_cast

CAST = planned_cast([100, 100], {"p1": [(0, 100), (100, 200)]})
PIECE = piece(50, 150)
TIMES_S = np.arange(50, 150) / FPS
WIDTH, HEIGHT = CAST.video.width, CAST.video.height


def middles(crops: np.ndarray) -> np.ndarray:
    return (crops[:, :2] + crops[:, 2:]) / 2 / [WIDTH, HEIGHT]


def test_a_key_moves_its_shot_and_panel_alone() -> None:
    before = framed(PIECE, 2)
    after = corrected(before, [CameraKey(at_s=7.0, panel=1, x=0.6, y=0.5)], CAST, TIMES_S)
    assert np.array_equal(after.panels[0], before.panels[0])
    assert np.array_equal(after.panels[1][50:], before.panels[1][50:])  # behind the cut
    assert np.isclose(middles(after.panels[1])[20, 0], 0.6)
    shift = (after.panels[1] - before.panels[1])[:50, 0]
    assert np.allclose(shift, shift[0])
    assert shift[0] != 0


def test_two_keys_are_both_met_and_those_outside_count_for_nothing() -> None:
    before = framed(PIECE)
    keys = [
        CameraKey(at_s=12.0, x=0.7, y=0.5),
        CameraKey(at_s=11.0, x=0.4, y=0.5),
        CameraKey(at_s=2.0, x=0.9, y=0.5),
        CameraKey(at_s=15.5, x=0.9, y=0.5),
    ]
    after: FramedPiece = corrected(before, keys, CAST, TIMES_S)
    assert np.allclose(middles(after.panels[0])[[60, 70], 0], [0.4, 0.7])
    assert np.array_equal(after.panels[0][:50], before.panels[0][:50])
    assert corrected(before, (), CAST, TIMES_S).panels[0].tolist() == before.panels[0].tolist()
