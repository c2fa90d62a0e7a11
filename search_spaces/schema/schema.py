"""The shape of a search space: sections, keys, types and ranges of single values.

What needs the catalogue of methods (names of settings, arms, metrics) is checked in
:mod:`search_spaces.checking.check_space`. A key that is given as ``null`` counts as absent.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

from search_spaces.schema.fields import (
    MAX_SEED,
    SLUG,
    Contrasts,
    Date,
    Duration,
    Fuse,
    GpuShare,
    Modalities,
    Names,
    Objectives,
    Parameter,
    Pattern,
    Rows,
    Seeds,
    SettingValue,
    Starts,
    Subsets,
    TestMetric,
    Workers,
    broken,
)
from search_spaces.schema.seed_range import SeedRange
from search_spaces.terms.trial import Value, digest

Design = Literal["published", "leave_one_out", "add_one", "factorial"]
Scope = Literal["per_arm", "baseline", "none"]
Searcher = Literal["random", "grid", "tpe", "gp", "cmaes"]
Scheduler = Literal["none", "asha", "hyperband", "median"]
Slug = Annotated[str, Field(pattern=SLUG)]
Seed = Annotated[int, Field(ge=0, le=MAX_SEED)]
Amount = Annotated[float, Field(gt=0, le=1e6)]


class Section(BaseModel):
    """One mapping of the file: unknown keys and silent conversions are errors."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, content: Any) -> Any:
        if not isinstance(content, dict):
            return content
        return {key: value for key, value in content.items() if value is not None or key not in cls.model_fields}


class LabelScale(Section):
    """The label's declared scale.

    Attributes:
        low, high: range, both ends included.
        neutral: the point between negative and positive.
    """

    low: float
    high: float
    neutral: float

    @model_validator(mode="after")
    def _in_order(self) -> LabelScale:
        if not (self.low < self.high and self.low <= self.neutral <= self.high):
            raise broken(
                f"needs low < high and neutral between them, got {self.low:g}, {self.high:g}, {self.neutral:g}"
            )
        return self


class Folds(Section):
    """Cross-validation.

    Attributes:
        by: ``file`` takes the data file's own folds, ``video`` draws ``k`` folds of whole videos.
        k: folds per repeat.
        repeats: how often folds are drawn.
        seed: of the drawing.
    """

    by: Literal["video", "file"]
    k: int = Field(default=5, ge=3, le=1000)
    repeats: int = Field(default=1, ge=1, le=1000)
    seed: Seed = 0

    @model_validator(mode="before")
    @classmethod
    def _from_word(cls, content: Any) -> Any:
        return {"by": content} if isinstance(content, str) else content

    @model_validator(mode="after")
    def _file_says_it_all(self) -> Folds:
        drawn = {name: getattr(self, name) for name in ("k", "repeats", "seed")}
        superfluous = [name for name, value in drawn.items() if value != type(self).model_fields[name].default]
        if self.by == "file" and superfluous:
            raise broken(f"`by: file` takes the file's own folds; remove {', '.join(superfluous)} or write `by: video`")
        return self


class Groups(Section):
    """What clips of one video, or utterances of one dialogue, have in common.

    key: a key of every split (``speaker``); ``id``: every item is a group of its own. pattern: a regular expression
    that matches the ids from their start; its first parenthesis is the group (``(?P<dialogue>dia[0-9]+)_``).
    """

    key: str | None = Field(default=None, min_length=1, max_length=100)
    pattern: Annotated[Pattern | None, Field(max_length=200)] = None

    @model_validator(mode="after")
    def _one_form(self) -> Groups:
        if (self.key is None) == (self.pattern is None):
            given = "neither" if self.key is None else "both"
            raise broken(f"needs either `key` or `pattern`, got {given}; write `{{key: video}}`")
        return self


class Data(Section):
    """The data file, and how it is divided.

    Attributes:
        path: a file, a converted folder, or planted data.
        folds: absent: the official split.
        label_scale: absent: what the file says.
        groups: absent: what the file says.
        modalities: absent: all three. Those that are not named need not be in the file, and no arm sees them.
    """

    path: str = Field(min_length=1, max_length=1000)
    folds: Folds | None = None
    label_scale: LabelScale | None = None
    groups: Groups | None = None
    modalities: Modalities | None = None


class Method(Section):
    """A method with settings that are fixed for the study. Any other key is a setting of the method."""

    model_config = ConfigDict(extra="allow")
    __pydantic_extra__: dict[str, SettingValue] = Field(init=False)

    name: str
    preset: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _flat(cls, content: Any) -> Any:
        if isinstance(content, str):
            return {"name": content}
        return flatten_settings(content) if isinstance(content, dict) else content

    @property
    def settings(self) -> dict[str, Value]:
        """What the file fixes, under flat names (``kernel.audio``), preset not included."""
        return dict(self.__pydantic_extra__ or {})


def flatten_settings(content: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """``{"kernel": {"audio": 3}}`` as ``{"kernel.audio": 3}``: both forms may be written."""
    flat: dict[str, Any] = {}
    for key, value in content.items():
        if isinstance(value, dict) and value:
            flat |= flatten_settings(value, f"{prefix}{key}.")
        else:
            flat[f"{prefix}{key}"] = value
    return flat


class ModelArm(Method):
    """Another method as an arm. ``arm`` names it where one method stands twice."""

    arm: Slug | None = None


class Ablation(Section):
    """Which components are switched, and in which combinations.

    Attributes:
        components: absent: all that the model has. In the baseline all of them are on (off for ``add_one``).
        design: a rule that makes the combinations; absent where ``rows`` names them.
        rows: the combinations themselves; a component that a row does not name is on.
    """

    components: Annotated[Names, Field(min_length=1, max_length=100)] | None = None
    design: Design | None = None
    rows: Annotated[Rows, Field(min_length=1, max_length=1000)] | None = None

    @model_validator(mode="after")
    def _one_form(self) -> Ablation:
        if (self.design is None) == (self.rows is None):
            given = "neither" if self.design is None else "both"
            raise broken(f"needs either `design` or `rows`, got {given}; write `design: published` for the six rows")
        if self.components is not None and len(set(self.components)) < len(self.components):
            raise broken("`components` names one twice; keep one")
        return self


class ExternalArm(Section):
    """Predictions of other code as an arm: a CSV or ``.npz`` file of ``id``, ``seed``, ``fold``, ``prediction``."""

    arm: Slug
    path: str = Field(min_length=1, max_length=1000)


class Arms(Section):
    """What is compared.

    Attributes:
        ablation: combinations of the baseline's components.
        modalities: subsets that the baseline's model is shown, one arm each: ``[language, audio+vision]``, or ``all``
            for every proper subset. The other modalities are blank in training, validation and test alike.
        models: other methods, or the same with settings of its own.
        external: arms that nothing here trains: their predictions are read and scored.
        controls: whether the baseline also runs under other seeds.
    """

    ablation: Ablation | None = None
    modalities: Subsets = ()
    models: Annotated[tuple[ModelArm, ...], Field(max_length=100)] = ()
    external: Annotated[tuple[ExternalArm, ...], Field(max_length=100)] = ()
    controls: bool = False

    @model_validator(mode="before")
    @classmethod
    def _lists_are_tuples(cls, content: Any) -> Any:
        if not isinstance(content, dict):
            return content
        lists = {name: content[name] for name in ("models", "external") if isinstance(content.get(name), list)}
        return content | {name: tuple(items) for name, items in lists.items()}


class Search(Section):
    """Tuning of the arms.

    Attributes:
        parameters: name -> distribution and condition.
        scope: which arms are searched.
        trials: budget of one search: one arm on one fold.
        searcher: how configurations are proposed.
        scheduler: how unpromising trials are stopped early.
        objective: absent: as ``primary``. A list begins with the validation metric that the winner is chosen by;
            further validation metrics, ``parameters`` or ``device_seconds`` make a search over the trade-off.
        start: configurations, whole or in part, that every search tries first.
    """

    parameters: dict[str, Parameter] = Field(min_length=1, max_length=100)
    scope: Scope = "per_arm"
    trials: int = Field(default=20, ge=1, le=100_000)
    searcher: Searcher = "tpe"
    scheduler: Scheduler = "none"
    objective: Objectives | None = None
    start: Annotated[Starts, Field(max_length=1000)] = ()

    @property
    def objectives(self) -> tuple[str, ...]:
        """What is named, the validation metric that decides first; empty if nothing is."""
        return (self.objective,) if isinstance(self.objective, str) else self.objective or ()

    @model_validator(mode="after")
    def _trade_offs_have_no_scheduler(self) -> Search:
        if len(self.objectives) > 1 and self.scheduler != "none":
            raise broken(
                f"`scheduler: {self.scheduler}` compares trials by one number; remove it or name one objective"
            )
        if len(self.objectives) > 1 and self.searcher == "cmaes":
            raise broken("`searcher: cmaes` follows one objective; use tpe, gp or random, or name one")
        if self.start and self.searcher == "grid":
            raise broken("`searcher: grid` tries every combination, so `start` has no meaning; remove it")
        if len(self.start) > self.trials:
            raise broken(f"`start` lists {len(self.start)} configurations, `trials` is {self.trials}; raise it")
        return self


class Confirm(Section):
    """Fresh seeds for the chosen configurations.

    Attributes:
        seeds: how many, which, or from how many to how many.
        until: ``decided`` races: seeds are added from ``seeds.min`` to ``seeds.max`` until every declared contrast is
            shown or cannot reach ``smallest_effect``; absent: every seed runs.
        smallest_effect: the smallest difference that matters, in the unit that the report shows the primary metric in
            (per cent for accuracies and F1).
        top: configurations per search that are confirmed.
        details: whether to keep what each model shows of every test item (edge weights, features, auxiliary
            predictions) for figures.
    """

    seeds: Seeds = 5
    until: Literal["decided"] | None = None
    smallest_effect: float | None = Field(default=None, gt=0, le=1e6)
    top: int = Field(default=1, ge=1, le=100)
    details: bool = True

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


class Resources(Section):
    """What one trial takes.

    Attributes:
        cpu: CPU cores of one worker, fractions allowed.
        gpu: GPUs of one worker, fractions allowed.
        workers: processes that train one trial together; ``auto``: one on each visible GPU that trials do not fill.
        fuse: how many trials may train together on one device.
        custom: amounts of resources declared to Ray.
        max_concurrent: upper limit of trials at the same time; absent: as many as fit.
    """

    cpu: Amount = 1.0
    gpu: Annotated[GpuShare, Field(ge=0, le=1e6)] = 0.0
    workers: Workers = 1
    fuse: Fuse = "auto"
    custom: dict[str, Amount] = Field(default_factory=dict)
    max_concurrent: int | None = Field(default=None, ge=1, le=100_000)

    @property
    def num_workers(self) -> int:
        """``workers`` as a number; planning must have replaced ``auto``."""
        assert isinstance(self.workers, int), "`workers: auto` was not settled"
        return self.workers


class Limits(Section):
    """Where the study ends although it could continue; raise a limit and the same command continues.

    Attributes:
        wall_time: seconds of all sessions, without the time between them; then running trials keep their state and the
            study stops.
        until: the moment at which the study stops in the same way.
        gpu_hours: of all sessions; then no further trial starts, and running ones end.
        trials: number of trials; then no further trial starts, and running ones end.
        stagnation: trials in a row without a better one after which a search ends and its winner is confirmed.
        silence: seconds without an epoch after which a trial counts as hung: its worker is ended, and the trial
            continues from its checkpoint (with Ray).
    """

    wall_time: Duration | None = None
    until: Date | None = None
    gpu_hours: float | None = Field(default=None, gt=0, le=1e9)
    trials: int | None = Field(default=None, ge=1, le=10_000_000)
    stagnation: int | None = Field(default=None, ge=1, le=100_000)
    silence: Duration | None = None


class Tracking(Section):
    """The MLflow server; absent: SQLite in the study directory."""

    uri: str | None = Field(default=None, min_length=1)


class SearchSpace(Section):
    """The checked content of one YAML file.

    Attributes:
        study: name of the study; a folder is called so.
        description: for readers of the report.
        data: the data file and its folds.
        seed: of the search and of all that is drawn.
        model: the baseline.
        arms: what is compared with it.
        contrasts: differences that the report claims from; ``auto``: those that isolate one thing.
        primary: the test metric of the study.
        search: tuning; absent: the settings stand as written.
        confirm: fresh seeds.
        limits: where the study ends early.
        resources: what one trial takes.
        tracking: MLflow.
    """

    study: Slug
    description: str | None = None
    data: Data
    seed: Seed = 0
    model: Method
    arms: Arms = Arms()
    contrasts: Contrasts = "auto"
    primary: TestMetric = "test/mae"
    search: Search | None = None
    confirm: Confirm = Confirm()
    limits: Limits = Limits()
    resources: Resources = Resources()
    tracking: Tracking = Tracking()

    @property
    def primary_metric(self) -> str:
        """``mae`` for ``test/mae``."""
        return self.primary.removeprefix("test/")

    @property
    def objective_metric(self) -> str:
        """The validation metric that the search optimises, without prefix."""
        named = self.search.objectives if self.search else ()
        return named[0].removeprefix("valid/") if named else self.primary_metric

    @property
    def further_objectives(self) -> tuple[str, ...]:
        """What else a search trades off against it: ``valid/<metric>``, ``parameters``, ``device_seconds``."""
        return self.search.objectives[1:] if self.search else ()

    @property
    def scope(self) -> Scope:
        """Who is searched for; ``none`` without a ``search`` section."""
        return self.search.scope if self.search else "none"

    def resolved(self) -> dict[str, Any]:
        """Everything the file says and every default it leaves, as JSON values; reads back as the same space."""
        return self.model_dump(mode="json", exclude_none=True)

    @property
    def digest(self) -> str:
        """Equal for spaces that ask for the same trials; description, limits, resources and tracking do not enter."""
        deciding = {key: value for key, value in self.resolved().items() if key not in _NOT_DECIDING}
        return digest({**deciding, "stagnation": self.limits.stagnation})


_NOT_DECIDING = ("description", "limits", "resources", "tracking")
