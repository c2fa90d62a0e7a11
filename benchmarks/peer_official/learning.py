"""Both sides trained on the same folds, with the same seeds and schedule: what each reaches, and the difference.

Legend: S seeds, C folds.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
import torch

from benchmarks.peer_official.authors import Networks, Schedule, train_loader, valid_loader
from benchmarks.peer_official.checkout import Checkout
from dmd.data.dataset.batches import Batch, whole_batch
from dmd.data.dataset.dataset import Dataset
from dmd.data.dataset.sealed_test import ExternalTraining
from dmd.data.samples.alignment import Align
from dmd.data.samples.samples import Labelled
from dmd.declaration.dims import Dims
from dmd.errors import ConfigurationError
from dmd.job import FoldRef, Job, Setting
from dmd.training.label_units import label_unit
from dmd.training.run import JobSettings, run_job, split_settings
from reports.statistics.arrays import FloatArray
from reports.statistics.estimate import Estimate
from reports.statistics.rerun import SeedBlock, rerun_sum

Side = Literal["ours", "theirs"]
SIDES: tuple[Side, ...] = ("ours", "theirs")


@dataclass(frozen=True)
class Comparison:
    """What is compared.

    early_stop: epochs without an improvement that end a training. padding: ``align`` of ours, and what theirs is given.
    settings: ours beside the preset; overrides: the same in their words.
    """

    dataset: Dataset
    folds: Sequence[int]
    seeds: Sequence[int]
    learning_rates: Sequence[float]
    max_epochs: int
    early_stop: int
    accumulation: int
    padding: Align
    settings: Mapping[str, Setting]
    overrides: Mapping[str, Any]


@dataclass(frozen=True)
class Run:
    """One training. valid_mae and test_mae: with the weights of the best epoch."""

    side: Side
    fold: int
    seed: int
    learning_rate: float
    valid_mae: float
    test_mae: float
    cpu_s: float


def run_all(comparison: Comparison, checkout: Checkout) -> Iterator[Run]:
    """Every run, the two sides in turn, told as they end."""
    trained: Mapping[Side, Callable[[int, int, float], tuple[float, float]]] = {
        "ours": lambda fold, seed, rate: train_ours(comparison, fold, seed, rate),
        "theirs": lambda fold, seed, rate: train_theirs(comparison, checkout, fold, seed, rate),
    }
    for seed in comparison.seeds:
        for fold in comparison.folds:
            for rate in comparison.learning_rates:
                for side in SIDES:
                    started = time.process_time()
                    valid_mae, test_mae = trained[side](fold, seed, rate)
                    yield Run(
                        side=side,
                        fold=fold,
                        seed=seed,
                        learning_rate=rate,
                        valid_mae=valid_mae,
                        test_mae=test_mae,
                        cpu_s=time.process_time() - started,
                    )


def train_ours(comparison: Comparison, fold: int, seed: int, rate: float) -> tuple[float, float]:
    """MAE on validation and on test."""
    job = Job("dmd", _settings(comparison, rate), seed, FoldRef("file", fold=fold), scores_test=True)
    result = run_job(job, comparison.dataset, lambda report: True)
    assert result.test is not None
    return result.valid["mae"], result.test["mae"]


def train_theirs(comparison: Comparison, checkout: Checkout, fold: int, seed: int, rate: float) -> tuple[float, float]:
    """The same of the authors' networks and loop, on parts that are laid out, and labels that are, as ours."""
    dataset, split = comparison.dataset, _split(comparison, rate)
    parts, unit = dataset.partition(FoldRef("file", fold=fold), split.inputs), label_unit(dataset.target)

    def labelled(part: Labelled) -> Batch:
        batch = whole_batch(part.inputs, part.labels)
        assert batch.labels is not None
        return replace(batch, labels=unit.encode(batch.labels))

    train, valid = labelled(parts.train), labelled(parts.valid)
    torch.manual_seed(seed)
    networks = Networks(checkout, Dims(dataset.widths, dataset.layout(split.inputs).num_steps), comparison.overrides)
    size = split.training.batch_size
    schedule = Schedule(rate, comparison.max_epochs, comparison.early_stop, comparison.accumulation)
    networks.train(train_loader(train, size, seed), valid_loader(valid, size, seed), schedule)
    on_valid, on_test = (unit.decode(networks.predict(part)) for part in (valid, whole_batch(parts.test.inputs)))
    score = parts.test.score(on_test, ExternalTraining())
    return float(np.abs(on_valid - parts.valid.labels).mean()), score.metrics["mae"]


def require_sense(comparison: Comparison) -> None:
    """Raises InputError before anything is trained: folds that the file has not, settings outside their range."""
    for what, numbers in ("--folds", comparison.folds), ("--seeds", comparison.seeds):
        if len(set(numbers)) < len(numbers):
            raise ConfigurationError(f"{what} {' '.join(map(str, numbers))}: each of them once")
    for rate in comparison.learning_rates:
        comparison.dataset.layout(_split(comparison, rate).inputs)
    for fold in comparison.folds:
        comparison.dataset.count_parts(FoldRef("file", fold=fold))


def _split(comparison: Comparison, rate: float) -> JobSettings:
    return split_settings("dmd", _settings(comparison, rate))


def _settings(comparison: Comparison, rate: float) -> dict[str, Setting]:
    schedule: dict[str, Setting] = {
        "learning_rate": rate,
        "max_epochs": comparison.max_epochs,
        "patience": comparison.early_stop,
        "accumulation.steps": comparison.accumulation,
        "align": comparison.padding,
    }
    return {"preset": "official", **schedule, **comparison.settings}


@dataclass(frozen=True)
class Outcome:
    """mae: of each side, over folds and seeds; difference: ours minus theirs. rates: chosen, for each side and fold."""

    mae: Mapping[Side, Estimate]
    difference: Estimate
    rates: Mapping[Side, Mapping[int, float]]


def conclude(runs: Sequence[Run]) -> Outcome:
    """Each side's test MAE, at the learning rate that is best on validation over the seeds of a fold.

    The sides share no random stream but the order of the data, so their runs are not paired by seed.
    """
    rates = {side: _choose_rates([run for run in runs if run.side == side]) for side in SIDES}
    blocks = {
        side: _table([run for run in runs if run.side == side and run.learning_rate == rates[side][run.fold]])
        for side in SIDES
    }
    mae = {side: _estimate(SeedBlock(block)) for side, block in blocks.items()}
    return Outcome(mae, _estimate(SeedBlock(blocks["ours"]), SeedBlock(-blocks["theirs"])), rates)


def _choose_rates(runs: Sequence[Run]) -> dict[int, float]:
    def valid_mae(fold: int, rate: float) -> float:
        return float(np.mean([run.valid_mae for run in runs if (run.fold, run.learning_rate) == (fold, rate)]))

    rates = sorted({run.learning_rate for run in runs})
    return {fold: min(rates, key=lambda rate: valid_mae(fold, rate)) for fold in sorted({run.fold for run in runs})}


def _table(runs: Sequence[Run]) -> FloatArray:
    """(S, C) test MAE."""
    seeds, folds = sorted({run.seed for run in runs}), sorted({run.fold for run in runs})
    table = np.full((len(seeds), len(folds)), np.nan)
    for run in runs:
        table[seeds.index(run.seed), folds.index(run.fold)] = run.test_mae
    return table


def _estimate(*blocks: SeedBlock) -> Estimate:
    found = rerun_sum(blocks)
    assert found is not None
    return found
