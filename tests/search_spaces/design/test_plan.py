"""From arms to trials: cells, seeds, counts."""

from __future__ import annotations

import pytest

from search_spaces.design.arm_searches import plan_searches
from search_spaces.design.arms import plan_arms
from search_spaces.design.plan import (
    confirm_seeds,
    inherit,
    make_trial,
    plan_cells,
    plan_confirm_trials,
    plan_grid_trials,
    search_seed,
)
from search_spaces.schema.schema import SearchSpace
from search_spaces.terms.problems import SpaceErrors
from search_spaces.terms.trial import Cell
from tests.search_spaces.example_spaces import CATALOGUE, ablation, size_of, space_of

SEARCH = "search: {parameters: {gamma: {uniform: [0, 1]}, lambda2: {uniform: [0, 1]}}, trials: 8%s}\n"


def test_cells_are_the_official_split_or_every_fold_of_every_repeat() -> None:
    assert plan_cells(space_of()) == (Cell(0, None),)
    cells = plan_cells(space_of("", "data.folds={by: video, k: 3, repeats: 2}"))
    assert cells == tuple(Cell(repeat, fold) for repeat in (0, 1) for fold in (0, 1, 2))
    assert plan_cells(space_of("", "data.folds=file"), 4) == tuple(Cell(0, fold) for fold in range(4))


@pytest.mark.parametrize("num_folds", [None, 0, 2])
def test_folds_that_the_file_does_not_have_are_refused(num_folds: int | None) -> None:
    with pytest.raises(SpaceErrors, match=r"data.folds: `file` needs at least 3 folds in toy.npz"):
        plan_cells(space_of("", "data.folds=file"), num_folds)


def test_no_confirm_seed_was_seen_by_the_search() -> None:
    space = space_of("seed: 7\nconfirm: {seeds: 3}\n")
    assert search_seed(space) == 7
    assert confirm_seeds(space) == (8, 9, 10)
    assert confirm_seeds(space_of("confirm: {seeds: [5, 2]}\n")) == (5, 2)


@pytest.mark.parametrize(
    ("least", "most", "looks"),
    [
        (5, 20, (5, 8, 12, 16, 20)),
        (10, 20, (10, 12, 16, 20)),
        (3, 4, (3, 4)),
        (3, 5, (3, 4, 5)),
        (5, 50, (5, 20, 30, 40, 50)),
    ],
)
def test_a_race_is_looked_at_along_the_way(least: int, most: int, looks: tuple[int, ...]) -> None:
    race = f"confirm: {{seeds: {{min: {least}, max: {most}}}, until: decided, smallest_effect: 0.01}}\n"
    space = space_of("seed: 7\narms: {models: [ridge]}\n" + race)
    assert space.confirm.race is not None
    assert space.confirm.race.looks == looks
    assert confirm_seeds(space) == tuple(range(8, 8 + most))
    assert size_of(space).num_confirm == 2 * most
    assert SearchSpace.model_validate(space.resolved()) == space


def test_a_trial_merges_what_is_searched_over_what_is_fixed() -> None:
    (arm,) = plan_arms(space_of("", "model.width=16"), CATALOGUE)
    trial = make_trial(arm, "search", {"gamma": 0.5, "fd": True}, 3, Cell(0, 1), "context")
    assert (trial.settings["gamma"], trial.settings["width"]) == (0.5, 16)
    assert trial.parameters == {"gamma": 0.5, "fd": True}
    assert (trial.arm, trial.model, trial.stage, trial.seed, trial.cell) == ("dmd", "dmd", "search", 3, Cell(0, 1))


def test_confirm_trials_are_every_configuration_under_every_seed() -> None:
    (arm,) = plan_arms(space_of(), CATALOGUE)
    trials = plan_confirm_trials(arm, [{"gamma": 0.1}, {"gamma": 0.2}], (1, 2, 3), Cell(), "context")
    assert [(trial.seed, trial.settings["gamma"]) for trial in trials] == [
        (seed, gamma) for seed in (1, 2, 3) for gamma in (0.1, 0.2)
    ]
    assert {trial.stage for trial in trials} == {"confirm"}
    assert len({trial.id for trial in trials}) == 6
    assert len({trial.configuration_id for trial in trials}) == 2


def test_a_control_has_the_baselines_configuration_and_none_of_its_seeds() -> None:
    arms = plan_arms(space_of("arms: {controls: true}\n"), CATALOGUE)
    baseline, control = (plan_confirm_trials(arm, [{}], (1, 2), Cell(), "context") for arm in arms)
    assert [trial.seed for trial in control] == [1001, 1002]
    assert {trial.configuration_id for trial in control} == {trial.configuration_id for trial in baseline}


def test_an_arm_takes_over_only_what_has_an_effect_in_it() -> None:
    space = ablation("published", SEARCH % ", scope: baseline")
    arms = plan_arms(space, CATALOGUE)
    searches = {search.arm: search for search in plan_searches(space, CATALOGUE, arms)}
    chosen = {"gamma": 0.3, "lambda2": 0.2}
    assert inherit(searches["no-ca"], chosen) == chosen
    assert inherit(searches["only-fd"], chosen) == {"gamma": 0.3}
    assert inherit(searches["none"], chosen) == {}


def test_grid_trials_are_the_grid_under_the_seed_of_the_search() -> None:
    space = space_of("seed: 5\n" + SEARCH % ", searcher: grid")
    (arm,) = plan_arms(space, CATALOGUE)
    (search,) = plan_searches(space, CATALOGUE, (arm,))
    trials = plan_grid_trials(space, CATALOGUE, arm, search, Cell(), "context")
    values = {(trial.settings["gamma"], trial.settings["lambda2"]) for trial in trials}
    assert values == {(gamma, weight) for gamma in (0.0, 1.0) for weight in (0.0, 1.0)}
    assert {(trial.seed, trial.stage) for trial in trials} == {(5, "search")}


@pytest.mark.parametrize(
    ("scope", "num_searches", "num_search"),
    # per_arm: `none` has nothing to search, ridge neither, the control inherits; so five of eight arms search.
    [("per_arm", 5 * 3, 5 * 3 * 8), ("baseline", 3, 24), ("none", 0, 0)],
)
def test_counts_by_hand(scope: str, num_searches: int, num_search: int) -> None:
    arms = "arms: {ablation: {design: published}, models: [ridge], controls: true}\nconfirm: {seeds: 4}\n"
    space = space_of(arms + SEARCH % f", scope: {scope}", "data.folds={by: video, k: 3}")
    size = size_of(space)
    assert (size.num_arms, size.num_cells, size.num_searches) == (8, 3, num_searches)
    assert (size.num_search, size.num_confirm) == (num_search, 8 * 3 * 4)
    assert size.num_trials == num_search + 96


def test_counts_with_several_winners_and_a_grid() -> None:
    space = space_of(SEARCH % ", searcher: grid" + "confirm: {seeds: 2, top: 3}\narms: {models: [ridge]}\n")
    size = size_of(space)
    # A grid of 2 x 2 within 8 trials; three winners of dmd and the one configuration of ridge, each under two seeds.
    assert (size.num_search, size.num_confirm) == (4, (3 + 1) * 2)
