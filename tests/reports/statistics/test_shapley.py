"""Averages over orders: Shapley's own axioms, a game solved by hand, and the orders in which DMD can be built up."""

from __future__ import annotations

import itertools

import pytest

from reports.statistics.shapley import OrderAverage, average_over_orders

DMD = ("fd", "homo_gd", "ca", "hetero_gd")


def can_run(on: frozenset[str]) -> bool:
    """HomoGD needs FD; HeteroGD needs FD or CA."""
    return ("homo_gd" not in on or "fd" in on) and ("hetero_gd" not in on or bool({"fd", "ca"} & on))


def values_of(average: OrderAverage, worth: dict[frozenset[str], float]) -> dict[str, float]:
    return {
        name: sum(weight * worth[on] for on, weight in weights.items()) for name, weights in average.weights.items()
    }


def test_the_glove_game() -> None:
    # One right glove r and two left ones: a pair is worth 1. The right one closes a pair unless it comes first.
    worth = {
        frozenset(on): float("r" in on and len(on) > 1)
        for size in range(4)
        for on in itertools.combinations(("l", "m", "r"), size)
    }
    average = average_over_orders(("l", "m", "r"))
    assert average.num_orders == 6
    assert values_of(average, worth) == pytest.approx({"l": 1 / 6, "m": 1 / 6, "r": 4 / 6})


def test_dmd_can_be_built_up_in_nine_orders() -> None:
    # 12 of 24 have FD before HomoGD; in 3 of these HeteroGD comes before both FD and CA, so it comes first.
    average = average_over_orders(DMD, can_run)
    assert average.num_orders == 9
    assert len(average.used) == 11
    assert frozenset({"homo_gd"}) not in average.used


def test_constrained_values_are_the_average_gain_over_the_listed_orders() -> None:
    worth = {
        frozenset(on): float(sum(3 ** DMD.index(name) for name in on)) + 5.0 * ({"ca", "hetero_gd"} <= set(on))
        for size in range(5)
        for on in itertools.combinations(DMD, size)
    }
    orders = [
        order for order in itertools.permutations(DMD) if all(can_run(frozenset(order[:stage])) for stage in range(5))
    ]
    gains = {
        name: sum(
            worth[frozenset(order[: order.index(name) + 1])] - worth[frozenset(order[: order.index(name)])]
            for order in orders
        )
        / len(orders)
        for name in DMD
    }
    values = values_of(average_over_orders(DMD, can_run), worth)
    assert values == pytest.approx(gains)
    assert sum(values.values()) == pytest.approx(worth[frozenset(DMD)] - worth[frozenset()])


def test_two_components_share_their_interaction() -> None:
    worth = {frozenset(): 0.0, frozenset("a"): 1.0, frozenset("b"): 2.0, frozenset("ab"): 7.0}
    assert values_of(average_over_orders(("a", "b")), worth) == pytest.approx({"a": 3.0, "b": 4.0})


def test_no_order_is_refused() -> None:
    with pytest.raises(ValueError, match="only possible stages"):
        average_over_orders(("a", "b"), lambda on: len(on) != 1)
