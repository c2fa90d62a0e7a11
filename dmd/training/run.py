"""One trial: split the settings, build, train, and (confirm trials only) score the sealed test part once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import torch

from dmd.data.dataset.batches import Batch, whole_batch
from dmd.data.dataset.dataset import Dataset
from dmd.data.dataset.input_config import InputConfig
from dmd.data.dataset.missing_modalities import BoolArray, missing_rows
from dmd.data.dataset.partition import Partition
from dmd.data.dataset.visible_modalities import seen_modalities
from dmd.data.samples.arrays import Side
from dmd.declaration.dims import Dims
from dmd.declaration.method import Method
from dmd.errors import ConfigurationError
from dmd.job import WEIGHTS_FILE, Checkpointing, Job, JobResult, OnEpoch, Setting, WorkerRank
from dmd.kernels.allocator import keep_freed_memory
from dmd.modalities import Modality
from dmd.models.bert_files import find_bert
from dmd.models.bert_text import Bert, BertText, load_bert
from dmd.models.model import Model
from dmd.precision import float32_products
from dmd.registry import build_model, find_method
from dmd.settings import Config, build_config, fields_of, flatten
from dmd.training.config import TrainingConfig
from dmd.training.distributed.rendezvous import join_group
from dmd.training.effects import find_effects
from dmd.training.evaluate import inspect_part, predict
from dmd.training.label_units import LabelUnit, label_unit
from dmd.training.loop import Trained, train
from dmd.training.weights import TrainedWeights, encode_weights


def run_job(
    job: Job,
    dataset: Dataset,
    on_epoch: OnEpoch,
    checkpointing: Checkpointing | None = None,
    worker: WorkerRank = WorkerRank(),  # noqa: B008 (frozen)
) -> JobResult:
    """Train ``job`` on its partition of ``dataset``, alone or together with other workers.

    A pure function of its arguments on one machine: no global generator is read. Sets torch's thread count.

    Args:
        job: what to train.
        dataset: the data that ``job.fold`` partitions.
        on_epoch: called after every epoch; False stops the run. Only the first worker's counts.
        checkpointing: where to keep the state; None: nowhere. Only the first worker's counts.
        worker: rank of this process among those that train the trial.

    Returns:
        What was reached. Only the first worker's result has the score on the test part.

    Raises:
        InputError: settings or folds break a rule.
        TrainingDiverged: a loss or a prediction is not finite.
        WorkerLost: another worker is gone.
    """
    torch.set_num_threads(job.num_threads)
    keep_freed_memory()
    settings = split_settings(job.model, job.settings)
    with float32_products(settings.training.precision):
        return _train_and_score(job, settings, dataset, on_epoch, checkpointing, worker)


def _train_and_score(
    job: Job,
    settings: JobSettings,
    dataset: Dataset,
    on_epoch: OnEpoch,
    checkpointing: Checkpointing | None,
    worker: WorkerRank,
) -> JobResult:
    parts = dataset.partition(job.fold, settings.inputs)
    model = make_model(job, settings, dataset)
    train_part = whole_batch(parts.train.inputs, parts.train.labels, job.device)
    valid_part = whole_batch(parts.valid.inputs, parts.valid.labels, job.device)
    score, details, effects = None, {}, {}
    with join_group(worker, job.device) as team:
        trained = train(
            model, train_part, valid_part, settings.training, parts.scoring, job.seed, on_epoch, checkpointing, team
        )
        if job.scores_test and trained.is_final:
            test_part = whole_batch(parts.test.inputs, device=job.device)
            unit = label_unit(dataset.target)
            predictions = predict(trained.model, test_part, unit, team)
            with_missing = {
                condition: predict(trained.model, test_part, unit, team, missing)
                for condition, missing in _missing_of(job, settings, dataset, len(parts.test))
            }
            if team.rank == 0:
                score = parts.test.score(predictions, trained, with_missing)
                effects = _find_effects(job, settings, trained.model, valid_part, unit)
                details = inspect_part(trained.model, test_part, unit) if job.keeps_details else {}
                if job.keeps_weights and checkpointing is not None:
                    stored = _stored_weights(job, settings, dataset, parts, trained)
                    checkpointing.keep(checkpointing.directory / WEIGHTS_FILE, encode_weights(stored))
    best = trained.reports[trained.best_epoch - 1].metrics
    return JobResult(
        stopped=not trained.is_final,
        best_epoch=trained.best_epoch,
        epochs=trained.reports,
        valid={name.removeprefix("valid/"): value for name, value in best.items() if name.startswith("valid/")},
        test=score.metrics if score is not None else None,
        fallback_test=score.fallback if score is not None else None,
        test_predictions=score.predictions if score is not None else None,
        num_parameters=count_parameters(model),
        num_train=len(parts.train),
        num_valid=len(parts.valid),
        num_test=len(parts.test),
        duration_s=trained.duration_s,
        test_details=details,
        fallback_value=score.fallback_value if score is not None else None,
        effects=effects,
        test_missing=score.missing if score is not None else {},
    )


def _missing_of(
    job: Job, settings: JobSettings, dataset: Dataset, num_items: int
) -> Iterator[tuple[str, Mapping[Modality, BoolArray]]]:
    """Each condition of the job that leaves the trial something to see, and what is missing of the test items."""
    seen = [m for m in seen_modalities(settings.inputs.modalities) if m in dataset.modalities]
    for condition in job.missing:
        missing = missing_rows(condition, seen, num_items, job.seed)
        if missing is not None:
            yield condition, missing


def _stored_weights(
    job: Job, settings: JobSettings, dataset: Dataset, parts: Partition, trained: Trained
) -> TrainedWeights:
    layout = dataset.layout(settings.inputs)
    method: Any = build_config(find_method(job.model).settings, settings.settings, job.model)
    return TrainedWeights(
        method=job.model,
        settings=flatten(method) | flatten(settings.inputs) | flatten(settings.training),
        state=trained.model.state_dict(),
        standardiser=parts.standardiser,
        target=dataset.target,
        modalities=dataset.modalities,
        widths=dataset.widths,
        max_steps=layout.num_steps,
        sides=layout.sides,
        seed=job.seed,
        best_epoch=trained.best_epoch,
        provenance={**job.provenance, "plugin": find_method(job.model).digest},
    )


def _find_effects(job: Job, settings: JobSettings, model: Model, part: Batch, unit: LabelUnit) -> dict[str, float]:
    """What each part and modality does to predictions; nothing for a method that no gradient trains."""
    if not count_parameters(model):
        return {}
    method = find_method(job.model)
    full = flatten(build_config(method.settings, settings.settings, method.name))
    return find_effects(model, method.components, full, part, job.seed, unit)


@dataclass(frozen=True)
class JobSettings:
    """The settings of a trial, by the part of the job that reads them.

    Attributes:
        settings: the flat settings of the method; it builds its own config from them.
        inputs: config of the data edge.
        training: config of the training loop.
    """

    settings: Mapping[str, Setting]
    inputs: InputConfig
    training: TrainingConfig


def split_settings(model: str, settings: Mapping[str, Setting]) -> JobSettings:
    """Flat settings of a trial -> what each part of a job takes from them.

    ``preset`` names a set of settings that explicit ones override. Raises ConfigurationError.
    """
    method = find_method(model)
    merged = {**method.defaults, **_preset(method, settings), **settings}
    merged.pop("preset", None)

    def take(config_type: type[Config], what: str) -> Config:
        mine = {part.name: merged.pop(part.name) for part in fields_of(config_type) if part.name in merged}
        return build_config(config_type, mine, f"{model} {what}")

    inputs, training = take(InputConfig, "inputs"), take(TrainingConfig, "training")
    return JobSettings(merged, inputs, training)


def _preset(method: Method, settings: Mapping[str, Setting]) -> Mapping[str, Setting]:
    name = settings.get("preset")
    if name is None:
        return {}
    if name not in method.presets:
        raise ConfigurationError(f"{method.name}: no preset {name!r}; known: {', '.join(method.presets) or 'none'}")
    return method.presets[str(name)]


def make_model(job: Job, settings: JobSettings, dataset: Dataset) -> Model:
    """The untrained model of a job, on its device and in its precision.

    Args:
        job: names the method, the seed and the device.
        settings: of the job, split.
        dataset: gives widths, steps and token ids.

    Raises:
        InputError: a BERT is to read the text, and the BERT or the token ids are missing.
    """
    inputs = settings.inputs
    layout = dataset.layout(inputs)
    bert = None
    if inputs.reads_tokens:
        tokens = dataset.require_tokens()
        path = inputs.bert.path
        bert = load_bert(job.directories.get(path) or find_bert(path, job.files), tokens)
    dims = Dims(dataset.widths, layout.num_steps, dataset.target)
    model = assemble_model(job.model, settings, dims, job.seed, bert=bert, side=layout.sides["language"])
    return model.to(job.device)


def assemble_model(
    method: str, settings: JobSettings, dims: Dims, seed: int, *, bert: Bert | None = None, side: Side = "start"
) -> Model:
    """The untrained model of a method, in its precision.

    Args:
        method: its name.
        settings: split.
        dims: of the data.
        seed: of the initial values.
        bert: reads the text; None: the text has features.
        side: where the method reads what BERT makes of the text.
    """
    if bert is None:
        model = build_model(method, settings.settings, dims, seed)
    else:
        reader = build_model(method, settings.settings, dims.with_language(bert.width), seed)
        model = BertText(reader, bert, settings.inputs.bert.learning_rate, side)
    model.precision = settings.training.precision
    return model


def count_parameters(model: torch.nn.Module) -> int:
    """Trainable scalars."""
    return sum(parameter.numel() for parameter in model.parameters() if parameter.requires_grad)
