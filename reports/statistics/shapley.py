"""The worth of each component as its average gain over the orders in which a model can be built up.

Shapley 1953, *A Value for n-Person Games*: average over all orders. Where not every combination can exist, the average
runs over the orders whose every stage can (Faigle and Kern 1992, *The Shapley Value for Cooperative Games under
Precedence Constraints*; for "needs this or that" Algaba, Bilbao, van den Brink and Jimenez-Losada 2003, games on
antimatroids). In words: the values add up to the full model minus the empty one, and each is what the component adds
when it comes in, on average over what may already be there. With constraints, a component that others wait for comes in
early more often: the name *precedence-constrained* says that this is not the plain Shapley value.

The weights are exact rationals, counted by paths through the combinations rather than by listing the orders.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from reports.statistics.factorial import Combination, CombinationWeights, all_combinations


@dataclass(frozen=True)
class OrderAverage:
    """The weights with which combinations enter an average over orders.

    Attributes:
        num_orders: orders averaged over.
        weights: component -> weights of its value; combinations of weight 0 are left out.
        used: the combinations that some order passes through, those with more components on first.
    """

    num_orders: int
    weights: Mapping[str, CombinationWeights]
    used: tuple[Combination, ...]


def average_over_orders(
    components: Sequence[str], is_possible: Callable[[Combination], bool] = lambda combination: True
) -> OrderAverage:
    """The average gain of every component over the orders whose stages, the empty and the full one included, exist.

    Raises ValueError if there is no such order.
    """
    possible = [cell for cell in all_combinations(components) if is_possible(cell)]
    to_full = _count_paths(possible, components, Combination(components), upwards=True)
    from_empty = _count_paths(tuple(reversed(possible)), components, Combination(), upwards=False)
    num_orders = to_full.get(Combination(), 0)
    if num_orders == 0:
        raise ValueError(f"no order of {', '.join(components)} has only possible stages")
    weights: dict[str, CombinationWeights] = {}
    for component in components:
        exact: dict[Combination, Fraction] = {}
        for cell in possible:
            grown = cell | {component}
            share = Fraction(from_empty[cell] * to_full.get(grown, 0), num_orders)
            if component not in cell and share:
                exact[grown] = exact.get(grown, Fraction()) + share
                exact[cell] = exact.get(cell, Fraction()) - share
        weights[component] = {cell: float(weight) for cell, weight in exact.items()}
    used = tuple(cell for cell in possible if from_empty[cell] * to_full[cell])
    return OrderAverage(num_orders, weights, used)


def _count_paths(
    cells: Sequence[Combination], components: Sequence[str], goal: Combination, upwards: bool
) -> dict[Combination, int]:
    """Orders between each cell and ``goal``, one component at a time; ``cells`` begin at the goal's end."""
    paths: dict[Combination, int] = {}
    for cell in cells:
        neighbours = [cell ^ {name} for name in components if (name not in cell) == upwards]
        paths[cell] = 1 if cell == goal else sum(paths.get(neighbour, 0) for neighbour in neighbours)
    return paths
