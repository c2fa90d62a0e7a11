"""What a job will be, found by building it and running a few batches: its size, its parts, its pace."""

from __future__ import annotations

import itertools
import math
import time
from dataclasses import dataclass

import torch

from dmd.data.batches import shuffled_batches, whole_batch
from dmd.data.dataset import Dataset
from dmd.dropout import SeededDropout
from dmd.job import Job
from dmd.kernels.allocator import keep_freed_memory
from dmd.modalities import Modality
from dmd.precision import float32_products
from dmd.training.evaluate import predict
from dmd.training.loop import require_steps
from dmd.training.run import JobSettings, count_parameters, make_model, split_settings

NUM_BATCHES = 3


@dataclass(frozen=True)
class JobFacts:
    """Facts of one job on this machine.

    modules: names of the direct submodules, in order. loss_terms: names of the terms that enter the loss.
    inputs: modalities that the model reads and that are not blank in the training part it was given.
    epoch_s: seconds of one epoch, training and validation, from the fastest of a few batches. max_epochs: the most
    epochs it can run; early stopping may end it sooner.
    """

    num_parameters: int
    modules: tuple[str, ...]
    loss_terms: tuple[str, ...]
    inputs: tuple[Modality, ...]
    epoch_s: float
    max_epochs: int


def inspect_job(job: Job, dataset: Dataset) -> JobFacts:
    """Build the job's model and time ``NUM_BATCHES`` batches of it; nothing is kept.

    Raises InputError for settings or folds that break a rule.
    """
    torch.set_num_threads(job.num_threads)
    keep_freed_memory()
    settings = split_settings(job.model, job.settings)
    with float32_products(settings.training.precision):
        return _try_out(job, settings, dataset)


def _try_out(job: Job, settings: JobSettings, dataset: Dataset) -> JobFacts:
    training = settings.training
    parts = dataset.partition(job.fold, settings.inputs)
    require_steps(training, len(parts.train))
    model = make_model(job, settings, dataset)
    train_part = whole_batch(parts.train.inputs, parts.train.labels, job.device)
    model.prepare_epoch(1, train_part)
    terms: tuple[str, ...] = ()
    batch_s = []
    batches = shuffled_batches(train_part, training.batch_size, job.seed, 1)
    for step, batch in enumerate(itertools.islice(batches, NUM_BATCHES)):
        started = time.perf_counter()
        outputs = model(batch, SeededDropout(job.seed, step))
        if outputs.loss is not None and outputs.loss.requires_grad:
            torch.autograd.backward(outputs.loss)
        terms = tuple(outputs.terms)
        batch_s.append(time.perf_counter() - started)
    started = time.perf_counter()
    predict(model, whole_batch(parts.valid.inputs, device=job.device))
    valid_s = time.perf_counter() - started
    return JobFacts(
        num_parameters=count_parameters(model),
        modules=tuple(name for name, module in model.parts().items() if any(True for _ in module.parameters())),
        loss_terms=terms,
        inputs=tuple(m for m in model.reads if bool(train_part.features[m].any())),
        epoch_s=min(batch_s) * math.ceil(len(parts.train) / training.batch_size) + valid_s,
        max_epochs=training.max_epochs,
    )
