import math

import pytest
import torch

from closeup.workbench.recipes.heads import ResolvedHead, settled_head
from closeup.workbench.recipes.recipe import HeadRecipe
from closeup.workbench.training.losses import HeadLoss

CPU = torch.device("cpu")
NAN = math.nan


def of(recipe: HeadRecipe, weights: tuple[float, ...] = ()) -> HeadLoss:
    head = settled_head(recipe)
    return HeadLoss(ResolvedHead(recipe, head.classes, head.steps, weights), CPU)


RAW = torch.tensor([[2.0, 0.0], [0.0, 1.0], [5.0, 5.0]])


def test_pictures_without_a_label_do_not_count() -> None:
    loss = of(HeadRecipe("x", classes=("a", "b")))
    some = loss(RAW, torch.tensor([0.0, 1.0, NAN]))
    assert torch.isclose(some, loss(RAW[:2], torch.tensor([0.0, 1.0])))
    assert loss(RAW, torch.tensor([NAN, NAN, NAN])) == 0


def test_nothing_flows_back_from_pictures_without_a_label() -> None:
    raw = RAW.clone().requires_grad_()
    of(HeadRecipe("x", classes=("a", "b")))(raw, torch.tensor([0.0, NAN, NAN])).backward()
    assert raw.grad is not None
    assert bool((raw.grad[1:] == 0).all())
    assert bool((raw.grad[0] != 0).all())


def test_focal_turns_away_from_what_is_easy() -> None:
    target = torch.tensor([0.0, 1.0, 0.0])
    plain = of(HeadRecipe("x", classes=("a", "b")))(RAW, target)
    assert of(HeadRecipe("x", classes=("a", "b"), loss="focal"))(RAW, target) < plain
    flat = of(HeadRecipe("x", classes=("a", "b"), loss="focal", focal_gamma=0.0))
    assert torch.isclose(flat(RAW, target), plain)


def test_class_weights_weigh() -> None:
    recipe = HeadRecipe("x", classes=("a", "b"))
    one = of(recipe)(RAW[:1], torch.tensor([0.0]))
    assert torch.isclose(of(recipe, (3.0, 1.0))(RAW[:1], torch.tensor([0.0])), 3 * one)


@pytest.mark.parametrize("loss", ["smooth_l1", "l1", "mse"])
def test_values_are_learnt_on_the_scale_of_their_range(loss: str) -> None:
    ages = of(HeadRecipe("age", kind="value", low=0, high=100, loss=loss))
    assert ages(torch.tensor([[0.0]]), torch.tensor([50.0])) == 0
    assert ages(torch.tensor([[1.0]]), torch.tensor([100.0])) == 0
    assert ages(torch.tensor([[0.5]]), torch.tensor([50.0])) > 0


def test_a_distribution_is_best_around_the_label() -> None:
    loss = of(HeadRecipe("age", kind="value", low=0, high=100, loss="distribution"))
    steps = torch.arange(101.0)
    around = [-(((steps - centre) / 2) ** 2)[None] / 2 for centre in (30.0, 40.0)]
    right, wrong = (loss(raw, torch.tensor([30.0])) for raw in around)
    assert right < 1e-3 < wrong


def test_a_teacher_speaks_where_there_is_no_label() -> None:
    loss = of(HeadRecipe("x", classes=("a", "b"), soft_weight=0.25))
    soft = torch.tensor([[0.9, 0.1], [NAN, NAN], [NAN, NAN]])
    only_teacher = loss(RAW, torch.tensor([NAN, NAN, NAN]), soft)
    assert torch.isclose(only_teacher, -(soft[0] * RAW[0].log_softmax(0)).sum())
    both = loss(RAW[:1], torch.tensor([0.0]), soft[:1])
    label = loss(RAW[:1], torch.tensor([0.0]))
    assert torch.isclose(both, 0.75 * label + 0.25 * only_teacher)
