"""The costs of the methods: what is measured, on the quickest of them."""

from __future__ import annotations

import json

import pytest

from benchmarks.zoo.__main__ import TRAINED, main
from benchmarks.zoo.steps import STEP_SHAPES, lower_quartile, make_trainee, published_preset
from dmd.registry import METHODS


def test_every_method_but_the_two_that_no_gradient_trains_is_measured() -> None:
    assert set(METHODS) - set(TRAINED) == {"ridge", "median"}


@pytest.mark.parametrize(
    ("name", "parameters"), [("tfn", 9_167_739), ("lmf", 174_679), ("ef_lstm", 619_285), ("mfn", 1_579_249)]
)
def test_a_trainee_has_the_published_size_and_learns(name: str, parameters: int) -> None:
    """Sizes of MMSA 2.2.1 at widths 100, 73 and 100 and ten steps."""
    trainee = make_trainee(name, published_preset(name), STEP_SHAPES["ten"])
    assert trainee.parameters == parameters
    trainee.step(0)


def test_the_lower_quartile_leaves_out_luck_and_pauses() -> None:
    assert lower_quartile([1.0, 2.0, 3.0, 100.0, 2.0, 2.0, 2.0]) == 2.0


@pytest.mark.long
def test_the_command_measures_a_method_in_a_process_of_its_own(capsys: pytest.CaptureFixture[str]) -> None:
    main(["--quick", "--methods", "lmf"])
    *table, last = capsys.readouterr().out.splitlines()
    assert table[-1].startswith("| `lmf` | mmsa_mosi | 505,071 |")
    (cost,) = json.loads(last)["methods"].values()
    assert 0 < cost["ten"] < cost["fifty"]
    assert cost["peak_mb"] > 0 < cost["epochs_per_minute"]
