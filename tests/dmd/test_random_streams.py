"""PyTorch's, NumPy's and Python's generators lent: the same draws for the same key, and then they are as they were."""

from __future__ import annotations

import random
import traceback

import numpy as np
import pytest
import torch

from dmd.random_streams import seeded_generators


def draw() -> tuple[float, float, float]:
    return torch.rand(()).item(), float(np.random.rand()), random.random()


def test_draws_are_those_of_the_key_and_the_generators_are_left_as_they_were() -> None:
    torch.manual_seed(5)
    with seeded_generators(9):
        first = draw()
    after = torch.rand(())
    with seeded_generators(9):
        assert draw() == first
    torch.manual_seed(9)
    assert torch.rand(()).item() == first[0]
    torch.manual_seed(5)
    assert torch.rand(()) == after


def test_seeding_takes_no_stack_traces(monkeypatch: pytest.MonkeyPatch) -> None:
    """torch.manual_seed takes three, one for each kind of device that has not begun; this happens in every step."""
    taken: list[object] = []
    extract = traceback.extract_stack
    monkeypatch.setattr(traceback, "extract_stack", lambda *given, **named: (taken.append(given), extract())[1])
    with seeded_generators(1):
        draw()
    assert not taken
