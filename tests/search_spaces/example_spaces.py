"""A small catalogue with the rules of the real one, and the spaces that the tests of this folder vary."""

from __future__ import annotations

from collections.abc import Mapping

from dmd.settings import Field, Kind
from search_spaces.design.arm_searches import plan_searches
from search_spaces.design.arms import plan_arms
from search_spaces.design.plan import StudySize, count_trials, plan_cells
from search_spaces.loading.load import load_text
from search_spaces.schema.schema import SearchSpace
from search_spaces.terms.catalogue import (
    Catalogue,
    ComponentSchema,
    KeptHeadsSchema,
    MethodSchema,
    PublishedSchema,
    SettingSchema,
)
from search_spaces.terms.problems import Problem, SpaceErrors
from search_spaces.terms.trial import Value

COMPONENTS = ("fd", "homo_gd", "ca", "hetero_gd")


def find_conflict(settings: Mapping[str, Value]) -> str | None:
    """The valid combinations of the fact sheet, section 3."""
    if settings["fd"]:
        return None
    if settings["homo_gd"]:
        return "homo_gd needs fd"
    return "hetero_gd needs fd or ca" if settings["hetero_gd"] and not settings["ca"] else None


def inactive(settings: Mapping[str, Value]) -> frozenset[str]:
    idle = set() if settings["fd"] else {"gamma", "lambda1", "alpha"}
    return frozenset(idle if settings["homo_gd"] or settings["hetero_gd"] else idle | {"lambda2"})


SUBSETS = (
    "language+audio+vision", "language+audio", "language+vision", "audio+vision", "language", "audio", "vision"
)  # fmt: skip


def _setting(
    name: str,
    kind: Kind,
    default: Value,
    *,
    low: float | None = None,
    high: float | None = None,
    low_exclusive: bool = False,
    choices: tuple[str, ...] = (),
) -> SettingSchema:
    """A setting whose rules are those of a real method's."""
    field = Field(name, kind, default, low, high, low_exclusive, choices)
    return SettingSchema(name, kind, default, field.find_problem, low, high, low_exclusive, choices)


def _catalogue(*settings: SettingSchema) -> dict[str, SettingSchema]:
    modalities = _setting("modalities", "choice", SUBSETS[0], choices=SUBSETS)
    return {setting.name: setting for setting in (*settings, modalities)}


PARTS = tuple(
    ComponentSchema(name, label) for name, label in zip(COMPONENTS, ("FD", "HomoGD", "CA", "HeteroGD"), strict=True)
)
TABLE = PublishedSchema(
    (
        COMPONENTS,
        ("fd", "homo_gd", "ca"),
        ("fd", "homo_gd", "hetero_gd"),
        ("fd", "homo_gd"),
        ("fd",),
        (),
    )
)
DMD = MethodSchema(
    name="dmd",
    settings=_catalogue(
        *(_setting(name, "bool", True) for name in COMPONENTS),
        _setting("preset", "choice", "paper", choices=("paper", "official")),
        _setting("gamma", "float", 0.1, low=0),
        _setting("lambda1", "float", 0.1, low=0),
        _setting("lambda2", "float", 0.05, low=0),
        _setting("alpha", "float", 0.1, low=0),
        _setting("width", "int", 50, low=4, high=1024),
        _setting("kernel.audio", "int", 5, low=1, high=64),
        _setting("gd.prior", "choice", "none", choices=("none", "official", "uniform")),
        _setting("learning_rate", "float", 1e-4, low=0, low_exclusive=True, high=10),
    ),
    components=PARTS,
    published=TABLE,
    presets={"paper": {}, "official": {"gd.prior": "official", "gamma": 0.2}},
    find_conflict=find_conflict,
    inactive=inactive,
    search={"gamma": {"log_uniform": [0.01, 1.0]}},
)
RIDGE = MethodSchema(name="ridge", settings=_catalogue(_setting("alpha", "float", 1.0, low=0)))
MULT = MethodSchema(
    name="mult",
    settings=_catalogue(_setting("width", "int", 40, low=4), _setting("learning_rate", "float", 1e-3, low=0)),
)
CATALOGUE = Catalogue({method.name: method for method in (DMD, RIDGE, MULT)}, ("mae", "corr", "acc7"))

HEADED = MethodSchema(
    name="dmd",
    settings=DMD.settings | _catalogue(_setting("keep_aux_heads", "bool", False)),
    components=PARTS,
    published=TABLE,
    kept_heads=KeptHeadsSchema("keep_aux_heads", ("hetero_gd", "homo_gd"), "distillation"),
    presets=DMD.presets,
    find_conflict=find_conflict,
    inactive=inactive,
)
"""DMD with the setting that keeps the heads of what is switched off."""
WITH_HEADS = Catalogue({**CATALOGUE.methods, "dmd": HEADED}, CATALOGUE.metrics)

BASE = "study: demo\ndata: {path: toy.npz}\nmodel: {name: dmd}\n"


def space_of(more: str = "", *overrides: str) -> SearchSpace:
    """The space of ``BASE`` and some more sections."""
    return load_text(BASE + more, CATALOGUE, overrides)


def size_of(space: SearchSpace, catalogue: Catalogue = CATALOGUE, num_file_folds: int | None = None) -> StudySize:
    """How large the study of a space is."""
    arms = plan_arms(space, catalogue)
    cells = plan_cells(space, num_file_folds)
    return count_trials(space, catalogue, arms, cells, plan_searches(space, catalogue, arms))


def ablation(design: str, more: str = "", *overrides: str) -> SearchSpace:
    return space_of(f"arms: {{ablation: {{design: {design}}}}}\n{more}", *overrides)


def problems_of(text: str, *overrides: str) -> tuple[Problem, ...]:
    """What loading the text complains about; empty if it loads."""
    try:
        load_text(text, CATALOGUE, overrides, "space.yaml")
    except SpaceErrors as errors:
        return errors.problems
    return ()
