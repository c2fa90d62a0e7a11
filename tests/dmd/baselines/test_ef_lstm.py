"""EF-LSTM: what it reads at each step, and what the alignment adds to its loss."""

from __future__ import annotations

import pytest
import torch

from dmd.baselines.ef_lstm import EFLSTM, EFLSTMSettings
from dmd.job import Setting
from dmd.modalities import MODALITIES
from dmd.registry import build_model
from dmd.settings import build_config
from tests.dmd.baselines.inputs import in_float64, some_input
from tests.dmd.builders import make_dims

DIMS = make_dims()


def build(**settings: Setting) -> EFLSTM:
    torch.manual_seed(0)
    return EFLSTM(build_config(EFLSTMSettings, {"hidden": 4, "dropout": 0.0, **settings}, "ef_lstm"), DIMS)


def test_it_is_one_lstm_on_the_three_side_by_side_row_by_row() -> None:
    model, inputs = build().double().eval(), in_float64(some_input())
    with torch.no_grad():
        model.norm.weight.normal_()
        model.norm.bias.normal_()
        model.norm.running_mean.normal_()
    predictions, terms = model(inputs)
    assert not terms
    equal = model.equal_lengths({m: inputs.sequence(m) for m in MODALITIES}).sequences
    for row, length in enumerate(inputs.lengths["language"].tolist()):
        x = torch.cat([equal[m].steps[row, :length] for m in MODALITIES], dim=-1)
        at = slice(DIMS.max_steps["language"] - length, None)
        norm = model.norm
        scale = (norm.weight / (norm.running_var + 1e-5).sqrt())[at, None]
        x = (x - norm.running_mean[at, None]) * scale + norm.bias[at, None]
        _, (hidden, _) = model.recurrent.cells(x[None])
        torch.testing.assert_close(predictions[row], model.head(hidden[-1]).squeeze())


def test_the_alignment_has_parameters_and_an_error_of_its_own_weight() -> None:
    """Two LSTM layers of hidden = L + 1 = 7 for audio (width 3) and vision (width 4)."""
    added = sum(4 * 7 * (width + 7 + 2) + 4 * 7 * (7 + 7 + 2) for width in (3, 4))
    sizes = [sum(p.numel() for p in build(equal_lengths=kind).parameters()) for kind in ("pool", "ctc")]
    assert sizes[1] - sizes[0] == added
    _, terms = build(equal_lengths="ctc")(some_input())
    assert set(terms) == {"ctc"}
    assert terms["ctc"].shape == (6,)
    model = build_model("ef_lstm", {"equal_lengths": "ctc", "ctc_weight": 0.5}, DIMS, 0)
    assert dict(model.weights) == {"ctc": pytest.approx(0.5)}  # type: ignore[arg-type]
