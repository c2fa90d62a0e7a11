"""A trial as a call into ``dmd``: what every worker runs, whichever executor it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from dmd.data.formats.declared import Declared
from dmd.data.formats.load import open_dataset
from dmd.job import Checkpointing, FoldRef, Job, JobResult, OnEpoch, WorkerRank
from dmd.plugins.load import use_plugins
from dmd.plugins.plugin_file import PluginFile
from dmd.training.run import run_job
from orchestration.executors.protocol import FileProvider, NodeInputs, RunTrial
from orchestration.process.atomic_files import write_whole
from search_spaces.terms.trial import Cell, Trial

_MOST_TIME_SAVING = 0.05
"""Of a trial's time."""


@dataclass(frozen=True)
class FoldPlan:
    """How a study partitions its data; a :class:`Cell` then names one partition.

    Attributes:
        kind: ``official``, ``file`` or ``group``.
        k: folds of a repeat, for ``group``.
        repeats: of the cross-validation, for ``group``.
        seed: of the partition, for ``group``.
    """

    kind: str
    k: int = 0
    repeats: int = 1
    seed: int = 0

    def at(self, cell: Cell) -> FoldRef:
        """The partition that ``cell`` stands for."""
        return FoldRef(
            kind=self.kind, k=self.k, repeats=self.repeats, seed=self.seed, repeat=cell.repeat, fold=cell.fold
        )

    @property
    def any(self) -> FoldRef:
        """Any partition: for what is the same in all of them."""
        return FoldRef(kind=self.kind, k=self.k, repeats=self.repeats, seed=self.seed, repeat=0, fold=0)

    def as_dict(self) -> Mapping[str, str | int]:
        return {"kind": self.kind, "k": self.k, "repeats": self.repeats, "seed": self.seed}


@dataclass(frozen=True)
class DmdRunner:
    """What is sent once to every worker: how to open the data and train on them; not the data themselves.

    Attributes:
        data: the data file or folder, as the space has it.
        data_dir: where data files are; None: paths stand as they are.
        declared: what the space says of the data.
        folds: how they are cut.
        device: ``cpu`` or ``cuda``.
        num_threads: CPU threads of one worker.
        keeps_details: whether confirm trials return their per-item outputs.
        keeps_weights: whether they leave their weights.
        provenance: of the software, for the files of the weights.
        plugins: the user's files that declare methods of the study.
        missing: conditions under which confirm trials are scored besides.
    """

    data: str
    data_dir: Path | None
    declared: Declared
    folds: FoldPlan
    device: str
    num_threads: int
    keeps_details: bool = False
    keeps_weights: bool = False
    provenance: Mapping[str, str] = field(default_factory=dict)
    plugins: tuple[PluginFile, ...] = ()
    missing: tuple[str, ...] = ()

    def open(self, provider: FileProvider | None = None) -> RunTrial:
        """Open the data once; the returned function trains trials on them. The driver has verified what is mapped."""
        use_plugins(self.plugins)
        if provider is not None:
            inputs = provider.prepare_node()
        else:
            inputs = NodeInputs(open_dataset(self.data, self.data_dir, self.declared, verify=False))

        def run_trial(
            trial: Trial,
            on_epoch: OnEpoch,
            checkpoint_directory: Path | None,
            worker: WorkerRank = WorkerRank(),  # noqa: B008 (frozen)
        ) -> JobResult:
            checkpointing = None
            if checkpoint_directory is not None:
                checkpointing = Checkpointing(checkpoint_directory, write_whole, _MOST_TIME_SAVING)
            job = replace(self.job_of(trial), directories=inputs.directories)
            return run_job(job, inputs.dataset, on_epoch, checkpointing, worker)

        return run_trial

    def job_of(self, trial: Trial) -> Job:
        """The job that ``trial`` asks for; only confirm trials score the test part."""
        return Job(
            trial.model,
            trial.settings,
            trial.seed,
            self.folds.at(trial.cell),
            scores_test=trial.stage == "confirm",
            device=self.device,
            num_threads=self.num_threads,
            keeps_details=self.keeps_details,
            keeps_weights=self.keeps_weights,
            provenance=self.provenance,
            files=self.data_dir,
            missing=self.missing,
        )
