"""The sections ``search`` and ``confirm`` of a search space: tuning, then fresh seeds for the winners."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from search_spaces.schema.conditions import SearchedParameter
from search_spaces.schema.fields import MissingRates, Objectives, Seeds, Starts, Subsets, broken
from search_spaces.schema.parameters import Parameters
from search_spaces.schema.schedulers import Scheduler, SchedulerField
from search_spaces.schema.section import Section
from search_spaces.schema.seed_range import SeedRange

Scope = Literal["per_arm", "baseline", "none"]
Searcher = Literal["random", "grid", "tpe", "gp", "cmaes"]


class Search(Section):
    """Tuning of the arms.

    Attributes:
        parameters: setting to distribution: ``{log_uniform: [low, high]}``, ``{uniform: [low, high]}``, ``{int: [low,
            high]}`` (bounds included) or ``{choice: [a, b]}``; ``when: {setting: value}`` makes it exist only under
            that value (or one of a list). ``default``: every arm over what its own method declares, which ``default:
            true`` among the names adds to them.
        scope: ``per_arm``: every arm is tuned by itself at the same budget; ``baseline``: the baseline is tuned and the
            other arms inherit what applies to them; ``none``: nothing is tuned.
        trials: budget of one search, that is of one arm in one fold.
        searcher: how configurations are proposed.
        scheduler: how unpromising trials are stopped early, by one word or with settings: ``{asha: {grace: 3}}``.
            Trials are compared with trials of the same arm and fold only.
        objective: a validation metric; absent: that of ``primary``. A list begins with the validation metric that the
            winner is chosen by; further validation metrics, ``parameters`` (size) or ``device_seconds`` (time) are
            traded off against it.
        start: configurations, whole or in part, that every search tries first.
    """

    parameters: Parameters = Field(min_length=1, max_length=100)
    scope: Scope = "per_arm"
    trials: int = Field(default=20, ge=1, le=100_000)
    searcher: Searcher = "tpe"
    scheduler: SchedulerField = Scheduler()
    objective: Objectives | None = None
    start: Annotated[Starts, Field(max_length=1000)] = ()

    @property
    def named(self) -> dict[str, SearchedParameter]:
        """What the file itself says of single settings."""
        return {name: entry for name, entry in self.parameters.items() if isinstance(entry, SearchedParameter)}

    @property
    def uses_defaults(self) -> bool:
        """Whether every arm is also searched over what its own method declares."""
        return len(self.named) < len(self.parameters)

    @property
    def objectives(self) -> tuple[str, ...]:
        """What is named, the validation metric that decides first; empty if nothing is."""
        return (self.objective,) if isinstance(self.objective, str) else self.objective or ()

    @model_validator(mode="after")
    def _trade_offs_have_no_scheduler(self) -> Search:
        if len(self.objectives) > 1 and self.scheduler.name != "none":
            raise broken(
                f"`scheduler: {self.scheduler.name}` compares trials by one number; remove it or name one objective"
            )
        if len(self.objectives) > 1 and self.searcher == "cmaes":
            raise broken("`searcher: cmaes` follows one objective; use tpe, gp or random, or name one")
        if self.start and self.searcher == "grid":
            raise broken("`searcher: grid` tries every combination, so `start` has no meaning; remove it")
        if len(self.start) > self.trials:
            raise broken(f"`start` lists {len(self.start)} configurations, `trials` is {self.trials}; raise it")
        return self


class Missing(Section):
    """Conditions under which every confirm trial is scored besides: some modalities of the test items are blank.

    Attributes:
        rates: shares of all modalities of all test items that are missing at random.
        modalities: what is left in every test item, as ``[language, audio+vision]``; ``all``: every proper subset.
    """

    rates: MissingRates = ()
    modalities: Subsets = ()

    @model_validator(mode="after")
    def _asks_for_something(self) -> Missing:
        if not self.rates and not self.modalities:
            raise broken("names no condition; write `rates: [0.1, 0.3, 0.5]`, `modalities: all`, or both")
        return self


class Confirm(Section):
    """Fresh seeds for the chosen configurations.

    Attributes:
        seeds: number of seeds, a list of seeds, or ``{min: 5, max: 20}`` for a race.
        until: ``decided`` makes it a race: seeds are added until every declared contrast is shown or cannot reach
            ``smallest_effect``; absent: every seed runs.
        smallest_effect: of a race, the smallest difference that matters, in the unit in which the report shows the
            primary metric (per cent for accuracies and F1).
        top: how many configurations per search are confirmed.
        details: keep what each model shows of every test item (edge weights, features, auxiliary predictions) for
            figures.
        keep: ``weights``: every completed trial leaves its model for ``dmd-predict`` as ``artifacts/<trial id>.pt`` (4
            bytes per parameter: 17 MB for the paper's DMD, and as much again in MLflow's store; with ``text: bert_ids``
            the BERT is in it). ``nothing`` saves that room. It decides no number and may change between sessions.
        missing: score every confirm trial also with modalities missing from the test items; absent: under no other
            condition.
    """

    seeds: Seeds = 5
    until: Literal["decided"] | None = None
    smallest_effect: float | None = Field(default=None, gt=0, le=1e6)
    top: int = Field(default=1, ge=1, le=100)
    details: bool = True
    keep: Literal["weights", "nothing"] = "weights"
    missing: Missing | None = None

    @model_validator(mode="after")
    def _race_is_whole(self) -> Confirm:
        parts = {
            "seeds: {min: 5, max: 20}": isinstance(self.seeds, SeedRange),
            "until: decided": self.until is not None,
            "smallest_effect: ...": self.smallest_effect is not None,
        }
        missing = [part for part, is_there in parts.items() if not is_there]
        if 0 < len(missing) < len(parts):
            raise broken(
                f"a race needs `seeds: {{min: .., max: ..}}`, `until` and `smallest_effect`; add `{missing[0]}`"
            )
        if not missing and self.top > 1:
            raise broken(f"a race compares one configuration per arm, got top: {self.top}; remove `top`")
        return self

    @property
    def race(self) -> SeedRange | None:
        """How many seeds a race may take; None if their number is fixed."""
        return self.seeds if isinstance(self.seeds, SeedRange) else None
