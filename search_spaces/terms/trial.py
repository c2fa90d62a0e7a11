"""The nouns that a search space is expanded into: arms, configurations and trials.

Everything here is frozen data. A trial's id is a hash of all that decides its result, so that the same trial planned
twice is the same trial, in this process or after a crash.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

Value = bool | int | float | str
Stage = Literal["search", "confirm"]
ArmRole = Literal["baseline", "ablation", "subset", "model", "control"]

MODALITIES = ("language", "audio", "vision")

EXTERNAL = "external"
"""In place of a method's name: the arm's predictions come from other code."""


def digest(content: Any, length: int = 16) -> str:
    """The first ``length`` hex digits of the SHA-256 of canonical JSON: equal content, equal digest."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:length]


@dataclass(frozen=True)
class Arm:
    """A named thing under comparison.

    Attributes:
        name: unique in its study.
        label: for readers of the report.
        role: ``ablation``: other components than the baseline; ``subset``: fewer modalities; ``model``: another method,
            or the same with settings of its own; ``control``: the baseline under other seeds.
        model: the name of a registered method (``dmd``, ``ridge``), or :data:`EXTERNAL`.
        settings: every setting that the space fixes for this arm, component toggles included.
        components: the toggles alone; empty for a method without them.
        seed_offset: added to every confirm seed; non-zero only for a control.
    """

    name: str
    label: str
    role: ArmRole
    model: str
    settings: Mapping[str, Value]
    components: Mapping[str, bool]
    seed_offset: int = 0

    @property
    def is_external(self) -> bool:
        """Whether other code has trained this arm: its predictions are read, nothing is run."""
        return self.model == EXTERNAL


@dataclass(frozen=True)
class Cell:
    """The partition of the data on which a trial is evaluated.

    Attributes:
        repeat: of cross-validation, from 0.
        fold: the tested fold, from 0; None on an official split.
    """

    repeat: int = 0
    fold: int | None = None

    @property
    def name(self) -> str:
        """Short; seeds of proposals are made from it."""
        return "official" if self.fold is None else f"r{self.repeat}f{self.fold}"

    @property
    def label(self) -> str:
        """As readers see it, here and in reports: ``official``, ``fold 2``, ``repeat 1 fold 2``."""
        if self.fold is None:
            return "official"
        return f"repeat {self.repeat} fold {self.fold}" if self.repeat else f"fold {self.fold}"


@dataclass(frozen=True)
class Trial:
    """One configuration, one seed, one fold: one training run.

    Hashes are computed when they are first used and kept: a driver uses an id some forty times per trial.

    Attributes:
        arm: name of its arm.
        model: name of its method.
        stage: search or confirm.
        settings: what the arm fixes, merged with ``parameters``.
        parameters: the searched values alone.
        seed: of initial values, order of the data and dropout.
        cell: the fold.
        context: digest of what decides the result besides the settings (data content, code, torch version, device type,
            precision, threads), so that two ids are equal only where the numbers are.
    """

    arm: str
    model: str
    stage: Stage
    settings: Mapping[str, Value]
    parameters: Mapping[str, Value]
    seed: int
    cell: Cell
    context: str

    @cached_property
    def configuration_id(self) -> str:
        """Hash of method and settings; the seed and the fold do not enter."""
        return digest({"model": self.model, "settings": dict(self.settings)}, 12)

    @cached_property
    def result_id(self) -> str:
        """Hash of everything that decides the numbers, whatever the arm is called and whatever was searched.

        Two trials with one result id give one result: a study may reuse the result of another one.
        """
        return digest(self._decided_by)

    @cached_property
    def id(self) -> str:
        """Hash of everything that decides the result of this trial inside its arm and stage."""
        return digest({"arm": self.arm, **self._decided_by})

    @property
    def _decided_by(self) -> dict[str, Any]:
        """What decides the numbers."""
        return {
            "model": self.model,
            "stage": self.stage,
            "settings": dict(self.settings),
            "seed": self.seed,
            "repeat": self.cell.repeat,
            "fold": self.cell.fold,
            "context": self.context,
        }
