"""The chosen configuration of an arm as a search space of its own, which runs it without a search."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from orchestration.finished_study.chosen import Choice, Configuration, choose_configuration, find_arm, objective_of
from orchestration.ledger.recorded_study import RecordedStudy, read_directory
from orchestration.ledger.study_directory import PLUGIN_KEY, StudyDirectory
from orchestration.process.atomic_files import write_whole
from orchestration.process.errors import UsageError
from reports.records.record import ArmDescription
from search_spaces.loading.as_run import to_yaml
from search_spaces.terms.trial import Cell

FOLDER = "configurations"
"""Where exported spaces lie below a study's directory."""
_LONGEST_NAME = 100


def export_configuration(directory: Path, arm: str, fold: int | None = None) -> Path:
    """Write the configuration that most folds chose as a search space.

    Args:
        directory: of the study, finished or running.
        arm: by name.
        fold: take what this fold chose; None: what most folds did.

    Returns:
        The path of the file.

    Raises:
        UsageError: there is no such study, arm or fold, or nothing is chosen yet.
        LedgerError: for a ledger that cannot be read.
    """
    study = read_directory(directory)
    described = find_arm(study, arm)
    chosen = choose_configuration(study, described, fold)
    name = f"{described.name}{'' if fold is None else f'-fold{fold}'}"
    path = directory / FOLDER / f"{name}.yaml"
    text = _comment(study, described, chosen, fold) + to_yaml(_space_of(directory, study, described, chosen, name))
    try:
        write_whole(path, text.encode())
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror})") from error
    return path


def _space_of(
    directory: Path, study: RecordedStudy, arm: ArmDescription, chosen: Configuration, name: str
) -> dict[str, Any]:
    space = study.manifest.space
    settings = dict(chosen.settings)
    model = {"name": arm.model, **({"preset": settings.pop("preset")} if "preset" in settings else {}), **settings}
    plugin = study.manifest.deciding.get(f"{PLUGIN_KEY}{arm.model}")
    kept = {key: value for key, value in space.get("confirm", {}).items() if key in ("details", "keep")}
    return {
        "study": f"{study.description.study}-{name}"[:_LONGEST_NAME],
        "data": space["data"],
        # The study's own copy of the file: relative to the folder that this space is written to.
        **({"plugins": [f"../{_kept_plugin(directory, plugin)}"]} if plugin else {}),
        "seed": space.get("seed", 0),
        "model": model,
        "primary": f"test/{study.description.primary}",
        "confirm": {"seeds": _seeds(study, arm), **kept},
        **({"resources": space["resources"]} if "resources" in space else {}),
    }


def _kept_plugin(directory: Path, digest: str) -> str:
    """The copy of a plugin below the study's directory."""
    found = sorted(StudyDirectory(directory).plugins.glob(f"{digest}-*.py"))
    if not found:
        raise UsageError(f"{directory}: the copy of its plugin, plugins/{digest}-*.py, is gone; put the file back")
    return found[0].relative_to(directory).as_posix()


def _seeds(study: RecordedStudy, arm: ArmDescription) -> list[int]:
    """Those that the arm ran under; before that the planned ones."""
    ran = {record.seed for record in study.records if record.arm == arm.name and record.stage == "confirm"}
    return sorted(ran or {cell.seed for cell in study.description.planned if cell.arm == arm.name})


def _comment(study: RecordedStudy, arm: ArmDescription, chosen: Configuration, fold: int | None) -> str:
    metric, option = objective_of(study), "" if fold is None else f" --fold {fold}"
    lines = [
        f"The configuration of arm {arm.name} of study {study.description.study}, written by dmd-search "
        f"--export-config {arm.name}{option}.",
        f"{_chosen_by(chosen, fold)}; valid/{metric} {chosen.score:.6g}{_mean_of(chosen)}.",
    ]
    if not chosen.is_final:
        lines.append("Preliminary: its search was still running, and may find a better one.")
    return "".join(f"# {line}\n" for line in lines)


def _chosen_by(chosen: Configuration, fold: int | None) -> str:
    names = ", ".join(_name_cell(choice) for choice in chosen.choices)
    if chosen.choices[0].cell == Cell():
        return "Chosen on the official split"
    if len(chosen.choices) == chosen.num_cells:
        return f"Chosen by all folds ({names})" if fold is None else f"Chosen by {names}"
    return f"Chosen by {len(chosen.choices)} of {chosen.num_cells} folds ({names}); the others chose differently"


def _name_cell(choice: Choice) -> str:
    repeat = f" of repeat {choice.cell.repeat}" if choice.cell.repeat else ""
    return f"fold {choice.cell.fold}{repeat}"


def _mean_of(chosen: Configuration) -> str:
    return f", the mean over these {len(chosen.choices)}" if len(chosen.choices) > 1 else ""
