"""What every test starts from."""

import pytest
import torch


@pytest.fixture(autouse=True)
def _seeded_inputs() -> None:
    """Random inputs of tests repeat; the product itself reads no global generator."""
    torch.manual_seed(0)
