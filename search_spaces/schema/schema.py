"""The shape of a search space: its sections, one module each, and what follows from them together.

What needs the catalogue of methods (names of settings, arms, metrics) is checked in
:mod:`search_spaces.checking.check_space`.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from search_spaces.schema.arms import Ablation, Arms, ExternalArm, Method, ModelArm, flatten_settings
from search_spaces.schema.data import Data, Folds, Groups, LabelScale, Target
from search_spaces.schema.execution import Limits, Resources, Tracking
from search_spaces.schema.fields import Contrasts, Names, TestMetric
from search_spaces.schema.section import Section, Seed, Slug
from search_spaces.schema.stages import Confirm, Missing, Scope, Search
from search_spaces.terms.trial import digest

__all__ = [
    "Ablation",
    "Arms",
    "Confirm",
    "Data",
    "ExternalArm",
    "Folds",
    "Groups",
    "LabelScale",
    "Limits",
    "Method",
    "Missing",
    "ModelArm",
    "Resources",
    "Search",
    "SearchSpace",
    "Section",
    "Target",
    "Tracking",
    "flatten_settings",
]


class SearchSpace(Section):
    """The checked content of one YAML file.

    Attributes:
        study: name of the study: its directory below ``--out``, its experiment in MLflow.
        description: free text; printed at the top of the report.
        data: the data file and its folds.
        seed: seed of every search trial and of every proposal; confirm seeds follow it.
        model: the baseline.
        arms: what is compared with it.
        contrasts: pairs ``[first, second]`` of arms. ``auto``: every two ablation arms that differ in exactly one
            component (for ``published`` the edges that the method declares, if it declares any), then the baseline
            against each subset of modalities and each other method.
        primary: the one test metric on which p-values are computed; where the space or the file says that labels are
            classes ``test/macro_f1``, yes-or-no answers ``test/weighted_f1``.
        search: tuning; absent: the settings stand as written.
        confirm: fresh seeds.
        limits: where the study ends early.
        resources: what one trial takes.
        tracking: MLflow.
        plugins: Python files that declare methods of your own; relative paths count from the space's file. ``--plugin
            FILE`` adds one.
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
    plugins: Annotated[Names, Field(max_length=100)] = ()

    @model_validator(mode="before")
    @classmethod
    def _primary_of_the_target(cls, content: Any) -> Any:
        """What a study is about if it does not say so depends on what its labels are."""
        if not isinstance(content, dict) or content.get("primary") is not None:
            return content
        data = content.get("data")
        target = data.get("target") if isinstance(data, dict) else getattr(data, "target", None)
        kind = target.get("kind") if isinstance(target, dict) else getattr(target, "kind", None)
        return {**content, "primary": PRIMARY_OF[kind]} if kind in PRIMARY_OF else content

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
        """Equal for spaces that ask for the same trials; what is kept of them, description, limits,
        resources and tracking do not enter."""
        deciding = {key: value for key, value in self.resolved().items() if key not in _NOT_DECIDING}
        del deciding["confirm"]["keep"]
        return digest({**deciding, "stagnation": self.limits.stagnation})


PRIMARY_OF = {"classes": "test/macro_f1", "binaries": "test/weighted_f1"}
"""Kind of target -> the primary metric of a study that names none, where it is another than ``test/mae``."""

_NOT_DECIDING = ("description", "limits", "resources", "tracking", "plugins")
