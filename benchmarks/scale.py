"""How far one driver reaches: 100,000 simulated trials on 1,000 virtual devices.

    python -m benchmarks.scale [--arms 200] [--trials 500] [--devices 1000] [--searcher tpe] [--out DIR] [--quick]

Only the training is simulated: trials follow learning curves recorded in a real study (``recorded_curves.csv``: the
study ``mosi-ablation`` at commit 1f5dca2; they stay while that study is repeated), moved by their parameters and by
noise, on a virtual clock on which an epoch takes 20 to 40 seconds. Searchers, stopping rules (ASHA), driver and
ledger are the product's, on this machine's clock; so is the report. Each arm has ``trials`` trials, five of them on
fresh seeds. Full form: about twelve minutes of a free core and 250 MB of ledger; ``TMPDIR=/dev/shm`` leaves out what
a disk takes to make endings durable.

Idle while work remains: work remains from the first trial until the last one of the study has been given out, the
confirm trials of every winner included. Until then every device without a trial is idle, whatever the reason: also
where all searches have used up their budgets and no arm knows its winner yet. Afterwards devices run out of work, as
they must, and are not counted. The virtual clock stands still while the driver works; the share of its time that the
driver would have taken is printed beside it.

The last line is JSON. driver_ms_per_trial: time of the driver over trials. last_to_first: of the last tenth of the
trials over the first, in processor time, which other work on the machine does not change. idle_share: idle device time
over all device time while work remains. rss_mb: peak of the driver. report_s: to read the ledger and write the report,
in a process of its own; null with ``--no-report``.
"""

from __future__ import annotations

import argparse
import csv
import heapq
import json
import math
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np

from benchmarks.report_scale import RANGES, make_study
from dmd.job import EpochReport, JobResult
from orchestration.driver.driver import Driver, StudyPlan
from orchestration.driver.endings import ending_of_result
from orchestration.executors.protocol import FileProvider, RunTrial, TrialRunner
from orchestration.ledger.file_names import LEDGER_FILE
from orchestration.ledger.ledger import Ledger
from orchestration.ledger.study_directory import Manifest, StudyDirectory
from orchestration.process.interruption import Interruption
from orchestration.search.objective import Objective
from orchestration.search.optuna_search import SearchedSource, SearchPlan
from orchestration.search.samplers import SearcherName
from orchestration.search.stopping.by_arm import make_stopping
from orchestration.search.study_source import ArmFold, StudySource
from reports.records.study_description import ArmDescription, Contrast, PlannedCell, StudyDescription
from search_spaces.schema.distributions import LogUniform
from search_spaces.schema.schedulers import Scheduler
from search_spaces.terms.trial import Cell, Trial, Value

CURVES = Path(__file__).parent / "recorded_curves.csv"
METRICS = ("mae", "corr")
NUM_SEEDS = 5
SEARCHED = ("gamma", "lambda1", "learning_rate")


def read_curves() -> list[list[float]]:
    """Validation error by epoch of every arm of the recorded study, ridge left out."""
    curves: dict[str, list[float]] = {}
    with CURVES.open(newline="") as file:
        for row in csv.DictReader(file):
            if row["arm"] != "ridge":
                curves.setdefault(row["arm"], []).append(float(row["mean"]))
    return list(curves.values())


class SimulatedExecutor:
    """An :class:`orchestration.executors.protocol.Executor` without training: a heap of what happens when.

    idle_s, busy_s: virtual device seconds while trials remained to be given out. now_s: the virtual clock. ended_s:
    processor time at each ending.
    """

    def __init__(self, num_devices: int, curves: list[list[float]]) -> None:
        self._num_devices = num_devices
        self._curves = curves
        self.idle_s = self.busy_s = self.now_s = 0.0
        self.ended_s: list[float] = []

    def run(self, driver: Driver, runner: TrialRunner, interruption: Interruption) -> None:
        number = 0
        # (when its next epoch ends, order of start, trial, its epochs, how many have ended)
        happening: list[tuple[float, int, Trial, list[EpochReport], int]] = []
        while True:
            while len(happening) < self._num_devices and (trial := driver.next_trial()) is not None:
                number += 1
                epochs = simulate(trial, self._curves)
                heapq.heappush(happening, (self.now_s + epochs[0].duration_s, number, trial, epochs, 0))
            if not happening:
                return
            then, order, trial, epochs, place = heapq.heappop(happening)
            if not driver.has_all_given_out:
                self.busy_s += (then - self.now_s) * (len(happening) + 1)
                self.idle_s += (then - self.now_s) * (self._num_devices - len(happening) - 1)
            self.now_s, place = then, place + 1
            goes_on = driver.on_epoch(trial, epochs[place - 1]) == "continue"
            if goes_on and place < len(epochs):
                heapq.heappush(happening, (self.now_s + epochs[place].duration_s, order, trial, epochs, place))
            else:
                driver.on_end(trial, ending_of_result(result_of(trial, tuple(epochs[:place]), goes_on)))
                self.ended_s.append(time.process_time())


def simulate(trial: Trial, curves: list[list[float]]) -> list[EpochReport]:
    """The epochs of a trial: its arm's recorded curve, moved by its parameters, its seed and noise."""
    random = np.random.default_rng(int(trial.id, 16))
    curve = curves[int(trial.arm.removeprefix("arm")) % len(curves)]
    rate = math.log10(float(trial.settings["learning_rate"]) / 1e-3)
    offset = (
        0.05 * rate**2 + 0.02 * abs(math.log10(float(trial.settings["gamma"])) + 1) + 0.01 * random.standard_normal()
    )
    epoch_s = float(random.uniform(20, 40))
    reports = []
    for number, error in enumerate(curve, start=1):
        error += offset + 0.01 * random.standard_normal()
        metrics = {"valid/mae": error, "valid/corr": 1 - error / 2, "train/loss": error + 1 / number}
        reports.append(EpochReport(number, metrics, epoch_s))
    return reports


def result_of(trial: Trial, epochs: tuple[EpochReport, ...], is_final: bool) -> JobResult:
    """What the training would have returned; details and predictions are left out."""
    best = min(epochs, key=lambda report: report.metrics["valid/mae"])
    valid = {name: best.metrics[f"valid/{name}"] for name in METRICS}
    is_scored = is_final and trial.stage == "confirm"
    return JobResult(
        stopped=not is_final,
        best_epoch=best.epoch,
        epochs=epochs,
        valid=valid,
        test=valid if is_scored else None,
        fallback_test={"mae": 1.4, "corr": 0.0} if is_scored else None,
        test_predictions=None,
        num_parameters=1_000_000,
        num_train=450,
        num_valid=150,
        num_test=150,
        duration_s=sum(report.duration_s for report in epochs),
    )


def make_source(num_arms: int, num_trials: int, searcher: SearcherName) -> StudySource:
    """One search per arm, and the confirm trials of each winner."""
    distributions = {name: LogUniform(*RANGES[name]) for name in SEARCHED}

    def arm_fold(arm: str) -> ArmFold:
        def make_trial(parameters: Mapping[str, Value]) -> Trial:
            return Trial(arm, "dmd", "search", dict(parameters), dict(parameters), 0, Cell(), "scale")

        plan = SearchPlan(
            arm=arm,
            cell=Cell(),
            searcher=searcher,
            distributions=distributions,
            objective=Objective("mae"),
            num_trials=num_trials - NUM_SEEDS,
            study_seed=0,
            make_trial=make_trial,
        )
        return ArmFold(arm, Cell(), SearchedSource(plan))

    def confirm(arm: str, cell: Cell, parameters: Mapping[str, Value]) -> list[Trial]:
        chosen = dict(parameters)
        return [Trial(arm, "dmd", "confirm", chosen, chosen, seed, cell, "scale") for seed in range(1, NUM_SEEDS + 1)]

    return StudySource([arm_fold(f"arm{number}") for number in range(num_arms)], confirm, Objective("mae"))


def describe(num_arms: int, num_trials: int, searcher: str) -> StudyDescription:
    """What the report is told of the study."""
    arms = [ArmDescription(f"arm{number}", f"arm {number}", "ablation", "dmd", {}) for number in range(num_arms)]
    arms[0] = replace(arms[0], role="baseline")
    known = make_study(3_000)
    search = {
        **known.search,
        "searcher": searcher,
        "scheduler": "asha",
        "trials": num_trials - NUM_SEEDS,
        "parameters": {name: known.search["parameters"][name] for name in SEARCHED},
        "distributions": {name: known.search["distributions"][name] for name in SEARCHED},
    }
    seeds = list(range(1, NUM_SEEDS + 1))
    return replace(
        known,
        arms=tuple(arms),
        baseline="arm0",
        contrasts=tuple(Contrast("arm0", arm.name) for arm in arms[1:8]),
        metrics=METRICS,
        planned=tuple(PlannedCell(arm.name, seed, 0, None) for arm in arms for seed in seeds),
        search=search,
        confirm={"seeds": seeds, "top": 1},
        data={"name": "made-up", "num_items": 150, "num_groups": 10, "official_split": True},
    )


def drive(
    directory: Path, num_arms: int, num_trials: int, num_devices: int, searcher: SearcherName
) -> dict[str, float]:
    """The whole study; its directory then holds what a report needs."""
    curves = read_curves()
    StudyDirectory(directory).write_manifest(Manifest(describe(num_arms, num_trials, searcher), {}, {}))
    stopping = make_stopping(Scheduler("asha"), "minimize", max(len(curve) for curve in curves))
    plan = StudyPlan("scale", make_source(num_arms, num_trials, searcher), stopping, Objective("mae"))
    executor = SimulatedExecutor(num_devices, curves)
    began, cpu_began = time.perf_counter(), time.process_time()
    with Ledger(directory) as ledger:
        driver = Driver(plan, ledger, lambda event: None)
        executor.run(driver, _NoRunner(), Interruption())
        size = ledger.length
    took, cpu_s, ends = time.perf_counter() - began, time.process_time() - cpu_began, executor.ended_s
    # The first endings wait for the devices to fill: the first tenth begins with the second one-hundredth.
    tenth, skipped = len(ends) // 10, len(ends) // 100
    first, last = ends[skipped + tenth] - ends[skipped], ends[-1] - ends[-1 - tenth]
    return {
        "trials": len(ends),
        "driver_ms_per_trial": took / len(ends) * 1e3,
        "driver_s": took,
        "driver_cpu_s": cpu_s,
        "virtual_s": executor.now_s,
        "last_to_first": last / first,
        "idle_share": executor.idle_s / (executor.idle_s + executor.busy_s),
        "rss_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "ledger_mb": size / 1e6,
    }


def describe_drive(found: Mapping[str, float]) -> str:
    """What the last line has no room for."""
    return (
        f"driver: {found['driver_s']:.0f} s ({found['driver_cpu_s']:.0f} s of processor time) for "
        f"{found['virtual_s'] / 3600:.2f} h on the virtual clock, {found['driver_s'] / found['virtual_s']:.1%} of it; "
        f"{found['ledger_mb']:.0f} MB in {LEDGER_FILE}"
    )


def measure_report(directory: Path) -> float:
    """Seconds until the report of the study is written, by a process of its own."""
    command = [sys.executable, "-m", "benchmarks.report_scale", "--measure", str(directory)]
    child = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True)
    found = json.loads(child.stdout.splitlines()[-1])
    print(
        f"report: {found['read_s']:.1f} s to read, {found['write_s']:.1f} s to write ({found['cpu_s']:.1f} s of "
        f"processor time), peak {found['peak_rss_mb']:.0f} MB",
        flush=True,
    )
    return round(float(found["read_s"]) + float(found["write_s"]), 1)


class _NoRunner:
    """Nothing is trained."""

    def open(self, provider: FileProvider | None = None) -> RunTrial:
        raise AssertionError("simulated trials have no workers")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--arms", type=int, default=200)
    parser.add_argument("--trials", type=int, default=500, help="of each arm, five of them on fresh seeds")
    parser.add_argument("--devices", type=int, default=1_000)
    parser.add_argument("--searcher", choices=("tpe", "random"), default="tpe")
    parser.add_argument("--no-report", action="store_true")
    parser.add_argument("--quick", action="store_true", help="20 arms of 60 trials on 100 devices")
    parser.add_argument("--out", type=Path, help="keep ledger and report there; otherwise both are deleted")
    options = parser.parse_args()
    arms, trials, devices = (20, 60, 100) if options.quick else (options.arms, options.trials, options.devices)
    with ExitStack() as stack:
        folder = options.out or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        if (folder / LEDGER_FILE).exists():
            parser.error(f"--out {folder}: holds a ledger already; name a new directory")
        folder.mkdir(parents=True, exist_ok=True)
        found = drive(folder, arms, trials, devices, options.searcher)
        print(describe_drive(found), flush=True)
        report_s = None if options.no_report else measure_report(folder)
    print(
        json.dumps(
            {
                "trials": int(found["trials"]),
                "devices": devices,
                "driver_ms_per_trial": round(found["driver_ms_per_trial"], 2),
                "last_to_first": round(found["last_to_first"], 2),
                "idle_share": round(found["idle_share"], 4),
                "rss_mb": round(found["rss_mb"]),
                "report_s": report_s,
            }
        )
    )


if __name__ == "__main__":
    main()
