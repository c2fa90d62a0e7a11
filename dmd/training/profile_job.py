"""What a job will be, found by building it and training a few steps: its size, its parts, its pace."""

from __future__ import annotations

import hashlib
import itertools
import math
import time
from dataclasses import dataclass, replace

import torch

from dmd.data.dataset.batches import Batch, whole_batch
from dmd.data.dataset.dataset import Dataset
from dmd.dropout import SeededDropout
from dmd.job import Job
from dmd.kernels.allocator import keep_freed_memory
from dmd.modalities import Modality
from dmd.models.model import Model
from dmd.precision import float32_products
from dmd.registry import find_method
from dmd.settings import build_config, flatten
from dmd.training.config import TrainingConfig
from dmd.training.evaluate import predict
from dmd.training.label_units import label_unit
from dmd.training.modalities_read import modalities_read
from dmd.training.module_proofs import prove_module, require_finite
from dmd.training.run import JobSettings, count_parameters, make_model, split_settings
from dmd.training.sharing_proof import shares_batches
from dmd.training.step_groups import endless_batches, require_steps
from dmd.training.training_part import prepare_part
from dmd.training.turns import make_turns

LEAST_STEPS, MOST_STEPS, TIMED_S = 3, 30, 0.25
"""Timed steps, after a first one that is not: at least so many, and more until they took ``TIMED_S``. A step of a small
model is shorter than the pauses that a busy machine makes, and a mean over too few of them misses the pauses."""


@dataclass(frozen=True)
class JobFacts:
    """Facts of one job on this machine.

    Attributes:
        num_parameters: trainable scalars.
        modules: names of the direct submodules, in order.
        loss_terms: names of the terms that enter the loss.
        inputs: modalities that the model reads and that are not blank in its training part.
        shares_batches: whether loss and terms count a worker's part of a batch as a part (:mod:`dmd.batch_sharing`).
        epoch_s: seconds of one epoch, training and validation, from the mean of a few steps.
        overhead_s: seconds of a trial outside its epochs: building the model, cutting the data.
        max_epochs: the most epochs that it can run.
        patience: epochs without an improvement after which it ends early.
        trace: digest of predictions and losses of the first training steps: equal for two models that do the same.
    """

    num_parameters: int
    modules: tuple[str, ...]
    loss_terms: tuple[str, ...]
    inputs: tuple[Modality, ...]
    shares_batches: bool
    epoch_s: float
    overhead_s: float
    max_epochs: int
    patience: int
    trace: str = ""


def inspect_job(job: Job, dataset: Dataset, timed_s: float = TIMED_S) -> JobFacts:
    """Build the job's model and time a few of its training steps; nothing is kept.

    timed_s: seconds of steps after which no more are timed; who looks at many jobs gives each less.
    Raises InputError for settings or folds that break a rule.
    """
    torch.set_num_threads(job.num_threads)
    keep_freed_memory()
    settings = split_settings(job.model, job.settings)
    with float32_products(settings.training.precision):
        return _try_out(job, settings, dataset, timed_s)


def _try_out(job: Job, settings: JobSettings, dataset: Dataset, timed_s: float) -> JobFacts:
    training = settings.training
    began = time.perf_counter()
    parts = dataset.partition(job.fold, settings.inputs)
    model = make_model(job, settings, dataset)
    require_steps(training, len(parts.train), model.smallest_batch)
    whole = whole_batch(parts.train.inputs, parts.train.labels, job.device)
    train_part = prepare_part(whole, dataset.target, training)
    overhead_s = time.perf_counter() - began
    valid_part = whole_batch(parts.valid.inputs, device=job.device)
    if find_method(job.model).origin:
        # The package's own are proved by its tests.
        _prove(job, settings, dataset, train_part, valid_part)
    model.prepare_epoch(1, train_part)
    rehearsal = _rehearse(model, train_part, training, job, timed_s)
    started = time.perf_counter()
    predict(model, valid_part, label_unit(dataset.target))
    valid_s = time.perf_counter() - started
    return JobFacts(
        num_parameters=count_parameters(model),
        modules=tuple(name for name, module in model.parts().items() if any(True for _ in module.parameters())),
        loss_terms=rehearsal.terms,
        inputs=modalities_read(model, train_part),
        shares_batches=shares_batches(model, train_part),
        trace=rehearsal.trace,
        epoch_s=rehearsal.step_s * math.ceil(len(parts.train) / training.batch_size) + valid_s,
        overhead_s=overhead_s,
        max_epochs=training.max_epochs,
        patience=training.patience,
    )


def _prove(job: Job, settings: JobSettings, dataset: Dataset, train_part: Batch, valid_part: Batch) -> None:
    method = find_method(job.model)
    full = flatten(build_config(method.settings, settings.settings, method.name))
    prove_module(
        lambda: make_model(job, settings, dataset),
        [component for component in method.components if full.get(component.name)],
        train_part,
        valid_part,
        settings.training,
        job.seed,
    )


@dataclass(frozen=True)
class _Rehearsal:
    """What a few training steps were like."""

    terms: tuple[str, ...]
    step_s: float
    trace: str


def _rehearse(model: Model, part: Batch, training: TrainingConfig, job: Job, timed_s: float) -> _Rehearsal:
    """A few training steps with everything that the loop does in one."""
    turns = make_turns(model, training)
    terms: dict[str, None] = {}
    trace = hashlib.sha256()
    batches = endless_batches(part, training.batch_size, job.seed, model.smallest_batch)
    timed_from, num_timed = time.perf_counter(), 0
    for step, rows in enumerate(itertools.islice(batches, 1 + MOST_STEPS)):
        for place, turn in enumerate(turns):
            batch = replace(part.take(rows), epoch=1, phase=turn.phase)
            outputs = model(batch, SeededDropout(job.seed, step * len(turns) + place))
            if step == 0:
                require_finite(outputs, "the first training step")
            if outputs.loss is not None and outputs.loss.requires_grad and turn.optimiser is not None:
                turn.optimiser.zero_grad(set_to_none=True)
                torch.autograd.backward(outputs.loss)
                turn.optimiser.step()
            terms |= dict.fromkeys(outputs.terms)
            if step < LEAST_STEPS:
                for value in (outputs.prediction, outputs.loss):
                    if value is not None:
                        trace.update(value.detach().float().cpu().numpy().tobytes())
        if job.device == "cuda":
            torch.cuda.synchronize()
        if step == 0:
            # The first step allocates, and compiles what is compiled.
            timed_from = time.perf_counter()
            continue
        num_timed = step
        if num_timed >= LEAST_STEPS and time.perf_counter() - timed_from >= timed_s:
            break
    step_s = (time.perf_counter() - timed_from) / max(num_timed, 1)
    return _Rehearsal(tuple(terms), step_s, trace.hexdigest()[:12])
