"""What every test starts from."""

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
