"""How long a report of many trials takes, and how much memory.

    python -m benchmarks.report_scale [--records 10000] [--profile] [--quick]

A study of 20 arms on 5 folds is made up: 19 arms searched at random over 8 parameters, every arm confirmed under 20
seeds, every trial with its epochs, every confirm trial with its predictions. Its records are written as a ledger with a
manifest, and a fresh process does what ``dmd-report`` does: it reads them and writes report, tables and figures. The
time of reading and of writing are told apart, with the processor time of both, which a busy machine does not change;
peak memory is of that process. ``--quick``: 3,000 records.
"""

from __future__ import annotations

import argparse
import cProfile
import io
import json
import math
import pstats
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from orchestration.ledger.events import Event, encode_event
from orchestration.ledger.file_names import LEDGER_FILE
from orchestration.ledger.recorded_study import read_directory
from orchestration.ledger.study_directory import Manifest, StudyDirectory
from orchestration.ledger.trial_json import trial_to_json
from orchestration.past_studies.write_report import write_studies
from reports.records.run_record import EpochPoint, Predictions, RunRecord, Value
from reports.records.serialise import record_to_json
from reports.records.study_description import ArmDescription, Contrast, PlannedCell, StudyDescription
from search_spaces.terms.trial import Cell, Trial

NUM_ARMS, NUM_FOLDS, NUM_SEEDS, NUM_EPOCHS, NUM_ITEMS = 20, 5, 20, 20, 750
METRICS = ("mae", "corr", "acc7", "acc5", "acc2_non0", "f1_non0", "acc2_has0", "f1_has0")
TERMS = ("loss", "task", "rec", "cyc", "mar", "ort", "dtl/homo/logit", "dtl/hetero/logit")
RANGES: Mapping[str, tuple[float, float]] = {
    "gamma": (0.01, 1.0),
    "lambda1": (0.01, 1.0),
    "lambda2": (0.005, 0.5),
    "alpha": (0.02, 0.5),
    "learning_rate": (1e-4, 3e-3),
    "dropout.output": (0.01, 0.5),
    "dropout.attention": (0.01, 0.5),
    "weight_decay": (1e-6, 1e-2),
}


def make_study(num_records: int) -> StudyDescription:
    """The description of the made-up study with about so many trials."""
    components = ("fd", "homo_gd", "ca", "hetero_gd")
    arms = [ArmDescription("full", "full model", "baseline", "dmd", dict.fromkeys(components, True))]
    for number in range(1, NUM_ARMS - 1):
        toggles = {name: bool(number >> place & 1) for place, name in enumerate(components)}
        arms.append(ArmDescription(f"arm{number}", f"arm {number}", "ablation", "dmd", toggles))
    arms.append(ArmDescription("ridge", "ridge", "model", "ridge", {}))
    seeds = list(range(1, NUM_SEEDS + 1))
    return StudyDescription(
        study="scale",
        arms=tuple(arms),
        baseline="full",
        contrasts=tuple(Contrast("full", arm.name) for arm in arms[1:8]),
        primary="mae",
        metrics=METRICS,
        planned=tuple(
            PlannedCell(arm.name, seed, 0, fold) for arm in arms for fold in range(NUM_FOLDS) for seed in seeds
        ),
        search={
            "scope": "per_arm",
            "searcher": "random",
            "scheduler": "none",
            "objective": "mae",
            "trials": trials_per_search(num_records),
            "parameters": {name: f"log-uniform in [{low}, {high}]" for name, (low, high) in RANGES.items()},
            "distributions": {name: {"log_uniform": [low, high]} for name, (low, high) in RANGES.items()},
        },
        confirm={"seeds": seeds, "top": 1},
        data={"name": "made-up", "num_items": NUM_ITEMS, "num_groups": 50, "official_split": False},
        provenance={"command_line": "dmd-search --space scale", "started": "2026-01-01T00:00:00+00:00"},
    )


def trials_per_search(num_records: int) -> int:
    """Search trials per arm and fold that bring the study to ``num_records``; ridge has no search."""
    confirmed = NUM_ARMS * NUM_FOLDS * NUM_SEEDS
    return max(1, (num_records - confirmed) // ((NUM_ARMS - 1) * NUM_FOLDS))


def make_trials(study: StudyDescription) -> Iterator[tuple[Trial, RunRecord]]:
    """Every trial of the study with its record: search trials of an arm and fold first."""
    random = np.random.default_rng(0)
    for arm in study.arms:
        for fold in range(NUM_FOLDS):
            cell, best = Cell(0, fold), (math.inf, dict[str, Value]())
            for _ in range(int(study.search["trials"]) if arm.role != "model" else 0):
                drawn: dict[str, Value] = {
                    name: float(np.exp(random.uniform(np.log(low), np.log(high))))
                    for name, (low, high) in RANGES.items()
                }
                trial = Trial(
                    arm=arm.name,
                    model=arm.model,
                    stage="search",
                    settings=drawn,
                    parameters=drawn,
                    seed=0,
                    cell=cell,
                    context="scale",
                )
                level = 0.9 + 0.05 * fold + 0.1 * abs(math.log10(float(drawn["gamma"])) + 1)
                record = make_record(study, trial, level + 0.03 * random.standard_normal(), random)
                best = min(best, (record.valid["mae"], drawn), key=lambda pair: pair[0])
                yield trial, record
            for seed in range(1, NUM_SEEDS + 1):
                trial = Trial(
                    arm=arm.name,
                    model=arm.model,
                    stage="confirm",
                    settings=best[1],
                    parameters=best[1],
                    seed=seed,
                    cell=cell,
                    context="scale",
                )
                yield trial, make_record(study, trial, 0.95 + 0.05 * fold + 0.03 * random.standard_normal(), random)


def make_record(study: StudyDescription, trial: Trial, mae: float, random: np.random.Generator) -> RunRecord:
    """A completed trial with validation error ``mae`` and all that a real one carries."""
    shares = dict.fromkeys(METRICS[1:], 0.7 - mae / 5)
    scores = {"mae": mae, **shares}
    epochs = tuple(
        EpochPoint(
            epoch,
            {f"valid/{name}": value + 0.2 / epoch for name, value in scores.items()}
            | {f"train/{term}": 1 / epoch for term in TERMS},
        )
        for epoch in range(1, NUM_EPOCHS + 1)
    )
    is_confirm = trial.stage == "confirm"
    return RunRecord(
        study=study.study,
        trial_id=trial.id,
        configuration_id=trial.configuration_id,
        arm=trial.arm,
        model=trial.model,
        stage=trial.stage,
        status="completed",
        seed=trial.seed,
        repeat=0,
        fold=trial.cell.fold,
        parameters=dict(trial.parameters),
        settings=dict(trial.settings),
        valid=scores,
        test={**scores, "mae": mae + 0.03} if is_confirm else None,
        fallback_test={"mae": 1.4, **dict.fromkeys(METRICS[1:], 0.2)} if is_confirm else None,
        best_epoch=NUM_EPOCHS,
        num_epochs=NUM_EPOCHS,
        num_parameters=1_000_000,
        num_train=450,
        num_valid=150,
        num_test=150,
        duration_s=30.0,
        device="cpu",
        epochs=epochs,
        predictions=make_predictions(int(trial.cell.fold or 0), mae, random) if is_confirm else None,
    )


def make_predictions(fold: int, mae: float, random: np.random.Generator) -> Predictions:
    """Predictions of the 150 items of a fold, off by about ``mae``."""
    names = [f"video{fold * 10 + place // 15}$_${place}" for place in range(NUM_ITEMS // NUM_FOLDS)]
    labels = np.random.default_rng(fold).uniform(-3, 3, len(names)).astype(np.float32)
    values = (labels + mae * random.standard_normal(len(names))).astype(np.float32)
    return Predictions(tuple(names), tuple(name.split("$_$")[0] for name in names), labels, values)


def write_study(directory: Path, num_records: int) -> int:
    """Manifest and ledger of the made-up study; returns how many trials it has."""
    directory.mkdir(parents=True, exist_ok=True)
    study = make_study(num_records)
    StudyDirectory(directory).write_manifest(Manifest(study, {}, {}))
    seq, written = 1, 0
    with (directory / LEDGER_FILE).open("wb") as ledger:
        ledger.write(encode_event(Event(seq, 0, "start", {"study": study.study})))
        for trial, record in make_trials(study):
            payload = record_to_json(record)
            events: list[tuple[str, dict[str, object]]] = [("ask", {"trial": trial_to_json(trial)}), ("attempt", {})]
            events += [("report", {**epoch, "duration_s": 1.0}) for epoch in payload["epochs"]]
            events.append(("tell", {"record": payload}))
            for kind, data in events:
                seq += 1
                ledger.write(encode_event(Event(seq, seq, kind, {"trial_id": trial.id, **data})))  # type: ignore[arg-type]
            written += 1
    return written


def measure(directory: Path, is_profiled: bool) -> dict[str, float]:
    """Read the study and write its report, as ``dmd-report`` does."""
    started, cpu_started = time.perf_counter(), time.process_time()
    study = read_directory(directory)
    read_s = time.perf_counter() - started
    profile = cProfile.Profile()
    if is_profiled:
        profile.enable()
    write_studies([study], directory, {})
    profile.disable()
    if is_profiled:
        print(where_time_goes(profile), file=sys.stderr)
    peak_mb = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    write_s = time.perf_counter() - started - read_s
    cpu_s = time.process_time() - cpu_started
    return {"records": len(study.records), "read_s": read_s, "write_s": write_s, "cpu_s": cpu_s, "peak_rss_mb": peak_mb}


def where_time_goes(profile: cProfile.Profile) -> str:
    """The 40 functions of the product with the most time in and below them."""
    text = io.StringIO()
    pstats.Stats(profile, stream=text).sort_stats("cumulative").print_stats(r"/(reports|orchestration)/", 40)
    return text.getvalue()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--records", type=int, default=10_000)
    parser.add_argument("--quick", action="store_true", help="3,000 records")
    parser.add_argument("--profile", action="store_true", help="say where the time of writing goes (and take longer)")
    parser.add_argument("--measure", type=Path, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.measure is not None:
        print(json.dumps(measure(options.measure, options.profile)))
        return
    with tempfile.TemporaryDirectory() as folder:
        written = write_study(Path(folder), 3_000 if options.quick else options.records)
        print(f"{written} trials in {Path(folder, LEDGER_FILE).stat().st_size / 1e6:.0f} MB of ledger", flush=True)
        command = [sys.executable, "-m", "benchmarks.report_scale", "--measure", folder]
        child = subprocess.run(
            command + (["--profile"] if options.profile else []), check=True, stdout=subprocess.PIPE, text=True
        )
        found = json.loads(child.stdout.splitlines()[-1])
    print(
        json.dumps(
            {
                "records": found["records"],
                "seconds": round(found["read_s"] + found["write_s"], 2),
                "read_s": round(found["read_s"], 2),
                "write_s": round(found["write_s"], 2),
                "cpu_s": round(found["cpu_s"], 2),
                "peak_rss_mb": round(found["peak_rss_mb"]),
            }
        )
    )


if __name__ == "__main__":
    main()
