"""The comparison with the authors' code, without that code: what is refused in one line, and its arithmetic."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.peer_official.__main__ import main
from benchmarks.peer_official.authors import train_loader
from benchmarks.peer_official.checkout import CosineAlongBatch, load_checkout
from benchmarks.peer_official.learning import Comparison, Run, Side, conclude, require_sense
from dmd.data.dataset.batches import Batch, shuffled_batches
from dmd.data.formats.load import open_dataset
from dmd.errors import InputError
from dmd.modalities import MODALITIES


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "--checkout"),
        (["--checkout", "nowhere"], "--checkout nowhere: no checkout of mdswyz/DMD"),
        (["--checkout", "nowhere", "--accumulation", "3"], "--accumulation: invalid choice: 3"),
    ],
)
def test_what_cannot_be_run_is_said_in_one_line(
    arguments: list[str], said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "argv", ["peer_official", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    told = capsys.readouterr()
    (line,) = told.err.splitlines()
    assert (ended.value.code, told.out) == (2, "")
    assert said in line


def test_a_checkout_that_needs_what_is_not_installed_names_it(tmp_path: Path) -> None:
    model = tmp_path / "trains" / "singleTask" / "model"
    model.mkdir(parents=True)
    (model / "dmd.py").write_text("import a_library_that_nobody_has\n")
    (tmp_path / "config").mkdir()
    (tmp_path / "config" / "config.json").write_text('{"dmd": {}}')
    with pytest.raises(InputError, match="a_library_that_nobody_has"):
        load_checkout(tmp_path)
    assert "a_library_that_nobody_has" not in sys.modules


def planned(folds: list[int], seeds: list[int], rates: list[float]) -> Comparison:
    return Comparison(
        open_dataset("planted:num_videos=12,clips_per_video=2"), folds, seeds, rates, 2, 2, 1, "end", {}, {}
    )


@pytest.mark.parametrize(
    ("folds", "seeds", "rates", "said"),
    [
        ([0], [1, 1], [1e-3], "--seeds 1 1: each of them once"),
        ([0], [1], [-1.0], "learning_rate"),
        ([0], [1], [1e-3], "the file declares no folds"),
    ],
)
def test_a_plan_is_refused_before_anything_is_trained(
    folds: list[int], seeds: list[int], rates: list[float], said: str
) -> None:
    with pytest.raises(InputError, match=said):
        require_sense(planned(folds, seeds, rates))


def runs_of(side: Side, test_mae: list[list[float]], rate: float = 1e-3, valid_mae: float = 1.0) -> list[Run]:
    """test_mae: by seed and fold."""
    return [
        Run(side, fold, seed, rate, valid_mae, value, 0.0)
        for seed, of_seed in enumerate(test_mae)
        for fold, value in enumerate(of_seed)
    ]


def test_the_difference_and_its_interval() -> None:
    """By hand: squares .04 on 4 degrees of freedom; four cells of two runs; t(.975, 4) = 2.776445."""
    runs = [*runs_of("ours", [[1.0, 0.8], [1.2, 1.0]]), *runs_of("theirs", [[1.1, 0.8], [1.1, 0.8]])]
    outcome = conclude(runs)
    assert outcome.mae["ours"].value == pytest.approx(1.0)
    assert outcome.mae["theirs"].value == pytest.approx(0.95)
    half = 2.776445 * np.sqrt(0.04 / 4 * 2) / 2
    assert outcome.difference.value == pytest.approx(0.05)
    assert (outcome.difference.low, outcome.difference.high) == pytest.approx((0.05 - half, 0.05 + half), abs=1e-6)


def test_a_learning_rate_is_chosen_on_validation_and_not_on_test() -> None:
    good_on_test, good_on_valid = (1e-4, 1.2), (3e-4, 1.1)
    runs = runs_of("ours", [[0.5], [0.5]], *good_on_test) + runs_of("ours", [[0.9], [0.9]], *good_on_valid)
    outcome = conclude([*runs, *runs_of("theirs", [[0.8], [0.8]])])
    assert outcome.rates["ours"] == {0: 3e-4}
    assert outcome.difference.value == pytest.approx(0.1)


def test_one_seed_gives_no_interval() -> None:
    outcome = conclude([*runs_of("ours", [[1.0]]), *runs_of("theirs", [[0.9]])])
    assert (outcome.difference.low, outcome.difference.high) == (None, None)


def test_both_sides_meet_the_same_batches() -> None:
    features = {m: torch.arange(10.0).reshape(10, 1, 1) for m in MODALITIES}
    part = Batch(features, {m: torch.ones(10, dtype=torch.long) for m in MODALITIES}, torch.arange(10.0))
    loader = train_loader(part, 4, seed=5)
    for epoch in (1, 2):
        ours = [batch.labels for batch in shuffled_batches(part, 4, 5, epoch)]
        theirs = [batch["labels"]["M"] for batch in loader]
        assert len(loader) == len(theirs) == 3
        torch.testing.assert_close(theirs, ours)


def test_the_cosine_runs_along_the_batch() -> None:
    """(T, B, d) = (1, 2, 2): cosines of the columns (3, 4) with (4, 3), 24/25, and (1, 0) with (-1, 0), below 0."""
    first, second = torch.tensor([[[3.0, 1.0], [4.0, 0.0]]]), torch.tensor([[[4.0, -1.0], [3.0, 0.0]]])
    loss = CosineAlongBatch()(first, second, torch.tensor([-1]))
    assert loss.item() == pytest.approx(24 / 25 / 2)
