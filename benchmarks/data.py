"""Data at full size: a generated file as large as unaligned MOSEI is converted and trained on by workers that map it.

``python -m benchmarks.data [--quick] [--scratch DIR]``. Needs twice 8.5 GB of disk in full, 0.4 GB with ``--quick``.

Memory is read from ``/proc/<pid>/smaps_rollup`` every 50 ms. *Private*: pages that no other process has, of files too.
*Beyond the model*: each worker first runs a whole trial of the median predictor, which opens the data, standardises the
fold, and reads every clip of every part in batches, with a model of no size: its private peak, minus what the process
had before. Then it does a few steps of DMD, whose private peak stands beside that of the same steps on a few clips in
memory.
"""

from __future__ import annotations

import argparse
import itertools
import json
import multiprocessing
import shutil
import subprocess
import sys
import tempfile
import threading
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

SPLITS = {"train": 16326, "valid": 1871, "test": 4659}
FEATURES = {"text": (50, 768), "audio": (500, 74), "vision": (500, 35)}
"""Steps and width of each modality: 92,900 values per clip."""
BLOCK, FEW = 128, 64
QUICK_SHARE = 1 / 50
PRIVATE = ("Private_Clean", "Private_Dirty")


@dataclass(frozen=True)
class Task:
    """What a worker does. steps: of training. runs_trial: whether it runs a whole trial before."""

    data: str
    steps: int
    runs_trial: bool


class Watch:
    """The largest sum of some fields of a process's memory, in MB, while the context lasts."""

    def __init__(self, pid: int | str = "self", *fields: str) -> None:
        self._path = Path(f"/proc/{pid}/smaps_rollup")
        self._fields = fields or PRIVATE
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.peak_mb = 0.0

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._is_over.set()
        self._thread.join()

    def _look(self) -> None:
        while True:
            try:
                self.peak_mb = max(self.peak_mb, _read_mb(self._path, self._fields))
            except OSError:
                return
            if self._is_over.wait(0.05):
                return


def private_mb() -> float:
    """Private memory of this process now."""
    return _read_mb(Path("/proc/self/smaps_rollup"), PRIVATE)


def _read_mb(path: Path, fields: tuple[str, ...]) -> float:
    lines = path.read_text().splitlines()[1:]
    sizes = {name: int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in lines)}
    return sum(sizes[field] for field in fields) / 1024


def write_file(path: Path, sizes: Mapping[str, int]) -> None:
    """An ``.npz`` file of noise with the shapes and splits of MOSEI, right-padded, written block by block."""
    generator = np.random.default_rng(0)
    noise = {key: generator.standard_normal((BLOCK, *shape), np.float32) for key, shape in FEATURES.items()}
    with zipfile.ZipFile(path, "w", zipfile.ZIP_STORED) as archive:
        for split, n in sizes.items():
            lengths = {
                key: generator.integers(max(shape[0] // 10, 1), shape[0] + 1, n) for key, shape in FEATURES.items()
            }
            small: dict[str, Any] = {f"{key}_lengths": lengths[key] for key in FEATURES}
            small["labels"] = generator.integers(-9, 10, n).astype(np.float32) / 3
            small["id"] = np.array([f"{split}{row // 7}$_${row % 7}" for row in range(n)])
            for key, values in small.items():
                with archive.open(f"{split}/{key}.npy", "w") as member:
                    np.lib.format.write_array(member, values, allow_pickle=False)
            for key, shape in FEATURES.items():
                with archive.open(f"{split}/{key}.npy", "w", force_zip64=True) as member:
                    header = {"descr": "<f4", "fortran_order": False, "shape": (n, *shape)}
                    np.lib.format.write_array_header_1_0(member, header)
                    for block in _blocks(noise[key], lengths[key], generator):
                        member.write(block.data)


def _blocks(noise: Any, lengths: Any, generator: np.random.Generator) -> Iterator[Any]:
    for start in range(0, len(lengths), BLOCK):
        these = lengths[start : start + BLOCK]
        block = noise[: len(these)] * generator.uniform(0.5, 2, (len(these), 1, 1)).astype(np.float32)
        block[np.arange(block.shape[1]) >= these[:, None]] = 0
        yield block


def work(task: Task, results: Any) -> None:
    """Train a few steps, perhaps run a whole trial; put what it took on the queue ``results``."""
    from dmd.data.formats.load import open_dataset
    from dmd.job import FoldRef, Job
    from dmd.training.run import run_job

    took: dict[str, float] = {}
    if task.runs_trial:
        before_mb = private_mb()
        started = time.perf_counter()
        with Watch() as watch:
            dataset = open_dataset(task.data, verify=False)
            run_job(Job("median", {"max_epochs": 1}, 0, FoldRef(), scores_test=True), dataset, lambda report: True)
        took |= {"trial_s": time.perf_counter() - started, "beyond_mb": watch.peak_mb - before_mb}
    with Watch() as watch:
        took["step_s"] = _train_steps(open_dataset(task.data, verify=False), task.steps)
    took["private_mb"] = watch.peak_mb
    results.put(took)


def _train_steps(dataset: Any, steps: int) -> float:
    """Seconds of a step of DMD with batches of 16, after the first."""
    import torch

    from dmd.data.dataset.batches import shuffled_batches, whole_batch
    from dmd.dropout import SeededDropout
    from dmd.job import FoldRef, Job
    from dmd.training.run import make_model, split_settings

    torch.set_num_threads(1)
    job = Job("dmd", {"batch_size": 16}, 0, FoldRef())
    settings = split_settings(job.model, job.settings)
    parts = dataset.partition(job.fold, settings.inputs)
    model = make_model(job, settings, dataset)
    part = whole_batch(parts.train.inputs, parts.train.labels)
    optimiser = torch.optim.Adam(model.parameters(), fused=True)
    batches = itertools.chain.from_iterable(shuffled_batches(part, 16, 0, epoch) for epoch in itertools.count(1))
    times = []
    for step, batch in enumerate(itertools.islice(batches, steps)):
        started = time.perf_counter()
        outputs = model(batch, SeededDropout(0, step))
        optimiser.zero_grad(set_to_none=True)
        assert outputs.loss is not None
        torch.autograd.backward(outputs.loss)
        optimiser.step()
        times.append(time.perf_counter() - started)
    return float(np.mean(times[1:]))


def in_processes(tasks: list[Task]) -> list[dict[str, float]]:
    """What each task took, all of them at the same time in processes of their own."""
    context = multiprocessing.get_context("spawn")
    results = context.Queue()
    processes = [context.Process(target=work, args=(task, results)) for task in tasks]
    for process in processes:
        process.start()
    took = [results.get() for _ in processes]
    for process in processes:
        process.join()
    return took


def convert(source: Path, target: Path) -> dict[str, float]:
    """Seconds and peak memory of ``dmd-data convert``: anonymous, which is no page of a file."""
    started = time.perf_counter()
    command = [
        sys.executable,
        "-c",
        "from orchestration.cli.entry_points import data; data()",
        "convert",
        source,
        target,
    ]
    process = subprocess.Popen(list(map(str, command)), stdout=subprocess.DEVNULL)
    with Watch(process.pid, "Anonymous") as watch:
        code = process.wait()
    if code:
        raise SystemExit(f"dmd-data convert ended with {code}")
    return {"convert_s": time.perf_counter() - started, "convert_anonymous_mb": watch.peak_mb}


def measure(folder: Path, sizes: Mapping[str, int], num_workers: int, steps: int, say: Callable[[str], None]) -> Any:
    """Everything, in ``folder``: the figures by name."""
    source, mapped, few = folder / "full.npz", folder / "full", folder / "few.npz"
    say(f"writing {sum(sizes.values())} clips")
    write_file(source, sizes)
    write_file(few, dict.fromkeys(sizes, FEW))
    size = source.stat().st_size
    say(f"converting {size / 1e9:.2f} GB")
    converted = convert(source, mapped)
    source.unlink()
    say(f"converted in {converted['convert_s']:.0f} s; training on {FEW} clips for reference")
    (reference,) = in_processes([Task(str(few), steps, False)])
    say(f"training in {num_workers} workers")
    took = in_processes([Task(str(mapped), steps, True)] * num_workers)
    return {
        "clips": sum(sizes.values()),
        "gigabytes": size / 1e9,
        **converted,
        "workers": num_workers,
        "steps": steps,
        "step_s": max(one["step_s"] for one in took),
        "step_in_memory_s": reference["step_s"],
        "trial_s": max(one["trial_s"] for one in took),
        "dmd_private_mb": max(one["private_mb"] for one in took),
        "dmd_on_few_clips_private_mb": reference["private_mb"],
        "beyond_model_mb": max(one["beyond_mb"] for one in took),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a fiftieth of the clips")
    parser.add_argument("--scratch", type=Path, help="where the files go for the time of the run")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--steps", type=int, default=2)
    options = parser.parse_args()
    share = QUICK_SHARE if options.quick else 1.0
    sizes = {split: int(n * share) for split, n in SPLITS.items()}
    folder = Path(tempfile.mkdtemp(prefix="dmd-benchmark-", dir=options.scratch))
    try:
        figures = measure(folder, sizes, options.workers, options.steps, lambda text: print(text, file=sys.stderr))
    finally:
        shutil.rmtree(folder)
    print(json.dumps({name: round(value, 3) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
