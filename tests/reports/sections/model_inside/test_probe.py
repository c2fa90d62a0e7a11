"""Linear probes: they find what is there, find nothing where nothing is, and never see a left-out group."""

from __future__ import annotations

import numpy as np
import pytest

from reports.sections.model_inside import probe
from reports.sections.model_inside.probe import linear_probe


def planted(effect: float, num_groups: int = 8, per_group: int = 20, width: int = 6, seed: int = 0):
    random = np.random.default_rng(seed)
    classes = random.integers(0, 2, num_groups * per_group)
    features = random.standard_normal((len(classes), width))
    features[:, 0] += effect * (2 * classes - 1)
    return features, classes, np.repeat(np.arange(num_groups), per_group)


def test_a_planted_direction_is_read_off_as_well_as_it_can_be() -> None:
    found = linear_probe(*planted(1.5))
    assert found is not None
    # two unit normals at -1.5 and 1.5 are told apart with probability 0.933
    assert found.accuracy.value == pytest.approx(0.933, abs=0.05)
    assert found.accuracy.low is not None
    assert found.accuracy.low > 0.8
    assert (found.n, found.num_groups, found.accuracy.df) == (160, 8, 7)
    assert found.chance == pytest.approx(0.5, abs=0.1)


def test_of_noise_nothing_is_read_off() -> None:
    values = [linear_probe(*planted(0.0, seed=seed)) for seed in range(8)]
    shares = [found.accuracy.value for found in values if found is not None]
    assert np.mean(shares) == pytest.approx(0.5, abs=0.04)


def test_what_only_tells_groups_apart_is_no_help() -> None:
    # Every group has one class and one place of its own: within a group it gives the class away, beyond it nothing.
    random = np.random.default_rng(0)
    group_of = np.repeat(np.arange(12), 15)
    classes = group_of % 2
    features = random.standard_normal((12, 20))[group_of] * 5 + 0.1 * random.standard_normal((180, 20))
    found = linear_probe(features, classes, group_of)
    assert found is not None
    assert found.accuracy.value < 0.8


def test_no_group_is_on_both_sides(monkeypatch: pytest.MonkeyPatch) -> None:
    features, classes, group_of = planted(1.0, num_groups=6)
    features[:, -1] = group_of
    seen: list[tuple[set[float], set[float]]] = []
    fit_predict = probe._fit_predict

    def spy(train, labels, test, strength):
        seen.append((set(train[:, -1]), set(test[:, -1])))
        return fit_predict(train, labels, test, strength)

    monkeypatch.setattr(probe, "_fit_predict", spy)
    linear_probe(features, classes, group_of)
    assert len(seen) == 5 * (3 * len(probe.PENALTIES) + 1)
    assert all(train.isdisjoint(test) for train, test in seen)


def test_chance_is_the_most_frequent_class() -> None:
    features, classes, group_of = planted(0.0, num_groups=5)
    classes = np.where(np.arange(len(classes)) % 10 == 0, 1, 0)
    found = linear_probe(features, classes, group_of)
    assert found is not None
    assert found.chance == pytest.approx(0.9)


@pytest.mark.parametrize(("num_groups", "num_classes"), [(3, 2), (6, 1)])
def test_what_cannot_be_asked_is_not_answered(num_groups: int, num_classes: int) -> None:
    features, classes, group_of = planted(1.0, num_groups=num_groups)
    assert linear_probe(features, classes % num_classes, group_of) is None


def test_a_class_of_one_group_does_not_break_it() -> None:
    features, classes, group_of = planted(1.0, num_groups=5)
    classes = np.where(group_of == 0, 2, classes)
    assert linear_probe(features, classes, group_of) is not None


def test_the_same_features_give_the_same_probe() -> None:
    assert linear_probe(*planted(0.5)) == linear_probe(*planted(0.5))
