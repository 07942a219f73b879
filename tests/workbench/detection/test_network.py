import pytest

torch = pytest.importorskip("torch")
pytest.importorskip("closeup.workbench.training.libraries")

from closeup.workbench.detection.network import (  # noqa: E402
    DetectorNetwork,
    Exported,
    assigned,
    detector_loss,
    generalised_iou,
    pairwise_iou,
    places,
)


def test_every_thing_is_learnt_by_some_place_however_small() -> None:
    middles = places((96, 96))
    right = torch.tensor([[33.0, 33.0, 35.0, 35.0], [50.0, 50.0, 90.0, 90.0]])
    boxes = torch.cat([middles - 8, middles + 8], 1)
    wanted, goals, owner = assigned(torch.zeros(len(middles), 2), boxes, right, middles)
    learns = wanted > 0
    assert {tuple(goal) for goal in goals[learns].tolist()} == {tuple(each) for each in right.tolist()}
    torch.testing.assert_close(goals[learns], right[owner[learns]])
    assert (wanted >= 0).all()
    assert (wanted <= 1).all()


def test_the_right_class_has_the_smaller_loss() -> None:
    middles = places((96, 96))
    truth, kind = torch.tensor([[8.0, 8.0, 40.0, 56.0]]), torch.tensor([1])
    near = torch.cdist(middles, (truth[:, :2] + truth[:, 2:]) / 2)[:, 0] < 9

    def loss(answered: int) -> float:
        logits = torch.full((1, len(middles), 3), -9.0)
        logits[0, near, answered] = 6.0
        return float(detector_loss(logits, truth.expand(1, len(middles), 4), [truth], [kind], middles))

    assert loss(1) < 0.1 * loss(0)
    assert loss(1) < 0.1 * loss(2)
    nothing = torch.full((1, len(middles), 3), -9.0)
    assert float(detector_loss(nothing, truth.expand(1, len(middles), 4), [truth[:0]], [kind[:0]], middles)) < 0.01


def test_boxes_that_are_the_same_overlap_wholly_and_far_ones_are_worse_than_near_ones() -> None:
    box = torch.tensor([[0.0, 0.0, 10.0, 10.0]])
    assert float(pairwise_iou(box, box)) == pytest.approx(1)
    assert float(generalised_iou(box, box)) == pytest.approx(1)
    assert float(generalised_iou(box, box + 20)) > float(generalised_iou(box, box + 200)) > -1


def test_a_picture_of_any_size_has_scores_and_a_box_at_each_place() -> None:
    shown = Exported(DetectorNetwork(3)).eval()
    with torch.no_grad():
        found = shown(torch.zeros(2, 3, 64, 96))
    assert found.shape == (2, len(places((96, 64))), 7)
    assert ((found[..., :3] > 0) & (found[..., :3] < 1)).all()
    assert (found[..., 5:] > found[..., 3:5]).all()
