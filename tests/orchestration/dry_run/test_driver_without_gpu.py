"""A driver without a GPU plans a study for nodes that have them."""

from __future__ import annotations

import pytest
import torch

from orchestration.dry_run.capacity import Capacity
from orchestration.dry_run.cost_estimate import estimate_study
from orchestration.dry_run.summary import DryRun
from orchestration.planning.method_catalogue import describe_methods
from orchestration.planning.prepared import prepare
from orchestration.process.errors import UsageError
from search_spaces.loading.load import load_text
from tests.orchestration.command_line import CONFIRM, SPACE

GPU = "resources: {gpu: 1}\n"


@pytest.fixture(autouse=True)
def without_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 0)


def test_the_arms_are_tried_on_its_processor_and_the_estimate_says_so() -> None:
    planned = prepare(load_text(SPACE + CONFIRM + GPU, describe_methods()), None, "auto").planned
    assert (planned.runner.device, planned.tried_on) == ("cuda", "cpu")
    text = DryRun(planned, estimate_study(planned, Capacity(1))).as_text()
    assert "timed on the CPUs of this machine: it has no GPU" in text


def test_without_a_cluster_it_is_refused() -> None:
    with pytest.raises(UsageError, match="a worker wants 1 GPUs, this machine has 0"):
        prepare(load_text(SPACE + CONFIRM + GPU, describe_methods()), None)


def test_on_its_own_processor_nothing_is_said() -> None:
    planned = prepare(load_text(SPACE + CONFIRM, describe_methods()), None).planned
    assert "timed on the CPUs" not in DryRun(planned, estimate_study(planned, Capacity(1))).as_text()
