"""LF-LSTM, LF-DNN and one modality alone: what is read, and by what."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from dmd.baselines import lf_dnn, lf_lstm, recurrent
from dmd.errors import ConfigurationError
from dmd.modalities import MODALITIES, Modality
from dmd.registry import METHODS
from dmd.settings import build_config
from tests.dmd.baselines.inputs import in_float64, some_input
from tests.dmd.builders import make_dims

DIMS = make_dims()


def test_lf_lstm_puts_the_states_after_each_modalitys_own_last_step_side_by_side() -> None:
    sizes = {"hidden.language": 4, "hidden.audio": 2, "hidden.vision": 3, "fusion": 5}
    model = lf_lstm.LFLSTM(build_config(lf_lstm.LFLSTMSettings, sizes, "lf_lstm"), DIMS)
    model, inputs = model.double().eval(), in_float64(some_input())
    predictions = model(inputs)
    for row in range(len(inputs)):
        states = []
        for m in MODALITIES:
            real = inputs.features[m][row : row + 1, : int(inputs.lengths[m][row])]
            states.append(model.encoders[m].cells(real)[1][0][-1])
        torch.testing.assert_close(predictions[row], model.head(torch.cat(states, dim=-1)).squeeze())


def test_lf_dnn_reads_the_mean_over_real_steps_of_audio_and_vision() -> None:
    settings = {"hidden.language": 3, "hidden.audio": 3, "hidden.vision": 3, "text_out": 2, "fusion": 4}
    model = lf_dnn.LFDNN(build_config(lf_dnn.LFDNNSettings, settings, "lf_dnn"), DIMS).double().eval()
    inputs = in_float64(some_input())
    seen: dict[str, torch.Tensor] = {}
    for m in ("audio", "vision"):
        model.get_submodule(m).norm.register_forward_pre_hook(lambda _, given, m=m: seen.update({m: given[0]}))
    model(inputs)
    for m in ("audio", "vision"):
        for row in range(len(inputs)):
            real = inputs.features[m][row, : int(inputs.lengths[m][row])]  # type: ignore[index]
            torch.testing.assert_close(seen[m][row], real.mean(0))


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("modality", MODALITIES)
def test_one_modality_alone_sees_no_other(modality: Modality, cell: str) -> None:
    settings = build_config(
        recurrent.RecurrentSettings, {"modality": modality, "cell": cell, "hidden": 4, "dropout": 0.0}, "recurrent"
    )
    model, inputs = recurrent.Recurrent(settings, DIMS), some_input()
    assert isinstance(model.recurrent.cells, torch.nn.LSTM if cell == "lstm" else torch.nn.GRU)
    before = model(inputs)
    for m in MODALITIES:
        moved = replace(inputs, features={**inputs.features, m: inputs.features[m] + 1})
        assert torch.equal(model(moved), before) == (m != modality)


def test_hiding_the_only_modality_is_refused_before_anything_starts() -> None:
    method = METHODS["recurrent"]
    assert method.conflict({"modality": "audio", "modalities": "audio+vision"}) is None
    conflict = method.conflict({"modality": "audio", "modalities": "language+vision"})
    assert conflict == "the model reads audio alone, which modalities=language+vision hides"
    assert method.needs({"modality": "vision"}) == {"vision"}
    with pytest.raises(ConfigurationError, match="cell must be one of lstm, gru"):
        build_config(recurrent.RecurrentSettings, {"cell": "rnn"}, "recurrent")
