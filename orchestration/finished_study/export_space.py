"""The chosen configuration of an arm as a search space of its own, which runs it without a search."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from orchestration.finished_study.chosen import Configuration, choose_configuration, find_arm
from orchestration.finished_study.export_words import describe_choice, describe_next, describe_use
from orchestration.ledger.recorded_study import RecordedStudy, read_directory
from orchestration.ledger.study_directory import PLUGIN_KEY, StudyDirectory
from orchestration.process.atomic_files import write_whole
from orchestration.process.errors import UsageError
from orchestration.process.redaction import one_line
from reports.records.study_description import ArmDescription
from search_spaces.loading.as_run import to_yaml

FOLDER = "configurations"
"""Where exported spaces lie below a study's directory."""
_LONGEST_NAME = 100


@dataclass(frozen=True)
class Exported:
    """A written search space. lines: what it is and what to do with it, for a person."""

    path: Path
    lines: tuple[str, ...]


def export_configuration(directory: Path, arm: str, fold: int | None = None, data_dir: Path | None = None) -> Exported:
    """Write the configuration of an arm as a search space.

    Args:
        directory: of the study, finished or running.
        arm: by name.
        fold: take what this fold chose; None: the rule of :func:`choose_configuration`.
        data_dir: folder of data files; in the commands that the file names if the data are not found without it.

    Raises:
        UsageError: there is no such study, arm or fold, or nothing is chosen yet.
        LedgerError: for a ledger that cannot be read.
    """
    study = read_directory(directory)
    described = find_arm(study, arm)
    chosen = choose_configuration(study, described, fold)
    name = f"{described.name}{'' if fold is None else f'-fold{fold}'}"
    path = directory / FOLDER / f"{name}.yaml"
    space = _space_of(directory, study, described, chosen, name)
    space["description"] = describe_use(study, described, chosen)
    lines = (*describe_choice(study, described, chosen), *describe_next(path, space, study, data_dir))
    option = "" if fold is None else f" --fold {fold}"
    title = f"Arm {arm} of study {study.description.study}, by dmd-search --export-config {arm}{option}."
    text = "".join(f"# {one_line(line)}\n" for line in (title, *lines)) + to_yaml(space)
    try:
        write_whole(path, text.encode())
    except OSError as error:
        raise UsageError(f"{path}: cannot be written ({error.strerror})") from error
    return Exported(path, lines)


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
        "description": "",
        "data": _data_of(space["data"]),
        # The study's own copy of the file: relative to the folder that this space is written to.
        **({"plugins": [f"../{_kept_plugin(directory, plugin)}"]} if plugin else {}),
        "seed": space.get("seed", 0),
        "model": model,
        "primary": f"test/{study.description.primary}",
        "confirm": {"seeds": _seeds(study, arm), **kept},
        **({"resources": space["resources"]} if "resources" in space else {}),
    }


def _data_of(data: Mapping[str, Any]) -> dict[str, Any]:
    """The study's data; folds of the file's own are drawn by none of our numbers."""
    folds = data.get("folds")
    return {**data, "folds": "file"} if folds is not None and folds.get("by") == "file" else dict(data)


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
