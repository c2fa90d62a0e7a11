"""Preparation: a checked space and its data become a study that is ready to start."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dmd.data.dataset.dataset import Dataset
from dmd.data.formats.load import find_data, open_dataset
from dmd.errors import DataError
from dmd.modalities import MODALITIES
from dmd.plugins.plugin_file import PluginFile
from orchestration.executors.dmd_runner import DmdRunner
from orchestration.ledger.study_directory import EXTERNAL_KEY, PLUGIN_KEY
from orchestration.machine.resources import require_resources, resolve_workers
from orchestration.node_setup.fingerprint import Fingerprint, take_fingerprint
from orchestration.planning.data_declaration import declared_by
from orchestration.planning.method_catalogue import describe_methods
from orchestration.planning.plan_study import fold_plan, plan_study
from orchestration.planning.planned_study import PlannedStudy
from orchestration.process.errors import UsageError
from search_spaces.design.components import DesignError
from search_spaces.design.missing import missing_conditions
from search_spaces.schema.schema import PRIMARY_OF, SearchSpace
from search_spaces.terms.trial import Arm


@dataclass(frozen=True)
class Prepared:
    """A planned study with its data, ready to start.

    Attributes:
        planned: the study.
        dataset: opened and checked.
        fingerprint: of the software that decides numbers.
    """

    planned: PlannedStudy
    dataset: Dataset
    fingerprint: Fingerprint

    @property
    def data_dir_needed(self) -> Path | None:
        """The folder of data files without which this study would not be found; None if it needs none."""
        runner = self.planned.runner
        if self.planned.external or self.planned.encoders is not None:
            return runner.data_dir
        try:
            find_data(runner.data)
        except DataError:
            return runner.data_dir
        return None


def prepare(
    space: SearchSpace,
    data_dir: Path | None,
    address: str | None = None,
    only: Sequence[str] = (),
    arms: tuple[Arm, ...] = (),
    plugins: tuple[PluginFile, ...] = (),
) -> Prepared:
    """Open the data and plan the study over them; raises what the user can correct.

    Args:
        space: the checked space.
        data_dir: where data files are; None: paths stand as they are.
        address: of a running Ray cluster; None: trials run on this machine.
        only: names of the arms to run now; empty: all.
        arms: as planned when the space was checked; empty: they are planned here.
        plugins: whose methods this process uses already.
    """
    space = space.model_copy(update={"resources": resolve_workers(space.resources, is_local=address is None)})
    require_resources(space.resources, is_local=address is None)
    fingerprint = take_fingerprint(_device(space), _threads(space), space.resources.num_workers)
    runner = _make_runner(space, data_dir, fingerprint, plugins)
    dataset = open_dataset(runner.data, runner.data_dir, runner.declared)
    if dataset.modalities != (space.data.modalities or MODALITIES):
        # Only a converted folder knows it, so the arms were planned for other data.
        arms = ()
    space = _complete(space, dataset)
    runner = replace(runner, missing=_missing_conditions(space))
    planned = plan_study(
        space,
        describe_methods(),
        dataset=dataset,
        runner=runner,
        fingerprint=fingerprint,
        only=only,
        arms=arms,
    )
    return Prepared(planned, dataset, fingerprint)


def _make_runner(
    space: SearchSpace, data_dir: Path | None, fingerprint: Fingerprint, plugins: tuple[PluginFile, ...]
) -> DmdRunner:
    return DmdRunner(
        data=space.data.path,
        data_dir=None if data_dir is None else data_dir.absolute(),
        declared=declared_by(space),
        folds=fold_plan(space),
        device=_device(space),
        num_threads=_threads(space),
        keeps_details=space.confirm.details,
        keeps_weights=space.confirm.keep == "weights",
        provenance={"code": fingerprint.code, "torch": fingerprint.torch},
        plugins=plugins,
    )


def _device(space: SearchSpace) -> str:
    return "cuda" if space.resources.gpu > 0 else "cpu"


def _threads(space: SearchSpace) -> int:
    return max(int(space.resources.cpu), 1)


def _complete(space: SearchSpace, dataset: Dataset) -> SearchSpace:
    """The space with what only its data say."""
    if dataset.modalities != MODALITIES:
        data = space.data.model_copy(update={"modalities": dataset.modalities})
        space = space.model_copy(update={"data": data})
    if "primary" not in space.model_fields_set and dataset.target.kind in PRIMARY_OF:
        # A file that says what its labels are says, too, what a study of it is about.
        space = space.model_copy(update={"primary": PRIMARY_OF[dataset.target.kind]})
    return space


def _missing_conditions(space: SearchSpace) -> tuple[str, ...]:
    try:
        return missing_conditions(space)
    except DesignError as error:
        # Of a folder that lacks a modality, which is known only now.
        raise UsageError(f"{error.path}: {error.message}") from None


def deciding_facts(prepared: Prepared) -> dict[str, Any]:
    """What, besides the space, decides which study it is."""
    planned, dataset, fingerprint = prepared.planned, prepared.dataset, prepared.fingerprint
    encoders = {} if planned.encoders is None else planned.encoders.as_dict()
    return {
        "data": dataset.content_hash,
        **{f"folds.{name}": value for name, value in planned.runner.folds.as_dict().items()},
        **fingerprint.as_dict(),
        **{f"{EXTERNAL_KEY}{arm}": runs.digest for arm, runs in planned.external.items()},
        **encoders,
        **{f"{PLUGIN_KEY}{name}": digest for name, digest in planned.plugin_methods.items()},
    }
