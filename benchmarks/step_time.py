"""The cost of one full training step of DMD, in equivalents of a 1024-cube float32 matrix product.

    python -m benchmarks.step_time [--threads 1] [--device cpu|cuda] [--quick]

A step is forward, all losses, backward, clipping and Adam, at batch 16 with all components on, per preset; and once
more for the paper preset without the compiled passes (``dmd/kernels``), as on a machine without a C compiler. Steps
and products are interleaved in one run and compared by their medians, so that the figure depends little on how busy
the machine is. Full form: about a minute.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import torch

from dmd.data.dataset.batches import Batch
from dmd.declaration.dims import Dims
from dmd.dropout import SeededDropout
from dmd.kernels import native
from dmd.kernels.allocator import keep_freed_memory
from dmd.modalities import MODALITIES
from dmd.models.model import Model
from dmd.registry import build_model
from dmd.training.config import Clip
from dmd.training.optimiser import ClippedAdam
from dmd.training.run import split_settings

BATCH = 16
WARM_UP = 2
LEAST_S = 2.0
"""Seconds of steps that a median is taken over: of short steps, a few rounds would be over within one pause."""
Shape = tuple[tuple[int, int, int], tuple[int, int, int]]
SHAPES: dict[str, Shape] = {
    "aligned50": ((50, 50, 50), (768, 5, 20)),
    "context10": ((10, 10, 10), (100, 73, 100)),
}
UNALIGNED: Shape = ((50, 375, 500), (768, 5, 20))


def dims_of(shape: Shape) -> Dims:
    """The same as a model wants it."""
    steps, widths = shape
    return Dims(dict(zip(MODALITIES, widths, strict=True)), dict(zip(MODALITIES, steps, strict=True)))


def make_batch(shape: Shape, device: str) -> Batch:
    """Random full-length sequences with labels on the 0.2 grid."""
    steps, widths = shape
    generator = torch.Generator().manual_seed(0)
    pairs = list(zip(MODALITIES, steps, widths, strict=True))
    features = {m: torch.randn(BATCH, t, w, generator=generator).to(device) for m, t, w in pairs}
    lengths = {m: torch.full((BATCH,), t).to(device) for m, t, _ in pairs}
    return Batch(features, lengths, (torch.randint(-15, 16, (BATCH,), generator=generator) / 5).to(device))


def make_step(shape: Shape, device: str, preset: str = "paper") -> Callable[[int], None]:
    """A function that trains one step, given its number."""
    method = split_settings("dmd", {"preset": preset}).settings
    model = build_model("dmd", method, dims_of(shape), 0).to(device)
    return training_step(model, ClippedAdam(model.parameter_groups(1e-4), 0.0, Clip()), make_batch(shape, device))


def training_step(model: Model, optimiser: ClippedAdam, batch: Batch) -> Callable[[int], None]:
    """Forward, all losses, backward, clipping and Adam, always on the same batch."""

    def step(number: int) -> None:
        optimiser.zero_grad(set_to_none=True)
        loss = model(batch, SeededDropout(0, number)).loss
        assert loss is not None
        torch.autograd.backward(loss)
        optimiser.step()

    return step


def timed(action: Callable[[], object], device: str) -> float:
    """Seconds of one call, device work included."""
    started = time.perf_counter()
    action()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - started


def measure(shape: Shape, device: str, rounds: int, preset: str = "paper") -> float:
    """Median step time over median product time."""
    step = make_step(shape, device, preset)
    left, right = torch.randn(1024, 1024, device=device), torch.randn(1024, 1024, device=device)
    step_s: list[float] = []
    product_s: list[float] = []
    while len(step_s) < rounds + WARM_UP or sum(step_s) < LEAST_S:
        step_s.append(timed(lambda: step(len(step_s)), device))
        product_s.append(timed(lambda: left @ right, device))
    return statistics.median(step_s[WARM_UP:]) / statistics.median(product_s[WARM_UP:])


def measure_all(title: str, device: str, rounds: int, preset: str = "paper") -> dict[str, float]:
    """:func:`measure` at every shape, told as it goes."""
    figures = {}
    for name, shape in SHAPES.items():
        figures[name] = round(measure(shape, device, rounds, preset), 2)
        print(f"{title}, {name}: one step costs {figures[name]} products", flush=True)
    return figures


@contextlib.contextmanager
def without_compiled_passes() -> Iterator[None]:
    """What a step costs where no C compiler was at hand."""
    before, native.is_available = native.is_available, lambda: False
    try:
        yield
    finally:
        native.is_available = before


def unaligned_peak_mb() -> float:
    """Peak resident memory of a fresh process that trains three steps at the unaligned shape."""
    code = (
        "from benchmarks.step_time import UNALIGNED, make_step, peak_mb\n"
        "step = make_step(UNALIGNED, 'cpu')\n"
        "for number in range(3): step(number)\n"
        "print(peak_mb())"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    return float(done.stdout.splitlines()[-1])


def peak_mb() -> float:
    """Peak resident memory of this process so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--quick", action="store_true", help="fewer rounds: about half a minute")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    keep_freed_memory()  # as every trial does
    rounds = 8 if options.quick else 40
    figures = measure_all("paper preset", options.device, rounds)
    official = measure_all("official preset", options.device, rounds, "official")
    with without_compiled_passes():
        plain = measure_all("paper preset without compiled passes", options.device, rounds)
    device = torch.cuda.get_device_name() if options.device == "cuda" else "cpu"
    memory = {"unaligned": round(unaligned_peak_mb())}
    result = {"gemm_equivalents": figures, "peak_rss_mb": memory, "device": device}
    print(json.dumps(result | {"official": official, "without_compiled_passes": plain}))


if __name__ == "__main__":
    main()
