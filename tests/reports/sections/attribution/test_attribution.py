"""What a component is worth: planted worths come out of records, and a gap in the factorial is named, not filled."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from reports.analysis import analyse
from reports.output.markdown import render_markdown
from reports.records.run_record import RunRecord
from reports.records.study_description import ArmDescription, PlannedCell, StudyDescription
from reports.sections.attribution.section import AttributionSection
from reports.sections.attribution.values import Attribution, Effect
from reports.statistics.corrected_t import corrected_mean
from tests.reports.example_studies import COMPONENTS, TABLE3, failed, make_records, make_study

FREE = ("homo_gd", "ca", "hetero_gd")
WITH_FD = [("fd", *on) for size in range(4) for on in itertools.combinations(FREE, size)]
WITHOUT_FD: list[tuple[str, ...]] = [(), ("ca",), ("ca", "hetero_gd")]
POSSIBLE = tuple(tuple(on) for on in (*WITH_FD, *WITHOUT_FD))


def name_of(on: Sequence[str]) -> str:
    return "+".join(on) or "empty"


def worth(arm: str) -> float:
    """MAE: CA is worth 0.06, HeteroGD 0.04 and only where CA is there, FD 0.10, HomoGD nothing."""
    on = set(arm.split("+"))
    return 1.0 - 0.06 * ("ca" in on) - 0.04 * ({"ca", "hetero_gd"} <= on) - 0.10 * ("fd" in on)


def make_factorial(
    combinations: Sequence[tuple[str, ...]] = POSSIBLE,
    seeds: Sequence[int] = (1, 2, 3),
    possible: tuple[tuple[str, ...], ...] = POSSIBLE,
) -> StudyDescription:
    """A study with an arm for each of ``combinations`` on five folds."""
    full = name_of(COMPONENTS)
    names = [full, *(name_of(on) for on in combinations if on != COMPONENTS)]
    arms = [
        ArmDescription(
            name,
            name,
            "baseline" if name == full else "ablation",
            "dmd",
            {component: component in name.split("+") for component in COMPONENTS},
        )
        for name in names
    ]
    planned = [PlannedCell(name, seed, 0, fold) for name in names for seed in seeds for fold in range(5)]
    return replace(
        make_study(), arms=tuple(arms), baseline=full, contrasts=(), planned=tuple(planned), combinations=possible
    )


def attribution_of(
    study: StudyDescription, run_spread: float = 0.01, change: Callable[[RunRecord], RunRecord] = lambda r: r
) -> Attribution:
    return (
        analyse(study, [change(r) for r in make_records(study, worth, run_spread)]).section(AttributionSection).values
    )


def mae_of(effects: Sequence[Effect]) -> dict[tuple[str, ...], float]:
    values = {}
    for effect in effects:
        estimates = effect.estimates["mae"]
        assert estimates is not None
        values[effect.components] = estimates.value
    return values


def test_planted_worths_come_out_of_the_eight_arms_with_fd() -> None:
    factorial = attribution_of(make_factorial(WITH_FD), run_spread=0.0).factorial
    assert factorial is not None
    assert (factorial.components, factorial.held_on, len(factorial.arms)) == (FREE, ("fd",), 8)
    halves = {("homo_gd",): 0.0, ("ca",): -0.06 - 0.04 / 2, ("hetero_gd",): -0.04 / 2}
    # With two components that interact and one that does nothing, both averages split the interaction in half.
    assert mae_of(factorial.main_effects) == pytest.approx(halves)
    assert mae_of(factorial.shapley) == pytest.approx(halves)
    assert mae_of(factorial.interactions) == pytest.approx(
        {("homo_gd", "ca"): 0.0, ("homo_gd", "hetero_gd"): 0.0, ("ca", "hetero_gd"): -0.04}
    )
    levels = {(level.components, level.on): level.estimates["mae"] for level in factorial.levels}
    assert len(levels) == 12
    lines = {on: levels[("ca", "hetero_gd"), on] for on in itertools.product((False, True), repeat=2)}
    shifts = {on: estimates.value - lines[False, False].value for on, estimates in lines.items()}  # type: ignore[union-attr]
    assert shifts == pytest.approx({(False, False): 0.0, (False, True): 0.0, (True, False): -0.06, (True, True): -0.10})


def test_intervals_are_those_of_the_contrast_formed_run_by_run() -> None:
    study = make_factorial(WITH_FD)
    records = make_records(study, worth)
    factorial = analyse(study, records).section(AttributionSection).values.factorial
    assert factorial is not None
    score = {(r.arm, r.seed, r.fold): (r.test or {})["mae"] for r in records if r.stage == "confirm"}
    runs = np.array(
        [
            [sum((1 if "ca" in on else -1) / 4 * score[name_of(on), seed, fold] for on in WITH_FD) for fold in range(5)]
            for seed in (1, 2, 3)
        ]
    )
    estimates = next(e.estimates["mae"] for e in factorial.main_effects if e.components == ("ca",))
    assert estimates is not None
    # Pooled within-fold variance on 5 * 2 degrees of freedom, t(0.975, 10) = 2.228139; a mean of 15 runs.
    variance = float(((runs - runs.mean(axis=0)) ** 2).sum()) / 10
    assert (estimates.rerun.n, estimates.rerun.df) == (15, 10)
    assert estimates.rerun.half_width == pytest.approx(2.228139 * np.sqrt(variance / 15), rel=1e-6)
    folds = corrected_mean(runs.mean(axis=0), 100 / 300)
    assert folds is not None
    assert estimates.new_data.half_width == pytest.approx(folds.half_width)
    assert estimates.new_data.n == 5
    assert (estimates.rerun.p_value, estimates.new_data.p_value) == (None, None)  # not a declared contrast


def test_four_components_are_averaged_over_the_orders_that_can_be_built() -> None:
    constrained = attribution_of(make_factorial(), run_spread=0.0).constrained
    assert constrained is not None
    assert (constrained.num_orders, constrained.num_all_orders, len(constrained.arms)) == (9, 24, 11)
    values = mae_of(constrained.values)
    # HeteroGD comes after CA in 6 of the 9 orders (then its entry closes the pair) and before it in 3.
    assert values == pytest.approx(
        {("fd",): -0.10, ("homo_gd",): 0.0, ("ca",): -0.06 - 0.04 * 3 / 9, ("hetero_gd",): -0.04 * 6 / 9}
    )


@pytest.mark.parametrize("absent", [("fd", "ca"), ("fd",)])
def test_a_missing_arm_is_named_and_nothing_is_computed(absent: tuple[str, ...]) -> None:
    study = make_factorial([on for on in POSSIBLE if on != absent])
    section = attribution_of(study)
    assert section.factorial is not None
    assert section.constrained is not None
    assert section.factorial.missing == section.constrained.missing == (absent,)
    assert section.factorial.main_effects == section.factorial.shapley == section.constrained.values == ()
    text = render_markdown(analyse(study, make_records(study, worth)))
    assert f"1 has no arm ({' + '.join({'fd': 'FD', 'ca': 'CA'}[name] for name in absent)}; `design:" in text
    assert "Shapley value**" not in text


def test_a_run_that_is_not_there_drops_its_whole_set() -> None:
    study = make_factorial(WITH_FD)
    records = [r for r in make_records(study, worth) if r.trial_id != "fd+ca-confirm-1-0"]
    factorial = analyse(study, records).section(AttributionSection).values.factorial
    assert factorial is not None
    counts = {
        e.estimates["mae"].rerun.n for e in (*factorial.main_effects, *factorial.interactions) if e.estimates["mae"]
    }
    assert counts == {14}


def test_a_failed_run_counts_against_its_component() -> None:
    def break_ca(record: RunRecord) -> RunRecord:
        return failed(record) if record.arm == "fd+ca" and record.stage == "confirm" else record

    factorial = attribution_of(make_factorial(WITH_FD), 0.0, break_ca).factorial
    assert factorial is not None
    # The arm scores as the median predictor, near 1.4 instead of 0.84; it is one of four with CA.
    assert mae_of(factorial.main_effects)[("ca",)] == pytest.approx(-0.08 + (1.4 - 0.84) / 4, abs=0.02)


def test_components_that_all_vary_freely_have_a_plain_shapley_value_and_no_constrained_one() -> None:
    section = attribution_of(make_factorial(WITH_FD, possible=tuple(WITH_FD)))
    assert section.constrained is None
    assert section.factorial is not None
    assert section.factorial.held_on == ()


def test_the_path_of_table_3_says_what_each_step_changes() -> None:
    study = replace(make_study(tuple(TABLE3)), combinations=POSSIBLE)
    section = analyse(study, make_records(study, lambda arm: 0.9)).section(AttributionSection).values
    assert [(step.removed, step.added) for step in section.path] == [
        (("hetero_gd",), ()),
        (("ca",), ("hetero_gd",)),
        (("hetero_gd",), ()),
        (("homo_gd",), ()),
        (("fd",), ()),
    ]
    assert section.factorial is not None
    assert len(section.factorial.missing) == 3
    text = render_markdown(analyse(study, make_records(study, lambda arm: 0.9)))
    assert "This is a description" in text
    assert "CA + HeteroGD" in text


def test_a_study_without_an_ablation_says_so() -> None:
    assert "no arms differ" in attribution_of(make_study(("full",))).note
    assert "not recorded" in analyse(make_study(), []).section(AttributionSection).values.note


def test_an_arm_that_keeps_heads_is_no_corner_of_the_factorial() -> None:
    study = make_study(("full", "no_homo_gd_heads"), contrasts=())
    assert [arm.name for arm in study.family] == ["full"]
