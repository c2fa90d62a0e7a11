"""A method that nothing in the package knows, as a user's file declares it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from torch import nn

from dmd.declaration import Component, Dims, KeptHeads, Method, PublishedRows, setting
from orchestration.planning.method_catalogue import describe_methods
from search_spaces.loading.load import load_text
from search_spaces.schema.schema import SearchSpace
from search_spaces.terms.catalogue import Catalogue
from search_spaces.terms.problems import Problem, SpaceErrors


@dataclass(frozen=True)
class Settings:
    """Two parts, of which the second stands on the first, and the weight of the second."""

    stem: bool = setting(True, "the first part")
    leaf: bool = setting(True, "the second part")
    keep: bool = setting(False, "keep the heads of a leaf that is off")
    weight: float = setting(0.1, "of the leaf's loss", low=0, high=10)
    hidden: int = setting(8, "width", low=1, high=64)


def build(settings: Settings, dims: Dims) -> nn.Module:
    """Never built by a test of designs."""
    return nn.Linear(1, 1)


TREE = Method(
    "tree",
    Settings,
    build,
    label="Tree",
    components=(
        Component("stem", "Stem"),
        Component("leaf", "Leaf", needs=("stem",), because="a leaf hangs on a stem"),
    ),
    published=PublishedRows((("stem", "leaf"), ("stem",), ()), edges=((0, 1), (0, 2)), source="Table 1"),
    search={"weight": {"log_uniform": [0.01, 1.0]}, "hidden": {"choice": [4, 8]}, "leaf": {"choice": [True, False]}},
)
WITH_HEADS = replace(TREE, kept_heads=KeptHeads("keep", ("leaf",), effect="shade"))
OTHER = replace(
    TREE,
    name="bush",
    components=(Component("stem", "Twig"), Component("leaf")),
    published=None,
    search={"weight": {"uniform": [0.5, 2.0]}},
)
PLAIN = Method("plain", Settings, build)

HEAD = "study: demo\ndata: {path: toy.npz}\n"


def catalogue_of(*methods: Method) -> Catalogue:
    return describe_methods({method.name: method for method in methods})


CATALOGUE = catalogue_of(TREE, OTHER, PLAIN)


def space_of(more: str, catalogue: Catalogue = CATALOGUE, model: str = "tree") -> SearchSpace:
    return load_text(f"{HEAD}model: {{name: {model}}}\n{more}", catalogue)


def problems_of(more: str, catalogue: Catalogue = CATALOGUE, model: str = "tree") -> tuple[Problem, ...]:
    """What loading complains about; ``more`` begins at line 4."""
    try:
        space_of(more, catalogue, model)
    except SpaceErrors as errors:
        return errors.problems
    return ()
