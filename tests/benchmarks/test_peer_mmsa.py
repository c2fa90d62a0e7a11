"""The comparison with MMSA, without MMSA: what is refused, what its data look like, and who says what at the end."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from torch import nn

from benchmarks.peer_mmsa.__main__ import main
from benchmarks.peer_mmsa.cost import dearest, step_cost
from benchmarks.peer_mmsa.quality import Against, read_verdict, sides_of, write_parts, write_predictions
from benchmarks.peer_mmsa.same import NAMES, in_their_words
from benchmarks.peer_mmsa.worker.conversion import convert, padded
from dmd.data.formats.load import open_dataset
from dmd.declaration.dims import Dims
from dmd.layers.memory.stepped_lstm import SteppedLSTM
from dmd.modalities import MODALITIES
from dmd.registry import METHODS


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--step"], "--python"),
        (["--step", "--python", "nowhere/python"], "--python nowhere/python: cannot be run"),
        (["--step", "--python", sys.executable], "has no mmsa, and this takes 2.2.1; make one: python3 -m venv"),
        (["--python", "x", "--seeds", "0"], "--seeds 0: at least 1"),
        (["--python", "x", "--methods", "tfm"], "invalid choice: 'tfm'"),
        (["--python", "x", "--data", "no_such_file.npz"], "no_such_file.npz"),
        (["--python", "x", "--step", "--same"], "--same: not allowed with argument --step"),
    ],
)
def test_what_cannot_be_run_is_said_in_one_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    told = capsys.readouterr()
    (line,) = told.err.splitlines()
    assert (ended.value.code, told.out) == (2, "")
    assert said in line


@pytest.mark.parametrize("name", NAMES)
def test_every_weight_of_ours_has_one_place_in_theirs(name: str) -> None:
    dims = Dims({"language": 4, "audio": 2, "vision": 3}, dict.fromkeys(MODALITIES, 5))
    ours = dict(METHODS[name].build(METHODS[name].settings(), dims).named_parameters())
    words = [word for word, _ in in_their_words(name, ours)]
    assert len(words) == len(set(words)) == len(ours) > 30


def test_our_cells_are_pytorchs_with_their_gates_in_its_order() -> None:
    torch.manual_seed(0)
    ours = SteppedLSTM(3, 2).double()
    place = "fusion.system.lstms.audio"
    weights = in_their_words("mfn", {f"{place}.{name}": p for name, p in ours.named_parameters()})
    theirs = nn.LSTM(3, 2).double()
    theirs.load_state_dict({f"{word.removeprefix('lstm_a.')}_l0": value for word, value in weights})
    steps = torch.randn(4, 5, 3, dtype=torch.float64)
    torch.testing.assert_close(ours(steps)[0], theirs(steps)[0], rtol=0, atol=1e-14)


def test_padding_goes_to_either_side() -> None:
    steps = np.array([[[1.0], [2.0], [9.0]], [[3.0], [4.0], [5.0]]])
    assert padded(steps, np.array([2, 3]), "left")[..., 0].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert padded(steps, np.array([2, 3]), "right")[..., 0].tolist() == [[1, 2, 0], [3, 4, 5]]


def test_the_peer_gets_our_inputs_and_no_test_label(tmp_path: Path) -> None:
    dataset = open_dataset("planted:num_videos=12,clips_per_video=2")
    ids = write_parts(dataset, tmp_path / "parts.npz")
    with np.load(tmp_path / "parts.npz") as parts:
        assert "test_labels" not in parts
        given = dict(parts)
    table = convert(tmp_path / "parts.npz", tmp_path / "data.pkl", "left")
    content = pickle.loads((tmp_path / "data.pkl").read_bytes())
    assert not content["test"]["regression_labels"].any()
    assert len(content["test"]["id"]) == len(ids)
    # the last step is real, and its row of the table is the step itself
    assert np.array_equal(table[content["test"]["text_bert"][:, 0, -1].astype(int)], content["test"]["text"][:, -1])
    length = given["test_text_lengths"][0]
    assert content["test"]["text_bert"][0, 1].sum() == length
    assert np.array_equal(content["test"]["text"][0, -1], given["test_text"][0, length - 1])
    assert np.abs(table).max() <= 5


def test_predictions_are_written_as_external_arms_read_them(tmp_path: Path) -> None:
    write_predictions(tmp_path / "theirs.csv", ["a", "b"], {1: [0.5, 1.0], 2: [-1.0, 0.0]})
    lines = (tmp_path / "theirs.csv").read_text().split()
    assert lines == ["id,seed,prediction", "a,1,0.5", "b,1,1.0", "a,2,-1.0", "b,2,0.0"]


def test_the_verdict_is_against_the_side_that_serves_the_peer_best() -> None:
    arms = ["mfn", "mmsa-left", "mmsa-right", "mmsa-sequences"]
    results = pd.DataFrame({"arm": arms, "metric": "mae", "value": [0.75, 0.74, 0.9, 0.7]})
    differences = {"value": [0.01, -0.15, 0.05], "rerun_high": [0.03, -0.1, float("nan")]}
    contrasts = pd.DataFrame({"first": "mfn", "second": arms[1:], "metric": "mae", **differences})
    learned = read_verdict("mfn", results, contrasts, ("left", "right"))
    assert (learned.ours, learned.side, learned.best) == (0.75, "left", Against(0.74, 0.01, 0.03))
    # what is not averaged is told, and no verdict
    assert learned.as_sequences == Against(0.7, 0.05, None)


def test_a_method_that_is_compared_on_one_side_alone_stays_there() -> None:
    assert sides_of("mfn", ("left",)) == ("left",)
    assert sides_of("misa", ("left",)) == ("right",)


def test_a_step_is_told_at_the_shape_where_ours_compares_worst() -> None:
    ten = step_cost({"ours": [0.9] * 4, "theirs": [1.0] * 4, "product": [0.5] * 8}, 7)
    fifty = step_cost({"ours": [2.0] * 4, "theirs": [4.0] * 4, "product": [0.5] * 8}, 9)
    told = dearest({"ten": ten, "fifty": fifty})
    assert told == {"ours_gemm": 1.8, "peer_gemm": 2.0, "step_ratio": 0.9, "parameters": 7}
