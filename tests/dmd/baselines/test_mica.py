"""MICA-style: both alignments by hand, and that they are there in training alone."""

from __future__ import annotations

import math
from dataclasses import replace

import torch

from dmd.baselines.mica import METHOD, MICA, Meeting, MICASettings, draw, element_distance, marginal_distance
from dmd.job import Setting
from dmd.settings import build_config
from tests.dmd.baselines.inputs import some_input
from tests.dmd.builders import TINY, make_dims

SMALL: dict[str, Setting] = {name: value for name, value in TINY.items() if not name.startswith("gd.")}


def build(**settings: Setting) -> MICA:
    torch.manual_seed(0)
    model = METHOD.build(build_config(MICASettings, {**SMALL, **settings}, "mica-style"), make_dims())
    assert isinstance(model, MICA)
    return model.eval()


def meeting(queries: list[list[float]], keys: list[list[float]]) -> Meeting:
    """One pair, one row, everything real."""
    q, k = (torch.tensor([[values]], dtype=torch.float64) for values in (queries, keys))
    return Meeting(q, k, torch.ones(1, 1, len(queries)).bool(), torch.ones(1, 1, len(keys)).bool())


def test_elements_that_belong_together_by_hand() -> None:
    """The first query attends to (10, 0) almost alone, at a cosine of 0.6; the second to both keys alike."""
    met = meeting([[6.0, 8.0], [0.0, 0.0]], [[10.0, 0.0], [-10.0, 0.0]])
    assert abs(element_distance(met, 0.9).item() - (1 - 0.6)) < 1e-12
    assert element_distance(meeting([[0.0, 0.0]], [[1.0, 0.0], [0.0, 1.0]]), 0.6).item() == 0


def test_padding_is_never_attended_to() -> None:
    met = meeting([[6.0, 8.0]], [[10.0, 0.0], [60.0, 80.0]])
    met = replace(met, real_keys=torch.tensor([[[True, False]]]))
    assert abs(element_distance(met, 0.9).item() - (1 - 0.6)) < 1e-12


def test_the_distance_of_distributions_by_hand() -> None:
    """One query (2, 0) and one key (0, 0), however often drawn: 2 - 2 exp(-4 / (2 x 2))."""
    met = meeting([[2.0, 0.0]], [[0.0, 0.0]])
    assert abs(marginal_distance([met], some_input(), 8).item() - (2 - 2 * math.exp(-1))) < 1e-12


def test_only_real_steps_are_drawn() -> None:
    x = torch.arange(8.0).view(1, 2, 4, 1)
    drawn = draw(x, torch.tensor([[[True, True, True, False], [True, False, False, False]]]), 200)
    assert [set(row.flatten().tolist()) for row in drawn[0]] == [{0.0, 1.0, 2.0}, {4.0}]


def test_alignments_are_there_in_training_alone_and_can_be_off() -> None:
    labelled = replace(some_input(), labels=torch.linspace(-3, 3, 6))
    assert set(build()(labelled)[1]) == {"marginal", "element"} == {term.name for term in METHOD.losses}
    assert set(build(marginal=False)(labelled)[1]) == {"element"}
    assert set(build(element=False)(labelled)[1]) == {"marginal"}
    assert build()(replace(labelled, labels=None))[1] == {}
    torch.testing.assert_close(build()(labelled)[0], build(marginal=False, element=False)(labelled)[0])
