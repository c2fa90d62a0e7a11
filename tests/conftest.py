"""What every test starts from."""

from collections.abc import Iterator

import pytest
import torch
from hypothesis import HealthCheck, settings

# How long an example takes says how busy the machine is, not whether the property holds.
settings.register_profile("patient", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("patient")

# Test processes share the cores: threads of one would spin while those of another compute.
torch.set_num_threads(1)


@pytest.fixture(autouse=True)
def _seeded_inputs() -> None:
    """Random inputs of tests repeat; the product itself reads no global generator."""
    torch.manual_seed(0)


@pytest.fixture(autouse=True)
def _starts_ray_late(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process Ray starts once a plan is accepted: the many commands that are refused after a check of their
    space would start and end it each. Commands as processes of their own start it early, as a user's do."""
    monkeypatch.setattr("orchestration.cli.early_start._will_start_ray", lambda *arguments: False)


@pytest.fixture
def no_method_stays() -> Iterator[None]:
    """A test that makes methods known leaves the package's own alone."""
    from dmd.registry import use_methods

    yield
    use_methods({})
