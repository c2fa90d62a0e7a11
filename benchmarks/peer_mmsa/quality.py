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
from benchmarks.peer_mmsa.worker.conversion import SIDES, Side
from benchmarks.zoo.steps import PUBLISHED
from dmd.data.dataset.dataset import Dataset
from dmd.data.dataset.input_config import InputConfig
from dmd.data.samples.samples import Inputs
from dmd.job import FoldRef
from dmd.modalities import MODALITIES

METRIC = "mae"
SEQUENCES = "sequences"
"""Of an arm of theirs whose audio and vision are not averaged over time, padded on the left."""


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
        sides: of padding, that theirs is trained with; a method that is compared on another side alone is still so.
    """

    data: str
    data_dir: Path | None
    dataset: Dataset
    seeds: Sequence[int]
    out: Path
    quick: bool
    sides: tuple[Side, ...] = SIDES


@dataclass(frozen=True)
class Against:
    """Test MAE of an arm of theirs on the official split, over the seeds.

    Attributes:
        theirs: its own.
        difference: ours minus that.
        rerun_high: upper end of its 95% interval for new seeds; None with one seed.
    """

    theirs: float
    difference: float
    rerun_high: float | None


@dataclass(frozen=True)
class Learned:
    """Test MAE on the official split, over the seeds.

    Attributes:
        ours: the one that the others are held against.
        side: the padding that serves theirs best.
        by_side: theirs at its published configuration.
        as_sequences: theirs with audio and vision that are not averaged over time; None: not trained.
    """

    ours: float
    side: Side
    by_side: Mapping[Side, Against]
    as_sequences: Against | None = None

    @property
    def best(self) -> Against:
        """Theirs on the side that serves it best: the one of the verdict."""
        return self.by_side[self.side]


def compare(task: Task, peer: Peer, name: str) -> Learned:
    """Train both sides, and have the product judge. Raises PeerFailed and StudyError."""
    task.out.mkdir(parents=True, exist_ok=True)
    parts = task.out / "parts.npz"
    ids = write_parts(task.dataset, parts)
    arms: dict[str, Path] = {}
    sides = sides_of(name, task.sides)
    for variant in (*sides, SEQUENCES) if PAIRS[name].as_sequences else sides:
        arms[variant] = task.out / f"{name}-{variant}.csv"
        runs = {
            seed: _train_theirs(task=task, peer=peer, name=name, variant=variant, seed=seed, parts=parts)
            for seed in task.seeds
        }
        write_predictions(arms[variant], ids, runs)
    study = dmd_search.run(
        _write_space(task, name, arms), data_dir=task.data_dir, out=task.out / "studies", executor="inline"
    )
    return read_verdict(name, study.results(), study.contrasts(), sides)


def sides_of(name: str, wanted: Sequence[Side]) -> tuple[Side, ...]:
    """The wanted ones among those that a method is compared on; all of these where it is compared on no other."""
    own = PAIRS[name].sides
    return tuple(side for side in own if side in wanted) or own


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


def _train_theirs(task: Task, peer: Peer, name: str, variant: str, seed: int, parts: Path) -> Sequence[float]:
    kept = task.out / f"{name}-{variant}-{seed}{'-quick' if task.quick else ''}.json"
    if not kept.exists():
        changes: dict[str, Any] = {"early_stop": 1} if task.quick else {}
        side = variant
        if variant == SEQUENCES:
            changes["need_normalized"] = False
            side = "left"
        answer = peer.ask(
            "train",
            method=PAIRS[name].theirs,
            side=side,
            seed=seed,
            parts=str(parts.absolute()),
            changes=changes,
        )
        print(
            f"{name}, MMSA's {PAIRS[name].theirs} ({variant}), seed {seed}: validation MAE {answer['valid_mae']:.4f} "
            f"({answer['cpu_s']:.0f} s)",
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


def arm_of(variant: str) -> str:
    """The name of theirs in the study."""
    return f"mmsa-{variant}"


def _write_space(task: Task, name: str, arms: Mapping[str, Path]) -> Path:
    space = {
        "study": f"peer-{name}",
        "description": f"{name} at its published settings beside MMSA's {PAIRS[name].theirs}",
        "data": {"path": task.data},
        "model": {"name": name, "preset": PUBLISHED, **({"patience": 1} if task.quick else {})},
        "arms": {"external": [{"arm": arm_of(each), "path": str(path.absolute())} for each, path in arms.items()]},
        "contrasts": [[name, arm_of(each)] for each in arms],
        "confirm": {"seeds": list(task.seeds)},
    }
    path = task.out / f"{name}.yaml"
    path.write_text(json.dumps(space))  # JSON is YAML
    return path


def read_verdict(name: str, results: pd.DataFrame, contrasts: pd.DataFrame, sides: Sequence[Side]) -> Learned:
    """From the tables of the report."""
    errors = results[results["metric"] == METRIC].set_index("arm")["value"]
    ours_first = contrasts[(contrasts["first"] == name) & (contrasts["metric"] == METRIC)]

    def against(variant: str) -> Against:
        found = ours_first[ours_first["second"] == arm_of(variant)].iloc[0]
        high = found["rerun_high"]
        return Against(float(errors[arm_of(variant)]), float(found["value"]), None if pd.isna(high) else float(high))

    by_side = {side: against(side) for side in sides}
    side = min(by_side, key=lambda each: by_side[each].theirs)
    as_sequences = against(SEQUENCES) if PAIRS[name].as_sequences else None
    return Learned(float(errors[name]), side, by_side, as_sequences)
