"""What an exported configuration is, in words: who chose it, what scores it may have, what to type next."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from dmd.data.formats.load import find_data
from dmd.errors import DataError
from orchestration.finished_study.chosen import Choice, Configuration, objective_of
from orchestration.ledger.recorded_study import RecordedStudy
from reports.records.study_description import ArmDescription
from reports.text.listing import list_names
from reports.text.rounding import compact, count
from search_spaces.terms.trial import Cell

_MOST_FOLDS = 12


def describe_choice(study: RecordedStudy, arm: ArmDescription, chosen: Configuration) -> Iterator[str]:
    """Why it is this configuration, and what every fold chose."""
    metric = objective_of(study)
    whose = f" (of arm {chosen.decided_by}, from which {arm.name} inherits)" if chosen.decided_by else ""
    score = f"valid/{metric} {chosen.score:.6g}"
    folds, number = _names(chosen.choices), count(chosen.num_cells, "fold")
    if chosen.by_fold[0].cell == Cell():
        yield f"Chosen on the official split{whose}; {score}."
        folds = ""
    elif chosen.rule == "only":
        who = folds if chosen.num_cells == 1 else f"all folds ({folds})"
        yield f"Chosen by {who}{whose}; {score}{_mean(chosen)}."
    elif chosen.rule == "mean":
        chose = f"{folds} chose it" if folds else "no fold chose it, none has a better one on all of them"
        yield f"The best mean over the {number}, on each of which it was tried{whose}; {score} ({chose})."
    elif chosen.rule == "most":
        most = f"{len(chosen.choices)} of {number} ({folds}), the others chose differently"
        yield f"Chosen by {most}{whose}; {score}{_mean(chosen)}."
    else:
        yield (
            f"The {number} chose differently, and values of different folds do not compare (folds differ in "
            f"difficulty): this is the choice of {folds}, which lies nearest to all of them{whose}; {score} there."
        )
    if not chosen.is_final:
        yield "Preliminary: its search was still running, and may find a better one."
    if len({choice.configuration_id for choice in chosen.by_fold}) > 1 and chosen.num_cells <= _MOST_FOLDS:
        for choice in chosen.by_fold:
            values = ", ".join(f"{name} {compact(value)}" for name, value in choice.parameters.items())
            yield f"- {_name(choice)} chose {values or 'nothing'}"


def describe_use(study: RecordedStudy, arm: ArmDescription, chosen: Configuration) -> str:
    """What its scores on the same data are worth, for the report of whoever runs it."""
    what = f"The configuration of arm {arm.name} of study {study.description.study}"
    if chosen.by_fold[0].cell == Cell():
        return f"{what}, chosen on its validation part."
    if len({choice.cell.fold for choice in chosen.by_fold}) == 1:
        held_out = f"only its scores on fold {chosen.by_fold[0].cell.fold} are of clips that had no part in that"
        return f"{what}, chosen by {_names(chosen.by_fold)}: {held_out}."
    return (
        f"{what}, chosen with all clips of these data: its scores on them are not held-out scores. Those are in the "
        f"report of {study.description.study}, where every fold was tested with what was chosen without it."
    )


def describe_next(path: Path, space: Mapping[str, Any], study: RecordedStudy, data_dir: Path | None) -> Iterator[str]:
    """The commands that train it and that predict with it."""
    out = path.parents[2]
    named = [] if data_dir is None or _is_found(space["data"]["path"]) else ["--data-dir", str(data_dir)]
    beside = [] if out == Path("runs") else ["--out", str(out)]
    num_folds = len({(cell.repeat, cell.fold) for cell in study.description.planned})
    num_seeds = len(space["confirm"]["seeds"])
    folds = "" if num_folds == 1 else f"{count(num_folds, 'fold')} x "
    models = f"{folds}{count(num_seeds, 'seed')} = {count(num_folds * num_seeds, 'model')}"
    yield f"Train it ({models}): {shlex.join(['dmd-search', '--space', str(path), *named, *beside])}"
    predict = shlex.join(["dmd-predict", str(out / space["study"]), "FILE", "--out", "predictions.csv"])
    yield f"Then predict, by the mean of its models: {predict}"
    if num_folds > 1:
        yield "On the train and valid parts of a file, this one or yours: --set data.folds=null --set data.path=FILE"


def _is_found(data: str) -> bool:
    try:
        find_data(data)
    except DataError:
        return False
    return True


def _names(choices: Sequence[Choice]) -> str:
    return list_names([_name(choice) for choice in choices], "folds")


def _name(choice: Choice) -> str:
    repeat = f" of repeat {choice.cell.repeat}" if choice.cell.repeat else ""
    return f"fold {choice.cell.fold}{repeat}"


def _mean(chosen: Configuration) -> str:
    return f", the mean over these {len(chosen.choices)}" if len(chosen.choices) > 1 else ""
