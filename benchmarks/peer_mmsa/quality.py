"""What both sides learn: MMSA's predictions are arms of a study of ours, whose intervals give the verdict."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import dmd_search
from benchmarks.peer_mmsa.pairs import PAIRS
from benchmarks.peer_mmsa.peer import Peer
from benchmarks.peer_mmsa.worker.conversion import MODALITIES as THEIR_MODALITIES
from benchmarks.peer_mmsa.worker.conversion import Side
from benchmarks.zoo.steps import PUBLISHED
from dmd.data.dataset.dataset import Dataset
from dmd.data.dataset.input_config import InputConfig
from dmd.data.samples.samples import Inputs
from dmd.job import FoldRef
from dmd.modalities import MODALITIES

METRIC = "mae"


@dataclass(frozen=True)
class Task:
    """What is trained.

    Attributes:
        data: the file, as ``--data`` names it.
        data_dir: second place to look for it.
        dataset: the same, read.
        seeds: of both sides.
        out: folder of studies and predictions; what is there already is not done again.
        quick: one epoch without an improvement ends a training.
    """

    data: str
    data_dir: Path | None
    dataset: Dataset
    seeds: Sequence[int]
    out: Path
    quick: bool


@dataclass(frozen=True)
class Learned:
    """Test MAE on the official split, over the seeds.

    Attributes:
        ours, theirs: theirs with its padding on the side that serves it best.
        side: that one.
        difference: ours minus theirs.
        rerun_high: upper end of its 95% interval for new seeds; None with one seed.
        by_side: theirs on every side.
    """

    ours: float
    theirs: float
    side: Side
    difference: float
    rerun_high: float | None
    by_side: Mapping[Side, float]


def compare(task: Task, peer: Peer, name: str) -> Learned:
    """Train both sides, and have the product judge. Raises PeerFailed and StudyError."""
    task.out.mkdir(parents=True, exist_ok=True)
    parts = task.out / "parts.npz"
    ids = write_parts(task.dataset, parts)
    arms: dict[Side, Path] = {}
    for side in PAIRS[name].sides:
        arms[side] = task.out / f"{name}-{side}.csv"
        runs = {seed: _train_theirs(task, peer, name, side, seed, parts) for seed in task.seeds}
        write_predictions(arms[side], ids, runs)
    study = dmd_search.run(
        _write_space(task, name, arms), data_dir=task.data_dir, out=task.out / "studies", executor="inline"
    )
    return read_verdict(name, study.results(), study.contrasts(), tuple(arms))


def write_parts(dataset: Dataset, path: Path) -> Sequence[str]:
    """The official split, standardised and clipped as ours get it, for the worker's ``conversion.convert``.

    Test labels are not among it. Returns the ids of the test part.
    """
    parts = dataset.partition(FoldRef("official"), InputConfig(align="start"))
    arrays: dict[str, Any] = {"train_labels": parts.train.labels, "valid_labels": parts.valid.labels}
    inputs: Mapping[str, Inputs] = {
        "train": parts.train.inputs,
        "valid": parts.valid.inputs,
        "test": parts.test.inputs,
    }
    for part, given in inputs.items():
        for ours, theirs in zip(MODALITIES, THEIR_MODALITIES, strict=True):
            sequences = given.sequences[ours]
            arrays[f"{part}_{theirs}"] = sequences.in_memory.astype(np.float32)
            arrays[f"{part}_{theirs}_lengths"] = sequences.lengths
    np.savez(path, **arrays)
    return parts.test.inputs.ids


def _train_theirs(task: Task, peer: Peer, name: str, side: Side, seed: int, parts: Path) -> Sequence[float]:
    kept = task.out / f"{name}-{side}-{seed}{'-quick' if task.quick else ''}.json"
    if not kept.exists():
        changes = {"early_stop": 1} if task.quick else {}
        answer = peer.ask(
            "train",
            method=PAIRS[name].theirs,
            side=side,
            seed=seed,
            parts=str(parts.absolute()),
            changes=changes,
        )
        print(
            f"{name}, MMSA's {PAIRS[name].theirs} padded on the {side}, seed {seed}: validation MAE "
            f"{answer['valid_mae']:.4f} ({answer['cpu_s']:.0f} s)",
            flush=True,
        )
        kept.write_text(json.dumps(answer))
    predictions: Sequence[float] = json.loads(kept.read_text())["predictions"]
    return predictions


def write_predictions(path: Path, ids: Sequence[str], runs: Mapping[int, Sequence[float]]) -> None:
    """As ``arms.external`` reads them."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["id", "seed", "prediction"])
        for seed, predictions in runs.items():
            writer.writerows((item, seed, prediction) for item, prediction in zip(ids, predictions, strict=True))


def arm_of(side: Side) -> str:
    """The name of theirs in the study."""
    return f"mmsa-{side}"


def _write_space(task: Task, name: str, arms: Mapping[Side, Path]) -> Path:
    space = {
        "study": f"peer-{name}",
        "description": f"{name} at its published settings beside MMSA's {PAIRS[name].theirs}",
        "data": {"path": task.data},
        "model": {"name": name, "preset": PUBLISHED, **({"patience": 1} if task.quick else {})},
        "arms": {"external": [{"arm": arm_of(side), "path": str(path.absolute())} for side, path in arms.items()]},
        "contrasts": [[name, arm_of(side)] for side in arms],
        "confirm": {"seeds": list(task.seeds)},
    }
    path = task.out / f"{name}.yaml"
    path.write_text(json.dumps(space))  # JSON is YAML
    return path


def read_verdict(name: str, results: pd.DataFrame, contrasts: pd.DataFrame, sides: Sequence[Side]) -> Learned:
    """From the tables of the report, against the side with the lower mean error."""
    errors = results[results["metric"] == METRIC].set_index("arm")["value"]
    by_side = {side: float(errors[arm_of(side)]) for side in sides}
    side = min(by_side, key=lambda each: by_side[each])
    ours_first = (contrasts["first"] == name) & (contrasts["second"] == arm_of(side)) & (contrasts["metric"] == METRIC)
    found = contrasts[ours_first].iloc[0]
    high = found["rerun_high"]
    return Learned(
        ours=float(errors[name]),
        theirs=by_side[side],
        side=side,
        difference=float(found["value"]),
        rerun_high=None if pd.isna(high) else float(high),
        by_side=by_side,
    )
