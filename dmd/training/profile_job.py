"""What a job will be, found by building it and training a few steps: its size, its parts, its pace."""

from __future__ import annotations

import itertools
import math
import time
from dataclasses import dataclass, replace

import torch

from dmd.data.dataset.batches import Batch, shuffled_batches, whole_batch
from dmd.data.dataset.dataset import Dataset
from dmd.dropout import SeededDropout, no_dropout
from dmd.job import Job
from dmd.kernels.allocator import keep_freed_memory
from dmd.modalities import Modality
from dmd.models.model import Model
from dmd.precision import float32_products
from dmd.training.config import TrainingConfig
from dmd.training.distributed.shard import Copies
from dmd.training.evaluate import predict
from dmd.training.label_units import label_unit
from dmd.training.loop import require_steps
from dmd.training.optimiser import ClippedAdam
from dmd.training.run import JobSettings, count_parameters, make_model, split_settings

LEAST_STEPS, MOST_STEPS, LEAST_S = 3, 30, 0.25
"""Timed steps, after a first one that is not: at least so many, and more until they took ``LEAST_S``. A step of a small
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


def inspect_job(job: Job, dataset: Dataset) -> JobFacts:
    """Build the job's model and time a few of its training steps; nothing is kept.

    Raises InputError for settings or folds that break a rule.
    """
    torch.set_num_threads(job.num_threads)
    keep_freed_memory()
    settings = split_settings(job.model, job.settings)
    with float32_products(settings.training.precision):
        return _try_out(job, settings, dataset)


def _try_out(job: Job, settings: JobSettings, dataset: Dataset) -> JobFacts:
    training = settings.training
    began = time.perf_counter()
    parts = dataset.partition(job.fold, settings.inputs)
    require_steps(training, len(parts.train))
    model = make_model(job, settings, dataset)
    unit = label_unit(dataset.scale)
    train_part = whole_batch(parts.train.inputs, parts.train.labels, job.device)
    train_part = replace(train_part, labels=unit.encode(torch.from_numpy(parts.train.labels).to(job.device)))
    overhead_s = time.perf_counter() - began
    model.prepare_epoch(1, train_part)
    terms, step_s = _time_steps(model, train_part, training, job)
    started = time.perf_counter()
    predict(model, whole_batch(parts.valid.inputs, device=job.device), unit)
    valid_s = time.perf_counter() - started
    return JobFacts(
        num_parameters=count_parameters(model),
        modules=tuple(name for name, module in model.parts().items() if any(True for _ in module.parameters())),
        loss_terms=terms,
        inputs=tuple(m for m in model.reads if bool(train_part.features[m].any())),
        shares_batches=_shares_batches(model, train_part.take(slice(0, 2))),
        epoch_s=step_s * math.ceil(len(parts.train) / training.batch_size) + valid_s,
        overhead_s=overhead_s,
        max_epochs=training.max_epochs,
        patience=training.patience,
    )


def _time_steps(model: Model, part: Batch, training: TrainingConfig, job: Job) -> tuple[tuple[str, ...], float]:
    """Names of the loss terms, and mean seconds of a training step with everything that the loop does in one."""
    groups = model.parameter_groups(training.learning_rate)
    is_trained = any(group.parameters for group in groups)
    optimiser = ClippedAdam(groups, training.weight_decay, training.clip) if is_trained else None
    terms: tuple[str, ...] = ()
    epochs = (shuffled_batches(part, training.batch_size, job.seed, epoch) for epoch in itertools.count(1))
    batches = itertools.islice(itertools.chain.from_iterable(epochs), 1 + MOST_STEPS)
    timed_from, num_timed = time.perf_counter(), 0
    for step, batch in enumerate(batches):
        outputs = model(batch, SeededDropout(job.seed, step))
        if outputs.loss is not None and outputs.loss.requires_grad and optimiser is not None:
            optimiser.zero_grad(set_to_none=True)
            torch.autograd.backward(outputs.loss)
            optimiser.step()
        terms = tuple(outputs.terms)
        if job.device == "cuda":
            torch.cuda.synchronize()
        if step == 0:
            # The first step allocates, and compiles what is compiled.
            timed_from = time.perf_counter()
            continue
        num_timed = step
        if num_timed >= LEAST_STEPS and time.perf_counter() - timed_from >= LEAST_S:
            break
    return terms, (time.perf_counter() - timed_from) / max(num_timed, 1)


def _shares_batches(model: Model, batch: Batch) -> bool:
    """Whether each of two workers that both have the whole batch gets half of the loss and of each of its terms."""
    with torch.no_grad():
        alone, shared = (model(part, no_dropout) for part in (batch, replace(batch, sharing=Copies(2))))
    pairs = [(alone.loss, shared.loss), *((term, shared.terms[name]) for name, term in alone.terms.items())]
    return all(
        torch.allclose(2 * half, whole, rtol=1e-3, atol=1e-6, equal_nan=True)
        for whole, half in pairs
        if whole is not None and half is not None
    )
