import numpy as np
import pytest

from closeup.workbench.audit.find import find_label_errors
from closeup.workbench.audit.predictions import Predictions, predictions_from_features
from closeup.workbench.options import ProbeOptions
from workbench.audit.planted import CLASSES, COUNT, WRONG, dataset, features, label, shown
from workbench.datasets.tiny import made_up


def predicted(labels, rows):
    labels, rows = np.asarray(labels), np.asarray(rows, np.float64)
    return Predictions("kind", CLASSES, np.arange(len(labels)), labels, rows, "by hand")


def test_planted_errors_are_found_and_nothing_else(tmp_path):
    data = dataset(tmp_path)
    audit = find_label_errors(data, predictions_from_features(data, "kind", features(), ProbeOptions()))
    found = {finding.path for finding in audit.findings}
    assert found == {f"pictures/{n:02}.png" for n in WRONG}
    for finding in audit.findings:
        place = int(finding.path[9:11])
        assert (finding.label, finding.suggestion) == (label(place), shown(place))
        assert finding.group == f"g{place // 6}"
        assert finding.p_label < finding.p_suggestion
    assert [finding.number for finding in audit.findings] == list(range(1, len(found) + 1))
    confidence = [finding.p_label for finding in audit.findings]
    assert confidence == sorted(confidence)
    assert audit.expected_errors == pytest.approx(9, abs=0.5)
    assert not audit.notes


def test_examples_are_surely_of_their_class(tmp_path):
    data = dataset(tmp_path)
    audit = find_label_errors(data, predictions_from_features(data, "kind", features(), ProbeOptions()))
    for name, examples in zip(CLASSES, audit.examples, strict=True):
        assert len(examples) == 3
        assert {shown(index) for index in examples} == {name}
        assert not {*examples} & {*WRONG}


def test_a_group_that_is_wrong_as_a_whole_is_named():
    # 40 cats and 40 dogs; of the group "bad" six of eight cats are surely dogs, of "odd" one alone.
    labels = np.array([0] * 40 + [1] * 40)
    rows = np.where(labels[:, None] == np.arange(3), 0.9, 0.05)
    bad, odd = [0, 1, 2, 3, 4, 5], 20
    rows[[*bad, odd]] = [0.02, 0.96, 0.02]
    names = ["bad"] * 8 + [f"g{n // 4}" for n in range(72)]
    data = made_up([{"kind": CLASSES[place], "group": name} for place, name in zip(labels, names, strict=True)])
    audit = find_label_errors(data, predicted(labels, rows))
    assert len(audit.findings) == 7
    assert [(g.group, g.label, g.suggestion, g.pictures) for g in audit.groups] == [("bad", "cat", "dog", 8)]
    found = {finding.number: finding.key for finding in audit.findings}
    assert {found[number] for number in audit.groups[0].numbers} == {f"{n}.png" for n in bad}


def test_a_class_of_a_few_is_left_alone_and_said():
    labels = np.array([0] * 40 + [1] * 40 + [2] * 4)
    rows = np.where(labels[:, None] == np.arange(3), 0.9, 0.05)
    rows[80:] = [0.98, 0.01, 0.01]
    audit = find_label_errors(made_up([{"kind": CLASSES[place]} for place in labels]), predicted(labels, rows))
    assert not audit.findings
    assert audit.notes == ("eel: 5 pictures or fewer, too few to say that one of them is wrong.",)


def test_methods_differ_in_how_many_they_choose(tmp_path):
    data = dataset(tmp_path)
    found = predictions_from_features(data, "kind", features(3) * 0.4, ProbeOptions(rounds=1))
    keys = [
        {finding.key for finding in find_label_errors(data, found, m).findings} for m in ("both", "class", "noise_rate")
    ]
    assert keys[0] == keys[1] & keys[2]
    assert keys[1] | keys[2]
    assert len(found.kept) == COUNT


def test_a_judge_that_has_learnt_nothing_is_told_from_one_that_has(tmp_path):
    data = dataset(tmp_path)
    good = find_label_errors(data, predictions_from_features(data, "kind", features(), ProbeOptions()))
    noise = np.random.default_rng(0).normal(size=features().shape)
    blind = find_label_errors(data, predictions_from_features(data, "kind", noise, ProbeOptions()))
    assert good.knows_something
    assert good.accuracy > 0.8
    assert not blind.knows_something
    assert abs(blind.accuracy - blind.chance) < 0.15
    assert "which is no more than that" in blind.reliability
