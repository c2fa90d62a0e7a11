"""``search.scheduler``: how trials are stopped early, by one word or with settings.

YAML forms: ``asha``; ``{asha: {grace: 3, reduction: 4}}``. A setting that is left out has its default, so that the word
alone and the word with its defaults are the same.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, Literal, get_args

from pydantic import PlainSerializer, PlainValidator

from search_spaces.schema.fields import broken
from search_spaces.terms.problems import show, suggest

SchedulerName = Literal["none", "asha", "hyperband", "median"]

REDUCTION, MIN_TRIALS = 3, 5
_MOST = {"grace": 1_000_000, "reduction": 1000, "min_trials": 100_000}
_LEAST = {"grace": 1, "reduction": 2, "min_trials": 1}

SETTINGS: Mapping[str, Mapping[str, str]] = {
    "asha": {
        "grace": "epochs before a trial may be stopped, the first rung; absent: a tenth of its epochs, at least 1",
        "reduction": "one in so many trials passes a rung; rungs stand at so many times the epochs of the one before",
    },
    "hyperband": {
        "grace": "epochs before a trial of the first bracket may be stopped; absent: a tenth of its epochs, at least 1",
        "reduction": "one in so many trials passes a rung; brackets begin at so many times the epochs of each other",
    },
    "median": {
        "grace": "epochs before a trial may be stopped; absent: a tenth of its epochs, at least 1",
        "min_trials": "completed trials of a search before any is stopped",
    },
}
"""Scheduler -> its settings with what they mean; ``none`` has none."""

DEFAULTS: Mapping[str, int | None] = {"grace": None, "reduction": REDUCTION, "min_trials": MIN_TRIALS}
"""Of every setting; the default of ``grace`` is a tenth of the epochs, at least 1."""

_SHARES = {2: "half", 3: "third", 4: "quarter", 5: "fifth"}


@dataclass(frozen=True)
class Scheduler:
    """Early stopping of a search.

    Attributes:
        name: of the rule.
        grace: epochs before a trial may be stopped; None: a tenth of its epochs, at least 1.
        reduction: of ASHA and Hyperband, the share that passes a rung is one in so many.
        min_trials: of the median rule, completed trials before any is stopped.
    """

    name: SchedulerName = "none"
    grace: int | None = None
    reduction: int = REDUCTION
    min_trials: int = MIN_TRIALS

    def first_epoch(self, max_epochs: int) -> int:
        """The epoch after which trials of at most ``max_epochs`` may be stopped."""
        return self.grace or max(1, max_epochs // 10)

    def declare(self) -> str | dict[str, dict[str, int]]:
        """The YAML form: the word alone where nothing differs from the defaults."""
        settings = {name: getattr(self, name) for name in SETTINGS.get(self.name, ())}
        changed = {name: value for name, value in settings.items() if value != DEFAULTS[name]}
        return {self.name: changed} if changed else self.name

    def describe(self) -> str:
        """In words; empty for ``none``."""
        if self.name == "none":
            return ""
        first = (
            "a tenth of its epochs" if self.grace is None else "1 epoch" if self.grace == 1 else f"{self.grace} epochs"
        )
        if self.name == "median":
            return (
                f"the median rule stops a trial after {first} or later if it is worse than the median of the completed "
                f"ones, once there are {self.min_trials}"
            )
        share = _SHARES.get(self.reduction, f"one in {self.reduction}")
        rule = (
            f"the best {share} of trials passes each rung, the first after {first}, the others at {self.reduction}, "
            f"{self.reduction**2}, ... times that"
        )
        if self.name == "asha":
            return f"ASHA: {rule}"
        return f"Hyperband: {rule}, in brackets of which each begins a rung later"


def _parse(value: Any) -> Scheduler:
    if isinstance(value, Scheduler):
        return value
    names = get_args(SchedulerName)
    if isinstance(value, str):
        if value not in names:
            raise broken(f"unknown scheduler {value!r}; {suggest(value, names)}")
        return Scheduler(value)  # type: ignore[arg-type]
    if not isinstance(value, dict) or len(value) != 1:
        raise broken(
            f"must be one of {', '.join(names)}, or one with settings, as {{asha: {{grace: 3}}}}, got {show(value)}"
        )
    ((name, settings),) = value.items()
    if name not in names:
        raise broken(f"unknown scheduler {show(name)}; {suggest(str(name), names)}")
    if not isinstance(settings, dict | None):
        raise broken(f"settings of {name} must be a mapping, as {{{name}: {{grace: 3}}}}, got {show(settings)}")
    given = {key: setting for key, setting in (settings or {}).items() if setting is not None}
    if problems := _problems(name, given):
        raise broken("; ".join(problems))
    return Scheduler(name, **given)


def _problems(name: str, settings: Mapping[Any, Any]) -> list[str]:
    known = SETTINGS.get(name, {})
    problems = []
    for key, value in settings.items():
        if key not in known:
            hint = suggest(str(key), known) if known else "write the word alone"
            problems.append(f"{name} has no setting {show(key)}; {hint}")
        elif not isinstance(value, int) or isinstance(value, bool) or not _LEAST[key] <= value <= _MOST[key]:
            problems.append(
                f"{name}.{key} must be a whole number from {_LEAST[key]} to {_MOST[key]}, got {show(value)}"
            )
    return problems


def scheduler_schema() -> dict[str, Any]:
    """The JSON schema of ``search.scheduler``."""
    properties = {
        name: {
            "anyOf": [_settings_schema(settings), {"type": "null"}],
            "description": f"{name} with settings; the word alone has their defaults",
        }
        for name, settings in SETTINGS.items()
    }
    whole = {
        "type": "object",
        "properties": properties,
        "minProperties": 1,
        "maxProperties": 1,
        "additionalProperties": False,
    }
    return {"anyOf": [{"enum": list(get_args(SchedulerName))}, whole], "default": "none"}


def _settings_schema(settings: Mapping[str, str]) -> dict[str, Any]:
    properties = {
        name: {
            "anyOf": [{"type": "integer", "minimum": _LEAST[name], "maximum": _MOST[name]}, {"type": "null"}],
            "default": DEFAULTS[name],
            "description": meaning,
        }
        for name, meaning in settings.items()
    }
    return {"type": "object", "properties": properties, "additionalProperties": False}


SchedulerField = Annotated[
    Scheduler,
    PlainValidator(_parse, json_schema_input_type=str | dict[str, dict[str, int]]),
    PlainSerializer(lambda value: value.declare(), return_type=str | dict[str, dict[str, int]]),
]
